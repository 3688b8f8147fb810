package doctor

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"localchat/cli/internal/command"
	"localchat/cli/internal/render"
	"localchat/cli/internal/safe"
	"localchat/discovery"
	"localchat/node"
)

func diagnose(f facts) Diagnosis {
	d := Diagnosis{Findings: findings(f)}
	d.Blocked = slices.ContainsFunc(d.Findings, func(f Finding) bool { return f.Blocks })
	return d
}

// Options are the options of the program that affect which nodes can be found and reached.
type Options struct {
	// DataDir is the data directory; "": there is none.
	DataDir string
	// Interfaces are the names given with --interface; nil: all. Listen and Peers are the addresses given with --listen and --peer.
	Interfaces, Listen, Peers []string
	NoMDNS                    bool
	Version                   string
	Log                       *slog.Logger
	// Check examines the network: [discovery.Check], or a fake.
	Check func(context.Context, discovery.CheckConfig) discovery.Checkup
}

// Examine examines the network and returns what it finds before ctx ends. It calls say with a text before each step.
func Examine(ctx context.Context, o Options, p command.Patient, say func(string)) Diagnosis {
	return diagnose(gather(ctx, o, p, say))
}

// gather gathers the facts.
func gather(ctx context.Context, o Options, p command.Patient, say func(string)) facts {
	f := facts{
		os: runtime.GOOS, firewall: firewall(), now: time.Now(), built: buildTime(), self: p.Self, dataDir: o.DataDir,
		named: o.Interfaces, noMDNS: o.NoMDNS,
	}
	_, err := exec.LookPath("nmcli")
	f.noNMCLI = err != nil
	f.program, _ = os.Executable()
	// An identity is read if there is one. Doctor does not create one.
	if _, err := os.Stat(f.dataDir); f.self == "" && err == nil {
		info, err := node.Identity(f.dataDir)
		f.self, f.selfErr = info.Peer, err
	}
	cfg := discovery.CheckConfig{Interfaces: o.Interfaces, NoMDNS: o.NoMDNS, Say: say}
	for _, listen := range o.Listen {
		if addr, _, ok := discovery.ParseAddress(listen); ok && addr.Port() != 0 {
			f.port = addr.Port()
			if addr.QUIC {
				cfg.Port = addr.Port()
			}
		}
	}
	var targets []target
	for _, text := range o.Peers {
		if addr, peer, ok := discovery.ParseAddress(text); ok {
			targets = append(targets, targetAt(peer, addr))
			cfg.Ask = append(cfg.Ask, addr.Addr())
		}
	}
	for _, peer := range p.Peers {
		if peer.Connected {
			f.connected++
			continue
		}
		if !peer.Awaited {
			continue // if its node still runs, it is among the nodes of the checkup
		}
		var addrs []discovery.Address
		for _, text := range peer.Addrs {
			if addr, _, ok := discovery.ParseAddress(text); ok {
				addrs = append(addrs, addr)
			}
		}
		t := targetAt(peer.Peer, addrs...)
		t.silent, t.nick = p.Nicks[peer.Peer] != "", p.Nicks[peer.Peer]
		targets = append(targets, t)
	}
	f.checkup = o.Check(ctx, cfg)
	for _, n := range f.checkup.Nodes {
		if !n.Here {
			targets = append(targets, targetAt(n.Peer, n.Addrs...))
		}
	}
	targets, f.notTried = merge(targets, f.networks())
	if len(targets) > 0 && ctx.Err() == nil {
		say("dialling " + string(render.Count(len(targets), "node", "nodes")))
		f.reached = reach(ctx, o, targets)
	}
	return f
}

// A target is a node to reach, with at most one address for each transport.
type target struct {
	peer      node.PeerID // "" if unknown
	tcp, quic discovery.Address
	addrs     []discovery.Address
	// silent is set for a member of a room of this node that did not answer by mDNS, so that its node may not be running. nick is
	// its nick in that room.
	silent bool
	nick   safe.Text
}

func targetAt(peer node.PeerID, addrs ...discovery.Address) target {
	return target{peer: peer, addrs: addrs}
}

// merge joins the targets with the same peer, chooses the addresses to try, preferably on one of our networks, and returns the
// first maxReach targets. more is the number of further ones.
func merge(all []target, ours []netip.Prefix) (merged []target, more int) {
	for _, t := range all {
		i := slices.IndexFunc(merged, func(m target) bool { return m.peer == t.peer && t.peer != "" })
		if i >= 0 {
			merged[i].addrs = append(merged[i].addrs, t.addrs...)
			merged[i].silent = merged[i].silent && t.silent
		} else if len(t.addrs) > 0 {
			merged = append(merged, t)
		}
	}
	more = max(len(merged)-maxReach, 0)
	merged = merged[:len(merged)-more]
	for i := range merged {
		t := &merged[i]
		slices.SortStableFunc(t.addrs, func(a, b discovery.Address) int { return remoteness(a, ours) - remoteness(b, ours) })
		for _, a := range t.addrs {
			switch {
			case a.QUIC && !t.quic.IsValid():
				t.quic = a
			case !a.QUIC && !t.tcp.IsValid():
				t.tcp = a
			}
		}
	}
	return merged, more
}

// remoteness returns 0 for an address on one of our networks, 1 for a link-local one, and 2 for any other.
func remoteness(a discovery.Address, ours []netip.Prefix) int {
	switch {
	case a.Addr().Is6() && a.Addr().IsLinkLocalUnicast():
		return 1
	case slices.ContainsFunc(ours, func(p netip.Prefix) bool { return p.Contains(a.Addr()) }):
		return 0
	}
	return 2
}

// reach dials all targets at the same time.
func reach(ctx context.Context, o Options, targets []target) []reached {
	// Dial from a node of its own, with an identity that is not kept, so that the running node is not disturbed.
	passing, err := node.New(node.Config{NoResume: true, Version: o.Version, Log: o.Log})
	if err != nil {
		o.Log.Debug("doctor: no node to dial with", "err", err)
		passing = nil
	} else {
		defer passing.Close()
	}
	ctx, cancel := context.WithTimeout(ctx, reachWait)
	defer cancel()
	results := make([]reached, len(targets))
	var wg sync.WaitGroup
	for i, t := range targets {
		wg.Go(func() { results[i] = tryTarget(ctx, t, passing) })
	}
	wg.Wait()
	return results
}

// tryTarget dials t. It dials TCP without a handshake, since only that says why it fails, and QUIC with the handshake, which
// proves the identity of the other node. If QUIC fails, it makes the handshake over TCP.
func tryTarget(ctx context.Context, t target, passing *node.Node) reached {
	r := reached{peer: t.peer, silent: t.silent, nick: t.nick, tcp: attempt{at: t.tcp}, quic: attempt{at: t.quic}}
	dial := func(ctx context.Context, at discovery.Address) error {
		addr := at.String()
		if t.peer != "" {
			addr += "/p2p/" + t.peer.String()
		}
		peer, err := passing.Dial(ctx, addr)
		if err == nil {
			r.proven = peer
		}
		return err
	}
	var wg sync.WaitGroup
	if r.tcp.tried = t.tcp.IsValid(); r.tcp.tried {
		wg.Go(func() {
			var d net.Dialer
			conn, err := d.DialContext(ctx, "tcp", t.tcp.AddrPort.String())
			if r.tcp.err = err; err == nil {
				_ = conn.Close()
			}
		})
	}
	if r.quic.tried = t.quic.IsValid() && passing != nil; r.quic.tried {
		// If UDP is dropped, some of reachWait must be left for the handshake over TCP.
		ctx, cancel := context.WithTimeout(ctx, quicWait)
		r.quic.err = dial(ctx, t.quic)
		cancel()
	}
	wg.Wait()
	if r.tcp.ok() && r.proven == "" && passing != nil {
		r.handshake = dial(ctx, t.tcp)
	}
	return r
}

// buildTime returns when the source of this program was committed, or an earlier time if the build does not say.
func buildTime() time.Time {
	built := time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if t, err := time.Parse(time.RFC3339, s.Value); s.Key == "vcs.time" && err == nil && t.After(built) {
				built = t
			}
		}
	}
	return built
}

// firewall guesses which tool controls the packet filter of a Linux machine. Only root could ask the filter itself.
func firewall() string {
	if runtime.GOOS != "linux" {
		return ""
	}
	if conf, err := os.ReadFile("/etc/ufw/ufw.conf"); err == nil && strings.Contains(string(conf), "ENABLED=yes") {
		return "ufw"
	}
	if _, err := os.Stat("/run/firewalld"); err == nil {
		return "firewalld"
	}
	if _, err := exec.LookPath("nft"); err == nil {
		return "nft"
	}
	if _, err := os.Stat("/usr/sbin/nft"); err == nil { // that folder is not in every user's PATH
		return "nft"
	}
	return "iptables"
}
