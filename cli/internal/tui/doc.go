// Package tui is the full-screen console. Its model is a value that messages change and that draws itself; one goroutine owns
// it, and commands run beside it.
package tui
