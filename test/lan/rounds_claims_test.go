package lan

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"
)

// claims is how a removed peer's failure (docs/design.md, "The poll") looks from outside. It is a register: an order
// sets it, the first nonce to poll claims it, it answers only this nonce until that acknowledges, and then none.
var claims = porcupine.Model{
	Init: func() any { return claim{} },
	Step: func(state, input, output any) (bool, any) {
		s, op := state.(claim), input.(claimOp)
		switch op.kind {
		case ordered:
			s.pending = true
			return true, s
		case acknowledged:
			s.gone = s.gone || s.by != "" && s.by == op.nonce
			return true, s
		}
		if output == "refused" {
			return s.gone || s.by != "" && s.by != op.nonce, s
		}
		if s.gone || !s.pending || s.by != "" && s.by != op.nonce {
			return false, s
		}
		s.by = op.nonce
		return true, s
	},
}

// A claim is the state of that register.
type claim struct {
	pending, gone bool
	by            string // a nonce
}

type claimOp struct {
	kind  claimKind
	nonce string // its name: the test does not see the nonces
}

// The kinds of operations on a claim. The output of polled is how the place was lost: removed or refused.
type claimKind string

const (
	ordered      claimKind = "ordered"
	polled       claimKind = "polled"
	acknowledged claimKind = "acknowledged"
)

// A history is a list of observed operations: each took effect at some moment between its two times.
type history []porcupine.Operation

// add adds an operation. A zero end means that the end was not seen.
func (h *history) add(op claimOp, output any, begin, end time.Time) {
	last := int64(math.MaxInt64)
	if !end.IsZero() {
		last = end.UnixNano()
	}
	*h = append(*h, porcupine.Operation{Input: op, Output: output, Call: begin.UnixNano(), Return: last})
}

// String is a line for each operation, with its times in ms after the order.
func (h history) String() string {
	var lines strings.Builder
	for _, op := range h {
		begin, end := time.Duration(op.Call-h[0].Call), "never seen to end"
		if op.Return < math.MaxInt64 {
			end = fmt.Sprint(time.Duration(op.Return - h[0].Call).Milliseconds())
		}
		in := op.Input.(claimOp)
		fmt.Fprintf(&lines, "%s %s %v: %d to %s\n", in.nonce, in.kind, op.Output, begin.Milliseconds(), end)
	}
	return lines.String()
}

func (h history) linearizable() bool { return porcupine.CheckOperations(claims, h) }
