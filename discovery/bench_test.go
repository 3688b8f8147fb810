package discovery

import (
	"testing"

	"github.com/miekg/dns"
)

func benchZone() *zone {
	return testZone([]nic{testNIC(2, "eth0", "192.168.1.5/24", "fd00::5/64", "fe80::5/64")}, listenAll...)
}

// BenchmarkZoneAnswer answers a question while the answer is fresh, as in a flood of questions.
func BenchmarkZoneAnswer(b *testing.B) {
	z := benchZone()
	q := dns.Question{Name: serviceName, Qtype: dns.TypePTR}
	b.ReportAllocs()
	for b.Loop() {
		if len(z.Records(q)) == 0 {
			b.Fatal("no answer")
		}
	}
}

// BenchmarkZoneMake makes the answer, which happens at most once in answerFresh.
func BenchmarkZoneMake(b *testing.B) {
	z := benchZone()
	b.ReportAllocs()
	for b.Loop() {
		me := z.self()
		if len(z.make(me.ID, expand(me.Addrs, z.nics)).all) == 0 {
			b.Fatal("no answer")
		}
	}
}

func BenchmarkEntryParse(b *testing.B) {
	z := benchZone()
	h := heard{name: z.instance, txt: txtOf(testPeer(2), expand(addrs(listenAll...), z.nics), nil), nic: "eth0"}
	l := networksOf(z.nics)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, ok := parseTXT(h.txt, l, h.nic); !h.ours() || !ok {
			b.Fatal("refused")
		}
	}
}

// BenchmarkEntryForeign is the cost of a packet of another service, which is refused by its name.
func BenchmarkEntryForeign(b *testing.B) {
	h := heard{name: "printer._ipp._tcp.local.", txt: []string{"rp=ipp/print"}}
	b.ReportAllocs()
	for b.Loop() {
		if h.ours() {
			b.Fatal("taken")
		}
	}
}
