package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// mumbleConfig returns a configuration of murmurd, Mumble's server, without limits. It speaks TLS and nothing else.
func mumbleConfig(s setting) string {
	return fmt.Sprintf(`database=%[1]s/murmur.sqlite
logfile=%[1]s/murmur.log
pidfile=
host=127.0.0.1
port=%[2]d
sslCert=%[1]s/cert.pem
sslKey=%[1]s/key.pem
users=1000
messagelimit=1000000
messageburst=1000000
autobanAttempts=0
bonjour=false
allowping=false
registerName=
welcometext=
`, s.dir, s.port)
}

// Messages of Mumble's protocol, by number.
const (
	mumbleVersion    = 0
	mumbleLogin      = 2
	mumblePing       = 3
	mumbleReject     = 4
	mumbleSync       = 5
	mumbleUserRemove = 8
	mumbleUserState  = 9
	mumbleText       = 11
)

const mumblePassword = "compare"

// mumbleRoom is the first channel of a server.
type mumbleRoom struct {
	server *server
	addr   string
	ear    ear
	// members are the connections; back replaces one.
	members []*mumbleClient
}

// A mumbleClient is one connection.
type mumbleClient struct {
	conn    net.Conn
	number  int
	session uint64
	in      *bufio.Reader
	write   sync.Mutex
	// names are the members by their sessions, as this one has heard of them. Its reader uses it.
	names map[uint64]int
	over  chan struct{} // closed when the server has ended the connection
}

func openMumble(n int, e ear) (opened, error) {
	s, addr, err := serve(mumbleConfig, "murmurd", "-fg", "-ini", "CONFIG")
	if err != nil {
		return opened{}, err
	}
	// SuperUser alone may kick. Its password is in the database, which the server has now made.
	if out, err := exec.Command("murmurd", "-ini", filepath.Join(s.dir, configFile), "-supw", mumblePassword).CombinedOutput(); err != nil {
		s.stop()
		return opened{}, fmt.Errorf("murmurd -supw: %w: %s", err, out)
	}
	r := &mumbleRoom{server: s, addr: addr, ear: e, members: make([]*mumbleClient, n)}
	for i := range n {
		if err := r.back(i); err != nil {
			r.close()
			return opened{}, err
		}
	}
	return opened{r, s.pid()}, nil
}

// back connects a member, and waits for the end of an earlier connection of it.
func (r *mumbleRoom) back(member int) error {
	if old := r.members[member]; old != nil {
		select {
		case <-old.over:
		case <-time.After(patience):
			return errors.New("murmurd does not end the connection of a user that was kicked")
		}
	}
	conn, err := dial(r.addr, true)
	if err != nil {
		return err
	}
	c := &mumbleClient{conn: conn, number: member, in: bufio.NewReader(conn), names: map[uint64]int{}, over: make(chan struct{})}
	r.members[member] = c
	login := mumbleString(nil, 1, memberName(member))
	if member == 0 {
		login = mumbleString(mumbleString(nil, 1, "SuperUser"), 2, mumblePassword)
	}
	err = errors.Join(c.send(mumbleVersion, mumbleNumber(nil, 1, 1<<16|3<<8)), c.send(mumbleLogin, mumbleNumber(login, 5, 1)))
	for err == nil && c.session == 0 {
		err = c.next(ear{})
	}
	if err != nil {
		return err
	}
	go c.read(r.ear)
	return nil
}

func mumbleNumber(b []byte, field protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.VarintType), v)
}

func mumbleString(b []byte, field protowire.Number, s string) []byte {
	return protowire.AppendString(protowire.AppendTag(b, field, protowire.BytesType), s)
}

func (c *mumbleClient) send(kind uint16, body []byte) error {
	m := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint16(nil, kind), uint32(len(body)))
	c.write.Lock()
	defer c.write.Unlock()
	_, err := c.conn.Write(append(m, body...))
	return err
}

// read reports what the server sends until the connection ends. A server drops a client that says nothing for 30 s.
func (c *mumbleClient) read(e ear) {
	ping := time.NewTicker(10 * time.Second)
	go func() {
		for {
			select {
			case <-ping.C:
				_ = c.send(mumblePing, nil) // next notices the end of the connection
			case <-c.over:
				return
			}
		}
	}()
	defer func() { ping.Stop(); c.conn.Close(); close(c.over) }()
	for c.next(e) == nil {
	}
}

// next takes one message of the server's.
func (c *mumbleClient) next(e ear) error {
	var head [6]byte
	if _, err := io.ReadFull(c.in, head[:]); err != nil {
		return err
	}
	body := make([]byte, binary.BigEndian.Uint32(head[2:]))
	if _, err := io.ReadFull(c.in, body); err != nil {
		return err
	}
	numbers, texts, err := mumbleFields(body)
	if err != nil {
		return err
	}
	switch binary.BigEndian.Uint16(head[:]) {
	case mumbleReject:
		return fmt.Errorf("murmurd rejects %s: %s", memberName(c.number), texts[2])
	case mumbleSync:
		c.session = numbers[1]
	case mumbleUserState:
		var member int
		if _, err := fmt.Sscanf(texts[3], "m%d", &member); err == nil {
			c.names[numbers[1]] = member
		}
	case mumbleText:
		if numbers[1] != c.session {
			e.line(c.number, texts[5], false)
		}
	case mumbleUserRemove:
		if target, known := c.names[numbers[1]]; known && texts[3] != "" { // with a reason: a kick, and no end of a connection
			e.removed(c.number, target)
		}
	}
	return nil
}

// mumbleFields returns the last value of each field of a message.
func mumbleFields(body []byte) (numbers map[protowire.Number]uint64, texts map[protowire.Number]string, err error) {
	numbers, texts = map[protowire.Number]uint64{}, map[protowire.Number]string{}
	for len(body) > 0 {
		field, kind, n := protowire.ConsumeTag(body)
		if n < 0 {
			return nil, nil, protowire.ParseError(n)
		}
		body = body[n:]
		switch kind {
		case protowire.VarintType:
			numbers[field], n = protowire.ConsumeVarint(body)
		case protowire.BytesType:
			var v []byte
			v, n = protowire.ConsumeBytes(body)
			texts[field] = string(v)
		default:
			n = protowire.ConsumeFieldValue(field, kind, body)
		}
		if n < 0 {
			return nil, nil, protowire.ParseError(n)
		}
		body = body[n:]
	}
	return numbers, texts, nil
}

func (r *mumbleRoom) say(member int, text string) error {
	return r.members[member].send(mumbleText, mumbleString(mumbleNumber(nil, 3, 0), 5, text))
}

func (r *mumbleRoom) kick(member int) error {
	return r.members[0].send(mumbleUserRemove, mumbleString(mumbleNumber(nil, 1, r.members[member].session), 3, "too loud"))
}

func (r *mumbleRoom) close() {
	for _, c := range r.members {
		if c != nil {
			c.conn.Close()
		}
	}
	r.server.stop()
}
