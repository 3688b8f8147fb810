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

// Serve takes orders from in, as requests of JSON-RPC, one a line, and writes an answer to each to out, until in ends.
func Serve(ctx context.Context, in io.Reader, out io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	a := &agent{ctx: ctx}
	defer a.close()
	enc := json.NewEncoder(out)
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxOrder)
	for lines.Scan() {
		if err := enc.Encode(a.answer(lines.Bytes())); err != nil {
			return err
		}
	}
	return lines.Err()
}

// A request is an order: its method is the attack.
type request struct {
	ID     int    `json:"id"`
	Method string `json:"method"`
	Params order  `json:"params"`
}

// An answer has the outcome of an order, or the reason that it could not be carried out.
type answer struct {
	ID     int      `json:"id"`
	Result *outcome `json:"result,omitempty"`
	Error  *failure `json:"error,omitempty"`
}

type failure struct {
	Message string `json:"message"`
}

// answer carries out one order. A panic, which says what the attack did not expect, is an error.
func (a *agent) answer(line []byte) (ans answer) {
	var q request
	defer func() {
		ans.ID = q.ID
		if err := recover(); err != nil {
			ans.Error = &failure{fmt.Sprint(err)}
		}
	}()
	must(struct{}{}, json.Unmarshal(line, &q))
	q.Params.Do = q.Method
	o := a.obey(q.Params)
	return answer{Result: &o}
}

// maxOrder is the longest order, in bytes: it may have the addresses of a few dozen nodes.
const maxOrder = 1 << 20

// An order names an attack in Do, or something for the agent itself to do.
type order struct {
	Do string `json:"-"`
	// Invite and Nick are for joining. Nodes, in the first order to join, are the nodes to attack: multiaddrs with /p2p, the
	// owner's first.
	Invite string
	Nick   string
	Nodes  [][]string
	// Text is the line to say or to wait for.
	Text string
	// Removal is the place of mallory's own removal in the log; of "know" and "lines of", another one.
	Removal Committed
	// Node is an index of Nodes.
	Node int
	// Flood is the name of a flood of Room. There is an identity for each address in From ("": any address). Members join with
	// an invite each.
	Flood   string
	Room    string
	From    []string
	Invites []string
}

// An outcome is the result of an order.
type outcome struct {
	// Gains are the things that mallory has obtained since the last outcome and should not have, in words.
	Gains []string
	// Reason is the reason for its removal, as it was told.
	Reason string
	// Counts are the messages of a flood, by what became of them.
	Counts map[string]int
}

// An agent is every peer called mallory, one after another. A removed one stays connected and goes on listening.
type agent struct {
	ctx     context.Context
	nodes   []peer.AddrInfo
	hosts   []host.Host
	members []*Peer // present and former; the last one attacks
	lurker  *Peer
	flood   *flooding
}

// newcomer returns a peer with a new key.
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

// attacks are the attacks that need nothing but mallory.
var attacks = map[string]func(*Peer){
	"publish on":                (*Peer).PublishesOn,
	"replay":                    (*Peer).Replays,
	"forge an author":           (*Peer).ForgesAuthor,
	"forge records":             (*Peer).ForgesRecords,
	"graft":                     func(m *Peer) { m.GraftsBare(nil) },
	"speak floodsub":            (*Peer).SpeaksFloodsub,
	"ask by sync":               (*Peer).AsksBySync,
	"have lines passed on":      (*Peer).PassesOn,
	"lift the silence":          (*Peer).LiftsSilence,
	"claim the room":            (*Peer).ClaimsRoom,
	"open streams":              (*Peer).OpensStreams,
	"ask on open streams":       (*Peer).AsksOnOpenStreams,
	"make an invite":            (*Peer).AsksForInvite,
	"give orders":               (*Peer).GivesOrders,
	"change the rules":          (*Peer).ChangesRules,
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

// obey carries out one order.
func (a *agent) obey(do order) (o outcome) {
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
	if do.Do == "lines of" {
		m := a.now()
		o.Counts = map[string]int{"lines": m.LinesOf(m.Nodes[do.Node], do.Removal.Epoch)}
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

// now returns the mallory that attacks.
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
	case "say all ways":
		m.SpeaksAllWays(do.Text)
	case "say again":
		m.SpeaksAgain(do.Text)
	case "know":
		m.until(fmt.Sprint("record ", do.Removal.Seq), func() bool {
			seq, _ := m.at()
			epoch, _ := m.Latest()
			return seq >= do.Removal.Seq && epoch >= do.Removal.Epoch
		})
	case "be noticed":
		m.until("the notice "+do.Text, func() bool { return m.toldNotice(do.Text) > 0 })
		if n := m.toldNotice(do.Text); n > 1 {
			m.gained("the notice %q %d times", do.Text, n)
		}
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

// join makes another mallory a member. It gets the keys of those before it.
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

// infos returns the nodes of an order.
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

// knocks asks every node to be let in, as mallory and with a new key, without an invite and with every invite that mallory has
// seen.
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

// Awaits waits until mallory has received a line with this text and can open it.
func (m *Peer) Awaits(text string) {
	asked := time.Now()
	m.until("a line "+text, func() bool {
		if m.Hears(text) {
			return true
		}
		if time.Since(asked) > resubscribeEvery {
			asked = time.Now()
			for _, p := range m.Nodes {
				m.Resubscribe(p)
			}
		}
		return false
	})
}

// resubscribeEvery: a node that has forgotten to what m subscribes sends it nothing. See Resubscribe.
const resubscribeEvery = 3 * time.Second

// toldNotice returns how often m was told a text as a member, once acknowledged.
func (m *Peer) toldNotice(text string) (n int) {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	for _, raw := range m.notices {
		if r, err := protocol.OpenReason(raw); err == nil && r.Text == text {
			n++
		}
	}
	return n
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

// tally searches everything that mallory has for things that it should not have after its removal.
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
