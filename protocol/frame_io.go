package protocol

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/multiformats/go-varint"
)

// ReadFrame reads one frame into f. It reads no byte past the frame, so that other code can go on reading the stream. For many
// frames of one stream, a [bufio.Reader] as r is cheaper.
//
// If the stream ends before the first byte, ReadFrame returns [io.EOF] itself, and if it ends within the frame,
// [io.ErrUnexpectedEOF]. [ErrTooLarge] and [ErrMalformed] mean that the other side broke the protocol; nothing more can be read from
// the stream then, and f is undefined. Other errors of r are returned unchanged. The caller sets a deadline.
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

// readBody reads n bytes. It allocates frameChunk at first, and then at most twice the number of bytes that have arrived.
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

// A byteReader reads single bytes. A bufio.Reader in its place would read past the frame.
type byteReader struct {
	r io.Reader
	b [1]byte
}

func (r *byteReader) ReadByte() (byte, error) {
	_, err := io.ReadFull(r.r, r.b[:])
	return r.b[0], err
}

// WriteFrame writes the length of f and then f, in one Write: a stream sends a packet for each. [ErrTooLarge] and [ErrMalformed] mean
// that f breaks its own bounds; then nothing has been written.
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

// frameChunk is how much a reader allocates ahead of what has arrived, in bytes. So a peer that announces a large frame and sends
// nothing costs the receiver little.
const frameChunk = 64 << 10
