package rpc

import (
	"errors"
	"time"

	"github.com/creachadair/jrpc2"

	"localchat/cli/internal/fail"
	"localchat/cli/internal/hint"
	"localchat/node"
)

// errorData is the data of an error.
type errorData struct {
	Code node.ErrorCode `json:"code"`
	Hint string         `json:"hint"`
	// RetryAfterS is the number of seconds after which the same request may succeed, if that is known; Until is the end of a ban.
	RetryAfterS int64     `json:"retry_after_s,omitempty"`
	Until       time.Time `json:"until,omitzero"`
	// Nick is a free nick, if the requested one is taken.
	Nick string `json:"nick,omitempty"`
	// Change is set if the room's name is known as a room of another owner.
	Change *node.KeyChange `json:"change,omitempty"`
	// Rooms are those of which the program has to name one, and More is the number of further ones.
	Rooms []node.Choice `json:"rooms,omitempty"`
	More  int           `json:"more,omitempty"`
	// Limit is the largest value that is allowed, and At an address.
	Limit int    `json:"limit,omitempty"`
	At    string `json:"at,omitempty"`
	// Reason says more finely than Code what went wrong.
	Reason node.Reason `json:"reason,omitempty"`
	// Identity marks a failed identity check, and Network a machine without a usable network.
	Identity bool `json:"identity,omitempty"`
	Network  bool `json:"network,omitempty"`
}

// serverError is the number of an error of node, for which JSON-RPC has no number; data.code says which error it is.
const serverError jrpc2.Code = -32000

// wrongParams returns an error with the number -32602.
func wrongParams(what string) error {
	return jrpc2.Errorf(jrpc2.InvalidParams, "invalid parameters: %s", what).
		WithData(errorData{Code: node.CodeInvalid, Hint: "see the method's parameters in the documentation"})
}

// rpcError returns err as an error of JSON-RPC.
func rpcError(err error) error {
	var e *jrpc2.Error
	if errors.As(err, &e) {
		return e
	}
	fault := faultOf(err)
	code := serverError
	switch fault.Code {
	case node.CodeInvalid:
		code = jrpc2.InvalidParams
	case node.CodeInternal:
		code = jrpc2.InternalError
	}
	data := errorData{
		Code: fault.Code, Hint: hintOf(err, fault), Reason: fault.Reason, Identity: fault.Identity, Network: fault.Network,
		Until: fault.Until, Nick: fault.Nick, Change: fault.Change, Rooms: fault.Rooms, More: fault.More, Limit: fault.Limit, At: fault.At,
	}
	if fault.RetryAfter > 0 {
		data.RetryAfterS = int64((fault.RetryAfter + time.Second - 1) / time.Second)
	}
	return (&jrpc2.Error{Code: code, Message: fault.Text}).WithData(data)
}

// faultOf returns an error as one of node. Those of a host are errors of the program.
func faultOf(err error) *node.Error {
	var own *fail.Error
	if !errors.As(err, &own) {
		return node.AsError(err)
	}
	code := node.CodeUnavailable
	switch own.Code {
	case fail.ExitUsage:
		code = node.CodeInvalid
	case fail.ExitInternal:
		code = node.CodeInternal
	}
	return &node.Error{Code: code, Text: own.Text, Network: own.Code == fail.ExitNetwork}
}

func hintOf(err error, fault *node.Error) string {
	var own *fail.Error
	if errors.As(err, &own) {
		return own.Hint
	}
	return hint.ForProgram(fault)
}
