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
		{&node.Error{Code: node.NotFound}, 4},
		{&node.Error{Code: node.Timeout}, 4},
		{&node.Error{Code: node.RefusedCode}, 5},
		{&node.Error{Code: node.ClosedCode}, 5},
		{&node.Error{Code: node.NotMember}, 5},
		{&node.Error{Code: node.NotOwner}, 5},
		{&node.Error{Code: node.Invalid}, 2},
		{&node.Error{Code: node.Ambiguous}, 2},
		{&node.Error{Code: node.Unavailable}, 1},
		{&node.Error{Code: node.Unavailable, Network: true}, 3},
		{&node.Error{Code: node.Exists}, 1},
		{&node.Error{Code: node.Internal}, 1},
		{&node.Error{Code: "of a later version"}, 1},
		{&node.Error{Code: node.Internal, Identity: true}, 6},
		{&node.Error{Code: node.Unavailable, Locked: true}, 7},
	} {
		if got := codeOf(c.err); got != c.want {
			t.Errorf("%+v: exit %d, want %d", c.err, got, c.want)
		}
	}
}
