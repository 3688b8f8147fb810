package safe

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// nasty returns a text with every character that controls a terminal, changes the direction of writing, ends a line or is
// invisible, and with characters below and above U+FFFF that must stay as they are.
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

// rawIn finds a character that must be escaped in JSON.
func rawIn(text string) (r rune, found bool) {
	for _, r := range strings.TrimSuffix(text, "\n") {
		if r < ' ' || 0x7F <= r && r <= 0x9F || unicode.Is(unicode.Bidi_Control, r) || r == 0x2028 || r == 0x2029 || Forbidden(r) {
			return r, true
		}
	}
	return 0, false
}

// TestJSONHasNoControls: printed JSON has those characters escaped, in strings and in field names, and means the same.
func TestJSONHasNoControls(t *testing.T) {
	text := nasty()
	for _, v := range []any{text, map[string]any{text: []string{text, "plain"}}, struct{ Rooms []string }{[]string{text}}} {
		raw, err := MarshalJSON(v)
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
			t.Errorf("%T: a character that may be shown is escaped: %s", v, raw)
		}
	}
	if got := string(EscapeJSON([]byte("\"a\x9b\""))); got != `"a\ufffd"` {
		t.Errorf("a lone byte became %s", got)
	}
}
