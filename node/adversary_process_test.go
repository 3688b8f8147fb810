package node

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// processEnv makes TestAdversaryProcess the patched binary of the tests between real hosts, at the root of the module:
// mallory on a host of the machine's network. It takes orders on standard input and answers each with an outcome on
// standard output, both one JSON object a line, until the input ends.
const processEnv = "LOCALCHAT_TEST_ADVERSARY"

func TestAdversaryProcess(t *testing.T) {
	if os.Getenv(processEnv) == "" {
		t.Log("nothing to do here: this is a process of the tests between real hosts")
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	a := &agent{ctx: ctx}
	defer a.close()
	out := json.NewEncoder(os.Stdout)
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		if err := out.Encode(a.obey(in.Bytes())); err != nil {
			t.Fatal(err)
		}
	}
}

// An order names an attack, or one of the agent's own.
type order struct {
	Do string
	// To join, as Nick: an invite and, the first time, whom to attack: multiaddrs with /p2p, the owner's first.
	Invite string
	Nick   string
	Nodes  [][]string
	// Text to say, or to have heard.
	Text string
	// Removal is where mallory's own stands in the log.
	Removal Committed
	// Node is an index of Nodes.
	Node int
}

// An outcome is what an order came to.
type outcome struct {
	// Error is why the order could not be carried out.
	Error string `json:",omitempty"`
	// Gains since the last outcome are what mallory has and should not have, in words.
	Gains []string
	// Reason of its removal, as it was told.
	Reason string
}

// An agent is all that go by the name of mallory, one after the other: those removed stay connected and go on listening.
type agent struct {
	ctx     context.Context
	nodes   []peer.AddrInfo
	hosts   []host.Host
	members []*mallory // who are or were; the last is the one that attacks
	lurker  *mallory
}

// newcomer is a host with a key of its own.
func (a *agent) newcomer(room protocol.RoomID, owner peer.ID) *mallory {
	key, _, err := crypto.GenerateEd25519Key(rand.Reader)
	if err != nil {
		panic(err)
	}
	h := must(newHost(key, nil, libp2p.ResourceManager(must(newResourceManager()))))
	a.hosts = append(a.hosts, h)
	m := newMallory(a.ctx, h, room, owner, a.nodes)
	m.another = func() *mallory { return a.newcomer(room, owner) }
	return m
}

func (a *agent) close() {
	for _, h := range a.hosts {
		h.Close()
	}
}

// attacks are what mallory does alone.
var attacks = map[string]func(*mallory){
	"publish on":                (*mallory).publishesOn,
	"replay":                    (*mallory).replays,
	"forge an author":           (*mallory).forgesAuthor,
	"forge records":             (*mallory).forgesRecords,
	"graft":                     func(m *mallory) { m.graftsBare(nil) },
	"speak floodsub":            (*mallory).speaksFloodsub,
	"ask by sync":               (*mallory).asksBySync,
	"have lines passed on":      (*mallory).passesOn,
	"open streams":              (*mallory).opensStreams,
	"ask on open streams":       (*mallory).asksOnOpenStreams,
	"make an invite":            (*mallory).asksForInvite,
	"poll with other nonces":    (*mallory).pollsOtherNonces,
	"poll other rooms":          (*mallory).pollsOtherRooms,
	"ask for orders and tell":   (*mallory).asksAndTells,
	"flood polls and joins":     (*mallory).floodsDoors,
	"flood rooms":               (*mallory).floodsRooms,
	"send bad frames":           (*mallory).sendsBadFrames,
	"push identify":             (*mallory).pushesIdentify,
	"never read":                (*mallory).neverReads,
	"go back to the cut-off":    func(m *mallory) { m.ctr-- },
	"leave out numbers":         func(m *mallory) { m.ctr += 50 },
	"go back below the cut-off": func(m *mallory) { m.ctr -= 10 },
	"claim another's reason":    (*mallory).claimsByGuess,
	"report":                    func(*mallory) {},
}

// obey carries out one order. What an attack did not expect ends it and is told.
func (a *agent) obey(line []byte) (o outcome) {
	defer func() {
		if err := recover(); err != nil {
			o.Error = fmt.Sprint(err)
		}
	}()
	var do order
	must(struct{}{}, json.Unmarshal(line, &do))
	a.carryOut(do)
	for _, m := range a.members {
		m.tally()
		m.mu.Lock()
		o.Gains = append(o.Gains, m.gains...)
		m.gains = nil
		m.mu.Unlock()
	}
	m := a.now()
	m.mu.Lock()
	defer m.mu.Unlock()
	if r, err := protocol.OpenReason(m.reason); err == nil {
		o.Reason = r.Text
	}
	return o
}

// now is the one that attacks.
func (a *agent) now() *mallory { return a.members[len(a.members)-1] }

func (a *agent) carryOut(do order) {
	if do.Do == "join" {
		a.join(do)
		return
	}
	m := a.now()
	if attack := attacks[do.Do]; attack != nil {
		attack(m)
		return
	}
	switch do.Do {
	case "wait for bad frames":
		for _, m := range a.members {
			m.waitsForBadFrames()
		}
	case "say":
		m.says(do.Text)
	case "hear":
		m.awaits(do.Text)
	case "be told":
		m.until("a reason", func() bool {
			m.mu.Lock()
			defer m.mu.Unlock()
			return m.reason != nil
		})
	case "be removed":
		m.removal = do.Removal
	case "rob":
		m.robs(m.nodes[do.Node])
	case "flood epochs":
		m.floodsEpochs(m.nodes[do.Node])
	case "lurk":
		a.lurker = m.lurks()
	case "speak by the lurker":
		m.speaksBy(a.lurker)
		m.overheard(a.lurker)
	case "knock":
		a.knocks(do)
	case "come as a look-alike":
		twin := m.another()
		for nick := range nicks {
			if code := twin.tries(m.owner, nick, protocol.Token{}); code == protocol.JoinWaiting {
				m.gained("a place at the door as %q", nick)
			}
		}
		m.gains = append(m.gains, twin.gains...)
	default:
		panic("no such order: " + do.Do)
	}
}

// join makes one more mallory a member. It inherits all keys.
func (a *agent) join(do order) {
	if len(a.nodes) == 0 {
		for _, addrs := range do.Nodes {
			var ai peer.AddrInfo
			for _, s := range addrs {
				more := must(peer.AddrInfoFromString(s))
				ai.ID, ai.Addrs = more.ID, append(ai.Addrs, more.Addrs...)
			}
			a.nodes = append(a.nodes, ai)
		}
	}
	invite := must(protocol.ParseInvite(do.Invite))
	m := a.newcomer(invite.Room, invite.Owner)
	for _, former := range a.members {
		former.mu.Lock()
		maps.Copy(m.keys, former.keys)
		former.mu.Unlock()
	}
	a.members = append(a.members, m)
	m.tokens = append(m.tokens, invite.Token)
	if code := m.join(do.Nick, invite.Token); code != protocol.JoinAdmitted {
		panic(fmt.Sprint("not let in: ", code))
	}
	m.enlist()
	m.until("the gossip of everybody", func() bool { return len(m.lines.ListPeers()) == len(m.nodes) })
}

// knocks tries everybody's door, as mallory and under a key that nobody knows, without an invite and with every one that
// mallory has seen.
func (a *agent) knocks(do order) {
	m := a.now()
	twin := m.another()
	for _, who := range []*mallory{m, twin} {
		for _, p := range m.nodes {
			who.tries(p, do.Nick, protocol.Token{})
		}
		for _, token := range m.tokens {
			who.tries(m.owner, do.Nick, token)
		}
	}
	m.gains = append(m.gains, twin.gains...)
}

// awaits a line that has reached mallory and opens.
func (m *mallory) awaits(text string) {
	m.until("a line "+text, func() bool { return m.hears(text) })
}

func (m *mallory) hears(text string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, raw := range m.heard {
		for _, key := range m.keys {
			if c, err := must(protocol.OpenMessage(m.room, raw)).Open(key); err == nil && c.Text == text {
				return true
			}
		}
	}
	return false
}

func (m *mallory) until(what string, ok func() bool) {
	for deadline := time.Now().Add(patience); !ok(); m.pause(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			panic("never came: " + what)
		}
	}
}

// tally looks through all that mallory has for what it should not have since its removal.
func (m *mallory) tally() {
	if m.removal == (Committed{}) {
		return
	}
	lines, _ := m.loot()
	for _, raw := range lines {
		msg := must(protocol.OpenMessage(m.room, raw))
		if msg.Author == m.host.ID() || msg.Epoch < m.removal.Epoch {
			continue
		}
		m.gained("a line of %s, of epoch %d", msg.Author, msg.Epoch)
		if of, ok := m.opens(msg); ok {
			m.gained("what it says: it opens with the key of epoch %d", of)
		}
	}
	if seq, _ := m.at(); seq > m.removal.Seq {
		m.gained("the log up to record %d", seq)
	}
	if epoch, _ := m.latest(); epoch >= m.removal.Epoch {
		m.gained("the key of epoch %d", epoch)
	}
}
