package main

import (
	"fmt"
	"os"
	"os/exec"
	"time"

	"localchat/test/driver"
)

// nodeEnv names the environment variable with the path of the built program.
const nodeEnv = "COMPARE_NODE"

// rpcNode is a node in a process of its own.
type rpcNode struct {
	*driver.Process
	dir string
}

// startRPC starts a node of this program that listens at the given addresses and keeps nothing on disk.
func startRPC(listen []string, args ...string) (*rpcNode, error) {
	return startNode(os.Getenv(nodeEnv), listen, append([]string{"--ephemeral", "--nick", "process"}, args...)...)
}

// startNode starts a node of a built program. Its files are in a new folder.
func startNode(bin string, listen []string, args ...string) (*rpcNode, error) {
	if bin == "" {
		return nil, fmt.Errorf("%s does not name the program: test/compare/run sets it", nodeEnv)
	}
	args = append([]string{"rpc"}, args...)
	for _, addr := range listen {
		args = append(args, "--listen", addr)
	}
	dir, err := os.MkdirTemp("", "compare-node-")
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(bin, args...)
	cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_RUNTIME_DIR="+dir, "XDG_CONFIG_HOME="+dir, "XDG_DATA_HOME="+dir)
	cmd.SysProcAttr = endsWithUs()
	n, err := driver.Start(cmd)
	if err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	return &rpcNode{n, dir}, nil
}

// ask has the node run a method and reads the answer into result, which may be nil.
func (n *rpcNode) ask(method string, params driver.Obj, result any) error {
	return n.Do(patience, method, params, result)
}

// heard waits until it has heard all lines of a board.
func (n *rpcNode) heard(board, lines int) error {
	deadline := time.After(patience)
	for read := 0; ; {
		events, more := n.Events(read)
		read += len(events)
		for _, e := range events {
			if id, _, err := lineNumber(fmt.Sprint(e.Obj["text"])); e.Obj["type"] == "message" && err == nil && id == board {
				lines--
			}
		}
		if lines <= 0 {
			return nil
		}
		select {
		case <-more:
		case <-n.Exited:
			return fmt.Errorf("%w\n%s", driver.ErrEnded, n.Stderr())
		case <-deadline:
			return fmt.Errorf("%d lines are not heard", lines)
		}
	}
}

func (n *rpcNode) pid() int { return n.Cmd.Process.Pid }

func (n *rpcNode) stop() {
	n.Stop()
	os.RemoveAll(n.dir)
}
