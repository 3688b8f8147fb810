package main

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
)

// hubEnv makes this program run as the hub instead.
const hubEnv = "COMPARE_HUB"

func init() {
	if os.Getenv(hubEnv) != "" {
		fmt.Fprintln(os.Stderr, "hub:", beHub())
		os.Exit(1)
	}
}

// beHub is the simplest possible chat server: it copies each line of one connection to all others. It prints the
// address at which it listens.
func beHub() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(listener.Addr())
	var mu sync.Mutex
	members := map[net.Conn]bool{}
	for {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		mu.Lock()
		members[conn] = true
		mu.Unlock()
		_, _ = conn.Write([]byte("in\n")) // its reader meets the same error
		go func() {
			in := bufio.NewReader(conn)
			for {
				line, err := in.ReadSlice('\n')
				mu.Lock()
				if err != nil {
					delete(members, conn)
					mu.Unlock()
					conn.Close()
					return
				}
				for m := range members {
					if m != conn {
						_, _ = m.Write(line) // the reader of an ended connection notices
					}
				}
				mu.Unlock()
			}
		}()
	}
}

// hubRoom is a room of members around a hub.
type hubRoom struct{ wired }

func openHub(n int, e ear) (opened, error) {
	self, err := os.Executable()
	if err != nil {
		return opened{}, err
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), hubEnv+"=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		return opened{}, err
	}
	s, err := startServer(cmd)
	if err != nil {
		return opened{}, err
	}
	r := &hubRoom{wired{server: s}}
	addr, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		r.close()
		return opened{}, fmt.Errorf("hub: %w", err)
	}
	for i := range n {
		conn, err := net.Dial("tcp", strings.TrimSpace(addr))
		if err != nil {
			r.close()
			return opened{}, err
		}
		r.conns = append(r.conns, conn)
		in := bufio.NewScanner(conn)
		if !in.Scan() {
			r.close()
			return opened{}, fmt.Errorf("hub: %v", in.Err())
		}
		go func() {
			for in.Scan() {
				e.line(i, in.Text(), false)
			}
		}()
	}
	return opened{r, s.pid()}, nil
}

func (r *hubRoom) say(member int, text string) error {
	_, err := r.conns[member].Write([]byte(text + "\n"))
	return err
}
