package node

import (
	"context"
	"errors"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"

	"localchat/authority"
	"localchat/node/internal/fault"
	"localchat/protocol"
)

// An invite names the owner that made it, and a list of rooms may be old. A join that reaches an owner of before is told the transfers
// since, and follows those that are signed. The token of an invite is shown to the owner that the invite names, and to those to which
// signed transfers lead from it: to nobody else.

// follow makes the owner to which transfers lead the target of the join. Its addresses are those that the peer which has sent the transfers
// knows, and those that are known here.
func (n *Node) follow(ctx context.Context, t *joinTarget, m *protocol.Moved) error {
	next, seq, moved := authority.Follow(t.room, t.owner(), t.moved, authority.OpenTransfers(m.Transfers))
	if !moved || len(t.owners) > maxMoves {
		return &Error{Code: CodeRefused, Identity: true, Text: "the owner of " + t.name + " says that it has given the room away, and does not prove to which peer", Reason: fault.FalseLog}
	}
	addrs, err := ask(ctx, n, addrsOfNext{t.owner(), next, m.Addrs})
	if err != nil {
		return err
	}
	t.owners, t.moved, t.addrs, t.tries = append(t.owners, next), seq, addrs, 0
	return nil
}

// relocate is called when the owner that an invite names is out of reach. It looks for a while whether somebody lists the room with
// transfers that lead on from that owner, and makes the owner of now the target.
func (n *Node) relocate(ctx context.Context, t *joinTarget, err error) bool {
	var final *Error
	if t.expires.IsZero() || t.relocated || errors.As(err, &final) || n.cfg.Discovery == nil {
		return false
	}
	t.relocated = true
	n.cfg.Discovery.Hurry()
	for end := time.Now().Add(movedLook); time.Now().Before(end); {
		found, err := ask(ctx, n, nowOf{t})
		switch {
		case err != nil:
			return false
		case found != nil:
			t.owners, t.addrs, t.moved, t.tries = append(t.owners, found.owners...), found.addrs, 0, 0
			return true
		}
		select {
		case <-time.After(lookAgain):
		case <-ctx.Done():
			return false
		}
	}
	return false
}

type (
	// addrsOfNext asks for the addresses of the owner that follows another one, which has named some.
	addrsOfNext struct {
		from, next peer.ID
		named      []multiaddr.Multiaddr
	}
	// nowOf asks for the owners that follow that of the target, as other nodes list the room.
	nowOf struct{ t *joinTarget }
)

func (q addrsOfNext) run(l *loop) ([]multiaddr.Multiaddr, error) {
	return append(l.addrsOf(q.next), l.named(q.from, q.next, q.named)...), nil
}

func (q nowOf) run(l *loop) (*joinTarget, error) {
	l.want(q.t.room.String())
	l.noteLook()
	l.lookHarder(lookAgain)
	f := l.directory.found[q.t.room]
	if f == nil {
		return nil, nil
	}
	later := f.owners.after(q.t.owner())
	if len(later) == 0 {
		return nil, nil
	}
	return &joinTarget{owners: later, addrs: l.addrsOfOwner(f)}, nil
}
