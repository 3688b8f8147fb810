package main_test

import (
	"go/parser"
	"go/token"
	"testing"
)

// TestLawsBite shows each law a file that breaks it.
func TestLawsBite(t *testing.T) {
	const libp2p = "github.com/libp2p/go-libp2p"
	imports := func(p string) string { return "package x\nimport _ \"" + p + "\"" }
	uses := func(p, name string) string { return "package x\nimport y \"" + p + "\"\nvar _ = y." + name }
	goes := "package x\nfunc f() { go f() }"
	tests := []sample{
		{dir: ".", src: imports("localchat/cli"), ok: true},
		{dir: ".", src: imports("localchat/node")},
		{dir: "cli", src: imports("localchat/node"), ok: true},
		{dir: "cli", src: imports("localchat/authority")},
		{dir: "cli", src: imports("localchat/protocol"), test: true},
		{dir: "cli", src: imports(libp2p + "/gologshim"), ok: true},
		{dir: "cli", src: imports(libp2p + "/core/peer")},
		{dir: "cli", src: imports("localchat/cli/internal/safe"), ok: true},
		{dir: "cli/internal/safe", src: imports("localchat/node")},
		{dir: "cli", src: imports("localchat/" + cliTest)},
		{dir: "cli", src: imports("localchat/" + cliTest), test: true, ok: true},
		{dir: "cli/internal/render", src: imports("localchat/" + cliTest)},
		{dir: "cli/internal/render", src: imports("localchat/" + cliTest), test: true, ok: true},
		{dir: "cli/internal/render", src: imports("localchat/discovery")},
		{dir: "cli/internal/command", src: imports("localchat/cli/internal/render"), ok: true},
		{dir: "cli/internal/command", src: imports("localchat/cli/internal/stream")},
		{dir: "cli/internal/desktop", src: imports("localchat/cli/internal/notify"), ok: true},
		{dir: "cli/internal/desktop", src: imports("localchat/cli/internal/render")},
		{dir: "cli/internal/notify", src: imports("localchat/cli/internal/render"), ok: true},
		{dir: "cli/internal/notify", src: imports("localchat/cli/internal/command")},
		{dir: "cli/internal/notify", src: uses("time", "Now")},
		{dir: "cli/internal/share", src: imports("localchat/cli/internal/safe"), ok: true},
		{dir: "cli/internal/share", src: imports("localchat/node")},
		{dir: "cli/internal/tui", src: imports("localchat/cli/internal/share")},
		{dir: "cli/internal/command", src: imports("charm.land/bubbletea/v2")},
		{dir: "cli/internal/tui", src: imports("charm.land/bubbletea/v2"), ok: true},
		{dir: "cli/internal/tui", src: imports("localchat/cli/internal/plain")},
		{dir: "cli/internal/plain", src: imports("localchat/cli/internal/tui")},
		{dir: "cli/internal/plain", src: imports("charm.land/bubbletea/v2")},
		{dir: "cli", src: imports("charm.land/bubbletea/v2")},
		{dir: "cli/internal/doctor", src: imports("localchat/discovery"), ok: true},
		{dir: "cli/internal/doctor", src: imports("localchat/cli/internal/rpc")},
		{dir: "cli/internal/rpc", src: imports("github.com/creachadair/jrpc2"), ok: true},
		{dir: "cli/internal/rpc", src: imports("localchat/cli/internal/render")},
		{dir: "cli/internal/command", src: imports("github.com/creachadair/jrpc2")},
		{dir: "cli", src: imports("github.com/creachadair/jrpc2")},
		{dir: "cli/internal/attach", src: imports("localchat/node")},
		{dir: "cli/internal/attach", src: imports("localchat/internal/private"), ok: true},
		{dir: "cli/internal/fail", src: imports("localchat/cli/internal/stream")},
		{dir: "cli/internal/stream", src: imports("localchat/cli/internal/safe")},
		{dir: "cli/internal/safe", src: imports("github.com/spf13/cobra")},
		{dir: "node", src: imports("localchat/authority"), ok: true},
		{dir: "node", src: imports("localchat/discovery")},
		{dir: "node", src: imports("localchat/cli")},
		{dir: "node", src: uses("fmt", "Errorf"), ok: true},
		{dir: "node", src: uses("fmt", "Println")},
		{dir: "node", src: uses("os", "Stdout")},
		{dir: "node", src: goes, ok: true},
		{dir: "node", src: imports("localchat/node/internal/fault"), ok: true},
		{dir: "cli", src: imports("localchat/node/internal/fault")},
		{dir: "node/internal/fault", src: imports("localchat/authority"), ok: true},
		{dir: "node/internal/fault", src: imports("localchat/node")},
		{dir: "node/internal/fault", src: uses("time", "Now")},
		{dir: "node/internal/fault", src: goes},
		{dir: "node", src: imports("go.etcd.io/bbolt"), test: true},
		{dir: "node/internal/store", src: imports("go.etcd.io/bbolt"), ok: true},
		{dir: "node/internal/store", src: imports("localchat/node/internal/fault"), ok: true},
		{dir: "node/internal/store", src: imports("localchat/node")},
		{dir: "node/internal/lan", src: imports("localchat/internal/onlink"), ok: true},
		{dir: "node/internal/lan", src: imports("localchat/authority")},
		{dir: "node/internal/lan", src: imports("github.com/libp2p/go-libp2p-pubsub")},
		{dir: "node/internal/store", src: goes},
		{dir: "node", src: imports("github.com/libp2p/go-libp2p-pubsub")},
		{dir: "node/internal/gossip", src: imports("github.com/libp2p/go-libp2p-pubsub"), ok: true},
		{dir: "node/internal/gossip", src: imports("localchat/node/internal/transcript"), ok: true},
		{dir: "node/internal/gossip", src: imports("localchat/node")},
		{dir: "node/internal/gossip", src: imports("localchat/node/internal/store")},
		{dir: "node/internal/gossip", src: goes},
		{dir: "node", src: imports("localchat/" + roomTest)},
		{dir: "node", src: imports("localchat/" + roomTest), test: true, ok: true},
		{dir: "node/internal/transcript", src: imports("localchat/" + roomTest)},
		{dir: "node/internal/transcript", src: imports("localchat/" + roomTest), test: true, ok: true},
		{dir: "node/internal/clock", src: imports("golang.org/x/sys/unix"), ok: true},
		{dir: "node/internal/clock", src: imports("localchat/protocol")},
		{dir: "node/internal/ratelimit", src: imports("golang.org/x/time/rate"), ok: true},
		{dir: "node/internal/ratelimit", src: imports("localchat/protocol")},
		{dir: "node/internal/ratelimit", src: uses("time", "Now")},
		{dir: "protocol", src: imports("localchat/protocol/internal/pb"), ok: true},
		{dir: "protocol", src: imports("localchat/authority")},
		{dir: "discovery", src: imports(libp2p + "/core/peer"), ok: true},
		{dir: "discovery", src: imports("localchat/internal/onlink"), ok: true},
		{dir: "discovery", src: imports(libp2p)},
		{dir: "internal/onlink", src: imports("localchat/discovery")},
		{dir: "discovery", src: imports(libp2p + "/core/host")},
		{dir: "discovery", src: imports("github.com/libp2p/go-libp2p-pubsub"), test: true},
		{dir: "discovery", src: imports("localchat/protocol")},
		{dir: "discovery", src: uses("os", "Stderr")},
		{dir: "authority", src: imports("localchat/protocol"), ok: true},
		{dir: "authority", src: imports("localchat/node")},
		{dir: "test/lan", src: imports("localchat/node"), test: true},
		{dir: "test/lan", src: imports("localchat/test/hostile"), test: true, ok: true},
		{dir: "test/compare", src: imports("localchat/protocol"), ok: true},
		{dir: "test/compare", src: imports("localchat/authority")},
		{dir: "discovery", src: imports("localchat/" + netns)},
		{dir: "discovery", src: imports("localchat/" + netns), test: true, ok: true},
		{dir: "test/driver", src: imports("localchat/node")},
		{dir: "test/netns", src: imports("localchat/test/driver")},
		{dir: "test/lan", src: imports("localchat/test/driver"), test: true, ok: true},
		{dir: "node", src: imports("localchat/test/compare"), test: true},
		{dir: "node", src: imports("localchat/test/hostile")},
		{dir: "node", src: imports("localchat/test/hostile"), test: true, ok: true},
		{dir: "cli", src: imports("localchat/test/hostile"), test: true},
		{dir: "test/hostile", src: imports("localchat/node")},
		{dir: "utils", src: "package utils"},
	}
	for _, dir := range []string{"authority", "protocol"} {
		for _, name := range clock {
			tests = append(tests, bite(dir, uses("time", name))...)
		}
		for _, p := range []string{"net", "net/netip", "log", "log/slog", "math/rand", "math/rand/v2", "crypto/rand", "os", "os/exec"} {
			tests = append(tests, bite(dir, imports(p))...)
		}
		tests = append(tests, bite(dir, goes)...)
	}
	for _, test := range tests {
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, "x.go", test.src, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		if got := breaches(fset, test.dir, f, test.test); (len(got) == 0) != test.ok {
			t.Errorf("in %s (test file: %v), allowed: %v, want %v:\n%s\n%v", test.dir, test.test, len(got) == 0, test.ok, test.src, got)
		}
	}
}

// A sample is a file of package folder dir, and whether the law allows it.
type sample struct {
	dir, src string
	test, ok bool
}

// bite returns src as a file of the package, where it is forbidden, and as a test file, where it is allowed.
func bite(dir, src string) []sample {
	return []sample{{dir: dir, src: src}, {dir: dir, src: src, test: true, ok: true}}
}
