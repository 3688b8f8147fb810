package protocol

import (
	"errors"
	"fmt"
)

// The faults of bytes from other peers. Errors of this package wrap one of these and name the field. They contain no bytes of the
// input, so they are safe to print.
var (
	// ErrTooLarge means that the input is longer than its bound. Nothing of that size was allocated.
	ErrTooLarge = errors.New("protocol: too large")
	// ErrMalformed means that the input breaks the schema, a bound, or the canonical form.
	ErrMalformed = errors.New("protocol: malformed")
	// ErrDomain means that an envelope is of another kind than the expected one.
	ErrDomain = errors.New("protocol: signed for another purpose")
	// ErrSignature means that a signature does not verify, or that the signer is not the peer that the signed text names.
	ErrSignature = errors.New("protocol: bad signature")
	// ErrNotOpened means that a message does not open under the key given: another epoch's key, or altered bytes.
	ErrNotOpened = errors.New("protocol: message does not open under this key")
)

func malformed(field, format string, args ...any) error {
	return fmt.Errorf("%w: %s: %s", ErrMalformed, field, fmt.Sprintf(format, args...))
}

func tooLarge(what string, n, most int) error {
	return fmt.Errorf("%w: %s has %d bytes, at most %d are allowed", ErrTooLarge, what, n, most)
}
