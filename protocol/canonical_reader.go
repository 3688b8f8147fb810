package protocol

import "google.golang.org/protobuf/encoding/protowire"

// A canonicalReader reads protobuf in canonical form without copying or allocating: fields in their order; tags, lengths and
// numbers in their shortest form; no field with its default value. It reads the messages that any peer may send without being
// asked; generated code reads everything else. Its methods take the error to fail with, so that they allocate none. Like a
// [fieldReader] it keeps the first error, and reads nothing more after it.
type canonicalReader struct {
	b   []byte
	err error
}

func (w *canonicalReader) fail(err error) {
	if w.err == nil {
		w.err = err
	}
}

// next reports whether the next field is this one.
func (w *canonicalReader) next(field protowire.Number, t protowire.Type) bool {
	n, is, _ := protowire.ConsumeTag(w.b)
	return w.err == nil && n == field && is == t
}

// number reads a varint in its shortest form.
func (w *canonicalReader) number(bad error) uint64 {
	v, n := protowire.ConsumeVarint(w.b)
	if n < 0 || n != protowire.SizeVarint(v) {
		w.fail(bad)
	}
	if w.err != nil {
		return 0
	}
	w.b = w.b[n:]
	return v
}

func (w *canonicalReader) tag(field protowire.Number, t protowire.Type, bad error) {
	if w.number(bad) != protowire.EncodeTag(field, t) {
		w.fail(bad)
	}
}

// bytes reads a field of at least one byte. The result is part of the input, not a copy.
func (w *canonicalReader) bytes(field protowire.Number, bad error) []byte {
	w.tag(field, protowire.BytesType, bad)
	n := w.number(bad)
	if n == 0 || n > uint64(len(w.b)) {
		w.fail(bad)
	}
	if w.err != nil {
		return nil
	}
	b := w.b[:n:n]
	w.b = w.b[n:]
	return b
}

// fixed reads a field of exactly the length of dst into dst. The bytes must not all be zero, which would be a second way to
// encode "none".
func (w *canonicalReader) fixed(field protowire.Number, dst []byte, bad error) {
	b := w.bytes(field, bad)
	if len(b) != len(dst) || orNone(b) == nil {
		w.fail(bad)
		return
	}
	copy(dst, b)
}

// count reads a counter, which is at least 1.
func (w *canonicalReader) count(field protowire.Number, bad error) uint64 {
	w.tag(field, protowire.VarintType, bad)
	n := w.number(bad)
	if n < 1 || n > MaxCounter {
		w.fail(bad)
	}
	return n
}

// end returns the first error. It fails with bad if any input is left.
func (w *canonicalReader) end(bad error) error {
	if len(w.b) > 0 {
		w.fail(bad)
	}
	return w.err
}
