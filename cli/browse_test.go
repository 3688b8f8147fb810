package cli

import (
	"slices"
	"testing"
)

// TestBrowser: each system has its command that opens the browser. Without a screen, none is opened.
func TestBrowser(t *testing.T) {
	const url = "http://127.0.0.1:1/#token=x"
	for _, test := range []struct {
		system, screen string
		want           []string
	}{
		{"linux", "DISPLAY", []string{"xdg-open", url}},
		{"freebsd", "WAYLAND_DISPLAY", []string{"xdg-open", url}},
		{"linux", "", nil},
		{"darwin", "", []string{"open", url}},
		{"windows", "", []string{"rundll32", "url.dll,FileProtocolHandler", url}},
	} {
		a := &app{env: func(name string) (string, bool) {
			if name == test.screen {
				return ":0", true
			}
			return "", false
		}}
		if got := a.browser(test.system, url); !slices.Equal(got, test.want) {
			t.Errorf("%s with %q: %q", test.system, test.screen, got)
		}
	}
}
