package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

// nodeEnv names the built program.
const nodeEnv = "COMPARE_NODE"

// rpcNode is a node in a process of its own.
type rpcNode struct {
	*server
	in  io.WriteCloser
	out *json.Decoder
	id  int
}

// startRPC starts a node that listens at the given addresses and keeps nothing on disk.
func startRPC(listen []string, args ...string) (*rpcNode, error) {
	bin := os.Getenv(nodeEnv)
	if bin == "" {
		return nil, fmt.Errorf("%s does not name the program: test/compare/run sets it", nodeEnv)
	}
	args = append([]string{"rpc", "--ephemeral", "--nick", "process"}, args...)
	for _, addr := range listen {
		args = append(args, "--listen", addr)
	}
	dir, err := os.MkdirTemp("", "compare-node-")
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(bin, args...)
	cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_RUNTIME_DIR="+dir, "XDG_CONFIG_HOME="+dir, "XDG_DATA_HOME="+dir)
	n := &rpcNode{}
	err = func() error {
		var err error
		if n.in, err = cmd.StdinPipe(); err != nil {
			return err
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			return err
		}
		n.out = json.NewDecoder(out)
		n.server, err = startServer(cmd)
		return err
	}()
	if err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	n.dir = dir
	return n, nil
}

// A rpcMessage is an event or an answer.
type rpcMessage struct {
	ID     int             `json:"id"`
	Result json.RawMessage `json:"result"`
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

// ask has the node do something and reads the answer into result, which may be nil.
func (n *rpcNode) ask(method string, params map[string]any, result any) error {
	n.id++
	request := map[string]any{"jsonrpc": "2.0", "id": n.id, "method": method}
	if params != nil {
		request["params"] = params
	}
	if err := json.NewEncoder(n.in).Encode(request); err != nil {
		return err
	}
	var answer json.RawMessage
	err := n.next(method, func(m rpcMessage) bool {
		answer = m.Result
		return m.ID == n.id
	})
	if err != nil || result == nil {
		return err
	}
	return json.Unmarshal(answer, result)
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
