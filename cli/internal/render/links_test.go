package render

import "testing"

// TestWebAddresses: an address is a link, without the punctuation around it, unless a browser could open something else than a
// person reads.
func TestWebAddresses(t *testing.T) {
	for word, want := range map[string]string{
		"https://example.org":                      "https://example.org",
		"http://example.org/a/b?c=d&e=f#g":         "http://example.org/a/b?c=d&e=f#g",
		"http://printer:631/jobs":                  "http://printer:631/jobs",
		"http://192.168.1.7:8080/x":                "http://192.168.1.7:8080/x",
		"http://[fe80::1]:8080/":                   "http://[fe80::1]:8080/",
		"https://example.org/%7Ebob/~al":           "https://example.org/%7Ebob/~al",
		"https://example.org/a_(b)":                "https://example.org/a_(b)",
		"https://example.org/;a,b:c@d!e*f'g$h":     "https://example.org/;a,b:c@d!e*f'g$h",
		"https://en.wikipedia.org/wiki/A.B.":       "https://en.wikipedia.org/wiki/A.B",
		"(https://example.org/)":                   "https://example.org/",
		"<https://example.org/a>,":                 "https://example.org/a",
		"“https://example.org/”。":                  "https://example.org/",
		"見てhttps://example.org/":                   "https://example.org/",
		"url=https://example.org/?q=https://a.b/!": "https://example.org/?q=https://a.b/",

		"ftp://example.org/":                       "",
		"file:///etc/passwd":                       "",
		"javascript:alert(1)//https://example.org": "https://example.org",
		"javascript://example.org/%0aalert(1)":     "",
		"ssh://host":                               "",
		"xhttps://example.org":                     "",
		"https:example.org":                        "",
		"https:/example.org":                       "",
		"https:///example.org":                     "",
		"HTTPS://example.org":                      "",
		"https://":                                 "",
		"https://bank.example@evil.example/":       "",
		"https://bank.example:443@evil.example":    "",
		"https://@evil.example":                    "",
		`https://evil.example\@bank.example/`:      "",
		`https://evil.example\.bank.example/`:      "",
		"https://ex\u0430mple.org/":                "", // a Cyrillic letter
		"https://例え.jp":                            "",
		"https://example.org\u3002evil.example":    "", // a full stop that browsers take for a dot
		"https://example.org\uff0fx":               "", // a slash of full width
		"https://example.org/\u043f":               "",
		"https://xn--exmple-4nf.org/":              "",
		"https://www.XN--exmple-4nf.org/":          "",
		"http://3232235777/":                       "",
		"http://0x7f.1/":                           "",
		"http://127.1/":                            "",
		"http://010.8.8.8/":                        "",
		"http://1.2.3.4.5/":                        "",
		"http://[fe80::1%25eth0]/":                 "",
		"http://[::1].example/":                    "",
		"http://example.org:99x/":                  "",
		"http://exam%70le.org/":                    "",
		"http://exa_mple.org/":                     "",
		"https://a..b/":                            "",
		"https://example.org/%zz":                  "",
		"https://example.org/abc…":                 "",
		"[https://bank.example/](https://evil.a/)": "",
		"https://bank.example|evil.example":        "",
		"https://example.org/\"onclick=x":          "",
	} {
		if got := addressIn(word); got != want {
			t.Errorf("%q: %q, want %q", word, got, want)
		}
	}
}
