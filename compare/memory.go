package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

// nodeEnv names the built program.
const nodeEnv = "LOCALCHAT_COMPARE_NODE"

// memory takes the resident set of a real process of ours: in no room, and then in a room whose other members are nodes of
// this process, when lines have been said there.
func memory(members, lines int) (map[string]float64, error) {
	dir, err := os.MkdirTemp("", "compare-node-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	var s switchboard
	o, err := openOurs(members-1, s.ear())
	if err != nil {
		return nil, err
	}
	defer o.close()
	r := o.room.(*ourRoom)
	p, err := startRPC(dir, "--listen", address(members)[0], "--listen", address(members)[1], "--peer", r.nodes[0].Info().Addrs[0])
	if err != nil {
		return nil, err
	}
	defer p.stop()
	if err := p.ask("node.info", nil); err != nil {
		return nil, err
	}
	time.Sleep(2 * time.Second) // a node that has just started is not idle
	idle, err := resident(p.pid())
	if err != nil {
		return nil, err
	}
	if err := p.ask("room.join", map[string]any{"room": r.room.String()}); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := r.agree(ctx); err != nil {
		return nil, err
	}
	b := newBoard(members-1, lines)
	s.board.Store(b)
	tick := time.NewTicker(time.Second / 20)
	defer tick.Stop()
	for i := range lines {
		<-tick.C
		if err := b.say(r, i%(members-1), i); err != nil {
			return nil, err
		}
	}
	if whole, err := b.await(lines, patience); err != nil {
		return nil, err
	} else if whole < lines {
		return nil, fmt.Errorf("not everybody has heard everything: %s", b.missing())
	}
	if err := p.heard(b.id, lines); err != nil {
		return nil, err
	}
	in, err := resident(p.pid())
	return map[string]float64{"no room": idle, "in room": in}, err
}

// rpcNode is a node in a process of its own.
type rpcNode struct {
	*server
	in  io.WriteCloser
	out *json.Decoder
	id  int
}

func startRPC(dir string, args ...string) (*rpcNode, error) {
	bin := os.Getenv(nodeEnv)
	if bin == "" {
		return nil, fmt.Errorf("%s does not name the program: compare/run sets it", nodeEnv)
	}
	cmd := exec.Command(bin, append([]string{"rpc", "--ephemeral", "--nick", "process"}, args...)...)
	cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_RUNTIME_DIR="+dir, "XDG_CONFIG_HOME="+dir, "XDG_DATA_HOME="+dir)
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	s, err := startServer(cmd)
	if err != nil {
		return nil, err
	}
	return &rpcNode{server: s, in: in, out: json.NewDecoder(bufio.NewReader(out))}, nil
}

// A rpcMessage is an event or an answer.
type rpcMessage struct {
	ID     int             `json:"id"`
	Error  json.RawMessage `json:"error"`
	Params struct {
		Type string `json:"type"`
		Text string `json:"text"`
	} `json:"params"`
}

// next reads until ok, or the end of the process.
func (n *rpcNode) next(what string, ok func(rpcMessage) bool) error {
	stuck := time.AfterFunc(patience, func() { _ = n.cmd.Process.Kill() })
	defer stuck.Stop()
	for {
		var m rpcMessage
		if err := n.out.Decode(&m); err != nil {
			return fmt.Errorf("localchat rpc, waiting for %s: %w\n%s", what, err, n.said.String())
		}
		if m.Error != nil {
			return fmt.Errorf("localchat rpc: %s: %s", what, m.Error)
		}
		if ok(m) {
			return nil
		}
	}
}

func (n *rpcNode) ask(method string, params map[string]any) error {
	n.id++
	request := map[string]any{"jsonrpc": "2.0", "id": n.id, "method": method}
	if params != nil {
		request["params"] = params
	}
	if err := json.NewEncoder(n.in).Encode(request); err != nil {
		return err
	}
	return n.next(method, func(m rpcMessage) bool { return m.ID == n.id })
}

// heard waits until it has heard all lines of a board.
func (n *rpcNode) heard(board, lines int) error {
	left := lines
	return n.next("lines", func(m rpcMessage) bool {
		if id, _, err := lineNumber(m.Params.Text); m.Params.Type == "message" && err == nil && id == board {
			left--
		}
		return left == 0
	})
}
