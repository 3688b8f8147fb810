package protocol

import (
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/protocol/internal/pb"
)

// SyncRequest asks another member for the records, keys and lines that the caller lacks.
type SyncRequest struct {
	Room    RoomID
	HaveSeq uint64
	// Keys are the epochs whose key the caller lacks.
	Keys []uint64
	// Heads say which lines of each author the caller has.
	Heads []Head
	// News says that the caller has lines that the callee may lack, so that the callee should send a SyncRequest too.
	News bool
	// Head is the hash of record HaveSeq; zero if, and only if, HaveSeq is 0.
	Head Hash
	// Proof has the two records of one number that have frozen the room, if the caller knows them.
	Proof [][]byte
}

// A Head says which lines of an author a node has. It has none of an author without a head.
type Head struct {
	Author peer.ID
	Runs   Runs
}

// SyncReply is the answer to a SyncRequest. It is empty for a caller that is not a member.
type SyncReply struct {
	Records [][]byte
	Keys    []EpochKey
	Lines   [][]byte // see OpenMessage; those of one author are in the order of Ctr
	// Ages say how long ago the first Lines were said, as far as the answerer knows, in whole milliseconds. They are elapsed times,
	// which do not change when a clock is set. A line without an age counts as said just now.
	Ages    []time.Duration
	HaveSeq uint64 // the last record of the answerer's log
	Head    Hash   // the hash of that record
	Receipt Runs   // which of the caller's own lines the answerer has
	More    bool   // not all of it fitted into this answer
	// Last is the last of the caller's own lines that the answerer has or had. It proves nothing.
	Last Cut
	// Proof is the answerer's record of the last number that both have, if their logs may differ: the caller has another Head, or
	// the longer log. In a frozen room it is the two records that froze it.
	Proof [][]byte
}

// maxSyncRequest is in bytes: MaxBatchItems heads with MaxRuns numbers, and MaxBatchItems epochs.
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
