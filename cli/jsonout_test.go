package cli

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"unicode"
	"unicode/utf8"

	"localchat/node"
)

// nasty is every character that a terminal acts on, that turns the direction of writing, ends a line or hides, one of the
// first plane and one beyond, and what has to stay as it is.
func nasty() string {
	var b strings.Builder
	for r := rune(1); r < 0xA0; r++ {
		b.WriteRune(r)
	}
	for r := rune(0xA0); r <= unicode.MaxRune; r++ {
		if utf8.ValidRune(r) && (unicode.Is(unicode.Bidi_Control, r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp)) {
			b.WriteRune(r)
		}
	}
	return b.String() + "é 你好 🙂 <&> \\u009b \"x\" \U000E0041\U0010FFFD" + "a\u009b2Jb"
}

// rawIn finds what must not stand in JSON as it is.
func rawIn(text string) (r rune, found bool) {
	for _, r := range strings.TrimSuffix(text, "\n") {
		if r < ' ' || 0x7F <= r && r <= 0x9F || unicode.Is(unicode.Bidi_Control, r) || r == 0x2028 || r == 0x2029 || forbidden(r) {
			return r, true
		}
	}
	return 0, false
}

// TestJSONHasNoControls: what is printed as JSON is the same JSON with all that escaped, in strings and in names of fields.
func TestJSONHasNoControls(t *testing.T) {
	text := nasty()
	for _, v := range []any{text, map[string]any{text: []string{text, "plain"}}, roomList{Rooms: []node.RoomInfo{{Name: text, Subject: text}}}} {
		raw, err := marshalJSON(v)
		if err != nil {
			t.Fatal(err)
		}
		if r, found := rawIn(string(raw)); found {
			t.Errorf("%T has %U as it is", v, r)
		}
		var back, want any
		plain, err := json.Marshal(v)
		if err != nil || json.Unmarshal(plain, &want) != nil || json.Unmarshal(raw, &back) != nil || !reflect.DeepEqual(back, want) {
			t.Errorf("%T is not the same JSON (%v): %s", v, err, raw)
		}
		if !strings.Contains(string(raw), "é 你好 🙂 <&>") {
			t.Errorf("%T: what may be shown is escaped too: %s", v, raw)
		}
	}
	if got := string(escapeJSON([]byte("\"a\x9b\""))); got != `"a\ufffd"` {
		t.Errorf("a lone byte became %s", got)
	}
}

// TestEveryFaceEscapesJSON: events in tail, results, errors and events of rpc, the list of rooms.
func TestEveryFaceEscapesJSON(t *testing.T) {
	text := nasty()
	for _, args := range [][]string{{"rooms", "--json", "--wait", "0"}, {"tail", "lab", "--json"}, {"rpc"}} {
		synctest.Test(t, func(t *testing.T) {
			f := newFake()
			f.rooms = []node.RoomInfo{{ID: labID, Name: text, Subject: text, Words: text}}
			f.history = []node.Message{{Nick: text, Text: text}}
			f.fail["kick"] = &node.Error{Code: node.NotFound, Text: "there is no " + text, Hint: text}
			d := sit(t, f, args...)
			want := 1
			if args[0] != "rooms" {
				for _, body := range every() {
					if _, ends := body.(node.Removed); !ends && body.Type() != "refused" && body.Type() != "room_closed" {
						f.emit(body)
					}
				}
				f.emit(node.Message{Nick: text, Text: text, ID: text})
				f.emit(node.Warning{Code: text, Text: text})
				want = 20
			}
			if args[0] == "rpc" {
				for i, method := range []string{"room.list", "room.history", "room.kick", "no.such " + `\u009b`} {
					d.types(fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"%s","params":{"room":"lab","who":"x"}}`, i, method))
				}
				d.types(`{"jsonrpc":"2.0","id":"\u009b","method":"room.list"}`)
			}
			synctest.Wait()
			out := d.out.take()
			lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
			if len(lines) < want {
				t.Errorf("%v prints %d lines", args, len(lines))
			}
			for _, line := range lines {
				if r, found := rawIn(line); found || !json.Valid([]byte(line)) {
					t.Errorf("%v prints %U as it is, or no JSON: %q", args, r, line)
				}
			}
			_ = d.keys.Close()
			d.stop(errInterrupted)
			synctest.Wait()
			<-d.code
		})
	}
}
