package hostile

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"time"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
)

// Serve takes orders from in and answers each with an outcome on out, both one JSON object a line, until in ends.
func Serve(ctx context.Context, in io.Reader, out io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	a := &agent{ctx: ctx}
	defer a.close()
	enc := json.NewEncoder(out)
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxOrder)
	for lines.Scan() {
		if err := enc.Encode(a.obey(lines.Bytes())); err != nil {
			return err
		}
	}
	return lines.Err()
}

// maxOrder, in bytes of one order: the addresses of a few dozen nodes.
const maxOrder = 1 << 20

// An order names an attack, or one of the agent's own.
type order struct {
	Do string
	// To join as Nick: an invite and, the first time, the nodes to attack: multiaddrs with /p2p, the owner's first.
	Invite string
	Nick   string
	Nodes  [][]string
	// Text to say, or to have heard.
	Text string
	// Removal is where mallory's own stands in the log.
	Removal Committed
	// Node is an index of Nodes.
	Node int
	// To flood Room with the flood of that name: an identity for each of From, at that address ("": any). Members come in
	// by an invite each.
	Flood   string
	Room    string
	From    []string
	Invites []string
}

// An outcome is what an order came to.
type outcome struct {
	// Error is why the order could not be carried out.
	Error string `json:",omitempty"`
	// Gains since the last outcome are what mallory has and should not have, in words.
	Gains []string
	// Reason of its removal, as it was told.
	Reason string
	// Counts are what a flood has sent and what became of it.
	Counts map[string]int
}

// An agent is all that go by the name of mallory, one after the other: those removed stay connected and go on listening.
type agent struct {
	ctx     context.Context
	nodes   []peer.AddrInfo
	hosts   []host.Host
	members []*Peer // present and former; the last one attacks
	lurker  *Peer
	flood   *flooding
}

// newcomer is a host with a key of its own.
func (a *agent) newcomer(room protocol.RoomID, owner peer.ID) *Peer {
	key, _, err := crypto.GenerateEd25519Key(rand.Reader)
	if err != nil {
		panic(err)
	}
	h := must(NewHost(key, ""))
	a.hosts = append(a.hosts, h)
	m := New(a.ctx, h, room, owner, a.nodes)
	m.Another = func() *Peer { return a.newcomer(room, owner) }
	return m
}

func (a *agent) close() {
	for _, h := range a.hosts {
		h.Close()
	}
}

// attacks are what mallory does alone.
var attacks = map[string]func(*Peer){
	"publish on":                (*Peer).PublishesOn,
	"replay":                    (*Peer).Replays,
	"forge an author":           (*Peer).ForgesAuthor,
	"forge records":             (*Peer).ForgesRecords,
	"graft":                     func(m *Peer) { m.GraftsBare(nil) },
	"speak floodsub":            (*Peer).SpeaksFloodsub,
	"ask by sync":               (*Peer).AsksBySync,
	"have lines passed on":      (*Peer).PassesOn,
	"open streams":              (*Peer).OpensStreams,
	"ask on open streams":       (*Peer).AsksOnOpenStreams,
	"make an invite":            (*Peer).AsksForInvite,
	"poll with other nonces":    (*Peer).PollsOtherNonces,
	"poll other rooms":          (*Peer).PollsOtherRooms,
	"ask for orders and tell":   (*Peer).AsksAndTells,
	"flood polls and joins":     (*Peer).FloodsDoors,
	"flood rooms":               (*Peer).floodsRooms,
	"send bad frames":           (*Peer).SendsBadFrames,
	"push identify":             (*Peer).PushesIdentify,
	"never read":                (*Peer).NeverReads,
	"go back to the cut-off":    func(m *Peer) { m.Ctr-- },
	"leave out numbers":         func(m *Peer) { m.Ctr += 50 },
	"go back below the cut-off": func(m *Peer) { m.Ctr -= 10 },
	"claim another's reason":    (*Peer).claimsByGuess,
	"choose keys":               (*Peer).choosesForEach,
	"report":                    func(*Peer) {},
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
	switch do.Do {
	case "flood":
		a.floods(do)
		return o
	case "stop":
		o.Counts = a.flood.stop()
		return o
	case "point elsewhere":
		a.pointsElsewhere(do)
		return o
	case "call from":
		if a.callsFrom(do) {
			o.Counts = map[string]int{"let in": 1}
		}
		return o
	}
	a.carryOut(do)
	for _, m := range a.members {
		m.tally()
		m.Mu.Lock()
		o.Gains = append(o.Gains, m.Gains...)
		m.Gains = nil
		m.Mu.Unlock()
	}
	m := a.now()
	m.Mu.Lock()
	defer m.Mu.Unlock()
	if r, err := protocol.OpenReason(m.Reason); err == nil {
		o.Reason = r.Text
	}
	return o
}

// now is the one that attacks.
func (a *agent) now() *Peer { return a.members[len(a.members)-1] }

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
			m.WaitsForBadFrames()
		}
	case "say":
		m.Says(do.Text)
	case "hear":
		m.Awaits(do.Text)
	case "be told":
		m.until("a reason", func() bool {
			m.Mu.Lock()
			defer m.Mu.Unlock()
			return m.Reason != nil
		})
	case "be removed":
		m.Removal = do.Removal
	case "rob":
		m.Robs(m.Nodes[do.Node])
	case "flood epochs":
		m.FloodsEpochs(m.Nodes[do.Node])
	case "lurk":
		a.lurker = m.Lurks()
	case "speak by the lurker":
		m.SpeaksBy(a.lurker)
		m.Overheard(a.lurker)
	case "knock":
		a.knocks(do)
	case "come as a look-alike":
		twin := m.Another()
		for nick := range LookAlikes {
			if code := twin.Tries(m.Owner, nick, protocol.Token{}); code == protocol.JoinWaiting {
				m.gained("a place at the door as %q", nick)
			}
		}
		m.Gains = append(m.Gains, twin.Gains...)
	default:
		panic("no such order: " + do.Do)
	}
}

// join makes one more mallory a member. It inherits all keys.
func (a *agent) join(do order) {
	if len(a.nodes) == 0 {
		a.nodes = infos(do.Nodes)
	}
	invite := must(protocol.ParseInvite(do.Invite))
	m := a.newcomer(invite.Room, invite.Owner)
	for _, former := range a.members {
		former.Mu.Lock()
		maps.Copy(m.Keys, former.Keys)
		former.Mu.Unlock()
	}
	a.members = append(a.members, m)
	m.Tokens = append(m.Tokens, invite.Token)
	if code := m.Join(do.Nick, invite.Token); code != protocol.JoinAdmitted {
		panic(fmt.Sprint("not let in: ", code))
	}
	m.Enlist()
	m.until("the gossip of everybody", func() bool { return len(m.Lines.ListPeers()) == len(m.Nodes) })
}

// infos are the nodes of an order.
func infos(nodes [][]string) (ais []peer.AddrInfo) {
	for _, addrs := range nodes {
		var ai peer.AddrInfo
		for _, s := range addrs {
			more := must(peer.AddrInfoFromString(s))
			ai.ID, ai.Addrs = more.ID, append(ai.Addrs, more.Addrs...)
		}
		ais = append(ais, ai)
	}
	return ais
}

// knocks tries everybody's door, as mallory and under a key that nobody knows, without an invite and with every one that
// mallory has seen.
func (a *agent) knocks(do order) {
	m := a.now()
	twin := m.Another()
	for _, who := range []*Peer{m, twin} {
		for _, p := range m.Nodes {
			who.Tries(p, do.Nick, protocol.Token{})
		}
		for _, token := range m.Tokens {
			who.Tries(m.Owner, do.Nick, token)
		}
	}
	m.Gains = append(m.Gains, twin.Gains...)
}

// Awaits a line that has reached mallory and opens.
func (m *Peer) Awaits(text string) {
	m.until("a line "+text, func() bool { return m.Hears(text) })
}

func (m *Peer) Hears(text string) bool {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	for _, raw := range m.Heard {
		for _, key := range m.Keys {
			if c, err := must(protocol.OpenMessage(m.Room, raw)).Open(key); err == nil && c.Text == text {
				return true
			}
		}
	}
	return false
}

func (m *Peer) until(what string, ok func() bool) {
	for deadline := time.Now().Add(patience); !ok(); m.Pause(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			panic("never came: " + what)
		}
	}
}

// tally looks through all that mallory has for what it should not have since its removal.
func (m *Peer) tally() {
	if m.Removal == (Committed{}) {
		return
	}
	lines, _ := m.Loot()
	for _, raw := range lines {
		msg := must(protocol.OpenMessage(m.Room, raw))
		if msg.Author == m.Host.ID() || msg.Epoch < m.Removal.Epoch {
			continue
		}
		m.gained("a line of %s, of epoch %d", msg.Author, msg.Epoch)
		if of, ok := m.Opens(msg); ok {
			m.gained("what it says: it opens with the key of epoch %d", of)
		}
	}
	if seq, _ := m.at(); seq > m.Removal.Seq {
		m.gained("the log up to record %d", seq)
	}
	if epoch, _ := m.Latest(); epoch >= m.Removal.Epoch {
		m.gained("the key of epoch %d", epoch)
	}
}
