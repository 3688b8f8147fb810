package node

import (
	"fmt"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/network"

	"localchat/protocol"
)

// The answer to a poll says that the authority has a line, so the authority is not asked.
func TestReceiptsComeWithPolls(t *testing.T) {
	simulate(t, 3, func(l *simLAN) {
		l.fillRoom(3, nil)
		time.Sleep(5 * time.Second) // simulated
		asked := 0
		n0 := l.nodes["n0"]
		l.hosts[l.index["n0"]].SetStreamHandler(protocol.SyncID, func(s network.Stream) {
			asked++
			n0.serveSync(s)
		})
		must(ask(l.ctx(), l.nodes["n1"], inLoop(func(lp *loop) { lp.rooms[lp.order[0]].synced = time.Now() }))) // and no comparison for another reason
		must(ask(l.ctx(), l.nodes["n2"], inLoop(func(lp *loop) { lp.rooms[lp.order[0]].synced = time.Now() })))
		for i := range 20 {
			at := time.Now()
			id := must(l.nodes["n1"].Say(l.ctx(), "lab", fmt.Sprint("line ", i), false))
			until(l.subs["n1"], func(d Delivered) bool { return d.ID == id })
			if after := time.Since(at); after > receiptEvery+live {
				t.Errorf("line %d was delivered after %v", i, after)
			}
		}
		if asked != 0 {
			t.Errorf("the authority was asked %d times", asked)
		}
	})
}

// The authority gives no receipt beyond a gap in an author's lines.
func TestNoReceiptBeyondAGap(t *testing.T) {
	simulate(t, 2, func(l *simLAN) {
		l.fillRoom(2, nil)
		time.Sleep(5 * time.Second) // simulated
		must(l.nodes["n1"].Say(l.ctx(), "lab", "first", false))
		time.Sleep(time.Second) // simulated
		var receipt uint64
		must(ask(l.ctx(), l.nodes["n0"], inLoop(func(lp *loop) {
			r := lp.rooms[lp.order[0]]
			n1 := l.nodes["n1"].self
			receipt = r.owned.receipts[n1]
			far := *r.log.Of(n1)[0]
			far.Msg.Ctr += 5
			far.Msg.ID, far.Msg.Prev = protocol.Hash{1}, protocol.Hash{2}
			r.log.Add(&far)
			r.owesReceipt(n1)
		})))
		time.Sleep(2 * receiptEvery) // simulated
		must(ask(l.ctx(), l.nodes["n0"], inLoop(func(lp *loop) {
			if now := lp.rooms[lp.order[0]].owned.receipts[l.nodes["n1"].self]; receipt == 0 || now != receipt {
				t.Errorf("the receipt is %d, and was %d before a line came that does not follow", now, receipt)
			}
		})))
	})
}

// A peer that polls again and again without regard to the receipt does not get an answer each time.
func TestReceiptIsGivenOnce(t *testing.T) {
	simulate(t, 3, func(l *simLAN) {
		l.fillRoom(2, nil)
		room := must(l.nodes["n0"].Rooms(l.ctx()))[0]
		m := l.infiltrate(2, room)
		if code := m.Join("mallory", protocol.Token{}); code != protocol.JoinAdmitted {
			t.Fatal("mallory was not let in:", code)
		}
		m.Enlist()
		time.Sleep(5 * time.Second) // simulated
		m.Says("hello")
		time.Sleep(time.Second) // simulated
		budget := l.nodes["n0"].admission.services[protocol.PollID].guest.of(m.Host.ID())
		if asked := float64(pollBurst) - budget.Tokens(); asked > 50 {
			t.Errorf("asked %.0f times", asked)
		}
	})
}
