package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/creachadair/jrpc2"
	"github.com/creachadair/jrpc2/handler"

	"localchat/cli/internal/command"
	"localchat/cli/internal/fail"
	"localchat/cli/internal/hint"
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

// The parameters of the methods. A field without omitempty is required. An unknown parameter is an error.
type (
	noParams   struct{}
	addrParams struct {
		Addr string `json:"addr"`
	}
	createParams struct {
		Name string `json:"name"`
		Nick string `json:"nick,omitempty"`
		node.PolicyChange
	}
	joinParams struct {
		Room     string `json:"room,omitempty"`
		Invite   string `json:"invite,omitempty"`
		Nick     string `json:"nick,omitempty"`
		TimeoutS *int64 `json:"timeout_s,omitempty"`
		FindS    int64  `json:"find_s,omitempty"`
		Visit    bool   `json:"visit,omitempty"`
	}
	roomParams struct {
		Room string `json:"room"`
	}
	sayParams struct {
		Room   string `json:"room"`
		Text   string `json:"text"`
		Action bool   `json:"action,omitempty"`
	}
	awayParams struct {
		Text string `json:"text,omitempty"`
	}
	nickParams struct {
		Room string `json:"room"`
		Nick string `json:"nick"`
	}
	nickResult struct {
		Nick string `json:"nick"`
	}
	tellParams struct {
		Room string `json:"room"`
		Who  string `json:"who"`
		Text string `json:"text"`
	}
	whoParams struct {
		Room string `json:"room"`
		Who  string `json:"who"`
	}
	reasonParams struct {
		Room   string `json:"room"`
		Who    string `json:"who"`
		Reason string `json:"reason,omitempty"`
	}
	banParams struct {
		Room   string `json:"room"`
		Who    string `json:"who"`
		Reason string `json:"reason,omitempty"`
		ForS   int64  `json:"for_s,omitempty"`
	}
	inviteParams struct {
		Room     string `json:"room"`
		Nick     string `json:"nick,omitempty"`
		ExpiresS int64  `json:"expires_s,omitempty"`
	}
	uninviteParams struct {
		Room string `json:"room"`
		ID   string `json:"id"`
	}
	verifyParams struct {
		Room     string `json:"room,omitempty"`
		Who      string `json:"who"`
		Verified bool   `json:"verified"`
	}
	ignoreParams struct {
		Room    string `json:"room,omitempty"`
		Who     string `json:"who"`
		Ignored bool   `json:"ignored"`
	}
	policyParams struct {
		Room string `json:"room"`
		node.PolicyChange
	}
	subscribeParams struct {
		Room  string   `json:"room,omitempty"`
		Types []string `json:"types,omitempty"`
		Since uint64   `json:"since,omitempty"`
		Lines bool     `json:"lines,omitempty"`
		Acks  bool     `json:"acks,omitempty"`

		NoLook bool `json:"no_look,omitempty"`
	}
	leaveParams struct {
		Room  string `json:"room"`
		Visit bool   `json:"visit,omitempty"`
	}
	cancelParams struct {
		Request json.RawMessage `json:"request"`
	}
	shownParams struct {
		Room    string `json:"room"`
		Removal uint64 `json:"removal"`
	}
	shareParams struct {
		Room    string `json:"room"`
		Port    int    `json:"port,omitempty"`
		Invites *int   `json:"invites,omitempty"`
		ForS    int64  `json:"for_s,omitempty"`
		Release string `json:"release,omitempty"`
	}
	closeParams struct {
		Room   string `json:"room"`
		Reason string `json:"reason,omitempty"`
	}
	logParams struct {
		Lines int `json:"lines,omitempty"`
	}
	settingParams struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
)

// Results that are not node's own types.
type (
	done     struct{}
	peerList struct {
		Peers []node.PeerInfo `json:"peers"`
		// MayBeMore is set if the list is as long as a list may be, so that there may be more nodes.
		MayBeMore bool `json:"may_be_more,omitempty"`
	}
	peerResult struct {
		Peer node.PeerID `json:"peer"`
	}
	RoomList struct {
		Rooms []node.RoomInfo `json:"rooms"`
		// More is the number of rooms on this network that are not listed.
		More int `json:"more,omitempty"`
	}
	idResult struct {
		ID string `json:"id"`
	}
	inviteList struct {
		Invites []node.InviteInfo `json:"invites"`
	}
	knockList struct {
		Knocks []node.KnockInfo `json:"knocks"`
	}
	banList struct {
		Bans []node.BanInfo `json:"bans"`
	}
	removalList struct {
		Removals []node.RemovalProgress `json:"removals"`
	}
	settingList struct {
		Settings []command.SettingInfo `json:"settings"`
	}
	verifiedList struct {
		Verified []node.Verification `json:"verified"`
	}
	ignoredList struct {
		Ignored []node.IgnoredInfo `json:"ignored"`
	}
)

// An askedNote tells a program that the owner of a room has been asked to admit it, and until when the answer is awaited. Request
// is the id of the program's request.
type askedNote struct {
	Request json.RawMessage `json:"request"`
	Room    string          `json:"room"`
	Until   time.Time       `json:"until"`
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
		"room.nick":      method(m, m.nick),
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

// errorData is the data of an error.
type errorData struct {
	Code node.ErrorCode `json:"code"`
	Hint string         `json:"hint"`
	// RetryAfterS is the number of seconds after which the same request may succeed, if that is known; Until is the end of a ban.
	RetryAfterS int64     `json:"retry_after_s,omitempty"`
	Until       time.Time `json:"until,omitzero"`
	// Nick is a free nick, if the requested one is taken.
	Nick string `json:"nick,omitempty"`
	// Change is set if the room's name is known as a room of another owner.
	Change *node.KeyChange `json:"change,omitempty"`
	// Rooms are those of which the program has to name one, and More is the number of further ones.
	Rooms []node.Choice `json:"rooms,omitempty"`
	More  int           `json:"more,omitempty"`
	// Limit is the largest value that is allowed, and At an address.
	Limit int    `json:"limit,omitempty"`
	At    string `json:"at,omitempty"`
	// Reason says more finely than Code what went wrong.
	Reason node.Reason `json:"reason,omitempty"`
	// Identity marks a failed identity check, and Network a machine without a usable network.
	Identity bool `json:"identity,omitempty"`
	Network  bool `json:"network,omitempty"`
}

// serverError is the number of an error of node, for which JSON-RPC has no number; data.code says which error it is.
const serverError jrpc2.Code = -32000

// wrongParams returns an error with the number -32602.
func wrongParams(what string) error {
	return jrpc2.Errorf(jrpc2.InvalidParams, "invalid parameters: %s", what).
		WithData(errorData{Code: node.CodeInvalid, Hint: "see the method's parameters in the documentation"})
}

// rpcError returns err as an error of JSON-RPC.
func rpcError(err error) error {
	var e *jrpc2.Error
	if errors.As(err, &e) {
		return e
	}
	fault := faultOf(err)
	code := serverError
	switch fault.Code {
	case node.CodeInvalid:
		code = jrpc2.InvalidParams
	case node.CodeInternal:
		code = jrpc2.InternalError
	}
	data := errorData{
		Code: fault.Code, Hint: hintOf(err, fault), Reason: fault.Reason, Identity: fault.Identity, Network: fault.Network,
		Until: fault.Until, Nick: fault.Nick, Change: fault.Change, Rooms: fault.Rooms, More: fault.More, Limit: fault.Limit, At: fault.At,
	}
	if fault.RetryAfter > 0 {
		data.RetryAfterS = int64((fault.RetryAfter + time.Second - 1) / time.Second)
	}
	return (&jrpc2.Error{Code: code, Message: fault.Text}).WithData(data)
}

// faultOf returns an error as one of node. Those of a host are errors of the program.
func faultOf(err error) *node.Error {
	var own *fail.Error
	if !errors.As(err, &own) {
		return node.AsError(err)
	}
	code := node.CodeUnavailable
	switch own.Code {
	case fail.ExitUsage:
		code = node.CodeInvalid
	case fail.ExitInternal:
		code = node.CodeInternal
	}
	return &node.Error{Code: code, Text: own.Text, Network: own.Code == fail.ExitNetwork}
}

func hintOf(err error, fault *node.Error) string {
	var own *fail.Error
	if errors.As(err, &own) {
		return own.Hint
	}
	return hint.ForProgram(fault)
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

func (m rpcMethods) join(ctx context.Context, p joinParams) (node.JoinedInfo, error) {
	if (p.Room == "") == (p.Invite == "") {
		return node.JoinedInfo{}, wrongParams("give either room or invite")
	}
	wait := command.JoinWait
	if p.TimeoutS != nil {
		var err error
		if wait, err = lengthOf("timeout_s", *p.TimeoutS); err != nil {
			return node.JoinedInfo{}, err
		}
	}
	find, err := lengthOf("find_s", p.FindS)
	if err != nil {
		return node.JoinedInfo{}, err
	}
	o := node.JoinOptions{Room: p.Room, Invite: p.Invite, Nick: p.Nick, Find: find}
	if req := jrpc2.InboundRequest(ctx); req != nil && !req.IsNotification() {
		o.Asked = func(room string, until time.Time) {
			// It fails only if nothing can be written any more; then the answer fails too.
			_ = jrpc2.ServerFromContext(ctx).Notify(ctx, askedMethod, askedNote{json.RawMessage(req.ID()), room, until})
		}
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	joined, err := m.enter(ctx, o, p.Visit)
	joined.Members = OrEmpty(joined.Members)
	return joined, err
}

// enter joins a room, to stay or for a visit of this program.
func (m rpcMethods) enter(ctx context.Context, o node.JoinOptions, visit bool) (node.JoinedInfo, error) {
	if visit {
		joined, leave, err := m.host().Visit(ctx, o)
		if err == nil && !m.visits.add(joined.ID, leave) {
			err = leave(ctx) // of this one; the first goes on
		}
		return joined, err
	}
	joined, err := m.n.Join(ctx, o)
	if err == nil {
		m.env.Visits.Keep(joined.ID)
	}
	return joined, err
}

func (m rpcMethods) leave(ctx context.Context, p leaveParams) (done, error) {
	if !p.Visit {
		return done{}, m.n.Leave(ctx, p.Room)
	}
	end := m.visits.take(m.n.Ref(ctx, p.Room).ID)
	if end == nil {
		return done{}, &node.Error{Code: node.CodeNotFound, Text: "this program does not visit a room " + strconv.Quote(p.Room), Reason: "not in that room"}
	}
	return done{}, end(ctx)
}

func (m rpcMethods) say(ctx context.Context, p sayParams) (idResult, error) {
	id, err := m.n.Say(ctx, p.Room, p.Text, p.Action)
	return idResult{id}, err
}

func (m rpcMethods) tell(ctx context.Context, p tellParams) (node.TellInfo, error) {
	return m.n.Tell(ctx, p.Room, p.Who, p.Text)
}

func (m rpcMethods) away(ctx context.Context, p awayParams) (done, error) {
	return done{}, m.n.SetAway(ctx, true, p.Text)
}

func (m rpcMethods) back(ctx context.Context, _ noParams) (done, error) {
	return done{}, m.n.SetAway(ctx, false, "")
}

func (m rpcMethods) nick(ctx context.Context, p nickParams) (nickResult, error) {
	nick, err := m.n.SetNick(ctx, p.Room, p.Nick)
	return nickResult{nick}, err
}

func (m rpcMethods) members(ctx context.Context, p roomParams) (node.MembersInfo, error) {
	members, err := m.n.Members(ctx, p.Room)
	members.Members = OrEmpty(members.Members)
	return members, err
}

func (m rpcMethods) history(ctx context.Context, p roomParams) (node.HistoryInfo, error) {
	history, err := m.n.History(ctx, p.Room)
	history.Messages, history.Directs = OrEmpty(history.Messages), OrEmpty(history.Directs)
	return history, err
}

func (m rpcMethods) invite(ctx context.Context, p inviteParams) (command.Invite, error) {
	expires, err := lengthOf("expires_s", p.ExpiresS)
	if err != nil {
		return command.Invite{}, err
	}
	return m.host().MakeInvite(ctx, p.Room, p.Nick, expires)
}

func (m rpcMethods) invites(ctx context.Context, p roomParams) (inviteList, error) {
	invites, err := m.n.Invites(ctx, p.Room)
	return inviteList{OrEmpty(invites)}, err
}

func (m rpcMethods) uninvite(ctx context.Context, p uninviteParams) (done, error) {
	return done{}, m.n.Uninvite(ctx, p.Room, p.ID)
}

func (m rpcMethods) share(ctx context.Context, p shareParams) (command.Shared, error) {
	o := command.DefaultShare
	o.Port, o.Release = p.Port, p.Release
	if p.Invites != nil {
		o.Invites = *p.Invites
	}
	length, err := lengthOf("for_s", p.ForS)
	if err != nil {
		return command.Shared{}, err
	}
	if length > 0 {
		o.For = length
	}
	return m.host().Share(ctx, p.Room, o)
}

func (m rpcMethods) host() command.Own { return command.Own{Env: m.env, Node: m.n} }

func (m rpcMethods) shared(ctx context.Context, p roomParams) (command.Shared, error) {
	return m.host().Shared(ctx, p.Room)
}

func (m rpcMethods) unshare(ctx context.Context, p roomParams) (done, error) {
	return done{}, m.host().Unshare(ctx, p.Room)
}

func (m rpcMethods) knocks(ctx context.Context, p roomParams) (knockList, error) {
	knocks, err := m.n.Knocks(ctx, p.Room)
	return knockList{OrEmpty(knocks)}, err
}

func (m rpcMethods) accept(ctx context.Context, p whoParams) (done, error) {
	return done{}, m.n.Accept(ctx, p.Room, p.Who)
}

func (m rpcMethods) deny(ctx context.Context, p reasonParams) (done, error) {
	return done{}, m.n.Deny(ctx, p.Room, p.Who, p.Reason)
}

func (m rpcMethods) kick(ctx context.Context, p reasonParams) (node.Committed, error) {
	return m.n.Kick(ctx, p.Room, p.Who, p.Reason)
}

func (m rpcMethods) ban(ctx context.Context, p banParams) (node.Committed, error) {
	length, err := lengthOf("for_s", p.ForS)
	if err != nil {
		return node.Committed{}, err
	}
	return m.n.Ban(ctx, p.Room, p.Who, p.Reason, length)
}

func (m rpcMethods) mute(ctx context.Context, p banParams) (node.Committed, error) {
	length, err := lengthOf("for_s", p.ForS)
	if err != nil {
		return node.Committed{}, err
	}
	return m.n.Mute(ctx, p.Room, p.Who, p.Reason, length)
}

func (m rpcMethods) unmute(ctx context.Context, p whoParams) (node.Committed, error) {
	return m.n.Unmute(ctx, p.Room, p.Who)
}

func (m rpcMethods) unban(ctx context.Context, p whoParams) (node.Committed, error) {
	return m.n.Unban(ctx, p.Room, p.Who)
}

func (m rpcMethods) bans(ctx context.Context, p roomParams) (banList, error) {
	bans, err := m.n.Bans(ctx, p.Room)
	return banList{OrEmpty(bans)}, err
}

func (m rpcMethods) removals(ctx context.Context, p roomParams) (removalList, error) {
	all, err := m.n.Removals(ctx, p.Room)
	return removalList{OrEmpty(all)}, err
}

func (m rpcMethods) policy(ctx context.Context, p policyParams) (node.PolicyInfo, error) {
	return m.n.Policy(ctx, p.Room, p.PolicyChange)
}

func (m rpcMethods) renew(ctx context.Context, p roomParams) (node.Renewed, error) {
	return m.n.Renew(ctx, p.Room)
}

func (m rpcMethods) close(ctx context.Context, p closeParams) (done, error) {
	return done{}, m.n.CloseRoom(ctx, p.Room, p.Reason)
}
