package share

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	html "html/template"
	"slices"
	"strings"
	text "text/template"
	"time"

	"rsc.io/qr"

	"localchat/cli/internal/safe"
)

// A Room describes the room and its people, in texts that those people chose.
type Room struct {
	Name string
	// Target is the argument of join without an invite: the name of the room if that is one word that no shell changes, or its ID.
	Target string
	// Host is the nick of this node in the room, and Words are the words of its key.
	Host, Words string
	// Owner and OwnersWords are the owner's nick and words, if the owner is another node.
	Owner, OwnersWords string
	// Access is open, knock or invite.
	Access string
}

// An Invite is an invite that a page can show.
type Invite struct {
	ID, Text string
	Until    time.Time
}

// A Page has everything that a visitor reads.
type Page struct {
	Room Room
	// URL is the address at which this visitor reached the server.
	URL string
	// Invite is the zero value if there is none.
	Invite Invite
	// Used is set if the share had invites and all of them are used.
	Used bool
	// Files are in the order of the page.
	Files []*File
}

//go:embed page.html
var htmlSource string

//go:embed page.txt
var textSource string

//go:embed page.css
var style string

var (
	htmlPage = html.Must(html.New("page").Parse(htmlSource))
	textPage = text.Must(text.New("page").Parse(textSource))
	// styleSum is the sum of the style. The policy of the page allows only the style with this sum.
	styleSum = func() string {
		sum := sha256.Sum256([]byte(style))
		return base64.StdEncoding.EncodeToString(sum[:])
	}()
)

// A view is a page with the fields that its template uses.
type view struct {
	Page
	Style   html.CSS
	Until   string
	Systems []systemView
	// QR is the outline of the QR code of URL, and Side the length of its side with the margin, in modules.
	QR   string
	Side int
}

type systemView struct {
	System, Line, Check string
	// Linked is File.Linked of the file in Line.
	Linked bool
	Files  []fileView
}

type fileView struct {
	Name, Path, Size, SHA256 string
	// Sum is SHA256, cut by [Groups].
	Sum []string
}

// HTML returns the page for a browser.
func (p Page) HTML() ([]byte, error) {
	v := p.view()
	code, err := qr.Encode(p.URL, qr.M)
	if err != nil {
		return nil, err
	}
	v.QR, v.Side = outline(code), code.Size+2*qrMargin
	var b bytes.Buffer
	err = htmlPage.Execute(&b, v)
	return b.Bytes(), err
}

// Text returns the page for a terminal.
func (p Page) Text() ([]byte, error) {
	var b bytes.Buffer
	err := textPage.Execute(&b, p.view())
	return b.Bytes(), err
}

// view returns the view of p, with all text of people made fit for a terminal. A browser loses only control characters by that.
func (p Page) view() view {
	for _, s := range []*string{&p.Room.Name, &p.Room.Host, &p.Room.Words, &p.Room.Owner, &p.Room.OwnersWords} {
		*s = string(safe.Phrase(*s))
	}
	v := view{Page: p, Style: html.CSS(style), Until: p.Invite.Until.Local().Format("15:04 on 2 January")}
	target := p.Room.Target
	if p.Invite.Text != "" {
		target = p.Invite.Text
	}
	for _, f := range p.Files {
		if n := len(v.Systems); n == 0 || v.Systems[n-1].System != f.System() {
			v.Systems = append(v.Systems, systemView{System: f.System(), Line: f.line(p.URL, target), Check: f.check(), Linked: f.Linked})
		}
		of := &v.Systems[len(v.Systems)-1]
		of.Files = append(of.Files, fileView{Name: f.Name, Path: filePath + f.Name, Size: megabytes(f.Size), SHA256: f.SHA256, Sum: Groups(f.SHA256)})
	}
	return v
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }

// Groups cuts a sum into groups of 8 digits, for people to compare.
func Groups(sum string) (all []string) {
	for group := range slices.Chunk([]byte(sum), 8) {
		all = append(all, string(group))
	}
	return all
}

// qrMargin is the margin that the standard requires around a QR code, in modules.
const qrMargin = 4

// outline returns the dark modules of a code as a path of SVG, in which each run of dark modules in a row is a box.
func outline(code *qr.Code) string {
	var b strings.Builder
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			n := 0
			for code.Black(x+n, y) {
				n++
			}
			if n > 0 {
				fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", x+qrMargin, y+qrMargin, n, n)
			}
			x += n
		}
	}
	return b.String()
}
