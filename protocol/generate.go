package protocol

//go:generate go tool -modfile=../tools.mod buf generate
