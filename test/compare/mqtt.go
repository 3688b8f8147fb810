package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"sync"
)

// mqttConfig has clients come by TLS if secure is set.
func mqttConfig(s setting, secure bool) string {
	ssl := ""
	if secure {
		ssl = fmt.Sprintf("certfile %s/cert.pem\nkeyfile %[1]s/key.pem\n", s.dir)
	}
	return fmt.Sprintf("set_tcp_nodelay true\nmax_inflight_messages 0\nlistener %d 127.0.0.1\n%sallow_anonymous true\npersistence false\n", s.port, ssl)
}

// mqttRoom is a topic of mosquitto's. The members speak the few parts of MQTT 5 that this needs: in 5 a subscriber can ask
// not to hear itself. At QoS 1 each end acknowledges what it was sent.
type mqttRoom struct {
	wired
	qos byte
	ids []uint16     // of each member's last line, at QoS 1
	mu  []sync.Mutex // of each connection, on which lines and acknowledgements are written
}

// Packets are a type, a length and a body. All of these are shorter than 16 KiB.
const (
	mqttConnect    = 0x10
	mqttConnected  = 0x20
	mqttPublish    = 0x30
	mqttSubscribe  = 0x82
	mqttSubscribed = 0x90
	mqttPubAck     = 0x40
)

const mqttTopic = "lab"

func mqttPacket(kind byte, body []byte) []byte {
	return append(binary.AppendUvarint([]byte{kind}, uint64(len(body))), body...)
}

func mqttString(b []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint16(b, uint16(len(s))), s...)
}

func openMQTT(n int, e ear) (opened, error)    { return openMQTTBy(false, 0, n, e) }
func openMQTTTLS(n int, e ear) (opened, error) { return openMQTTBy(true, 1, n, e) }

func openMQTTBy(secure bool, qos byte, n int, e ear) (opened, error) {
	s, addr, err := serve(func(s setting) string { return mqttConfig(s, secure) }, "mosquitto", "-c", "CONFIG")
	if err != nil {
		return opened{}, err
	}
	r := &mqttRoom{wired: wired{server: s}, qos: qos, ids: make([]uint16, n), mu: make([]sync.Mutex, n)}
	for i := range n {
		if err := r.enter(addr, secure, i, e); err != nil {
			r.close()
			return opened{}, err
		}
	}
	return opened{r, s.pid()}, nil
}

func (r *mqttRoom) enter(addr string, secure bool, member int, e ear) error {
	conn, err := dial(addr, secure)
	if err != nil {
		return err
	}
	r.conns = append(r.conns, conn)
	in := bufio.NewReader(conn)
	// Version 5, clean start, no keep-alive, no properties.
	hello := append(mqttString(nil, "MQTT"), 5, 2, 0, 0, 0)
	if err := mqttAsk(conn, in, mqttPacket(mqttConnect, mqttString(hello, memberName(member))), mqttConnected); err != nil {
		return err
	}
	// Packet 1, no properties, the topic, no local.
	wish := append(mqttString([]byte{0, 1, 0}, mqttTopic), 4|r.qos)
	if err := mqttAsk(conn, in, mqttPacket(mqttSubscribe, wish), mqttSubscribed); err != nil {
		return err
	}
	go func() {
		for {
			kind, body, err := mqttRead(in)
			if err != nil {
				return
			}
			if kind&0xf0 != mqttPublish {
				continue
			}
			body = body[2+len(mqttTopic):]
			if kind&6 != 0 { // QoS 1: the number of the packet is next
				if r.write(member, mqttPacket(mqttPubAck, body[:2])) != nil {
					return
				}
				body = body[2:]
			}
			e.line(member, string(body[1:]), false)
		}
	}()
	return nil
}

func mqttAsk(conn net.Conn, in *bufio.Reader, packet []byte, answer byte) error {
	if _, err := conn.Write(packet); err != nil {
		return err
	}
	kind, body, err := mqttRead(in)
	if err == nil && kind != answer {
		err = fmt.Errorf("mosquitto answers %x with %x %x", packet, kind, body)
	}
	return err
}

func mqttRead(in *bufio.Reader) (kind byte, body []byte, err error) {
	kind, err = in.ReadByte()
	if err != nil {
		return 0, nil, err
	}
	size, err := binary.ReadUvarint(in)
	if err != nil {
		return 0, nil, err
	}
	body = make([]byte, size)
	_, err = io.ReadFull(in, body)
	return kind, body, err
}

func (r *mqttRoom) say(member int, text string) error {
	body := mqttString(nil, mqttTopic)
	if r.qos > 0 {
		r.ids[member] = max(1, r.ids[member]+1) // no packet is number 0
		body = binary.BigEndian.AppendUint16(body, r.ids[member])
	}
	return r.write(member, mqttPacket(mqttPublish|r.qos<<1, append(append(body, 0), text...)))
}

func (r *mqttRoom) write(member int, packet []byte) error {
	r.mu[member].Lock()
	defer r.mu[member].Unlock()
	_, err := r.conns[member].Write(packet)
	return err
}
