package rpc

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/creachadair/jrpc2"
	"github.com/creachadair/jrpc2/handler"

	"localchat/cli/internal/command"
	"localchat/node"
)

// rpcMethods implements the methods that docs/interface.md, "JSON-RPC", lists.
type rpcMethods struct {
	env    *command.Env
	n      command.OwnNode
	events *teller
	visits *visits
	focus  *focus
	// pid is of the process that asks, if it is another one.
	pid int
	// cancelRequest ends the request with that id.
	cancelRequest func(id string)
}

// table returns every method by its name.
func (m rpcMethods) table() handler.Map {
	table := handler.Map{
		"node.info":      method(m, m.info),
		"node.peers":     method(m, m.peers),
		"node.dial":      method(m, m.dial),
		"node.verify":    method(m, m.verify),
		"node.verified":  method(m, m.verified),
		"node.ignore":    method(m, m.ignore),
		"node.ignored":   method(m, m.ignored),
		"node.away":      method(m, m.away),
		"node.back":      method(m, m.back),
		"node.subscribe": method(m, m.subscribe),
		"node.shown":     method(m, m.shown),
		"node.focus":     method(m, m.setFocus),
		"node.cancel":    method(m, m.cancel),
		"node.net":       method(m, m.net),
		"node.doctor":    method(m, m.doctor),
		"node.log":       method(m, m.log),
		"node.settings":  method(m, m.settings),
		"node.set":       method(m, m.set),
		"node.status":    method(m, m.status),
		"node.shutdown":  method(m, m.shutdown),
		"room.list":      method(m, m.list),
		"room.create":    method(m, m.create),
		"room.join":      method(m, m.join),
		"room.leave":     method(m, m.leave),
		"room.say":       method(m, m.say),
		"room.tell":      method(m, m.tell),
		"room.members":   method(m, m.members),
		"room.history":   method(m, m.history),
		"room.invite":    method(m, m.invite),
		"room.invites":   method(m, m.invites),
		"room.uninvite":  method(m, m.uninvite),
		"room.share":     method(m, m.share),
		"room.shared":    method(m, m.shared),
		"room.unshare":   method(m, m.unshare),
		"room.knocks":    method(m, m.knocks),
		"room.accept":    method(m, m.accept),
		"room.deny":      method(m, m.deny),
		"room.kick":      method(m, m.kick),
		"room.ban":       method(m, m.ban),
		"room.unban":     method(m, m.unban),
		"room.mute":      method(m, m.mute),
		"room.unmute":    method(m, m.unmute),
		"room.voice":     method(m, m.voice),
		"room.unvoice":   method(m, m.unvoice),
		"room.hand":      method(m, m.hand),
		"room.hands":     method(m, m.hands),
		"room.deputy":    method(m, m.deputy),
		"room.undeputy":  method(m, m.undeputy),
		"room.deputies":  method(m, m.deputies),
		"room.transfer":  method(m, m.transfer),
		"room.take":      method(m, m.take),
		"room.appeal":    method(m, m.appeal),
		"room.appeals":   method(m, m.appeals),
		"room.pardon":    method(m, m.pardon),
		"room.warn":      method(m, m.warn),
		"room.nick":      method(m, m.nick),
		"room.audit":     method(m, m.audit),
		"room.records":   method(m, m.records),
		"room.bans":      method(m, m.bans),
		"room.removals":  method(m, m.removals),
		"room.policy":    method(m, m.policy),
		"room.close":     method(m, m.close),
		"room.renew":     method(m, m.renew),
	}
	quick := make(chan struct{}, maxRequests)
	for name, do := range table {
		switch name {
		case "room.join":
			table[name] = refusing(make(chan struct{}, MaxJoins), do)
		case "room.say", "room.tell", "room.nick", "room.leave", "room.invite", "room.share", "room.close", "node.dial":
			table[name] = queued(make(chan struct{}, MaxWaiting), do)
		case "node.doctor":
			table[name] = queued(make(chan struct{}, maxExams), do)
		default:
			table[name] = queued(quick, do)
		}
	}
	return table
}

// queued makes a method wait until one of the places is free.
func queued(places chan struct{}, do jrpc2.Handler) jrpc2.Handler {
	return func(ctx context.Context, req *jrpc2.Request) (any, error) {
		select {
		case places <- struct{}{}:
			defer func() { <-places }()
			return do(ctx, req)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// refusing makes a method fail at once if no place is free.
func refusing(places chan struct{}, do jrpc2.Handler) jrpc2.Handler {
	return func(ctx context.Context, req *jrpc2.Request) (any, error) {
		select {
		case places <- struct{}{}:
			defer func() { <-places }()
			return do(ctx, req)
		default:
			return nil, jrpc2.Errorf(serverError, "%d joins are already waiting", cap(places)).
				WithData(errorData{Code: node.CodeUnavailable, Hint: "join again when one of them has been answered, or use a shorter timeout_s"})
		}
	}
}

// A methodTable has a handler for unknown methods too: jrpc2 itself would keep the id of such a request as "in use" for ever.
type methodTable struct {
	env     *command.Env
	ctx     context.Context // for notifications, because the context of a request ends with the input
	methods handler.Map
	turns   *turns
	notes   sync.WaitGroup // unfinished notifications
	// drainWait is how long they may take at the end.
	drainWait time.Duration
}

// Assign implements jrpc2.Assigner. It is called for one request after another, in the order of the input.
func (t *methodTable) Assign(ctx context.Context, name string) jrpc2.Handler {
	if h, ok := t.methods[name]; ok {
		return t.inTurn(ctx, h)
	}
	return func(context.Context, *jrpc2.Request) (any, error) {
		return nil, jrpc2.Errorf(jrpc2.MethodNotFound, "there is no method %q", name).
			WithData(errorData{Code: node.CodeNotFound, Hint: "methods are node.* and room.*; see the documentation"})
	}
}

// method returns a handler that calls do. The handler accepts only exact parameters, gives an error its code and hint, and reports a
// panic as every goroutine of the program does.
func method[P, R any](m rpcMethods, do func(context.Context, P) (R, error)) jrpc2.Handler {
	return func(ctx context.Context, req *jrpc2.Request) (any, error) {
		defer m.env.Guard()
		var params P
		if fault := readParams(req.ParamString(), &params); fault != "" {
			return nil, wrongParams(fault)
		}
		result, err := do(ctx, params)
		m.events.settle()
		if err != nil {
			return nil, rpcError(err)
		}
		return result, nil
	}
}

// OrEmpty returns s, or an empty slice if s is nil, so that JSON has [] and not null.
func OrEmpty[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

// lengthOf returns a number of seconds as a duration. A number that is negative or too large for one is an error.
func lengthOf(name string, s int64) (time.Duration, error) {
	const most = int64(1<<63-1) / int64(time.Second)
	if s < 0 || s > most {
		return 0, wrongParams(name + " is not a valid number of seconds")
	}
	return time.Duration(s) * time.Second, nil
}

func (m rpcMethods) info(context.Context, noParams) (node.Info, error) {
	info := m.n.Info()
	info.Addrs = OrEmpty(info.Addrs)
	return info, nil
}

func (m rpcMethods) peers(ctx context.Context, _ noParams) (peerList, error) {
	peers, err := m.n.Peers(ctx)
	for i := range peers {
		peers[i].Addrs = OrEmpty(peers[i].Addrs)
	}
	return peerList{OrEmpty(peers), len(peers) >= node.MaxPeers}, err
}

func (m rpcMethods) dial(ctx context.Context, p addrParams) (peerResult, error) {
	peer, err := m.n.Dial(ctx, p.Addr)
	return peerResult{peer}, err
}

func (m rpcMethods) verify(ctx context.Context, p verifyParams) (node.Verification, error) {
	return m.n.Verify(ctx, p.Room, p.Who, p.Verified)
}

func (m rpcMethods) verified(ctx context.Context, _ noParams) (verifiedList, error) {
	all, err := m.n.Verified(ctx)
	return verifiedList{OrEmpty(all)}, err
}

func (m rpcMethods) ignore(ctx context.Context, p ignoreParams) (node.IgnoredInfo, error) {
	return m.n.Ignore(ctx, p.Room, p.Who, p.Ignored)
}

func (m rpcMethods) ignored(ctx context.Context, _ noParams) (ignoredList, error) {
	all, err := m.n.Ignored(ctx)
	return ignoredList{OrEmpty(all)}, err
}

func (m rpcMethods) list(ctx context.Context, _ noParams) (RoomList, error) {
	rooms, err := m.n.Rooms(ctx)
	if err != nil {
		return RoomList{}, err
	}
	more, err := m.n.Unlisted(ctx)
	return RoomList{OrEmpty(rooms), more}, err
}

func (m rpcMethods) create(ctx context.Context, p createParams) (node.RoomInfo, error) {
	return m.n.Create(ctx, node.CreateOptions{Name: p.Name, Nick: p.Nick, PolicyChange: p.PolicyChange})
}

func (m rpcMethods) subscribe(ctx context.Context, p subscribeParams) (done, error) {
	o := node.SubscribeOptions{Types: p.Types, Since: p.Since, Lines: p.Lines, Acks: p.Acks, NoLook: p.NoLook}
	for _, name := range p.Types {
		if bodies[name] == nil {
			return done{}, wrongParams("there is no type " + strconv.Quote(name))
		}
	}
	if p.Room != "" {
		ref := m.n.Ref(ctx, p.Room)
		if ref.ID == (node.RoomID{}) {
			return done{}, &node.Error{Code: node.CodeNotFound, Text: "this node is not in a room " + strconv.Quote(p.Room), Reason: "not in that room"}
		}
		o.Room = ref.ID
	}
	m.events.start(o)
	return done{}, nil
}

// cancel cancels a request of this program that has no answer yet. If the request is a join that waits for the owner, the knock is
// taken back.
func (m rpcMethods) cancel(_ context.Context, p cancelParams) (done, error) {
	m.cancelRequest(string(p.Request))
	return done{}, nil
}

func (m rpcMethods) shown(ctx context.Context, p shownParams) (done, error) {
	ref := m.n.Ref(ctx, p.Room)
	return done{}, m.n.Shown(ctx, ref.ID, p.Removal)
}

func (m rpcMethods) net(ctx context.Context, _ noParams) (command.Net, error) {
	net, err := command.NetOf(ctx, m.n)
	net.Join, net.Addrs, net.TCP, net.UDP = OrEmpty(net.Join), OrEmpty(net.Addrs), OrEmpty(net.TCP), OrEmpty(net.UDP)
	for i := range net.Peers {
		net.Peers[i].At = OrEmpty(net.Peers[i].At)
	}
	return net, err
}

func (m rpcMethods) doctor(ctx context.Context, _ noParams) (command.Diagnosis, error) {
	d, err := m.host().Diagnose(ctx)
	d.Findings = OrEmpty(d.Findings)
	return d, err
}

func (m rpcMethods) log(ctx context.Context, p logParams) (command.LogLines, error) {
	if p.Lines < 0 {
		return command.LogLines{}, wrongParams("lines is less than 0")
	}
	log, err := m.host().ReadLog(ctx, p.Lines)
	log.Lines = OrEmpty(log.Lines)
	return log, err
}

func (m rpcMethods) settings(ctx context.Context, _ noParams) (settingList, error) {
	all, err := m.host().Settings(ctx)
	return settingList{OrEmpty(all)}, err
}

func (m rpcMethods) set(ctx context.Context, p settingParams) (done, error) {
	return done{}, m.host().Set(ctx, p.Name, p.Value)
}
