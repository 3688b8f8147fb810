package main

import (
	"bufio"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol"
	"localchat/test/driver"
)

// An asker sends one request and waits for the answer.
type asker func() error

// A desk is a server that answers, and its clients.
type desk struct {
	askers []asker
	server int // as in [opened]
	close  func()
}

// Each client asks in bursts, since our owner answers one peer protocol.MaxMembers polls at once and then 100 a second:
// a burst stays below that, and the pause after it fills the peer's budget again. All servers are asked alike.
const (
	burst      = 200
	burstPause = (burst + 50) * time.Second / 100
)

// poll has clients ask again as soon as they are answered, and counts the answers in a second.
func poll(open func(clients int) (*desk, error), clients, bursts int) (map[string]float64, error) {
	d, err := open(clients)
	if err != nil {
		return nil, err
	}
	defer d.close()
	var took, used time.Duration
	for i := range bursts {
		if i > 0 {
			time.Sleep(burstPause) // the owner's limit is real time
		}
		before, err := meter(d.server)
		if err != nil {
			return nil, err
		}
		began := time.Now()
		if err := askAll(d.askers); err != nil {
			return nil, err
		}
		took += time.Since(began)
		after, err := meter(d.server)
		if err != nil {
			return nil, err
		}
		used += after.cpu - before.cpu
	}
	asked := float64(bursts * burst * clients)
	return map[string]float64{"polls/s": asked / took.Seconds(), "cpu": float64(used.Microseconds()) / asked}, nil
}

func askAll(askers []asker) error {
	errs := make(chan error, len(askers))
	var wg sync.WaitGroup
	for _, ask := range askers {
		wg.Go(func() {
			for range burst {
				if err := ask(); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	wg.Wait()
	close(errs)
	return <-errs
}

// pollIRC asks ngircd for PONGs.
func pollIRC(clients int) (*desk, error) {
	s, addr, err := startIRC(false)
	if err != nil {
		return nil, err
	}
	d := &desk{server: s.pid(), close: s.stop}
	for i := range clients {
		c, err := dialIRC(addr, false, i, ear{})
		if err != nil {
			s.stop()
			return nil, err
		}
		d.askers = append(d.askers, func() error { return c.ask("PING compare", "PONG") })
	}
	return d, nil
}

// pollOurs asks a node that owns a room for the last record of its log, over one kept poll stream a member. The owner
// is a process of its own, as ngircd is. The members are bare: a libp2p host and a stream, let in through the door.
func pollOurs(clients int) (*desk, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	owner, err := startRPC(address(0))
	if err != nil {
		return nil, err
	}
	var hosts []host.Host
	d := &desk{server: owner.pid(), close: func() {
		for _, h := range hosts {
			h.Close()
		}
		owner.stop()
	}}
	err = func() error {
		var self struct{ Addrs []string }
		if err := owner.ask("node.info", nil, &self); err != nil {
			return err
		}
		at, err := peer.AddrInfoFromString(self.Addrs[0])
		if err != nil {
			return err
		}
		var room struct{ ID protocol.RoomID }
		if err := owner.ask("room.create", driver.Obj{"name": "lab", "access": "open"}, &room); err != nil {
			return err
		}
		streams := make([]network.Stream, clients)
		questions := make([]protocol.PollRequest, clients)
		var log [][]byte // as it is given to the last member
		for i := range clients {
			h, err := libp2p.New(libp2p.ListenAddrStrings(address(1+i)...), libp2p.DisableRelay(), libp2p.DisableMetrics())
			if err != nil {
				return err
			}
			hosts = append(hosts, h)
			if streams[i], questions[i], log, err = enter(ctx, h, *at, room.ID, memberName(i)); err != nil {
				return err
			}
		}
		before, err := protocol.ScanRecord(log[clients-1])
		if err != nil {
			return err
		}
		for i, s := range streams {
			q := &questions[i]
			// Behind by the last record: the answer comes at once, and is one record. The first answers bring the presence up to
			// date.
			q.HaveSeq, q.Head, q.HaveKey = uint64(clients), before.Hash(), uint64(clients)+1
			in := bufio.NewReader(s)
			d.askers = append(d.askers, func() error { return askPoll(s, in, q) })
		}
		for range 2 {
			for _, ask := range d.askers {
				if err := ask(); err != nil {
					return err
				}
			}
		}
		return nil
	}()
	if err != nil {
		d.close()
		return nil, err
	}
	return d, nil
}

// enter has a bare host admitted, and opens its poll stream.
func enter(ctx context.Context, h host.Host, owner peer.AddrInfo, room protocol.RoomID, nick string) (s network.Stream, q protocol.PollRequest, log [][]byte, err error) {
	if err := h.Connect(ctx, owner); err != nil {
		return nil, q, nil, err
	}
	door, err := h.NewStream(ctx, owner.ID, protocol.JoinID)
	if err != nil {
		return nil, q, nil, err
	}
	defer door.Close()
	var in protocol.JoinReply
	if err := protocol.WriteFrame(door, &protocol.JoinRequest{Room: room, Nick: nick}); err != nil {
		return nil, q, nil, err
	}
	if err := protocol.ReadFrame(door, &in); err != nil {
		return nil, q, nil, err
	}
	if in.Code != protocol.JoinAdmitted {
		return nil, q, nil, fmt.Errorf("%s is not let in: code %d", nick, in.Code)
	}
	q = protocol.PollRequest{Room: room, Nonce: protocol.Nonce{1}, Admission: in.Admission}
	s, err = h.NewStream(ctx, owner.ID, protocol.PollID)
	return s, q, in.Records, err
}

func askPoll(s network.Stream, in *bufio.Reader, q *protocol.PollRequest) error {
	if err := protocol.WriteFrame(s, &protocol.PollAsk{Request: q}); err != nil {
		return err
	}
	var reply protocol.PollReply
	if err := protocol.ReadFrame(in, &reply); err != nil {
		return err
	}
	if reply.Member == nil || len(reply.Member.Records) != 1 {
		return fmt.Errorf("a member that asks for the last record is answered %+v", reply)
	}
	q.HavePresence = reply.Member.Presence
	return nil
}
