package main_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "localchat"

// A law says which packages one package may import. The shape of the program (main → cli → node → authority → protocol,
// with discovery beside it) lasts only as long as a test keeps it. Every law carries its reason, which a failure prints.
type law struct {
	// ours are the packages of this module that may be imported.
	ours []string
	// tests are the packages that only test files may import.
	tests []string
	why   string
	bans  []ban
}

// A ban forbids an import (a path, or everything under it) or, if it has names, the use of those names from it.
// The empty path with the name "go" is the go statement.
type ban struct {
	path   string
	names  []string
	except []string
	why    string
	// tests is set if the ban holds for test files too.
	tests bool
}

var clock = []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick"}

// pure holds the bans of a package whose results depend on its arguments alone.
var pure = []ban{
	{path: "time", names: clock, why: "time enters as an argument: the same code runs in simulated time and under exhaustive search"},
	{names: []string{"go"}, why: "no goroutine: node's loop is the only thing that happens at the same time as anything"},
	{path: "net", why: "no network: node carries out what is decided here"},
	{path: "log", why: "no log: what happened is in the result"},
	{path: "math/rand", why: "randomness enters as an io.Reader"},
	{path: "crypto/rand", why: "randomness enters as an io.Reader"},
	{path: "os", why: "no files and no environment: node owns what is on disk"},
}

var laws = map[string]law{
	".":   {ours: []string{"cli"}, why: "main.go is a few lines; the program begins in cli"},
	"cli": {ours: []string{"node", "discovery", "internal/private"}, tests: []string{driver}, why: "cli shows what node says; what it wants to know, an event or a result of node tells", bans: cliBans},
	"node": {ours: []string{"authority", "protocol", "internal/onlink", "internal/private"}, tests: []string{hostilePeer}, why: "node acts on what authority decides, meets discovery through its own interface, and does not know which face looks at it", bans: append([]ban{
		{path: "github.com/libp2p/go-libp2p-pubsub", why: "gossip alone knows pubsub"},
	}, nodeBans...)},
	"protocol": {ours: nil, why: "protocol is a leaf: the wire formats know no sender", bans: pure},
	"cli/internal/safe": {
		ours: nil, bans: roomBans(),
		why: "safe is a leaf: what may stand on a screen depends on nothing but the text",
	},
	"cli/internal/fail": {
		ours: []string{"node", "cli/internal/hint"}, bans: roomBans(),
		why: "fail gives what node says an exit code, and shows it to nobody",
	},
	"cli/internal/hint": {
		ours: []string{"node"}, bans: roomBans(),
		why: "hint puts into words what node gives a reason for, and shows it to nobody",
	},
	"cli/internal/stream": {
		ours: []string{"cli/internal/fail"}, bans: roomBans(),
		why: "stream carries bytes, and does not know what they say",
	},
	"node/internal/transcript": {
		ours: []string{"authority", "protocol"}, tests: []string{roomTest}, bans: pure,
		why: "transcript decides over values which lines of a room count and are missing; node sends, waits and tells",
	},
	"cli/internal/render": {
		ours: []string{"cli/internal/fail", "cli/internal/hint", "cli/internal/safe", "cli/internal/stream", "node"}, tests: []string{cliTest}, bans: roomBans(),
		why: "render puts what node says into words, and knows no command and no face",
	},
	"cli/internal/desktop": {
		ours: []string{"cli/internal/notify", "node"}, tests: []string{cliTest}, bans: roomBans(),
		why: "desktop shows what notify has put into words, and asks a node for nothing",
	},
	"cli/internal/notify": {
		ours: []string{"cli/internal/render", "cli/internal/safe", "node"}, tests: []string{cliTest}, bans: append([]ban{
			{path: "time", names: clock, why: "time enters as an argument"},
			{names: []string{"go"}, why: "no goroutine: a face carries out what is decided here"},
		}, roomBans()...),
		why: "notify decides what calls a person; how a face does it is the face's",
	},
	"cli/internal/share": {
		ours: []string{"cli/internal/safe", "internal/onlink"}, bans: roomBans(),
		why: "share answers strangers: it has values that were given to it, and no way to a node",
	},
	"cli/internal/web": {
		ours: nil, tests: []string{driver}, bans: roomBans("github.com/coder/websocket"),
		why: "web judges which browser may come in and carries its messages, and knows neither a node nor what is said to it",
	},
	"cli/internal/command": {
		ours: []string{"cli/internal/fail", "cli/internal/notify", "cli/internal/render", "cli/internal/safe", "cli/internal/share", "node"}, tests: []string{cliTest}, bans: roomBans(),
		why: "a command does what it does for every face alike, and knows none of them",
	},
	"cli/internal/plain": {
		ours: []string{"cli/internal/command", "cli/internal/fail", "cli/internal/notify", "cli/internal/render", "cli/internal/safe", "cli/internal/stream", "node"}, tests: []string{cliTest}, bans: roomBans(),
		why: "the plain console prints what commands and events say, and shares nothing with the full screen",
	},
	"cli/internal/tui": {
		ours: []string{"cli/internal/command", "cli/internal/fail", "cli/internal/notify", "cli/internal/render", "cli/internal/safe", "cli/internal/stream", "node"}, tests: []string{cliTest, rpcTest}, bans: roomBans("charm.land/bubbletea", "charm.land/bubbles"),
		why: "the full screen shows what commands and events say, and shares nothing with the plain console",
	},
	"cli/internal/doctor": {
		ours: []string{"cli/internal/command", "cli/internal/fail", "cli/internal/render", "cli/internal/safe", "discovery", "internal/neterr", "node"}, tests: []string{cliTest}, bans: roomBans(),
		why: "doctor asks the network and a node of its own; who asks doctor is not its business",
	},
	"cli/internal/rpc": {
		ours: []string{"cli/internal/command", "cli/internal/fail", "cli/internal/hint", "cli/internal/safe", "cli/internal/stream", "node"}, tests: []string{cliTest, "cli/internal/render"}, bans: roomBans("github.com/creachadair/jrpc2"),
		why: "JSON-RPC carries what node says exactly, and takes its hints from hint",
	},
	"cli/internal/attach": {
		ours: []string{"internal/private"}, tests: []string{driver}, bans: roomBans(),
		why: "attach brings two processes of one user together, and does not know what they say",
	},
	"cli/internal/background": {
		ours: []string{"internal/private"}, bans: roomBans(),
		why: "background asks the system for a process without a person, and does not know what runs there",
	},
	rpcTest: {ours: []string{cliTest, "cli/internal/command", "cli/internal/rpc", "node"}, bans: roomBans(), why: "rpctest stands between a face and its node, and does not know what is tested with it"},
	cliTest: {ours: []string{"node"}, bans: roomBans(), why: "clitest stands in for node, and does not know what is tested with it"},
	"protocol/internal/pb": {
		ours: nil, why: "generated code imports none of our packages",
	},
	"authority":        {ours: []string{"protocol"}, why: "authority decides over values of the wire and nothing else", bans: pure},
	"internal/private": {ours: nil, why: "private is a leaf: it looks at files, and does not know what is in them"},
	"discovery":        {ours: []string{"internal/neterr", "internal/onlink", "internal/private"}, tests: []string{netns}, why: "discovery hints at addresses and knows nothing of rooms", bans: discoveryBans},
	"internal/neterr":  {ours: nil, why: "neterr is a leaf: what an error of the system means does not depend on what was tried"},
	"internal/onlink":  {ours: nil, why: "onlink is a leaf: which networks this machine is on does not depend on the peers there"},
	hostilePeer: {
		ours: []string{"authority", "protocol"}, bans: nodeBans,
		why: "the hostile peer knows the wire and the law, and nothing of node: it does what an honest node would never do",
	},
	hostilePeer + "/cmd": {ours: []string{hostilePeer}, why: "the hostile peer as a process, for the tests between hosts"},
	"node/internal/fault": {
		ours: []string{"authority", "protocol"}, bans: faultBans,
		why: "fault puts into a sentence what the law and the wire refuse, and knows nothing that runs",
	},
	"node/internal/gossip": {
		ours: []string{"authority", "protocol", "node/internal/lan", "node/internal/ratelimit", "node/internal/transcript"}, tests: []string{roomTest, hostilePeer}, bans: append([]ban{
			{names: []string{"go"}, why: "no goroutine: node starts and counts them, but for pubsub's own"},
		}, nodeBans...),
		why: "gossip judges what comes and hands it over; node decides what is said and follows from it",
	},
	"node/internal/lan": {
		ours: []string{"protocol", "internal/onlink"}, bans: lanBans,
		why: "lan connects machines, and knows of rooms only how large one can be",
	},
	"node/internal/clock": {
		ours: nil, bans: append([]ban{{path: "github.com/libp2p", why: "clock is about this machine alone"}}, noPrint...),
		why: "clock is a leaf: the time does not depend on a node",
	},
	"node/internal/ratelimit": {
		ours: nil, bans: append([]ban{
			{path: "time", names: clock, why: "time enters as an argument"},
			{path: "github.com/libp2p", why: "ratelimit counts keys, whatever they name"},
		}, noPrint...),
		why: "ratelimit is a leaf: a rate and a burst depend on nothing else of a node",
	},
	roomTest: {ours: []string{"authority", "protocol"}, bans: noPrint, why: "roomtest makes rooms of the law and the wire alone, and does not know what is tested with them"},
	"node/internal/store": {
		ours: []string{"authority", "protocol", "internal/private", "node/internal/fault"}, bans: storeBans,
		why: "store keeps values of the law and the wire on disk, and decides nothing",
	},
	"test/release": {why: "release makes archives of the built program, and knows it from outside"},
	"test/lan":     {tests: []string{driver, netns, hostilePeer}, why: "the tests between hosts drive the built program from outside, and know the wire only by the hostile peer"},
	"test/web":     {tests: []string{driver, netns}, why: "the tests of the page drive the built program and a browser from outside"},
	driver:         {ours: nil, bans: nodeBans, why: "the driver meets the program as any other program does: by its command line and JSON-RPC"},
	netns:          {ours: nil, bans: nodeBans, why: "a network of namespaces does not know which programs run on it"},
	"test/compare": {ours: []string{driver, "node", "protocol"}, why: "compare measures nodes from outside, and polls over the wire; nobody imports it: it is a command of its own"},
}

// Packages that only tests, and the command compare, import.
const (
	hostilePeer = "test/hostile"
	driver      = "test/driver"
	netns       = "test/netns"
)

// roomTest is a package that only the tests of node, and of what is inside it, import.
const roomTest = "node/internal/roomtest"

// cliTest and rpcTest are packages that only the tests of the faces import.
const (
	cliTest = "cli/internal/clitest"
	rpcTest = "cli/internal/rpc/rpctest"
)

var cliBans = []ban{{
	path: module + "/" + cliTest, why: "the product has no part that stands in for node",
}, {
	path: module + "/" + rpcTest, why: "the product has no part that stands in for node",
}, {
	path: "github.com/creachadair/jrpc2", why: "the JSON-RPC face alone knows its library",
}, {
	path: "github.com/coder/websocket", why: "the page alone knows its library",
}, {
	path: "charm.land", why: "the consoles alone know how a screen is drawn",
}, {
	path: "github.com/libp2p", except: []string{"github.com/libp2p/go-libp2p/gologshim"}, tests: true,
	why: "a face speaks to node alone; only libp2p's log is caught here, so that it cannot tear a screen",
}}

// roomBans returns the bans of a package inside cli, without those of its own libraries.
func roomBans(its ...string) []ban {
	var bans []ban
	for _, b := range []ban{
		{path: "github.com/libp2p", tests: true, why: "the person's face speaks to node alone"},
		{path: "github.com/spf13", why: "cli alone knows the command line"},
		{path: "charm.land/bubbletea", why: "the full-screen console alone knows the library that runs it"},
		{path: "charm.land/bubbles", why: "the full-screen console alone knows the library of its input"},
		{path: "github.com/creachadair/jrpc2", why: "the JSON-RPC face alone knows its library"},
		{path: "github.com/coder/websocket", why: "the page alone knows its library"},
	} {
		if !slices.Contains(its, b.path) {
			bans = append(bans, b)
		}
	}
	return bans
}

// noPrint are the bans of every package below the faces.
var noPrint = []ban{
	{path: "fmt", names: []string{"Print", "Printf", "Println"}, why: "standard output belongs to the faces, and in rpc one stray line breaks the reader"},
	{path: "os", names: []string{"Stdout", "Stderr"}, why: "standard output and error belong to the faces"},
}

var nodeBans = append([]ban{
	{path: "go.etcd.io/bbolt", tests: true, why: "store alone knows the file"},
	{path: module + "/" + roomTest, why: "the product has no room that is only a test's"},
}, noPrint...)

var faultBans = append([]ban{
	{path: "time", names: clock, why: "no clock: fault says what has happened"},
	{names: []string{"go"}, why: "no goroutine: fault waits for nothing"},
}, noPrint...)

var lanBans = append([]ban{
	{path: "github.com/libp2p/go-libp2p-pubsub", why: "lan knows nothing of what is said"},
}, noPrint...)

var storeBans = append([]ban{
	{names: []string{"go"}, why: "no goroutine: a change is on the disk when the method returns"},
	{path: "net", why: "no network: store looks at files"},
}, noPrint...)

var discoveryBans = []ban{
	{path: "github.com/libp2p/go-libp2p", except: []string{"github.com/libp2p/go-libp2p/core/peer"}, why: "discovery never dials: of libp2p it knows the name of a peer and no host"},
	{path: "github.com/libp2p/go-libp2p-pubsub", why: "discovery knows nothing of rooms", tests: true},
	{path: "fmt", names: []string{"Print", "Printf", "Println"}, why: "discovery never writes to the terminal"},
	{path: "os", names: []string{"Stdout", "Stderr"}, why: "discovery never writes to the terminal"},
}

// TestLaws keeps the shape that docs/design.md, "The packages", shows.
func TestLaws(t *testing.T) {
	fset := token.NewFileSet()
	for _, name := range sources(t) {
		f, err := parser.ParseFile(fset, name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Error(err)
			continue
		}
		for _, breach := range breaches(fset, path.Dir(name), f, strings.HasSuffix(name, "_test.go")) {
			t.Error(breach)
		}
	}
}

// breaches lists the ways in which f, a file of package folder dir, breaks the law of that folder.
func breaches(fset *token.FileSet, dir string, f *ast.File, test bool) []string {
	rule, known := laws[dir]
	if !known {
		return []string{dir + ": a folder without a law: say in deps_test.go what it may import, and why it is there"}
	}
	var found []string
	report := func(n ast.Node, what, why string) {
		found = append(found, fmt.Sprintf("%s: %s: %s", fset.Position(n.Pos()), what, why))
	}
	local := map[string]string{} // the name in this file → the import path
	for _, spec := range f.Imports {
		p, _ := strconv.Unquote(spec.Path.Value)
		local[localName(spec, p)] = p
		if ours, ok := strings.CutPrefix(p, module+"/"); ok && !mayImport(dir, ours, rule, test) {
			report(spec, "imports "+p, rule.why)
		}
		for _, b := range rule.bans {
			if b.names == nil && (!test || b.tests) && under(p, b.path) && !slices.Contains(b.except, p) {
				report(spec, "imports "+p, b.why)
			}
		}
	}
	if test {
		return found
	}
	ast.Inspect(f, func(n ast.Node) bool {
		from, name := use(n, local)
		for _, b := range rule.bans {
			if name != "" && from == b.path && slices.Contains(b.names, name) {
				report(n, "uses "+strings.TrimPrefix(from+"."+name, "."), b.why)
			}
		}
		return true
	})
	return found
}

// mayImport reports whether folder dir may import our package pkg: its own (from an external test), one inside it, or one that its
// law lists.
func mayImport(dir, pkg string, rule law, test bool) bool {
	return test && slices.Contains(rule.tests, pkg) || pkg == dir || under(pkg, dir+"/internal") || slices.Contains(rule.ours, pkg)
}

// use returns the package and the name that a node of the tree uses, if a ban can name it.
func use(n ast.Node, local map[string]string) (from, name string) {
	switch n := n.(type) {
	case *ast.GoStmt:
		return "", "go"
	case *ast.SelectorExpr:
		if x, ok := n.X.(*ast.Ident); ok && local[x.Name] != "" {
			return local[x.Name], n.Sel.Name
		}
	}
	return "", ""
}

func localName(spec *ast.ImportSpec, p string) string {
	if spec.Name != nil {
		return spec.Name.Name
	}
	return path.Base(p)
}

// under reports whether p is root or lies beneath it.
func under(p, root string) bool { return p == root || strings.HasPrefix(p, root+"/") }
