package protocol

import (
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol/internal/pb"
)

// SyncRequest asks another member for what I lack.
type SyncRequest struct {
	Room    RoomID
	HaveSeq uint64
	// Keys are the epochs whose key the caller lacks.
	Keys []uint64
	// Heads say which lines of every author I have.
	Heads []Head
	// News: lines have come to me that others may lack; ask me too.
	News bool
	// Head is the hash of record HaveSeq; zero if, and only if, that is 0.
	Head Hash
	// Proof is the two records of one number by which the caller has found its room forked.
	Proof [][]byte
}

// Head is which lines of an author a node has. Of an author without a head it has none.
type Head struct {
	Author peer.ID
	Runs   Runs
}

// SyncReply gives it. It is empty for a caller that is not a member.
type SyncReply struct {
	Records [][]byte
	Keys    []EpochKey
	Lines   [][]byte // OpenMessage; each author's in the order of Ctr
	// Ages say of the first Lines how long ago they were said, as far as the answerer knows, in whole milliseconds: a time
	// that has passed, which no clock that is set changes. A line without one counts as said just now.
	Ages    []time.Duration
	HaveSeq uint64 // how far the answerer's own log goes
	Head    Hash   // of that record
	Receipt Runs   // which of the caller's own lines the answerer has
	More    bool
	// Last is the last line of the caller's that the answerer has, or has had. It proves nothing.
	Last Cut
	// Proof is the answerer's record of the last number that both have, where their logs may differ: the caller says
	// another head, or has the longer log. From a frozen room it is the two records that froze it.
	Proof [][]byte
}

// maxSyncRequest, in bytes: MaxBatchItems heads, of MaxRuns numbers, and as many epochs.
const maxSyncRequest = 256 << 10

func (f *SyncRequest) max() int { return maxSyncRequest }

func (f *SyncRequest) encode() ([]byte, error) {
	m := &pb.SyncRequest{Room: f.Room[:], HaveSeq: f.HaveSeq, Keys: f.Keys, Heads: headsToPB(f.Heads), News: f.News, Head: orNone(f.Head[:]), Proof: f.Proof}
	return encodeFrame("sync", m, func(r *fieldReader) { new(SyncRequest).read(r, m) })
}

func (f *SyncRequest) decode(b []byte) error {
	var m pb.SyncRequest
	return decodeFrame("sync", b, &m, func(r *fieldReader) { f.read(r, &m) })
}

func (f *SyncRequest) read(r *fieldReader, m *pb.SyncRequest) {
	*f = SyncRequest{Room: r.room("room", m.Room), HaveSeq: r.count("have_seq", m.HaveSeq, 0), Keys: m.Keys, News: m.News}
	if !r.items("keys", len(m.Keys), MaxBatchItems) {
		return
	}
	for _, e := range m.Keys {
		r.count("keys", e, 1)
	}
	f.Heads, f.Head, f.Proof = r.heads(m.Heads), r.head(m.HaveSeq, m.Head), r.proof(m.Proof)
}

func (f *SyncReply) max() int { return MaxBatch }

func (f *SyncReply) encode() ([]byte, error) {
	m := &pb.SyncReply{
		Records: f.Records, Keys: keysToPB(f.Keys), Lines: f.Lines, HaveSeq: f.HaveSeq, More: f.More,
		Receipt: f.Receipt, Head: orNone(f.Head[:]), Last: f.Last.toPB(), Proof: f.Proof,
	}
	for _, age := range f.Ages {
		m.AgesMs = append(m.AgesMs, units(age, time.Millisecond))
	}
	return encodeFrame("answer", m, func(r *fieldReader) { new(SyncReply).read(r, m) })
}

func (f *SyncReply) decode(b []byte) error {
	var m pb.SyncReply
	return decodeFrame("answer", b, &m, func(r *fieldReader) { f.read(r, &m) })
}

func (f *SyncReply) read(r *fieldReader, m *pb.SyncReply) {
	*f = SyncReply{
		Records: r.blobs("records", m.Records, MaxRecord), Keys: r.keys(m.Keys),
		Lines: r.blobs("lines", m.Lines, MaxMessage), HaveSeq: r.count("have_seq", m.HaveSeq, 0), More: m.More,
		Receipt: r.runs("receipt", m.Receipt), Head: r.head(m.HaveSeq, m.Head), Last: r.cut("last", m.Last), Proof: r.proof(m.Proof),
	}
	if !r.items("ages_ms", len(m.AgesMs), len(m.Lines)) || len(m.AgesMs) == 0 {
		return
	}
	f.Ages = make([]time.Duration, len(m.AgesMs))
	for i, age := range m.AgesMs {
		f.Ages[i] = r.span("ages_ms", age, time.Millisecond, MaxAge)
	}
}

func headsToPB(heads []Head) []*pb.Head {
	out := make([]*pb.Head, len(heads))
	for i, h := range heads {
		out[i] = &pb.Head{Author: []byte(h.Author), Runs: h.Runs}
	}
	return out
}

func (r *fieldReader) heads(in []*pb.Head) []Head {
	if !r.items("heads", len(in), MaxBatchItems) || len(in) == 0 {
		return nil
	}
	out, numbers := make([]Head, len(in)), 0
	for i, h := range in {
		if len(h.Runs) == 0 {
			r.fail("heads.runs", "empty")
		}
		out[i] = Head{Author: r.peer("heads.author", h.Author), Runs: r.runs("heads.runs", h.Runs)}
		numbers += len(h.Runs)
	}
	r.items("heads.runs", numbers, MaxRuns)
	return out
}
