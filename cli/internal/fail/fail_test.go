package fail

import (
	"testing"

	"localchat/node"
)

func TestExitCodes(t *testing.T) {
	for _, c := range []struct {
		err  *node.Error
		want int
	}{
		{&node.Error{Code: node.CodeNotFound}, 4},
		{&node.Error{Code: node.CodeTimeout}, 4},
		{&node.Error{Code: node.CodeRefused}, 5},
		{&node.Error{Code: node.CodeClosed}, 5},
		{&node.Error{Code: node.CodeNotMember}, 5},
		{&node.Error{Code: node.CodeNotOwner}, 5},
		{&node.Error{Code: node.CodeInvalid}, 2},
		{&node.Error{Code: node.CodeAmbiguous}, 2},
		{&node.Error{Code: node.CodeUnavailable}, 1},
		{&node.Error{Code: node.CodeUnavailable, Network: true}, 3},
		{&node.Error{Code: node.CodeExists}, 1},
		{&node.Error{Code: node.CodeInternal}, 1},
		{&node.Error{Code: "of a later version"}, 1},
		{&node.Error{Code: node.CodeInternal, Identity: true}, 6},
		{&node.Error{Code: node.CodeUnavailable, Locked: true}, 7},
	} {
		if got := codeOf(c.err); got != c.want {
			t.Errorf("%+v: exit %d, want %d", c.err, got, c.want)
		}
	}
}
