package main

import (
	"encoding/xml"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"
)

const (
	roomsDomain = "rooms." + domain
	xmppRoom    = "lab@" + roomsDomain
)

// xmppConfig returns a configuration of Prosody with rooms (XEP-0045), to which clients come by TLS and without an account. Nothing
// is kept on disk, and nothing is limited.
func xmppConfig(s setting) string {
	return fmt.Sprintf(`run_as_root = true
pidfile = "%[1]s/prosody.pid"
data_path = "%[1]s"
storage = "memory"
log = { error = "*console" }
modules_enabled = { "saslauth", "disco" }
modules_disabled = { "s2s", "offline", "limits" }
interfaces = { "127.0.0.1" }
c2s_ports = { }
c2s_direct_tls_ports = { %[2]d }
c2s_direct_tls_ssl = { certificate = "%[1]s/cert.pem"; key = "%[1]s/key.pem" }
ssl = { certificate = "%[1]s/cert.pem"; key = "%[1]s/key.pem" }
authentication = "anonymous"
VirtualHost %[3]q
	authentication = "anonymous"
Component %[4]q "muc"
	muc_room_locking = false
`, s.dir, s.port, domain, roomsDomain)
}

// xmppRoom is a room of Prosody's.
type xmppRoomOf struct {
	server  *server
	clients []*xmppClient
}

// An xmppClient is one connection.
type xmppClient struct {
	name    string
	conn    net.Conn
	in      *xml.Decoder
	entered chan struct{}
}

func openXMPP(n int, e ear) (opened, error) {
	s, addr, err := serve(xmppConfig, "prosody", "-F", "--config", "CONFIG")
	if err != nil {
		return opened{}, err
	}
	r := &xmppRoomOf{server: s}
	for i := range n {
		c, err := dialXMPP(addr, i)
		if err == nil {
			r.clients = append(r.clients, c)
			go c.read(i, e)
			err = c.enter()
		}
		if err != nil {
			r.close()
			return opened{}, err
		}
	}
	return opened{r, s.pid()}, nil
}

func dialXMPP(addr string, member int) (*xmppClient, error) {
	conn, err := dial(addr, true)
	if err != nil {
		return nil, err
	}
	c := &xmppClient{name: memberName(member), conn: conn, entered: make(chan struct{}, 1)}
	err = errors.Join(
		c.open(), c.ask(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'/>`, "success"),
		c.open(), c.ask(`<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>`, "iq"),
	)
	return c, err
}

// open begins a stream, and reads what the server offers.
func (c *xmppClient) open() error {
	c.in = xml.NewDecoder(c.conn)
	head := fmt.Sprintf("<?xml version='1.0'?><stream:stream to='%s' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>", domain)
	if err := c.write(head); err != nil {
		return err
	}
	if _, err := c.element("stream"); err != nil {
		return err
	}
	return c.skip("features")
}

func (c *xmppClient) write(stanza string) error {
	_, err := c.conn.Write([]byte(stanza))
	return err
}

// ask writes a stanza, and reads one of the name answer.
func (c *xmppClient) ask(stanza, answer string) error {
	if err := c.write(stanza); err != nil {
		return err
	}
	return c.skip(answer)
}

func (c *xmppClient) skip(name string) error {
	if _, err := c.element(name); err != nil {
		return err
	}
	return c.in.Skip()
}

// element reads the beginning of the next element, whose name has to be that one.
func (c *xmppClient) element(name string) (xml.StartElement, error) {
	for {
		t, err := c.in.Token()
		if err != nil {
			return xml.StartElement{}, err
		}
		if start, ok := t.(xml.StartElement); ok {
			if start.Name.Local != name {
				return start, fmt.Errorf("prosody sends %s instead of %s", start.Name.Local, name)
			}
			return start, nil
		}
	}
}

// enter enters the room, and waits until the server says that it is done.
func (c *xmppClient) enter() error {
	err := c.write(fmt.Sprintf("<presence to='%s/%s'><x xmlns='http://jabber.org/protocol/muc'><history maxstanzas='0'/></x></presence>", xmppRoom, c.name))
	if err != nil {
		return err
	}
	select {
	case <-c.entered:
		return nil
	case <-time.After(patience):
		return fmt.Errorf("prosody does not let %s in", c.name)
	}
}

// An xmppStanza has the parts of a message and of a presence that are needed here.
type xmppStanza struct {
	From    string  `xml:"from,attr"`
	Type    string  `xml:"type,attr"`
	Body    string  `xml:"body"`
	Subject *string `xml:"subject"`
	Status  []struct {
		Code string `xml:"code,attr"`
	} `xml:"x>status"`
}

func (c *xmppClient) read(member int, e ear) {
	for {
		t, err := c.in.Token()
		if err != nil {
			return
		}
		start, ok := t.(xml.StartElement)
		if !ok {
			continue
		}
		var s xmppStanza
		if c.in.DecodeElement(&s, &start) != nil {
			return
		}
		_, from, _ := strings.Cut(s.From, "/")
		switch {
		case start.Name.Local == "message" && s.Subject != nil: // the end of an entry
			c.entered <- struct{}{}
		case start.Name.Local == "message" && s.Type == "groupchat" && s.Body != "" && from != c.name:
			e.line(member, s.Body, false)
		case start.Name.Local == "presence" && s.Type == "unavailable":
			for _, status := range s.Status {
				if target, err := strconv.Atoi(strings.TrimPrefix(from, "m")); err == nil && status.Code == "307" {
					e.removed(member, target)
				}
			}
		}
	}
}

func (r *xmppRoomOf) say(member int, text string) error {
	return r.clients[member].write(fmt.Sprintf("<message to='%s' type='groupchat'><body>%s</body></message>", xmppRoom, text))
}

func (r *xmppRoomOf) kick(member int) error {
	return r.clients[0].write(fmt.Sprintf("<iq type='set' id='kick' to='%s'><query xmlns='http://jabber.org/protocol/muc#admin'>"+
		"<item nick='%s' role='none'><reason>too loud</reason></item></query></iq>", xmppRoom, memberName(member)))
}

func (r *xmppRoomOf) back(member int) error { return r.clients[member].enter() }

func (r *xmppRoomOf) close() {
	for _, c := range r.clients {
		c.conn.Close()
	}
	r.server.stop()
}
