package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
)

func mqttConfig(port int) string {
	return fmt.Sprintf("listener %d 127.0.0.1\nallow_anonymous true\npersistence false\n", port)
}

// mqttRoom is a topic of mosquitto's, at QoS 0. The members speak the few parts of MQTT 5 that this needs: in 5 a
// subscriber can ask not to hear itself.
type mqttRoom struct{ wired }

// Packets are a type, a length and a body. All of these are shorter than 16 KiB.
const (
	mqttConnect    = 0x10
	mqttConnected  = 0x20
	mqttPublish    = 0x30
	mqttSubscribe  = 0x82
	mqttSubscribed = 0x90
)

const mqttTopic = "lab"

func mqttPacket(kind byte, body []byte) []byte {
	return append(binary.AppendUvarint([]byte{kind}, uint64(len(body))), body...)
}

func mqttString(b []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint16(b, uint16(len(s))), s...)
}

func openMQTT(n int, e ear) (opened, error) {
	s, addr, err := serve(mqttConfig, "mosquitto", "-c", "CONFIG")
	if err != nil {
		return opened{}, err
	}
	r := &mqttRoom{wired{server: s}}
	for i := range n {
		if err := r.enter(addr, i, e); err != nil {
			r.close()
			return opened{}, err
		}
	}
	return opened{r, s.pid()}, nil
}

func (r *mqttRoom) enter(addr string, member int, e ear) error {
	conn, err := net.Dial("tcp", addr)
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
	wish := append(mqttString([]byte{0, 1, 0}, mqttTopic), 4)
	if err := mqttAsk(conn, in, mqttPacket(mqttSubscribe, wish), mqttSubscribed); err != nil {
		return err
	}
	go func() {
		for {
			kind, body, err := mqttRead(in)
			if err != nil {
				return
			}
			if kind == mqttPublish {
				e.line(member, string(body[2+len(mqttTopic)+1:]), false)
			}
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
	body := append(mqttString(nil, mqttTopic), 0)
	_, err := r.conns[member].Write(mqttPacket(mqttPublish, append(body, text...)))
	return err
}
