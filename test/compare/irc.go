package main

import (
	"bufio"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// ircConfig returns a configuration of ngircd without deliberate delays: no look-ups, limits on connections or penalties.
// Clients come by TLS if secure is set.
func ircConfig(s setting, secure bool) string {
	port, ssl := fmt.Sprintf("Ports = %d", s.port), ""
	if secure {
		port = ""
		ssl = fmt.Sprintf("[SSL]\nCertFile = %s\nKeyFile = %[1]s\nPorts = %d\n", filepath.Join(s.dir, "both.pem"), s.port)
	}
	return fmt.Sprintf(`[Global]
Name = irc.compare.example
Info = compare
AdminInfo1 = compare
Listen = 127.0.0.1
%s
[Limits]
MaxConnections = 0
MaxConnectionsIP = 0
MaxJoins = 0
MaxPenaltyTime = 0
PingTimeout = 3600
[Options]
DNS = no
Ident = no
PAM = no
%s`, port, ssl)
}

func startIRC(secure bool) (*server, string, error) {
	return serve(func(s setting) string { return ircConfig(s, secure) }, "ngircd", "-n", "-f", "CONFIG")
}

// ircRoom is a channel.
type ircRoom struct {
	server  *server
	clients []*ircClient
}

// An ircClient is one connection. The server's answers come on answers, one word each: the command or its number.
type ircClient struct {
	conn    net.Conn
	answers chan string
}

func openIRC(n int, e ear) (opened, error)    { return openIRCBy(false, n, e) }
func openIRCTLS(n int, e ear) (opened, error) { return openIRCBy(true, n, e) }

func openIRCBy(secure bool, n int, e ear) (opened, error) {
	s, addr, err := startIRC(secure)
	if err != nil {
		return opened{}, err
	}
	r := &ircRoom{server: s}
	for i := range n {
		c, err := dialIRC(addr, secure, i, e)
		if err == nil {
			r.clients = append(r.clients, c)
			err = c.ask("JOIN #lab", "366")
		}
		if err != nil {
			r.close()
			return opened{}, err
		}
	}
	return opened{r, s.pid()}, nil
}

func dialIRC(addr string, secure bool, member int, e ear) (*ircClient, error) {
	conn, err := dial(addr, secure)
	if err != nil {
		return nil, err
	}
	c := &ircClient{conn: conn, answers: make(chan string, 64)}
	go c.read(member, e)
	return c, c.ask(fmt.Sprintf("NICK %s\r\nUSER %[1]s 0 * :%[1]s", memberName(member)), "001")
}

func (c *ircClient) write(line string) error {
	_, err := c.conn.Write([]byte(line + "\r\n"))
	return err
}

// ask writes a line and waits for its answer.
func (c *ircClient) ask(line, answer string) error {
	if err := c.write(line); err != nil {
		return err
	}
	timeout := time.After(patience)
	for {
		select {
		case got, open := <-c.answers:
			if !open {
				return fmt.Errorf("ngircd ended the connection instead of answering %q", line)
			}
			if got == answer {
				return nil
			}
		case <-timeout:
			return fmt.Errorf("ngircd does not answer %q", line)
		}
	}
}

func (c *ircClient) read(member int, e ear) {
	defer close(c.answers)
	for in := bufio.NewScanner(c.conn); in.Scan(); {
		line := in.Text()
		if rest, ping := strings.CutPrefix(line, "PING "); ping {
			if c.write("PONG "+rest) != nil {
				return
			}
			continue
		}
		_, line, _ = strings.Cut(line, " ") // the sender
		word, rest, _ := strings.Cut(line, " ")
		switch word {
		case "PRIVMSG":
			_, text, _ := strings.Cut(rest, " :")
			e.line(member, text, false)
		case "KICK": // #lab NICK :reason
			target, err := strconv.Atoi(strings.Fields(rest)[1][1:])
			if err == nil {
				e.removed(member, target)
			}
		case "001", "366", "PONG":
			c.answers <- word
		}
	}
}

func (r *ircRoom) say(member int, text string) error {
	return r.clients[member].write("PRIVMSG #lab :" + text)
}

func (r *ircRoom) kick(member int) error {
	return r.clients[0].write("KICK #lab " + memberName(member) + " :too loud")
}

func (r *ircRoom) back(member int) error { return r.clients[member].ask("JOIN #lab", "366") }

func (r *ircRoom) close() {
	for _, c := range r.clients {
		c.conn.Close()
	}
	r.server.stop()
}
