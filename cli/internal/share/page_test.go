package share

import (
	"html"
	"regexp"
	"strings"
	"testing"
	"time"

	"rsc.io/qr"
)

// hostile is a name that a hostile person may choose for a room, or for itself.
const hostile = "e\x1b[2J</title></style><script>alert(1)</script>\"'`$(touch x)&& \u202evil\nx"

func testFiles() []*File {
	sum := strings.Repeat("0123456789abcdef", 4)
	return []*File{
		{Name: "localchat_linux_amd64", OS: "linux", Arch: "amd64", kind: program, Size: 30e6, SHA256: sum},
		{Name: "localchat_1.2.3_linux_amd64.deb", OS: "linux", Arch: "amd64", kind: deb, SHA256: sum},
		{Name: "localchat_1.2.3_darwin_arm64.tar.gz", OS: "darwin", Arch: "arm64", kind: archive, SHA256: sum},
		{Name: "localchat_1.2.3_windows_amd64.zip", OS: "windows", Arch: "amd64", kind: archive, SHA256: sum},
		{Name: "localchat_1.2.3_freebsd_amd64.tar.gz", OS: "freebsd", Arch: "amd64", kind: archive, SHA256: sum},
	}
}

func testPage() Page {
	return Page{
		Room: Room{Name: "lab", Target: "lab", Host: "alice", Words: "amber kiwi", Access: "knock"}, URL: "http://192.168.1.20:8080",
		Invite: Invite{ID: "mf2w", Text: "LOCALCHAT:ABCD", Until: time.Date(2026, 11, 22, 14, 2, 0, 0, time.Local)}, Files: testFiles(),
	}
}

// both returns the page for a browser and for a terminal.
func both(t *testing.T, p Page) (page, text string) {
	t.Helper()
	h, err := p.HTML()
	if err != nil {
		t.Fatal(err)
	}
	plain, err := p.Text()
	if err != nil {
		t.Fatal(err)
	}
	return string(h), string(plain)
}

// TestPageTells: both forms of the page have the lines to type, the files with their sums, the words and the invite, and say that
// plain HTTP does not protect them.
func TestPageTells(t *testing.T) {
	page, text := both(t, testPage())
	page = html.UnescapeString(regexp.MustCompile(`</?(span|bdi|code|strong)[^>]*>`).ReplaceAllString(page, ""))
	for _, want := range []string{
		"curl -fO http://192.168.1.20:8080/get/localchat_linux_amd64 && chmod +x localchat_linux_amd64 && ./localchat_linux_amd64 join LOCALCHAT:ABCD",
		"curl -fO http://192.168.1.20:8080/get/localchat_1.2.3_darwin_arm64.tar.gz && tar -xzf localchat_1.2.3_darwin_arm64.tar.gz && ./localchat_1.2.3_darwin_arm64/localchat join LOCALCHAT:ABCD",
		`curl.exe -fO http://192.168.1.20:8080/get/localchat_1.2.3_windows_amd64.zip; if ($?) { tar.exe -xf localchat_1.2.3_windows_amd64.zip; .\localchat_1.2.3_windows_amd64\localchat.exe join LOCALCHAT:ABCD }`,
		"fetch http://192.168.1.20:8080/get/localchat_1.2.3_freebsd_amd64.tar.gz && tar -xzf localchat_1.2.3_freebsd_amd64.tar.gz && ./localchat_1.2.3_freebsd_amd64/localchat join LOCALCHAT:ABCD",
		"localchat_1.2.3_linux_amd64.deb", "30.0 MB", strings.Repeat("0123456789abcdef", 4), "sha256sum localchat_linux_amd64", "macOS, Apple silicon", "amber kiwi", "localchat join LOCALCHAT:ABCD",
		"until 14:02 on 22 November", "plain HTTP", "one person in",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
		if !strings.Contains(text, want) {
			t.Errorf("the page for a terminal lacks %q:\n%s", want, text)
		}
	}
	for _, system := range []string{"Linux", "macOS", "Windows", "FreeBSD"} {
		if got := strings.Count(text, "\n"+system+", "); got != 1 {
			t.Errorf("%s has %d lines", system, got)
		}
	}
}

// TestPageWithoutInvite says how to come in without one.
func TestPageWithoutInvite(t *testing.T) {
	for _, c := range []struct {
		access, owner string
		used          bool
		want, not     string
	}{
		{"knock", "", false, "you knock, and alice lets you in", "invites of this page"},
		{"knock", "olga", false, "you knock, and olga lets you in", "invites of this page"},
		{"open", "", true, "All invites of this page are used", "knock"},
		{"invite", "", true, "Ask alice for one", "knock"},
	} {
		p := testPage()
		p.Invite, p.Room.Access, p.Room.Owner, p.Used = Invite{}, c.access, c.owner, c.used
		p.Room.OwnersWords = "robot lemon"
		page, text := both(t, p)
		page = regexp.MustCompile(`</?bdi>`).ReplaceAllString(page, "")
		for _, s := range []string{page, text} {
			if !strings.Contains(s, c.want) || strings.Contains(s, c.not) || strings.Contains(s, "LOCALCHAT:") || !strings.Contains(s, "localchat_linux_amd64 join lab") ||
				strings.Contains(s, "robot lemon") != (c.owner != "") {
				t.Errorf("%+v:\n%s", c, s)
			}
		}
	}
}

// TestPageHostileText: no text of people becomes markup, controls a terminal, or is part of a line to type.
func TestPageHostileText(t *testing.T) {
	p := testPage()
	p.Room.Name, p.Room.Host, p.Room.Words, p.Room.Owner, p.Room.OwnersWords = hostile, hostile, hostile, hostile, hostile
	page, text := both(t, p)
	for _, bad := range []string{"<script", "\x1b", "\u202e", "src=", "@import", "url(", "javascript:", "<img", "<link", "<form", "<iframe"} {
		if strings.Contains(strings.ToLower(page), bad) {
			t.Errorf("the page has %q in it", bad)
		}
	}
	if n := strings.Count(page, "<title>"); n != 1 || strings.Count(page, "</style>") != 1 || !strings.Contains(page, "&lt;script&gt;") {
		t.Errorf("the page has %d titles:\n%s", n, page)
	}
	for _, bad := range []string{"\x1b", "\u202e", "\r"} {
		if strings.Contains(text, bad) {
			t.Errorf("the page for a terminal has %q in it", bad)
		}
	}
	for line := range strings.Lines(text) {
		if strings.Contains(line, " join ") && strings.Contains(line, "touch") {
			t.Errorf("text of people is in a line to type: %s", line)
		}
	}
	for _, at := range regexp.MustCompile(`(?:href|xlink|action|data)="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		if !strings.HasPrefix(at[1], "/get/localchat_") && at[1] != p.URL+"/" {
			t.Errorf("the page leads to %q", at[1])
		}
	}
}

// TestPageStyle: the policy of the page allows the style that is in it.
func TestPageStyle(t *testing.T) {
	page, _ := both(t, testPage())
	_, inPage, _ := strings.Cut(page, "<style>")
	inPage, _, _ = strings.Cut(inPage, "</style>")
	if inPage != style || !strings.Contains(headers["Content-Security-Policy"], "'sha256-"+styleSum+"'") {
		t.Errorf("the page has another style than its policy allows:\n%s", inPage)
	}
}

// TestPageCode: the QR code on the page has the modules of the code of the address, within its margin.
func TestPageCode(t *testing.T) {
	p := testPage()
	page, _ := both(t, p)
	code, err := qr.Encode(p.URL, qr.M)
	if err != nil {
		t.Fatal(err)
	}
	dark := 0
	for _, run := range regexp.MustCompile(`M\d+ \d+h(\d+)v1h-(\d+)z`).FindAllStringSubmatch(page, -1) {
		if run[1] != run[2] {
			t.Errorf("a box is not closed: %v", run)
		}
		n := 0
		for _, digit := range run[1] {
			n = 10*n + int(digit-'0')
		}
		dark += n
	}
	want := 0
	for y := range code.Size {
		for x := range code.Size {
			if code.Black(x, y) {
				want++
			}
		}
	}
	if dark != want || want == 0 {
		t.Errorf("%d dark modules of %d", dark, want)
	}
}
