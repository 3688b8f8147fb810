package cli

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"localchat/cli/internal/clitest"
	"localchat/cli/internal/fail"
	"localchat/cli/internal/rpc"
	"localchat/node"
)

// ask sends one line and returns the one line that comes back.
func ask(t *testing.T, d *desk, line string) string {
	t.Helper()
	d.types(line)
	synctest.Wait()
	return strings.TrimSuffix(d.out.Take(), "\n")
}

func TestRPC(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := clitest.NewNode()
		f.Quiet = true
		f.Errors["kick"] = &node.Error{Code: node.CodeNotOwner, Text: "only the owner kicks", Reason: "owner only"}
		f.Errors["close"] = &node.Error{Code: node.CodeInvalid, Text: "the reason is too long", Reason: "bad reason", Limit: 400}
		d := sit(t, f, "rpc")
		for _, c := range []struct{ name, in, out string }{
			{
				"info", `{"jsonrpc":"2.0","id":1,"method":"node.info"}`,
				`{"jsonrpc":"2.0","id":1,"result":{"peer":"` + clitest.MeID.String() + `","nick":"bob","words":"amber kiwi","addrs":["/ip4/192.168.1.7/tcp/4001"],"version":"devel"}}`,
			},
			{"info with empty params", `{"jsonrpc":"2.0","id":"a","method":"node.info","params":{}}`, `"id":"a","result":`},
			{"no rooms is a list", `{"jsonrpc":"2.0","id":2,"method":"room.list"}`, `{"jsonrpc":"2.0","id":2,"result":{"rooms":[]}}`},
			{"say", `{"jsonrpc":"2.0","id":3,"method":"room.say","params":{"room":"lab","text":"hi"}}`, `{"jsonrpc":"2.0","id":3,"result":{"id":"m1"}}`},
			{"nothing to answer is an object", `{"jsonrpc":"2.0","id":4,"method":"room.accept","params":{"room":"lab","who":"dave"}}`, `{"jsonrpc":"2.0","id":4,"result":{}}`},
			{"ban", `{"jsonrpc":"2.0","id":5,"method":"room.ban","params":{"room":"lab","who":"dave","for_s":60}}`, `"result":{"seq":7,"epoch":4}`},
			{"unban", `{"jsonrpc":"2.0","id":5,"method":"room.unban","params":{"room":"lab","who":"dave"}}`, `"result":{"seq":8,"epoch":4}`},
			{"not json", `{"jsonrpc":`, `"id":null,"error":{"code":-32700`},
			{"too long", strings.Repeat("x", rpc.MaxRequest+10), `"error":{"code":-32700`},
			{"unknown method", `{"jsonrpc":"2.0","id":6,"method":"room.paint"}`, `"id":6,"error":{"code":-32601`},
			{"built-in method", `{"jsonrpc":"2.0","id":6,"method":"rpc.serverInfo"}`, `"id":6,"error":{"code":-32601`},
			{"unknown param", `{"jsonrpc":"2.0","id":7,"method":"room.say","params":{"room":"lab","txt":"hi"}}`, `"id":7,"error":{"code":-32602,"message":"invalid parameters: unknown parameter \"txt\"","data":{"code":"invalid"`},
			{"missing param", `{"jsonrpc":"2.0","id":8,"method":"room.say","params":{"room":"lab"}}`, `"error":{"code":-32602,"message":"invalid parameters: text is missing"`},
			{"no params", `{"jsonrpc":"2.0","id":8,"method":"room.say"}`, `"error":{"code":-32602`},
			{"params of the wrong type", `{"jsonrpc":"2.0","id":9,"method":"room.say","params":{"room":7,"text":"x"}}`, `"error":{"code":-32602`},
			{"params in a list", `{"jsonrpc":"2.0","id":9,"method":"room.say","params":["lab","hi"]}`, `"error":{"code":-32602`},
			{"room and invite", `{"jsonrpc":"2.0","id":10,"method":"room.join","params":{"room":"lab","invite":"x"}}`, `"error":{"code":-32602`},
			{"negative time", `{"jsonrpc":"2.0","id":10,"method":"room.ban","params":{"room":"lab","who":"d","for_s":-1}}`, `"error":{"code":-32602`},
			{
				"node's error", `{"jsonrpc":"2.0","id":11,"method":"room.kick","params":{"room":"lab","who":"dave"}}`,
				`"id":11,"error":{"code":-32000,"message":"only the owner kicks","data":{"code":"not_owner","hint":"room.members shows who that is","reason":"owner only"}}}`,
			},
			{"node finds it invalid", `{"jsonrpc":"2.0","id":12,"method":"room.close","params":{"room":"lab","reason":"x"}}`, `"error":{"code":-32602,"message":"the reason is too long","data":{"code":"invalid","hint":"a reason is one line of at most 400 bytes; nothing was done","limit":400,"reason":"bad reason"}}}`},
			{"a setting", `{"jsonrpc":"2.0","id":12,"method":"node.settings"}`, `"result":{"settings":[{"name":"times","value":"on","values":["on","off"],"help":"show the time`},
			{"no setting", `{"jsonrpc":"2.0","id":12,"method":"node.set","params":{"name":"colour","value":"on"}}`, `"error":{"code":-32602,"message":"there is no setting colour","data":{"code":"invalid","hint":"one of times`},
			{"no value", `{"jsonrpc":"2.0","id":12,"method":"node.set","params":{"name":"bell","value":"loud"}}`, `"error":{"code":-32602,"message":"bell is on or off, not \"loud\""`},
			{"nothing is kept", `{"jsonrpc":"2.0","id":12,"method":"node.set","params":{"name":"bell","value":"on"}}`, `"error":{"code":-32000,"message":"settings are not saved by this program","data":{"code":"unavailable"`},
			{"net", `{"jsonrpc":"2.0","id":12,"method":"node.net"}`, `"result":{"join":["192.168.1.7:4001"],"tcp":[4001],"udp":[],"addrs":["/ip4/192.168.1.7/tcp/4001"],"peers":[{"peer":"`},
			{"no share of that kind", `{"jsonrpc":"2.0","id":12,"method":"room.share","params":{"room":"lab","invites":99}}`, `"error":{"code":-32602,"message":"a page cannot have 99 invites"`},
			{"notification", `{"jsonrpc":"2.0","method":"room.say","params":{"room":"lab","text":"hi"}}`, ``},
			{"batch", `[{"jsonrpc":"2.0","id":13,"method":"room.list"},{"jsonrpc":"2.0","id":14,"method":"room.list"}]`, `[{"jsonrpc":"2.0","id":13,`},
		} {
			got := ask(t, d, c.in)
			if !strings.Contains(got, c.out) || (c.out == "") != (got == "") || strings.Contains(got, "\n") {
				t.Errorf("%s: %s\nwant in it: %s", c.name, got, c.out)
			}
		}
		d.leaves(fail.ExitOK)
		d.reads()
	})
}

// TestMoreRooms: every list of rooms says how many rooms are not in it.
func TestMoreRooms(t *testing.T) {
	lab := node.RoomInfo{ID: clitest.LabID, Name: "lab", Owner: clitest.AliceID, Words: "amber kiwi", Access: "open", Members: 2}
	for _, c := range []struct {
		more int
		want string
	}{{0, ""}, {1, "1 more room on this network"}, {32, "32 more rooms on this network"}} {
		synctest.Test(t, func(t *testing.T) {
			f := clitest.NewNode()
			f.RoomList, f.More = []node.RoomInfo{lab}, c.more
			d := sit(t, f, "rpc")
			if got := ask(t, d, request(1, "room.list", "")); strings.Contains(got, fmt.Sprintf(`"more":%d}`, c.more)) != (c.more > 0) || c.more == 0 && strings.Contains(got, "more") {
				t.Errorf("room.list: %s", got)
			}
			d.leaves(fail.ExitOK)

			f.Events = make(chan node.Event, 256)
			d = sit(t, f, "--plain")
			d.types("/rooms")
			synctest.Wait()
			if got := strings.Count(d.out.Take(), "more room"); got != map[bool]int{true: 2}[c.more > 0] {
				t.Errorf("the plain lobby and /rooms say %d times that there are %d more", got, c.more)
			}
			d.leaves(fail.ExitOK)

			f.Events = make(chan node.Event, 256)
			d = sit(t, f, "rooms", "--wait", "1s")
			time.Sleep(time.Second) // in the bubble
			d.ends(fail.ExitOK)
			if got := d.words.Take(); strings.Contains(got, "more room") != (c.more > 0) || !strings.Contains(got, c.want) {
				t.Errorf("rooms says %q", got)
			}
		})
	}
}

func TestRPCEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := clitest.NewNode()
		d := sit(t, f, "rpc")
		f.Emit(node.Message{ID: "m9", Peer: clitest.AliceID, Nick: "alice", Text: "a\x1b[31m\u202e", At: time.Date(2026, 11, 22, 14, 1, 59, 0, time.UTC)})
		synctest.Wait()
		want := `{"jsonrpc":"2.0","method":"event","params":{"type":"message","seq":1,"time":"2026-11-22T14:02:00Z","room":"` + clitest.LabID.String() +
			`","room_name":"lab","id":"m9","peer":"` + clitest.AliceID.String() + `","nick":"alice","text":"a\u001b[31m\u202e","action":false,"at":"2026-11-22T14:01:59Z","self":false,"late":false}}` + "\n"
		if got := d.out.Take(); got != want {
			t.Errorf("got  %swant %s", got, want)
		}
		f.Emit(node.Refused{})
		synctest.Wait()
		if got := d.out.Take(); !strings.Contains(got, `"type":"refused","seq":2`) || !strings.HasSuffix(got, `"room_name":"lab"}}`+"\n") {
			t.Errorf("refused: %s", got)
		}
		f.EmitIn(node.RoomID{}, "", node.Gap{Lost: 3})
		synctest.Wait()
		if got := d.out.Take(); !strings.Contains(got, `"lost":3`) || strings.Contains(got, `"room"`) {
			t.Errorf("gap: %s", got)
		}
		d.leaves(fail.ExitOK)
	})
}

// TestRPCAnswersAfterEndOfInput: a program that writes a request and closes the pipe gets its answer.
func TestRPCAnswersAfterEndOfInput(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := clitest.NewNode()
		f.Joining = make(chan struct{})
		d := sit(t, f, "rpc")
		d.types(`{"jsonrpc":"2.0","id":1,"method":"room.join","params":{"room":"lab"}}`)
		_ = d.keys.Close()
		synctest.Wait()
		if len(d.code) > 0 {
			t.Fatal("ended with an open request")
		}
		close(f.Joining)
		d.ends(fail.ExitOK)
		if got := d.out.Take(); !strings.Contains(got, `"id":1,"result":{"id":"`+clitest.LabID.String()) {
			t.Errorf("no answer: %s", got)
		}
	})
}

func TestRPCDoesNotWaitForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := clitest.NewNode()
		f.Joining = make(chan struct{})
		d := sit(t, f, "rpc")
		d.types(`{"jsonrpc":"2.0","id":1,"method":"room.join","params":{"room":"lab"}}`)
		begin := time.Now()
		_ = d.keys.Close()
		if got := <-d.code; got != fail.ExitOK || time.Since(begin) != rpc.DrainWait {
			t.Errorf("exit %d after %v", got, time.Since(begin))
		}
	})
}

func TestRPCRequestsOverlap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := clitest.NewNode()
		f.Joining = make(chan struct{})
		d := sit(t, f, "rpc")
		for i := range 5 {
			d.types(fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"room.join","params":{"room":"lab"}}`, i))
		}
		if got := ask(t, d, `{"jsonrpc":"2.0","id":9,"method":"room.list"}`); !strings.Contains(got, `"id":9`) {
			t.Errorf("a waiting join holds up the rest: %q", got)
		}
		close(f.Joining)
		d.leaves(fail.ExitOK)
	})
}

// TestRPCJoinsHoldUpNothing: any number of waiting joins block no other request; one more than allowed gets an error with a
// hint. Direct messages that wait for a member do not block other requests either.
func TestRPCJoinsHoldUpNothing(t *testing.T) {
	for _, method := range []string{"room.join", "room.tell", "room.say", "node.dial", "room.invite"} {
		synctest.Test(t, func(t *testing.T) {
			f := clitest.NewNode()
			f.Joining = make(chan struct{})
			f.Slow = f.Joining
			d := sit(t, f, "rpc")
			const n = 3 * rpc.MaxWaiting
			for i := range n {
				params := map[string]string{
					"room.join": `"room":"lab"`, "room.tell": `"room":"lab","who":"x","text":"y"`, "room.say": `"room":"lab","text":"y"`, "node.dial": `"addr":"x"`,
					"room.invite": `"room":"lab"`,
				}[method]
				d.types(fmt.Sprintf(`{"jsonrpc":"2.0","id":"w%d","method":"%s","params":{%s}}`, i, method, params))
			}
			refused := strings.Count(d.out.Take(), `"code":"unavailable","hint":"join again`)
			if want := map[bool]int{true: n - rpc.MaxJoins}[method == "room.join"]; refused != want {
				t.Errorf("%d of %d %s are refused, want %d", refused, n, method, want)
			}
			for _, q := range []string{`"node.info"`, `"room.kick","params":{"room":"den","who":"dave"}`, `"room.list"`, `"room.ban","params":{"room":"den","who":"dave"}`} {
				if got := ask(t, d, `{"jsonrpc":"2.0","id":"q","method":`+q+`}`); !strings.Contains(got, `"id":"q","result"`) {
					t.Errorf("%s waits behind %s: %q", q, method, got)
				}
			}
			close(f.Joining)
			synctest.Wait()
			if method == "room.join" {
				if got := ask(t, d, `{"jsonrpc":"2.0","id":"j","method":"room.join","params":{"room":"lab"}}`); !strings.Contains(got, `"id":"j","result"`) {
					t.Errorf("with places free again: %q", got)
				}
			}
			d.leaves(fail.ExitOK)
		})
	}
}

func TestRPCJoinTimesOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := clitest.NewNode()
		f.Joining = make(chan struct{})
		d := sit(t, f, "rpc")
		d.types(`{"jsonrpc":"2.0","id":1,"method":"room.join","params":{"room":"lab","timeout_s":2}}`)
		time.Sleep(2 * time.Second) // in the bubble
		synctest.Wait()
		if got := d.out.Take(); !strings.Contains(got, `"data":{"code":"timeout"`) {
			t.Errorf("got %s", got)
		}
		d.leaves(fail.ExitOK)
	})
}

func TestRPCInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := sit(t, clitest.NewNode(), "rpc")
		d.stop(fail.ErrInterrupted)
		d.ends(fail.ExitInterrupted) // although its input has not ended
		_ = d.keys.Close()
	})
}
