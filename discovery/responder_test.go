package discovery

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
	"golang.org/x/time/rate"
)

// asking returns a packet with questions.
func asking(t testing.TB, class uint16, names ...string) []byte {
	t.Helper()
	m := dns.Msg{MsgHdr: dns.MsgHdr{Id: 7}, Compress: true}
	for _, n := range names {
		m.Question = append(m.Question, dns.Question{Name: n, Qtype: dns.TypeANY, Qclass: class})
	}
	b, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func from(s string) arrival { return arrival{from: netip.MustParseAddrPort(s)} }

// answered returns the answer to a packet at a time, decoded.
func answered(t testing.TB, z *zone, packet []byte, a arrival, at time.Duration) (size int, rrs []dns.RR, alone bool) {
	t.Helper()
	b, alone := z.respond(packet, a, 2, time.Unix(1_000_000, 0).Add(at))
	if b == nil {
		return 0, nil, alone
	}
	var m dns.Msg
	if err := m.Unpack(b); err != nil || !m.Response || len(b) > maxAnswer {
		t.Fatalf("%d bytes: %v", len(b), err)
	}
	return len(b), m.Answer, alone
}

func realZone() *zone {
	label := newLabel()
	z := testZone([]nic{testNIC(2, "eth0", "192.168.1.5/24", "2001:db8::5/64", "fe80::5/64")}, listenAll...)
	z.instance, z.host = label+"."+serviceName, label+".local."
	return z
}

const (
	in      = dns.ClassINET
	inAlone = dns.ClassINET | unicastWish
)

// TestOnlyTheLinkIsAnswered: a question is answered only if its source address is on a network of this machine.
func TestOnlyTheLinkIsAnswered(t *testing.T) {
	for source, want := range map[string]bool{
		"192.168.1.77:50000": true, "192.168.1.77:5353": true, "[fe80::77%eth0]:50000": true, "[2001:db8::77]:50000": true, "192.168.1.5:50000": true,
		"198.51.100.7:50000": false, "198.51.100.7:5353": false, "192.168.2.77:50000": false, "10.0.0.1:5353": false, "[2001:db8:1::77]:50000": false,
		"[::ffff:192.168.1.77]:50000": false, "127.0.0.1:50000": false, "192.168.1.255:50000": false, "192.168.1.0:50000": false, "0.0.0.0:5353": false, "224.0.0.251:5353": false,
	} {
		for _, packet := range [][]byte{ask, asking(t, in, serviceName), asking(t, inAlone, enumName)} {
			if size, _, _ := answered(t, realZone(), packet, from(source), 0); (size > 0) != want {
				t.Errorf("%s is answered with %d bytes", source, size)
			}
		}
	}
}

// TestAnswersDoNotMultiply: however many questions a packet has, each record is given once, and the answer is not longer than answerFactor
// allows.
func TestAnswersDoNotMultiply(t *testing.T) {
	z := realZone()
	many := func(name func(i int) string, n int) []string {
		var names []string
		for i := range n {
			names = append(names, name(i))
		}
		return names
	}
	same := func(string) func(int) string { return func(int) string { return serviceName } }
	other := func(i int) string { return fmt.Sprintf("_s%d._tcp.local.", i) }
	ours := []string{serviceName, enumName, z.instance, z.host}
	looping := append(asking(t, inAlone, serviceName)[:headerSize:headerSize], 0xc0, headerSize, 0, 12, 0x80, 1)
	truncated := asking(t, inAlone, serviceName)
	truncated[2] |= 0x02
	for what, c := range map[string]struct {
		packet []byte
		want   int // least records; -1: none
	}{
		"as nodes ask":                  {ask, 5},
		"one short question":            {asking(t, inAlone, serviceName), 1},
		"one that anybody may hear":     {asking(t, in, serviceName), 1},
		"a hundred equal ones":          {asking(t, inAlone, many(same(""), 100)...), 5},
		"in other letters":              {asking(t, inAlone, strings.ToUpper(serviceName), serviceName, "_LocalChat._udp.local."), 1},
		"all of ours, many times":       {asking(t, inAlone, slices.Repeat(ours, 25)...), 5},
		"behind others":                 {asking(t, inAlone, append(many(other, maxQuestions-1), serviceName)...), 5},
		"behind too many others":        {asking(t, inAlone, append(many(other, maxQuestions), serviceName)...), -1},
		"other services":                {asking(t, inAlone, many(other, 50)...), -1},
		"more questions than there are": {withCount(asking(t, inAlone, serviceName), 65535), -1},
		"a name that never ends":        {looping, -1},
		"more is to follow":             {truncated, 1},
		"an answer":                     {withFlags(asking(t, inAlone, serviceName), 0x8400), -1},
		"another operation":             {withFlags(asking(t, inAlone, serviceName), 0x2800), -1},
		"an error":                      {withFlags(asking(t, inAlone, serviceName), 0x0003), -1},
		"another class":                 {asking(t, dns.ClassCHAOS, serviceName), -1},
		"no question":                   {asking(t, inAlone), -1},
		"half a header":                 {ask[:7], -1},
		"half a question":               {ask[:headerSize+20], -1},
		"nothing":                       {nil, -1},
	} {
		z.said = newSpoken()
		size, rrs, alone := answered(t, z, c.packet, from("192.168.1.77:50000"), 0)
		if size > answerFactor*len(c.packet) || !alone && size > 0 {
			t.Errorf("%s: %d bytes for %d", what, size, len(c.packet))
		}
		if c.want < 0 && size > 0 || len(rrs) < c.want {
			t.Errorf("%s: %d records, want %d", what, len(rrs), c.want)
		}
		seen := make(map[string]bool)
		for _, rr := range rrs {
			if seen[rr.String()] {
				t.Errorf("%s: %s twice", what, rr)
			}
			seen[rr.String()] = true
		}
		if size > 0 {
			t.Logf("%s: %d bytes for %d, times %.1f", what, size, len(c.packet), float64(size)/float64(len(c.packet)))
		}
	}
}

func withCount(b []byte, questions uint16) []byte {
	binary.BigEndian.PutUint16(b[4:], questions)
	return b
}

func withFlags(b []byte, flags uint16) []byte {
	binary.BigEndian.PutUint16(b[2:], flags)
	return b
}

// TestTheLinkIsToldOnceASecond: a question from the port of mDNS is answered to the group, at most once a second on each interface,
// whichever machine asks and however often. A question that is sent to this machine alone is answered to the sender alone.
func TestTheLinkIsToldOnceASecond(t *testing.T) {
	z := realZone()
	question := asking(t, in, serviceName)
	told, bytes := 0, 0
	for ms := range 10_000 {
		size, rrs, alone := answered(t, z, question, from(fmt.Sprintf("192.168.1.%d:5353", 10+ms%200)), time.Duration(ms)*time.Millisecond)
		if alone {
			t.Fatal("answered alone")
		}
		if size > 0 {
			told, bytes = told+1, bytes+size
			if len(rrs) < 5 {
				t.Fatal(rrs)
			}
		}
	}
	if told != 10 {
		t.Errorf("told %d times in 10 s", told)
	}
	t.Logf("%d bytes in 10 s for %d", bytes, 10_000*len(question))
	if size, _, _ := answered(t, z, asking(t, in, enumName), from("192.168.1.77:5353"), 9999*time.Millisecond); size == 0 {
		t.Error("another question has to wait for it")
	}
	if b, _ := z.respond(question, from("192.168.1.77:5353"), 3, time.Unix(1_000_009, 0)); b == nil {
		t.Error("another link has to wait for it")
	}
	direct := from("192.168.1.77:5353")
	direct.to = netip.MustParseAddr("192.168.1.5")
	if size, _, alone := answered(t, z, question, direct, 0); !alone || size == 0 || size > answerFactor*len(question) {
		t.Errorf("sent to us alone: %d bytes, alone %v", size, alone)
	}
}

// TestAnswersAreRationed: an address that asks without a pause gets a limited number of answers. The number of addresses that are counted
// is bounded, and an address beyond it still gets answers.
func TestAnswersAreRationed(t *testing.T) {
	z, refused := realZone(), make(map[netip.Addr]int)
	z.refused = func(from netip.Addr) { refused[from]++ }
	z.said.own[false] = rate.NewLimiter(rate.Inf, 1)
	count := func(source string, n int, from0 time.Duration) (got int) {
		for i := range n {
			if size, _, _ := answered(t, z, ask, from(source), from0+time.Duration(i)*time.Millisecond); size > 0 {
				got++
			}
		}
		return got
	}
	if got := count("192.168.1.77:50000", 10_000, 0); got < answerBurst+9*answersASecond || got > answerBurst+11*answersASecond || got+refused[netip.MustParseAddr("192.168.1.77")] != 10_000 {
		t.Errorf("one address: %d answers in 10 s, and it is told of: %v", got, refused)
	}
	if got := count("192.168.1.78:50000", 10, 10*time.Second); got != 10 {
		t.Errorf("another is answered %d times of 10", got)
	}
	for i := range 4 * maxSources {
		answered(t, z, ask, from(fmt.Sprintf("[2001:db8::1:%x]:50000", i)), 10*time.Second)
		if len(z.said.sources.of) > maxSources {
			t.Fatalf("%d addresses are counted", len(z.said.sources.of))
		}
	}
	if got := count("192.168.1.79:50000", 1000, 10*time.Second); got < answerBurst {
		t.Errorf("in the crowd %d answers of 1000", got)
	}
	if got := count("192.168.1.80:50000", 10, 20*time.Second); got != 10 || len(z.said.sources.of) > 8 {
		t.Errorf("after the crowd %d answers of 10, %d addresses are counted", got, len(z.said.sources.of))
	}
	for i := range 10 * maxTold {
		z.said.mayTell(i, enumAnswer[0], time.Unix(int64(i), 0))
		if len(z.said.told) > maxTold {
			t.Fatalf("%d answers are remembered", len(z.said.told))
		}
	}
}

// TestOnlyTheLinkIsHeard: a packet that came through a router or from another network does not count as an answer, nor does one that is no
// answer of a node.
func TestOnlyTheLinkIsHeard(t *testing.T) {
	n := testNIC(2, "eth0", "192.168.1.5/24", "fe80::5/64")
	for source, want := range map[string]bool{
		"192.168.1.77:5353": true, "[fe80::77%eth0]:5353": true, "192.168.1.77:50000": true,
		"198.51.100.7:5353": false, "192.168.2.77:5353": false, "[2001:db8::77]:5353": false, "127.0.0.1:5353": false,
	} {
		a := from(source)
		for hops, untouched := range map[int]bool{0: true, linkHops: true, 254: false, 64: false, 1: false} {
			if a.hops = hops; fromLink(n, a) != (want && untouched) {
				t.Errorf("%s with %d hops left: %v", source, hops, !want)
			}
		}
	}
	answer := dns.Msg{MsgHdr: dns.MsgHdr{Response: true}, Answer: realZone().current().all}
	for i := range 2 * maxHeard {
		answer.Extra = append(answer.Extra, &dns.TXT{Hdr: header(fmt.Sprintf("i%d.%s", i, serviceName), dns.TypeTXT), Txt: []string{"x"}})
	}
	b, err := answer.Pack()
	if err != nil {
		t.Fatal(err)
	}
	if hs := takeAnswers(nil, b, n, netip.Addr{}); len(hs) != maxHeard || !hs[0].ours() || len(hs[0].txt) < 4 {
		t.Errorf("%d announcements", len(hs))
	}
	for what, packet := range map[string][]byte{"a question": ask, "nothing": nil, "an error": withFlags(slices.Clone(b), 0x8003), "half": b[:len(b)/2]} {
		if hs := takeAnswers(nil, packet, n, netip.Addr{}); len(hs) > 0 {
			t.Errorf("%s is taken: %v", what, hs)
		}
	}
}

// FuzzQuery: no packet makes the responder panic, or gets a longer answer than is allowed.
func FuzzQuery(f *testing.F) {
	f.Add(ask)
	f.Add(asking(f, inAlone, serviceName, enumName))
	f.Add(append(ask[:headerSize:headerSize], 0xc0, headerSize, 0, 12, 0x80, 1))
	f.Fuzz(func(t *testing.T, packet []byte) {
		b, alone := testZone([]nic{testNIC(2, "eth0", "192.168.1.5/24")}, listenAll...).respond(packet, from("192.168.1.77:50000"), 2, time.Unix(1, 0))
		if len(b) > min(maxAnswer, answerFactor*len(packet)) || b != nil && !alone {
			t.Fatalf("%d bytes for %d, alone %v", len(b), len(packet), alone)
		}
		takeAnswers(nil, packet, testNIC(2, "eth0", "192.168.1.5/24"), netip.Addr{})
	})
}
