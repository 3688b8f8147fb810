package cli

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"localchat/cli/internal/clitest"
	"localchat/cli/internal/fail"
	"localchat/node"
)

// request returns a request of JSON-RPC, without a line end.
func request(id int, method, params string) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":%q,"params":{%s}}`, id, method, params)
}

// TestRPCOrder: requests about one room run in the order of the input, whatever they do and however they name the room. Requests
// about other rooms do not wait for them.
func TestRPCOrder(t *testing.T) {
	say := func(room, text string) string {
		return request(0, "room.say", fmt.Sprintf(`"room":%q,"text":%q`, room, text))
	}
	join := func(room string) string { return request(0, "room.join", fmt.Sprintf(`"room":%q`, room)) }
	for _, c := range []struct {
		name    string
		waiting string // the room whose owner does not answer yet
		lines   []string
		at1     string // the calls before the owner answers
		at2     string // the calls after that
	}{
		{"says after a join", "lab", []string{join("lab"), say("lab", "1"), say("lab", "2"), say("lab", "3")}, "join lab", "say lab 1, say lab 2, say lab 3"},
		{"another room", "lab", []string{join("lab"), say("lab", "1"), say("den", "2")}, "join lab, say den 2", "say lab 1"},
		{"joins of two rooms", "lab", []string{join("lab"), join("den"), say("den", "1"), say("lab", "2")}, "join lab, join den, say den 1", "say lab 2"},
		{"two joins of one room, by name and by invite", "lab", []string{join("lab"), request(0, "room.join", `"invite":"LOCALCHAT:LAB"`), say("lab", "1")}, "join lab, join LOCALCHAT:LAB", "say lab 1"},
		{"joined by an invite, then named", "LOCALCHAT:LAB", []string{request(0, "room.join", `"invite":"LOCALCHAT:LAB"`), say("lab", "1")}, "join LOCALCHAT:LAB", "say lab 1"},
		{"joined by an id that nobody has shown", "new-id", []string{join("new-id"), say("unknown", "1"), say("den", "2")}, "join new-id, say den 2", "say unknown 1"},
		{"joined by an address", "10.0.0.7:4001", []string{join("10.0.0.7:4001"), join("lab"), say("den", "1"), say("x", "2"), say("y", "3")}, "join 10.0.0.7:4001, join lab, say den 1", "say x 2, say y 3"},
		{"joined by its name, then by its id", "lab", []string{join("lab"), say("new-id", "1")}, "join lab", "say new-id 1"},
		{"two rooms of one name", "lab-2", []string{join("lab-2"), say("lab-1", "1"), say("lab-2", "2")}, "join lab-2, say lab-1 1", "say lab-2 2"},
		{
			"all kinds", "lab", []string{
				join("lab"), request(0, "room.members", `"room":"lab"`), request(0, "room.tell", `"room":"lab","who":"a","text":"b"`),
				request(0, "room.leave", `"room":"lab"`), request(0, "node.verify", `"room":"lab","who":"a","verified":true`), request(0, "node.verify", `"who":"d","verified":true`),
			}, "join lab, verify  d true", "members, tell lab a b, leave lab, verify lab a true",
		},
		{
			"notifications", "lab", []string{
				`{"jsonrpc":"2.0","method":"room.join","params":{"room":"lab"}}`, `{"jsonrpc":"2.0","method":"room.say","params":{"room":"lab","text":"1"}}`,
				`{"jsonrpc":"2.0","method":"room.say","params":{"room":"den","text":"2"}}`, say("lab", "3"),
			}, "join lab, say den 2", "say lab 1, say lab 3",
		},
		{"a batch", "lab", []string{"[" + join("lab") + "," + strings.Replace(say("lab", "1"), `"id":0`, `"id":"b"`, 1) + "]", say("lab", "2"), say("den", "3")}, "join lab, say den 3", "say lab 1, say lab 2"},
		{"closed and made anew", "none", []string{request(0, "room.close", `"room":"den"`), request(0, "room.create", `"name":"den"`), say("den", "1")}, "close den , create den, say den 1", ""},
		{"parameters that are none", "none", []string{say("lab", "1"), request(0, "room.say", `"room":7`), say("lab", "2")}, "say lab 1, say lab 2", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := clitest.NewNode()
				f.Quiet = true
				f.JoiningOf = map[string]chan struct{}{c.waiting: make(chan struct{})}
				f.Refs = map[string]node.RoomRef{
					"den": {ID: clitest.DenID, Name: "den", Here: true}, "LOCALCHAT:LAB": {ID: clitest.LabID, Name: "lab"}, "lab-1": {ID: node.RoomID{3}, Name: "lab", Here: true}, "lab-2": {ID: node.RoomID{4}, Name: "lab"},
					"new-id": {ID: node.RoomID{5}}, "10.0.0.7:4001": {},
				}
				d := sit(t, f, "rpc")
				for i, line := range c.lines {
					d.types(strings.Replace(line, `"id":0`, fmt.Sprintf(`"id":%d`, i), 1))
				}
				synctest.Wait()
				if got := strings.Join(f.Did(), ", "); !sameOrder(got, c.at1) {
					t.Errorf("at first %q is done, want %q", got, c.at1)
				}
				close(f.JoiningOf[c.waiting])
				synctest.Wait()
				if got := strings.Join(f.Did(), ", "); !sameOrder(got, c.at2) {
					t.Errorf("then %q is done, want %q", got, c.at2)
				}
				d.leaves(fail.ExitOK)
			})
		})
	}
}

// sameOrder reports whether got has the same calls as want, with those about each room in the same order.
func sameOrder(got, want string) bool {
	of := func(done string) map[string][]string {
		rooms := make(map[string][]string)
		for _, call := range strings.Split(done, ", ") {
			words := append(strings.Fields(call), "")
			rooms[words[min(1, len(words)-1)]] = append(rooms[words[min(1, len(words)-1)]], call)
		}
		return rooms
	}
	return fmt.Sprint(of(got)) == fmt.Sprint(of(want))
}

// TestRPCOrderAtOnce: a thousand lines that are written at once arrive in their order at a slow node.
func TestRPCOrderAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := clitest.NewNode()
		f.Quiet = true
		d := sit(t, f, "rpc")
		var want []string
		for i := range 1000 {
			room := []string{"lab", "den"}[i%2]
			d.types(request(i, "room.say", fmt.Sprintf(`"room":%q,"text":"%d"`, room, i)))
			want = append(want, fmt.Sprintf("say %s %d", room, i))
		}
		synctest.Wait()
		got := f.Did()
		for _, room := range []string{"lab", "den"} {
			other := func(call string) bool { return !strings.HasPrefix(call, "say "+room) }
			if g, w := slices.DeleteFunc(slices.Clone(got), other), slices.DeleteFunc(slices.Clone(want), other); !slices.Equal(g, w) {
				t.Errorf("the lines of %s are said in another order than they were written", room)
			}
		}
		d.leaves(fail.ExitOK)
	})
}
