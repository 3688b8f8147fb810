package node

import (
	"fmt"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/network"

	"localchat/node/internal/transcript"
	"localchat/protocol"
)

// TestReceiptsComeWithPolls: the answer to a poll says that the authority has a line, so the authority is not asked.
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
		for i := range 20 {
			at := time.Now()
			id := must(l.nodes["n1"].Say(l.ctx(), "lab", fmt.Sprint("line ", i), false))
			until(l.subs["n1"], func(d Delivered) bool { return d.ID == id })
			if after := time.Since(at); after > transcript.ReceiptEvery+live {
				t.Errorf("line %d was delivered after %v", i, after)
			}
		}
		if asked != 0 {
			t.Errorf("the authority was asked %d times", asked)
		}
	})
}

// TestReceiptIsGivenOnce: a member that asks again and again, and ignores the receipt, does not get an answer each time.
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
		budget := l.nodes["n0"].admission.services[protocol.PollID].guest.Limiter(m.Host.ID())
		if asked := float64(pollBurst) - budget.Tokens(); asked > 50 {
			t.Errorf("asked %.0f times", asked)
		}
	})
}

// TestLoneLineIsDeliveredAtOnce: a lone line is delivered at once, whoever says it; a command that says one and ends does not have to
// wait.
func TestLoneLineIsDeliveredAtOnce(t *testing.T) {
	simulate(t, 3, func(l *simLAN) {
		l.fillRoom(3, nil)
		for _, nick := range []string{"n0", "n1", "n0", "n1"} {
			time.Sleep(5 * time.Second) // simulated
			at := time.Now()
			id := must(l.nodes[nick].Say(l.ctx(), "lab", "a line", false))
			until(l.subs[nick], func(d Delivered) bool { return d.ID == id })
			if after := time.Since(at); after > 30*time.Millisecond {
				t.Errorf("a line of %s was delivered after %v", nick, after)
			}
		}
	})
}
