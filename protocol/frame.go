package protocol

import (
	"google.golang.org/protobuf/proto"

	"localchat/protocol/internal/pb"
)

// A Frame is one message of a stream protocol. It is a pointer to one of the types whose name ends in Ask, Request or Reply, except
// PollRequest, which is part of a PollAsk. Each protocol has a file with its types, their encoding and their bounds. See [ReadFrame]
// and [WriteFrame].
type Frame interface {
	// encode returns the encoding. It fails only if the frame breaks its own bounds.
	encode() ([]byte, error)
	// decode sets the frame to the content of b. Unknown fields, wrong lengths and values out of bounds are errors. The frame may
	// keep b.
	decode(b []byte) error
	// max returns the length of the longest encoding, in bytes.
	max() int
}

// EpochKey is the message key of an epoch, for a peer that was a member in that epoch.
type EpochKey struct {
	Epoch uint64
	Key   Key
}

// maxRequest is the length of a request that holds no text longer than a name, in bytes.
const maxRequest = 1 << 10

// maxAskReply is the length of an [AskReply], in bytes: it has an invite, or a list of MaxOpenInvites.
const maxAskReply = 32 << 10

// encodeFrame encodes m. It fails if read, which is that of the decoder, finds m out of bounds.
func encodeFrame(what string, m proto.Message, read func(*fieldReader)) ([]byte, error) {
	var r fieldReader
	if read(&r); r.err != nil {
		return nil, r.err
	}
	return encodePayload(what, m)
}

// decodeFrame decodes b into m, and calls read to take the values from m.
func decodeFrame(what string, b []byte, m proto.Message, read func(*fieldReader)) error {
	if err := unmarshal(what, b, m); err != nil {
		return err
	}
	var r fieldReader
	read(&r)
	return r.err
}

// head reads the hash of the record of number seq.
func (r *fieldReader) head(seq uint64, b []byte) (h Hash) {
	r.optional("head", h[:], b)
	if h.IsZero() != (seq == 0) {
		r.fail("head", "there is one if, and only if, there is a record")
	}
	return h
}

// proof reads at most two records.
func (r *fieldReader) proof(in [][]byte) [][]byte {
	if !r.items("proof", len(in), 2) {
		return nil
	}
	return r.blobs("proof", in, MaxRecord)
}

func keysToPB(ks []EpochKey) []*pb.EpochKey {
	ms := make([]*pb.EpochKey, len(ks))
	for i, k := range ks {
		ms[i] = &pb.EpochKey{Epoch: k.Epoch, Key: k.Key[:]}
	}
	return ms
}

func (r *fieldReader) keys(ms []*pb.EpochKey) []EpochKey {
	if len(ms) == 0 || !r.items("keys", len(ms), MaxBatchItems) {
		return nil
	}
	ks := make([]EpochKey, len(ms))
	for i, m := range ms {
		ks[i].Epoch = r.count("keys.epoch", m.Epoch, 1)
		r.fixed("keys.key", ks[i].Key[:], m.Key)
	}
	return ks
}

func answer(yes bool) pb.Answer {
	if yes {
		return pb.Answer_ANSWER_YES
	}
	return pb.Answer_ANSWER_NO
}

func (r *fieldReader) answer(a pb.Answer) bool {
	return r.closedEnum("answer", int32(a), uint8(pb.Answer_ANSWER_YES)) == uint8(pb.Answer_ANSWER_YES)
}
