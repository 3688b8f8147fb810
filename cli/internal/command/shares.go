package command

import (
	"context"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"localchat/cli/internal/fail"
	"localchat/cli/internal/render"
	"localchat/cli/internal/share"
	"localchat/node"
)

// ShareOptions are the options of a share.
type ShareOptions struct {
	// Port is the TCP port of the page; 0: a free one.
	Port int
	// Invites is how many people the page lets in, each by an invite.
	Invites int
	// For is how long the page is served.
	For time.Duration
	// Release is a folder with the files of a release, or "".
	Release string
}

// DefaultShare holds the defaults.
var DefaultShare = ShareOptions{Invites: defaultShareInvites, For: defaultShareFor}

// Check returns an error if o cannot be shared.
func (o ShareOptions) Check() error {
	switch {
	case o.Port < 0 || o.Port > 65535:
		return fail.Usage("a port is a number from 1 to 65535", "%d is not a port", o.Port)
	case o.Invites < 0 || o.Invites > share.MaxInvites:
		return fail.Usage("give it 0 to "+string(render.Count(share.MaxInvites, "invite", "invites")), "a page cannot have %d invites", o.Invites)
	case o.For < time.Second || o.For > maxShareFor:
		return fail.Usage("give it "+render.SpanText(maxShareFor)+" at most", "a page cannot be shared for %s", render.SpanText(o.For))
	}
	return nil
}

// A Shared describes a share: a page that is served for a room. It is the result of room.share.
type Shared struct {
	// URLs are the addresses of the page.
	URLs    []string      `json:"urls"`
	Words   string        `json:"words"`
	Invites int           `json:"invites"`
	Until   time.Time     `json:"until"`
	Files   []*share.File `json:"files"`
	Port    int           `json:"port"`
}

// Shares are the pages that are served, at most one for each room. The zero value serves none. Commands run at the same time; mu
// guards running.
type Shares struct {
	mu      sync.Mutex
	running map[string]*sharing // by the ID of the room
	work    sync.WaitGroup
}

// A sharing is one page that is served.
type sharing struct {
	Shared
	server *share.Server
	cancel context.CancelFunc
	over   chan struct{} // closed when nothing is served any more
}

// Of returns the share of the room with this ID.
func (s *Shares) Of(room string) (Shared, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if of := s.running[room]; of != nil {
		return of.Shared, true
	}
	return Shared{}, false
}

// Page gives an invite to the room a page of its own, and returns its address; "" if nothing is shared.
func (s *Shares) Page(room string, i node.InviteInfo) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	of := s.running[room]
	if of == nil || len(of.URLs) == 0 {
		return ""
	}
	return strings.TrimSuffix(of.URLs[0], "/") + of.server.Show(share.Invite{ID: i.ID, Text: i.Text, Until: i.Expires})
}

// Stop ends the share of the room with this ID, and reports whether there was one. Nothing is served any more when it returns.
func (s *Shares) Stop(room string) bool {
	s.mu.Lock()
	of := s.running[room]
	s.mu.Unlock()
	if of == nil {
		return false
	}
	of.cancel()
	<-of.over
	return true
}

// Close ends all shares.
func (s *Shares) Close() {
	s.mu.Lock()
	for _, of := range s.running {
		of.cancel()
	}
	s.mu.Unlock()
	s.work.Wait()
}

// Start shares a room of n, until the time of the share is over, we are no longer in the room, or Stop is called. room is the ID of
// the room, or its name if that is unique here.
func (s *Shares) Start(ctx context.Context, env *Env, n OwnNode, room string, o ShareOptions) (Shared, error) {
	if err := o.Check(); err != nil {
		return Shared{}, err
	}
	cfg, err := sharedRoom(ctx, n, room)
	if err != nil {
		return Shared{}, err
	}
	id := cfg.id
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running[id] != nil {
		return Shared{}, &node.Error{Code: node.CodeExists, Text: cfg.Room.Name + " is shared already"}
	}
	if err := cfg.files(o.Release); err != nil {
		return Shared{}, err
	}
	until := time.Now().Add(o.For)
	if err := cfg.invite(ctx, n, o); err != nil {
		share.Close(cfg.Files)
		cfg.revoke(n, cfg.ids())
		return Shared{}, err
	}
	cfg.Port, cfg.Guard = o.Port, env.Guard
	server, err := share.Start(cfg.Config)
	if err != nil {
		cfg.revoke(n, cfg.ids())
		return Shared{}, &fail.Error{Code: fail.ExitNetwork, Text: "the page cannot be served: " + err.Error(), Hint: "another port, or none for a free one"}
	}
	// The sharing outlives the command.
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	of := &sharing{server: server, cancel: cancel, over: make(chan struct{}), Shared: Shared{
		URLs: pageURLs(n.Info().Addrs, server.Port()), Words: cfg.Room.Words, Invites: len(cfg.Invites), Until: until, Files: server.Files(),
		Port: server.Port(),
	}}
	if s.running == nil {
		s.running = make(map[string]*sharing)
	}
	s.running[id] = of
	events, stop := n.Listen(node.SubscribeOptions{NoLook: true})
	s.work.Go(func() {
		defer env.Guard()
		defer cancel()
		cfg.watch(life, n, server, events, o.For)
		stop()
		server.Close()
		s.mu.Lock()
		delete(s.running, id)
		s.mu.Unlock()
		close(of.over)
		cfg.revoke(n, server.Left())
	})
	return of.Shared, nil
}

// A shareConfig is the configuration of a page, with facts about the room.
type shareConfig struct {
	share.Config
	id    string
	owned bool
	// membersInvite is set if members that do not own the room may invite too.
	membersInvite bool
}

// sharedRoom collects the facts about a room that we are in.
func sharedRoom(ctx context.Context, n OwnNode, room string) (shareConfig, error) {
	cfg := shareConfig{}
	m, err := n.Members(ctx, room)
	if err != nil {
		return cfg, err
	}
	policy, err := n.Policy(ctx, room, node.PolicyChange{})
	if err != nil {
		return cfg, err
	}
	rooms, err := n.Rooms(ctx)
	if err != nil {
		return cfg, err
	}
	ref := n.Ref(ctx, room)
	i := slices.IndexFunc(rooms, func(r node.RoomInfo) bool { return r.In && r.ID == ref.ID })
	if i < 0 {
		return cfg, &node.Error{Code: node.CodeNotFound, Text: "this node is not in " + room}
	}
	r := rooms[i]
	cfg.id, cfg.owned, cfg.membersInvite = r.ID.String(), r.Mine, policy.MembersInvite
	cfg.Room = share.Room{Name: r.Name, Target: string(render.RoomWord(r.Name, r.ID)), Host: n.Info().Nick, Words: n.Info().Words, Access: string(policy.Access)}
	if at := slices.IndexFunc(m.Members, func(m node.MemberInfo) bool { return m.Self }); at >= 0 {
		cfg.Room.Host = m.Members[at].Nick
	}
	if !r.Mine {
		roster := Roster{Members: m.Members}
		cfg.Room.Owner, cfg.Room.OwnersWords = roster.Owner().Nick, roster.Owner().Words
	}
	return cfg, nil
}

// files opens the files that are handed out.
func (cfg *shareConfig) files(release string) error {
	own, err := share.Own()
	if err != nil {
		return &fail.Error{Code: fail.ExitFailure, Text: "the program cannot be read: " + err.Error(), Hint: "start it again from a file that is there"}
	}
	cfg.Files = []*share.File{own}
	if release == "" {
		return nil
	}
	more, err := share.Folder(release)
	if err != nil {
		share.Close(cfg.Files)
		return fail.Usage("name a folder that go run ./test/release has written", "the release cannot be shared: %v", err)
	}
	cfg.Files = append(cfg.Files, more...)
	return nil
}

// plainInvite matches an invite that a shell reads as one plain word. Guests type lines that hold an invite. If a member shares the
// room, the owner's node makes the invites, and a hostile owner could put a command into them.
var plainInvite = regexp.MustCompile(`^LOCALCHAT:[A-Z2-7]+$`)

// invite makes the invites of the page. A member gets them from the owner, if the policy lets members invite.
func (cfg *shareConfig) invite(ctx context.Context, n Node, o ShareOptions) error {
	if !cfg.owned && !cfg.membersInvite {
		return nil
	}
	for range o.Invites {
		i, err := n.Invite(ctx, cfg.id, "", o.For)
		if err != nil {
			return err
		}
		if !plainInvite.MatchString(i.Text) {
			return &fail.Error{Code: fail.ExitFailure, Text: "the owner's node made an invite that is not a plain word", Hint: "share without invites"}
		}
		cfg.Invites = append(cfg.Invites, share.Invite{ID: i.ID, Text: i.Text, Until: i.Expires})
	}
	return nil
}

// ids returns the IDs of the invites of the page.
func (cfg *shareConfig) ids() (ids []string) {
	for _, i := range cfg.Invites {
		ids = append(ids, i.ID)
	}
	return ids
}

// revoke revokes invites that nobody has used. A member cannot revoke any; its invites expire when the page was due to end.
func (cfg *shareConfig) revoke(n Node, ids []string) {
	if !cfg.owned {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), RequestWait)
	defer cancel()
	for _, id := range ids {
		_ = n.Uninvite(ctx, cfg.id, id) // it may have been used meanwhile, or the room has ended
	}
}

// watch returns when the page is to end: its time is over, ctx is cancelled, or we are no longer in the room.
func (cfg *shareConfig) watch(ctx context.Context, n Node, server *share.Server, events <-chan node.Event, length time.Duration) {
	timer := time.NewTimer(length)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
			return
		case ev, open := <-events:
			if !open || cfg.over(ctx, n, ev) {
				return
			}
			if _, joined := ev.Body.(node.MemberJoined); joined && cfg.owned && ev.Room.String() == cfg.id {
				cfg.count(ctx, n, server)
			}
		}
	}
}

// over reports whether, after ev, we are no longer in the room.
func (cfg *shareConfig) over(ctx context.Context, n Node, ev node.Event) bool {
	if _, gap := ev.Body.(node.Gap); gap { // one of the lost events may have said so
		_, err := n.Members(ctx, cfg.id)
		return err != nil
	}
	_, left := ev.Body.(node.Left)
	return ev.Room.String() == cfg.id && (left || Ending(ev) != nil)
}

// count tells the server which invites are still open.
func (cfg *shareConfig) count(ctx context.Context, n Node, server *share.Server) {
	all, err := n.Invites(ctx, cfg.id)
	if err != nil {
		return // the room has ended, which its event says
	}
	open := make(map[string]bool)
	for _, i := range all {
		open[i.ID] = true
	}
	server.Open(open)
}

// pageURLs returns the addresses of a page that a browser on another machine can open. Addresses with a zone are left out: the
// guest would have to replace the zone with the name of its own network interface.
func pageURLs(addrs []string, port int) []string {
	urls := []string{}
	for _, text := range node.HostPorts(addrs) {
		at, err := netip.ParseAddrPort(text)
		if err == nil && at.Addr().Zone() == "" {
			urls = append(urls, "http://"+netip.AddrPortFrom(at.Addr(), uint16(port)).String()+"/")
		}
	}
	return urls
}
