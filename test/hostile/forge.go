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

// A Domain is the signing domain of an envelope, and its payload type.
type Domain struct{ name, kind string }

// RecordDomain is the domain of the records of a log.
var RecordDomain = Domain{"localchat/record/v2", "localchat/record/v2"}

// MessageDomain is the domain of the lines of a room.
func MessageDomain(room protocol.RoomID) Domain {
	return Domain{"localchat/message/v3" + string(room[:]), "msg/3"}
}

// A forged record signs any bytes under any domain, as an attacker with a key can.
type forged struct {
	domain Domain
	body   []byte
}

func (f *forged) Domain() string                 { return f.domain.name }
func (f *forged) Codec() []byte                  { return []byte(f.domain.kind) }
func (f *forged) MarshalRecord() ([]byte, error) { return f.body, nil }
func (f *forged) UnmarshalRecord(b []byte) error { f.body = b; return nil }

// Forge returns the envelope of any bytes under any domain.
func Forge(key protocol.KeySigner, d Domain, body []byte) []byte {
	return must(must(key.Seal(&forged{d, body})).Marshal())
}

// SignedBody returns the payload of an envelope.
func SignedBody(d Domain, raw []byte) []byte {
	f := forged{domain: d}
	must(record.ConsumeTypedEnvelope(raw, &f))
	return f.body
}
