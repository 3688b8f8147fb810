package safe

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf16"
	"unicode/utf8"
)

// MarshalJSON returns v as JSON on one line, safe to show on a terminal. Every character that [clean] keeps from a terminal
// is written as \uXXXX, which means the same in JSON. This program prints all JSON so.
func MarshalJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return EscapeJSON(bytes.TrimSuffix(b.Bytes(), []byte{'\n'})), nil
}

// EscapeJSON escapes the characters of a JSON text that a terminal must not get. They occur only inside strings.
func EscapeJSON(raw []byte) []byte {
	plain := true
	for _, c := range raw {
		plain = plain && ' ' <= c && c <= '~'
	}
	if plain {
		return raw
	}
	out := make([]byte, 0, len(raw)+len(raw)/8)
	for i := 0; i < len(raw); {
		r, n := utf8.DecodeRune(raw[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			out = append(out, `\ufffd`...)
		case !Forbidden(r):
			out = append(out, raw[i:i+n]...)
		default:
			out = appendEscape(out, r)
		}
		i += n
	}
	return out
}

// appendEscape writes r as one \uXXXX, or as two where it is beyond the first plane.
func appendEscape(out []byte, r rune) []byte {
	for _, unit := range utf16.AppendRune(nil, r) {
		out = fmt.Appendf(out, `\u%04x`, unit)
	}
	return out
}
