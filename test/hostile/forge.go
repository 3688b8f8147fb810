package hostile

import (
	"time"

	"github.com/libp2p/go-libp2p/core/record"

	"localchat/protocol"
)

// Evil is in every text that must be shown nowhere.
const Evil = "evil"

// patience is how long an attack waits for its conditions.
const patience = 30 * time.Second

// earlyLines is a number of lines of unknown epochs: more than a node keeps.
const earlyLines = 1200

// A Committed is the place of a removal in the log, and the epoch that begins with it.
type Committed struct {
	Seq   uint64
	Epoch uint64
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// A domain is the signing domain of an envelope, and its payload type.
type domain struct{ name, kind string }

func messageDomain(room protocol.RoomID) domain {
	return domain{"localchat/message/v3" + string(room[:]), "msg/3"}
}

// A forged record signs any bytes under any domain, as an attacker with a key can.
type forged struct {
	domain domain
	body   []byte
}

func (f *forged) Domain() string                 { return f.domain.name }
func (f *forged) Codec() []byte                  { return []byte(f.domain.kind) }
func (f *forged) MarshalRecord() ([]byte, error) { return f.body, nil }
func (f *forged) UnmarshalRecord(b []byte) error { f.body = b; return nil }

// signedBody returns the payload of an envelope.
func signedBody(d domain, raw []byte) []byte {
	f := forged{domain: d}
	must(record.ConsumeTypedEnvelope(raw, &f))
	return f.body
}
