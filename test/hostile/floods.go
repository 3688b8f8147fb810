package hostile

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	libprotocol "github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/p2p/protocol/ping"

	"localchat/protocol"
)

// manyStreams is a number of streams of one protocol to one node: more than a node allows one peer.
const manyStreams = 256

// Floods lists the resources that a peer can fill, and how.
var Floods = []Flood{
	// Streams that wait for a frame.
	{Name: "polls, silent", Fills: "poll streams", Run: silent(protocol.PollID)},
	{Name: "polls, one byte", Fills: "poll streams", Run: half(protocol.PollID, 1)},
	{Name: "polls, half a frame", Fills: "poll streams", Run: half(protocol.PollID, 20)},
	{Name: "polls of no room, kept", Fills: "poll streams", Run: (*Peer).pollsNoRoom},
	{Name: "polls of the room by strangers", Fills: "poll streams", Run: (*Peer).pollsHeld},
	{Name: "polls held", Fills: "held polls", Member: true, Run: (*Peer).pollsHeld},
	{Name: "polls at full speed", Fills: "the loop's inbox", Member: true, Run: (*Peer).pollsFast},
	{Name: "polls, never read", Fills: "poll answers", Member: true, Run: (*Peer).pollsUnread},
	{Name: "joins, silent", Fills: "join streams", Run: silent(protocol.JoinID)},
	{Name: "joins, one byte", Fills: "join streams", Run: half(protocol.JoinID, 1)},
	{Name: "asks, one byte", Fills: "ask streams", Run: half(protocol.AskID, 1)},
	{Name: "syncs, one byte", Fills: "sync streams", Run: half(protocol.SyncID, 1)},
	{Name: "passes, half a frame", Fills: "pass streams", Run: half(protocol.PassID, 1000)},
	{Name: "tells, half a frame", Fills: "tell streams", Run: half(protocol.TellID, 1000)},
	{Name: "rooms, silent", Fills: "rooms streams", Run: silent(protocol.RoomsID)},
	{Name: "every protocol, one byte", Fills: "all streams at once", Run: (*Peer).everyProtocol},
	{Name: "unknown protocols", Fills: "streams that negotiate", Run: (*Peer).unknownProtocols},
	{Name: "syncs, one byte, by members", Fills: "sync streams", Member: true, Run: half(protocol.SyncID, 1)},
	{Name: "tells, half a frame, by members", Fills: "tell streams", Member: true, Run: half(protocol.TellID, 60000)},

	// Questions at full speed, and answers that nobody reads.
	{Name: "joins with wrong tokens", Fills: "the door's budgets", Run: (*Peer).joinsWrong},
	{Name: "knocks by ever new identities", Fills: "the door", Run: (*Peer).knocksAnew},
	{Name: "rooms at full speed", Fills: "rooms answers", Run: (*Peer).roomsFast},
	{Name: "rooms, never read", Fills: "rooms answers", Run: (*Peer).roomsUnread},
	{Name: "syncs at full speed", Fills: "sync answers", Member: true, Run: (*Peer).syncsFast},
	{Name: "syncs, never read", Fills: "sync answers", Member: true, Run: (*Peer).syncsUnread},
	{Name: "syncs with news", Fills: "the comparisons that are due", Member: true, Run: (*Peer).syncsNews},
	{Name: "syncs by strangers", Fills: "sync streams", Run: (*Peer).syncsFast},
	{Name: "passes at full speed", Fills: "lines passed on", Member: true, Run: (*Peer).passesFast},
	{Name: "asks at full speed", Fills: "invites", Member: true, Run: (*Peer).asksFast},
	{Name: "tells at full speed", Fills: "direct messages", Member: true, Run: (*Peer).tellsFast},
	{Name: "pings", Fills: "ping streams", Run: (*Peer).pings},
	{Name: "pings, silent", Fills: "ping streams", Run: silent(ping.ID)},

	// Gossip.
	{Name: "garbage on lines", Fills: "pubsub's cache of what it has seen", Member: true, Run: pour(garbage(protocol.LinesTopic))},
	{Name: "garbage on records", Fills: "pubsub's cache of what it has seen", Member: true, Run: pour(garbage(protocol.RecordsTopic))},
	{Name: "garbage by strangers", Fills: "pubsub's cache of what it has seen", Run: pour(garbage(protocol.LinesTopic))},
	{Name: "garbage of the largest size", Fills: "pubsub's queue of validation", Member: true, Run: pour(bulk)},
	{Name: "lines of future epochs", Fills: "early lines", Member: true, Run: pour((*Peer).futureLine)},
	{Name: "lines at full speed", Fills: "lines kept", Member: true, Run: pour((*Peer).aLine)},
	{Name: "records with forged authors", Fills: "records that wait", Member: true, Run: pour((*Peer).forgedRecord)},
	{Name: "IHAVE", Fills: "pubsub's promises", Member: true, Run: pour(ihave)},
	{Name: "IWANT", Fills: "pubsub's cache of messages", Member: true, Run: pour(iwant)},
	{Name: "IDONTWANT", Fills: "pubsub's lists of what is not wanted", Member: true, Run: pour(idontwant)},
	{Name: "GRAFT and PRUNE", Fills: "pubsub's mesh and its backoffs", Member: true, Run: pour(graftPrune)},
	{Name: "PRUNE with peers", Fills: "pubsub's connector", Member: true, Run: pour(prunePeers)},
	{Name: "subscriptions", Fills: "pubsub's topics", Member: true, Run: pour(subscriptions)},
	{Name: "subscriptions by strangers", Fills: "pubsub's topics", Run: pour(subscriptions)},
	{Name: "gossip streams of no room", Fills: "streams that negotiate", Run: (*Peer).gossipNoRoom},

	// Below the rooms.
	{Name: "identify pushes", Fills: "the peerstore", Run: (*Peer).identifies},
	{Name: "presence", Fills: "the addresses of members", Member: true, Run: (*Peer).presenceChanges},
	{Name: "idle connections", Fills: "connections", Run: (*Peer).connects},
	{Name: "TCP that says nothing", Fills: "connections that are being made", Run: dials(nil)},
	{Name: "handshakes not finished", Fills: "connections that are being made", Run: dials([]byte("\x13/multistream/1.0.0\n\x07/noise\n"))},
	{Name: "rooms of ever new owners", Fills: "rooms found, words", Run: (*Peer).showsRooms},
	{Name: "mDNS announcements", Fills: "the dial book", Run: (*Peer).announces},
	{Name: "mDNS queries", Fills: "mDNS answers", Run: (*Peer).queries},
}

// silent opens streams and writes nothing to them.
func silent(id libprotocol.ID) func(*Peer, *Tally) {
	return func(m *Peer, t *Tally) {
		m.holds(t, id, manyStreams, func(network.Stream) error { return nil })
	}
}

// half sends half a frame: n bytes of 2n.
func half(id libprotocol.ID, n int) func(*Peer, *Tally) {
	b := varint(uint64(2 * n))
	for len(b) < n {
		b = append(b, 10)
	}
	return func(m *Peer, t *Tally) {
		m.holds(t, id, manyStreams, func(s network.Stream) error {
			_, err := s.Write(b[:n])
			return err
		})
	}
}

func (m *Peer) everyProtocol(t *Tally) {
	var all sync.WaitGroup
	for _, id := range allProtocols {
		all.Go(func() { half(id, 1)(m, t) })
	}
	all.Wait()
}

func (m *Peer) unknownProtocols(t *Tally) {
	n := atomic.Int64{}
	m.againstAll(t, func(p peer.ID) error {
		s, err := m.unhurried(p, libprotocol.ID(fmt.Sprint("/nothing/", n.Add(1))))
		if err == nil {
			return s.Reset()
		}
		t.Add("refused", 1)
		return m.Ctx.Err()
	})
}

func (m *Peer) gossipNoRoom(t *Tally) {
	m.againstAll(t, func(p peer.ID) error {
		s, err := m.unhurried(p, protocol.GossipID(randomRoom()))
		if err == nil {
			return s.Reset()
		}
		t.Add("refused", 1)
		return m.Ctx.Err()
	})
}

func randomRoom() (room protocol.RoomID) {
	for i := range room {
		room[i] = byte(rand.Uint32())
	}
	return room
}

func (m *Peer) pollsNoRoom(t *Tally) {
	m.holds(t, protocol.PollID, manyStreams, func(s network.Stream) error {
		q := protocol.PollRequest{Room: randomRoom(), Nonce: m.Nonce, Admission: 2}
		return protocol.WriteFrame(s, &protocol.PollAsk{Request: &q})
	})
}

// pollsHeld sends polls that have no answer yet: a node holds those of a member and refuses those of a stranger.
func (m *Peer) pollsHeld(t *Tally) {
	m.holds(t, protocol.PollID, manyStreams, func(s network.Stream) error {
		q := m.pollRequest(m.Nonce)
		if q.Admission == 0 {
			q.Admission, q.HaveSeq, q.Head = 2, 2, protocol.Hash{1}
		}
		return protocol.WriteFrame(s, &protocol.PollAsk{Request: &q})
	})
}

// pollsFast claims to have no record, so each poll is answered at once, with the whole log.
func (m *Peer) pollsFast(t *Tally) {
	m.asks(t, protocol.PollID, 8, func(int) (req, reply protocol.Frame) {
		q := protocol.PollRequest{Room: m.Room, Nonce: m.Nonce, Admission: m.pollRequest(m.Nonce).Admission}
		return &protocol.PollAsk{Request: &q}, &protocol.PollReply{}
	})
}

func (m *Peer) joinsWrong(t *Tally) {
	m.asks(t, protocol.JoinID, 4, func(i int) (req, reply protocol.Frame) {
		q := protocol.JoinRequest{Room: m.Room, Nick: "mallory", Token: protocol.Token{1, byte(i), byte(i >> 8), byte(i >> 16)}}
		return &q, &protocol.JoinReply{}
	})
}

// knocksAnew knocks with one new identity after another, and stays at the door with each.
func (m *Peer) knocksAnew(t *Tally) {
	m.newcomers(t, func(n *Peer) error {
		s, err := n.unhurried(n.Owner, protocol.JoinID)
		if err != nil {
			return err
		}
		t.Add("knocks", 1)
		return protocol.WriteFrame(s, &protocol.JoinRequest{Room: n.Room, Nick: "m" + protocol.ShortID(n.Host.ID())[:6], Nonce: n.Nonce})
	})
}

// connects keeps an idle connection for each new identity.
func (m *Peer) connects(t *Tally) {
	m.newcomers(t, func(n *Peer) error {
		for _, p := range n.Nodes {
			if err := n.Host.Connect(n.Ctx, peer.AddrInfo{ID: p}); err != nil {
				t.failed(err)
			}
		}
		return nil
	})
}

// newcomers is how many identities one flood has at the same time.
const newcomers = 400

// newcomers makes one identity after another at the address of m. They stay until the flood ends.
func (m *Peer) newcomers(t *Tally, do func(*Peer) error) {
	defer t.recovered()
	for range newcomers {
		if m.Ctx.Err() != nil {
			return
		}
		n, err := m.newcomer()
		if err == nil {
			t.Add("identities", 1)
			t.hold(1)
			err = do(n)
		}
		if err != nil {
			t.failed(err)
			m.Pause(breath)
		}
	}
	<-m.Ctx.Done()
}

func (m *Peer) roomsFast(t *Tally) {
	m.asks(t, protocol.RoomsID, 8, func(int) (req, reply protocol.Frame) { return &protocol.RoomsRequest{}, &protocol.RoomsReply{} })
}

func (m *Peer) roomsUnread(t *Tally) {
	m.unread(t, protocol.RoomsID, manyStreams, func() protocol.Frame { return &protocol.RoomsRequest{} })
}

func (m *Peer) syncsFast(t *Tally) {
	m.asks(t, protocol.SyncID, 8, func(int) (req, reply protocol.Frame) {
		return &protocol.SyncRequest{Room: m.Room, Keys: []uint64{1, 2, 3}}, &protocol.SyncReply{}
	})
}

func (m *Peer) syncsUnread(t *Tally) {
	m.unread(t, protocol.SyncID, manyStreams, func() protocol.Frame { return &protocol.SyncRequest{Room: m.Room} })
}

// syncsNews announces news each time, so that the node asks for it.
func (m *Peer) syncsNews(t *Tally) {
	m.asks(t, protocol.SyncID, 2, func(int) (req, reply protocol.Frame) {
		q := protocol.SyncRequest{Room: m.Room, News: true, Heads: []protocol.Head{{Author: m.Host.ID(), Runs: protocol.Runs{protocol.MaxCounter}}}}
		return &q, &protocol.SyncReply{}
	})
}

func (m *Peer) passesFast(t *Tally) {
	text := Evil + strings.Repeat(" again", 1000)
	m.asks(t, protocol.PassID, 4, func(int) (req, reply protocol.Frame) {
		return &protocol.PassRequest{Room: m.Room, Line: m.sealed(text), To: m.Nodes}, &protocol.PassReply{}
	})
}

func (m *Peer) asksFast(t *Tally) {
	m.asks(t, protocol.AskID, 4, func(int) (req, reply protocol.Frame) {
		return &protocol.AskRequest{Room: m.Room, Invite: &protocol.AskInvite{Expires: time.Hour}}, &protocol.AskReply{}
	})
}

func (m *Peer) tellsFast(t *Tally) {
	text := strings.Repeat("x", protocol.MaxText)
	m.asks(t, protocol.TellID, 4, func(i int) (req, reply protocol.Frame) {
		q := protocol.TellRequest{Room: m.Room, ID: [16]byte{1, byte(i), byte(i >> 8), byte(i >> 16)}, Text: text, At: time.Now()}
		return &q, &protocol.TellReply{}
	})
}

func (m *Peer) pings(t *Tally) {
	m.againstAll(t, func(p peer.ID) error {
		s, err := m.unhurried(p, ping.ID)
		if err != nil {
			return err
		}
		defer s.Reset()
		var b [32]byte
		for m.Ctx.Err() == nil {
			if _, err := s.Write(b[:]); err != nil {
				return err
			}
			if _, err := s.Read(b[:]); err != nil {
				return err
			}
			t.Add("pings", 1)
		}
		return nil
	})
}
