package safe

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf16"
	"unicode/utf8"
)

// MarshalJSON returns v as JSON on one line, safe to show on a terminal. It writes every character that [clean] removes as
// \uXXXX, which means the same in JSON. All JSON that the program prints comes from here or from [EscapeJSON].
func MarshalJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return EscapeJSON(bytes.TrimSuffix(b.Bytes(), []byte{'\n'})), nil
}

// EscapeJSON escapes the characters of a JSON text that must not reach a terminal. They occur only inside strings.
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

// appendEscape appends r as one \uXXXX, or as a pair if r is above U+FFFF.
func appendEscape(out []byte, r rune) []byte {
	for _, unit := range utf16.AppendRune(nil, r) {
		out = fmt.Appendf(out, `\u%04x`, unit)
	}
	return out
}
