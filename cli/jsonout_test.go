package cli

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"localchat/cli/internal/clitest"
	"localchat/cli/internal/fail"
	"localchat/cli/internal/safe"
	"localchat/node"
)

// TestEveryFaceEscapesJSON: events in tail, results, errors and events of rpc, the list of rooms.
func TestEveryFaceEscapesJSON(t *testing.T) {
	const text = "\x1b[2J\u009b2J\a\u202e\u2028\u00ad\ufeff\U000E0041\U0010FFFD é 你好 🙂 <&> \\u009b \"x\""
	for _, args := range [][]string{{"rooms", "--json", "--wait", "0"}, {"tail", "lab", "--json"}, {"rpc"}} {
		synctest.Test(t, func(t *testing.T) {
			f := clitest.NewNode()
			f.RoomList = []node.RoomInfo{{ID: clitest.LabID, Name: text, Subject: text, Words: text}}
			f.Said = []node.Message{{Nick: text, Text: text}}
			f.Errors["kick"] = &node.Error{Code: node.CodeNotFound, Text: "there is no " + text, Reason: "directory unfit", Mend: text}
			d := sit(t, f, args...)
			want := 1
			if args[0] != "rooms" {
				for _, body := range clitest.Events() {
					if _, ends := body.(node.Removed); !ends && body.Type() != "refused" && body.Type() != "left" && body.Type() != "room_closed" {
						f.Emit(body)
					}
				}
				f.Emit(node.Message{Nick: text, Text: text, ID: text})
				f.Emit(node.Warning{Code: text, Text: text})
				want = 20
			}
			if args[0] == "rpc" {
				for i, method := range []string{"room.list", "room.history", "room.kick", "no.such " + `\u009b`} {
					d.types(fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"%s","params":{"room":"lab","who":"x"}}`, i, method))
				}
				d.types(`{"jsonrpc":"2.0","id":"\u009b","method":"room.list"}`)
			}
			synctest.Wait()
			out := d.out.Take()
			lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
			if len(lines) < want {
				t.Errorf("%v prints %d lines", args, len(lines))
			}
			for _, line := range lines {
				if strings.ContainsFunc(line, safe.Forbidden) || !json.Valid([]byte(line)) {
					t.Errorf("%v prints what a terminal acts on, or no JSON: %q", args, line)
				}
			}
			_ = d.keys.Close()
			d.stop(fail.ErrInterrupted)
			synctest.Wait()
			<-d.code
		})
	}
}
