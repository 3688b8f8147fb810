package hostile

import (
	"time"

	"github.com/libp2p/go-libp2p/core/record"

	"localchat/protocol"
)

// Evil marks what must be shown nowhere.
const Evil = "evil"

// patience is how long an attack waits for what it needs.
const patience = 30 * time.Second

// earlyLines, of epochs that nobody knows: more than any node keeps.
const earlyLines = 1200

// A Committed is where a removal stands in the log, and the epoch that begins with it.
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

// A domain is what an envelope is signed under, and the payload type that says so.
type domain struct{ name, kind string }

func messageDomain(room protocol.RoomID) domain {
	return domain{"localchat/message/v3" + string(room[:]), "msg/3"}
}

// A forged thing signs whatever bytes under whatever domain: what an attacker with a key can do.
type forged struct {
	domain domain
	body   []byte
}

func (f *forged) Domain() string                 { return f.domain.name }
func (f *forged) Codec() []byte                  { return []byte(f.domain.kind) }
func (f *forged) MarshalRecord() ([]byte, error) { return f.body, nil }
func (f *forged) UnmarshalRecord(b []byte) error { f.body = b; return nil }

// signedBody is the payload of an envelope.
func signedBody(d domain, raw []byte) []byte {
	f := forged{domain: d}
	must(record.ConsumeTypedEnvelope(raw, &f))
	return f.body
}
