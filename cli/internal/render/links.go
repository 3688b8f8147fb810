package render

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"unicode"

	"github.com/charmbracelet/x/ansi"

	"localchat/cli/internal/safe"
)

// linksShown is set if web addresses are written to the terminal as links (OSC 8), which open with a click. A terminal that does not
// know the sequence shows plain text.
var linksShown atomic.Bool

// ShowLinks sets whether the terminal gets links.
func ShowLinks(yes bool) { linksShown.Store(yes) }

// ShowsLinks reports whether the terminal gets links.
func ShowsLinks() bool { return linksShown.Load() }

// WebAddresses returns the web addresses in a text that may become links. A link leads exactly where its text says. So an
// address is left as plain text if it has another scheme, a user name before its host, letters that are not ASCII, or a host
// that a browser would show or read in another way.
func WebAddresses(text safe.Text) []string {
	if !ShowsLinks() || !strings.Contains(string(text), "://") {
		return nil
	}
	var found []string
	for word := range strings.FieldsSeq(string(text)) {
		if at := addressIn(word); at != "" {
			found = append(found, at)
		}
	}
	return found
}

// addressIn returns the web address in a word, without the punctuation around it, or "" if the word holds none.
func addressIn(word string) string {
	start := strings.Index(word, "http")
	if start < 0 || start > 0 && isAlphanumeric(word[start-1]) {
		return ""
	}
	address := strings.TrimRightFunc(word[start:], func(r rune) bool {
		// An ellipsis is not punctuation here: it may stand for the rest of an address, which is then no link.
		return strings.ContainsRune(`.,;:!?'"]>`, r) || r > unicode.MaxASCII && r != '…' && unicode.IsPunct(r)
	})
	for strings.HasSuffix(address, ")") && strings.Count(address, ")") > strings.Count(address, "(") {
		address = strings.TrimRight(address[:len(address)-1], ".,;:!?'\"")
	}
	if !isWebAddress(address) {
		return ""
	}
	return address
}

// isWebAddress reports whether a browser that opens text goes where a reader expects.
func isWebAddress(text string) bool {
	rest, secure := strings.CutPrefix(text, "https://")
	if !secure {
		var ok bool
		if rest, ok = strings.CutPrefix(text, "http://"); !ok {
			return false
		}
	}
	at, path := rest, ""
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		at, path = rest[:end], rest[end:]
	}
	if strings.ContainsFunc(path, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("\"<>[]\\^`{|}", r) }) {
		return false
	}
	u, err := url.Parse(text) // refuses what is wrong in a port and in a character written as its number
	return err == nil && u.User == nil && u.Host == at && isHost(u.Hostname(), at)
}

// isHost reports whether a host is a name in ASCII that stands for itself, or an IP address in its usual form. at is the host with
// its port, as it is written in the text.
func isHost(host, at string) bool {
	if strings.HasPrefix(at, "[") {
		ip, err := netip.ParseAddr(host)
		return err == nil && ip.Is6() && ip.Zone() == ""
	}
	labels := strings.Split(host, ".")
	for _, label := range labels {
		if label == "" || strings.HasPrefix(strings.ToLower(label), "xn--") { // a browser may show that in other letters
			return false
		}
		if strings.ContainsFunc(label, func(r rune) bool { return r > unicode.MaxASCII || !isAlphanumeric(byte(r)) && r != '-' }) {
			return false
		}
	}
	if last := labels[len(labels)-1]; last[0] >= '0' && last[0] <= '9' { // a browser reads it as a number
		ip, err := netip.ParseAddr(host)
		return err == nil && ip.Is4()
	}
	return true
}

func isAlphanumeric(b byte) bool {
	return 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9'
}

// Linked returns a row of a text, drawn by draw. An address in the text is a link if the row shows the whole address.
func Linked(row safe.Text, addresses []string, draw func(string) string) string {
	text := string(row)
	if len(addresses) == 0 {
		return draw(text)
	}
	var b strings.Builder
	done, at := 0, 0
	for word := range strings.FieldsSeq(text) {
		at += strings.Index(text[at:], word)
		if address := addressIn(word); address != "" && slices.Contains(addresses, address) {
			start := at + strings.Index(word, address)
			if start > done {
				b.WriteString(draw(text[done:start]))
			}
			b.WriteString(ansi.SetHyperlink(address) + draw(address) + ansi.ResetHyperlink())
			done = start + len(address)
		}
		at += len(word)
	}
	if done < len(text) {
		b.WriteString(draw(text[done:]))
	}
	return b.String()
}
