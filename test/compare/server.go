package main

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A server is a running process of a contender's.
type server struct {
	cmd  *exec.Cmd
	dir  string // of its files; "" if it has none
	said bytes.Buffer
}

// startServer starts cmd, so that it ends with this program at the latest.
func startServer(cmd *exec.Cmd) (*server, error) {
	s := &server{cmd: cmd}
	cmd.Stderr = &s.said
	if cmd.Stdout == nil {
		cmd.Stdout = &s.said
	}
	cmd.SysProcAttr = endsWithUs()
	return s, cmd.Start()
}

// A setting is what a server's configuration is made from: the port of 127.0.0.1 at which it must listen, and the folder of
// its files, in which cert.pem and key.pem are.
type setting struct {
	port int
	dir  string
}

// configFile is the name of every server's configuration. Prosody reads no file with another ending.
const configFile = "config.lua"

// serve starts an installed program with a configuration file, and returns when it listens. In an argument, CONFIG is the
// name of the file.
func serve(config func(setting) string, program string, args ...string) (s *server, addr string, err error) {
	bin, err := exec.LookPath(program)
	if err != nil {
		return nil, "", fmt.Errorf("%w (Debian: apt-get install %s)", err, program)
	}
	port, err := freePort()
	if err != nil {
		return nil, "", err
	}
	dir, err := os.MkdirTemp("", "compare-"+program+"-")
	if err != nil {
		return nil, "", err
	}
	file := filepath.Join(dir, configFile)
	for i, a := range args {
		args[i] = strings.ReplaceAll(a, "CONFIG", file)
	}
	// The servers give up root, and read and write the files as another user.
	err = os.Chmod(dir, 0o777)
	if err == nil {
		err = writeCertificate(dir)
	}
	if err == nil {
		err = os.WriteFile(file, []byte(config(setting{port, dir})), 0o644)
	}
	if err == nil {
		s, err = startServer(exec.Command(bin, args...))
	}
	if err != nil {
		os.RemoveAll(dir)
		return nil, "", err
	}
	s.dir = dir
	addr = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			conn.Close()
			return s, addr, nil
		}
		if time.Now().After(deadline) {
			s.stop()
			return nil, "", fmt.Errorf("%s does not listen: %w\n%s", program, err, s.said.String())
		}
	}
}

// freePort finds a port that nothing uses, below those that Linux gives to connections: the server takes it some time later.
func freePort() (int, error) {
	for {
		port := 10_000 + rand.IntN(20_000)
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if errors.Is(err, syscall.EADDRINUSE) {
			continue
		}
		if err != nil {
			return 0, err
		}
		return port, l.Close()
	}
}

func (s *server) pid() int { return s.cmd.Process.Pid }

func (s *server) stop() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait() // it was killed
	if s.dir != "" {
		os.RemoveAll(s.dir)
	}
}

// wired is the common part of rooms that are connections to a server, and in which nobody can be removed.
type wired struct {
	server *server
	conns  []net.Conn
}

var errNoKick = errors.New("nobody can be removed here")

func (w *wired) kick(int) error { return errNoKick }
func (w *wired) back(int) error { return errNoKick }

func (w *wired) close() {
	for _, c := range w.conns {
		c.Close()
	}
	w.server.stop()
}
