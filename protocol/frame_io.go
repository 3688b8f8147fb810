package protocol

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/multiformats/go-varint"
)

// ReadFrame reads one frame into f. It reads no byte past the frame, so that a stream can change hands after it; for many
// frames of one stream a [bufio.Reader] is cheaper.
//
// At the end of the stream before the first byte it returns [io.EOF] itself, and [io.ErrUnexpectedEOF] where the
// stream ends within the frame. [ErrTooLarge] and [ErrMalformed] say that the other side broke the protocol; the
// stream is of no use then and f is unspecified. Errors of r come back as they are. A deadline is the caller's to set.
func ReadFrame(r io.Reader, f Frame) error {
	length, ok := r.(io.ByteReader)
	if !ok {
		length = &byteReader{r: r}
	}
	n, err := varint.ReadUvarint(length)
	switch {
	case errors.Is(err, varint.ErrOverflow), errors.Is(err, varint.ErrNotMinimal):
		return malformed("frame length", "not a varint in its shortest form")
	case err != nil:
		return err
	case n > uint64(f.max()):
		return fmt.Errorf("%w: a frame of %d bytes, at most %d are allowed", ErrTooLarge, n, f.max())
	}
	b, err := readBody(r, int(n))
	if err != nil {
		return err
	}
	return f.decode(b)
}

// readBody reads n bytes, allocating at most frameChunk ahead of what has arrived at the start, and then at most as
// much again as has arrived.
func readBody(r io.Reader, n int) ([]byte, error) {
	if n <= frameChunk {
		b := make([]byte, n)
		if _, err := io.ReadFull(r, b); err != nil {
			return nil, unexpected(err)
		}
		return b, nil
	}
	var buf bytes.Buffer
	buf.Grow(frameChunk)
	if _, err := io.CopyN(&buf, r, int64(n)); err != nil {
		return nil, unexpected(err)
	}
	return buf.Bytes(), nil
}

func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// byteReader reads single bytes; a bufio.Reader made here would take more from the stream than the frame has.
type byteReader struct {
	r io.Reader
	b [1]byte
}

func (r *byteReader) ReadByte() (byte, error) {
	_, err := io.ReadFull(r.r, r.b[:])
	return r.b[0], err
}

// WriteFrame writes f with its length before it, in one Write: streams are flushed per write, and a frame torn in two
// costs a packet. [ErrTooLarge] and [ErrMalformed] say that f breaks its own bounds; nothing has been written then.
func WriteFrame(w io.Writer, f Frame) error {
	body, err := f.encode()
	if err != nil {
		return err
	}
	if len(body) > f.max() {
		return fmt.Errorf("%w: a frame of %d bytes, at most %d are allowed", ErrTooLarge, len(body), f.max())
	}
	b := make([]byte, varint.UvarintSize(uint64(len(body))), varint.UvarintSize(uint64(len(body)))+len(body))
	varint.PutUvarint(b, uint64(len(body)))
	_, err = w.Write(append(b, body...))
	return err
}

// frameChunk, in bytes, is how much a reader allocates ahead of what has arrived, so that announcing a large
// frame and sending nothing costs the receiver little.
const frameChunk = 64 << 10
