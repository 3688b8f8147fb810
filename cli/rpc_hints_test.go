package cli

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"localchat/cli/internal/clitest"
	"localchat/cli/internal/fail"
	"localchat/node"
)

// TestRPCErrorTimes: an error tells a program when to try again, and until when a ban lasts.
func TestRPCErrorTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := clitest.NewNode()
		d := sit(t, f, "rpc")
		for _, c := range []struct {
			err  node.Error
			want string
		}{
			{node.Error{Code: node.CodeRefused, RetryAfter: 1500 * time.Millisecond}, `"data":{"code":"refused","hint":"","retry_after_s":2}`},
			{node.Error{Code: node.CodeRefused, RetryAfter: time.Hour, Until: clitest.Noon}, `"retry_after_s":3600,"until":` + string(timeJSON(t, clitest.Noon)) + `}`},
			{node.Error{Code: node.CodeRefused}, `"data":{"code":"refused","hint":""}`},
		} {
			f.Errors["join"] = &c.err
			if got := ask(t, d, request(1, "room.join", `"room":"lab"`)); !strings.Contains(got, c.want) {
				t.Errorf("got %s, want in it %s", got, c.want)
			}
		}
		d.leaves(fail.ExitOK)
	})
}

func timeJSON(t *testing.T, at time.Time) []byte {
	raw, err := json.Marshal(at)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
