package authority

import (
	"cmp"
	"flag"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/anishathalye/porcupine"

	"localchat/protocol"
)

// The failures are checked for linearizability: for every poll there is one instant between the question and the answer at which a plain
// register of one peer, without faults, would have given that answer. The histories are the explorer's, with all its faults but the
// passing of days: a register that forgets would have to know the time of each clock. A poll without an answer may have happened at any
// time since, or, if the authority has not heard it, not at all.
var linearRuns = flag.Int("linear.runs", 5000, "how many schedules to check for linearizability")

// linearActs is the length of a schedule: twice that of the explorer's, since the rarest of the shortcuts below would take ten times as
// many short schedules to find.
const linearActs = 64

type registerOp uint8

const (
	opAdmit registerOp = iota
	opLeave
	opKick
	opBan
	opClose
	opPoll
	opAck
)

// registerInput is an operation on one peer's register: a record of the log, or a poll or an ack that a client sends.
type registerInput struct {
	op        registerOp
	seq       uint64 // of the record
	admission uint64
	removal   uint64
	nonce     protocol.Nonce
}

// A registerOutput is the answer to a poll. The zero value means no answer, or an unknown one.
type registerOutput struct {
	answer  string // "MEMBER", "REFUSED", or the bytes of a reason
	removal uint64
}

// register is the model of one peer's failure: pending, claimed, gone (docs/design.md, "The poll").
type register struct {
	in, left, closed bool
	admission        uint64 // the last one

	owed, claimed, gone bool
	of, removal         uint64
	nonce               protocol.Nonce
	answer              string // "" when nobody has seen it
}

func (r register) owe(seq uint64) register {
	r.owed, r.claimed, r.gone, r.of, r.removal = true, false, false, r.admission, seq
	r.in, r.nonce, r.answer = false, protocol.Nonce{}, ""
	return r
}

// step returns r after in, and whether out can be the answer.
func (r register) step(in registerInput, out registerOutput) (bool, register) {
	switch in.op {
	case opAdmit:
		return !r.in && !r.closed, register{in: true, admission: in.seq}
	case opLeave:
		ok := r.in
		r.in, r.left = false, true
		return ok, r
	case opKick, opBan:
		if in.op == opBan && (r.admission == 0 || r.left) {
			return true, r // there is nothing that it would have lost
		}
		return r.in || in.op == opBan, r.owe(in.seq)
	case opClose:
		if r.in {
			r = r.owe(in.seq)
		}
		r.closed = true
		return true, r
	case opAck:
		r.gone = r.gone || r.claimed && in.removal == r.removal && in.nonce == r.nonce
		return true, r
	}
	return r.poll(in, out)
}

func (r register) poll(in registerInput, out registerOutput) (bool, register) {
	unknown := out.answer == ""
	switch {
	case r.in && in.admission == r.admission:
		return unknown || out.answer == "MEMBER", r
	case !r.owed, r.gone, in.admission != r.of, r.claimed && in.nonce != r.nonce:
		return unknown || out.answer == "REFUSED", r
	case unknown:
		r.claimed, r.nonce = true, in.nonce
		return true, r
	}
	ok := out.removal == r.removal && (r.answer == "" || r.answer == out.answer)
	r.claimed, r.nonce, r.answer = true, in.nonce, out.answer
	return ok, r
}

var registerModel = porcupine.Model{
	Init: func() any { return register{} },
	Step: func(state, input, output any) (bool, any) {
		return state.(register).step(input.(registerInput), output.(registerOutput))
	},
	DescribeOperation: func(input, output any) string { return fmt.Sprintf("%+v -> %.24q", input, output) },
}

// A history has the operations on the registers of a schedule, with each call and each return at an instant of its own. The methods do
// nothing on nil, for an explorer without a history.
type history struct {
	now  int64
	ops  [][]porcupine.Operation // by peer
	refs []historyRef
}

// A historyRef names an operation by its number. heard is set if the authority has seen it.
type historyRef struct {
	folk, index int
	heard       bool
}

const pending = math.MaxInt64

func (h *history) tick() int64 {
	h.now++
	return h.now
}

// call begins an operation and returns its number.
func (h *history) call(folk, client int, in registerInput) int {
	if h == nil {
		return 0
	}
	h.ops[folk] = append(h.ops[folk], porcupine.Operation{ClientId: client, Input: in, Call: h.tick(), Output: registerOutput{}, Return: pending})
	h.refs = append(h.refs, historyRef{folk: folk, index: len(h.ops[folk]) - 1})
	return len(h.refs) - 1
}

// again begins the operation of a message that arrives once more.
func (h *history) again(op int) int {
	if h == nil {
		return 0
	}
	r := h.refs[op]
	old := h.ops[r.folk][r.index]
	n := h.call(r.folk, old.ClientId, old.Input.(registerInput))
	h.ops[r.folk][h.refs[n].index].Call = old.Call
	return n
}

func (h *history) heard(op int) {
	if h != nil {
		h.refs[op].heard = true
	}
}

// returns ends an operation, if that has not happened yet.
func (h *history) returns(op int, out registerOutput) {
	if h == nil {
		return
	}
	h.refs[op].heard = true
	if o := &h.ops[h.refs[op].folk][h.refs[op].index]; o.Return == pending {
		o.Output, o.Return = out, h.tick()
	}
}

// at adds an operation that no other one overlaps.
func (h *history) at(folk int, in registerInput) {
	h.returns(h.call(folk, 0, in), registerOutput{})
}

// record adds the operations of a record on the registers.
func (h *history) record(e *explorer, r protocol.SignedRecord) {
	if h == nil {
		return
	}
	switch b := r.Body.(type) {
	case protocol.Admit:
		h.at(e.indexOf(b.Peer), registerInput{op: opAdmit, seq: r.Seq})
	case protocol.Leave:
		h.at(e.indexOf(b.Peer), registerInput{op: opLeave, seq: r.Seq})
	case protocol.Remove:
		op := opKick
		if b.Kind == protocol.Banned {
			op = opBan
		}
		h.at(e.indexOf(b.Peer), registerInput{op: op, seq: r.Seq})
	case protocol.Close:
		for i := range e.folk {
			h.at(i, registerInput{op: opClose, seq: r.Seq})
		}
	}
}

// answers ends the operation of a poll.
func (h *history) answers(op int, r protocol.PollReply) {
	switch {
	case h == nil:
	case r.Member != nil:
		h.returns(op, registerOutput{answer: "MEMBER"})
	case r.Reason == nil:
		h.returns(op, registerOutput{answer: "REFUSED"})
	default:
		signed, err := protocol.OpenReason(r.Reason)
		if err != nil {
			panic(err) // the ledger has just signed it
		}
		h.returns(op, registerOutput{string(r.Reason), signed.Removal})
	}
}

// heardOnly returns the operations of peer i without those that the authority has not heard.
func (h *history) heardOnly(i int) []porcupine.Operation {
	var ops []porcupine.Operation
	for _, r := range h.refs {
		if r.folk == i && r.heard {
			ops = append(ops, h.ops[i][r.index])
		}
	}
	return ops
}

// remember plays acts and returns their history.
func (s *explorerStarts) remember(acts []act, m *memo, v variant) *history {
	e := s.begin(acts, m)
	e.variant = v
	e.history = &history{ops: make([][]porcupine.Operation, len(e.folk))}
	for i, f := range e.folk {
		if f.member {
			e.history.at(i, registerInput{op: opAdmit, seq: f.admitted})
		}
	}
	e.play(acts)
	return e.history
}

// unlinear looks for a history that is not linearizable, among a number of schedules from the first.
func (s *explorerStarts) unlinear(first, runs int, v variant) (schedule, operations int, story string) {
	m := newMemo()
	for n := first; n < first+runs; n++ {
		if n%familySize == 0 {
			m = newMemo()
		}
		h := s.remember(scheduleOf(*exploreSeed, uint64(n), linearActs), m, v)
		for i := range h.ops {
			ops := h.heardOnly(i)
			operations += len(ops)
			if !porcupine.CheckOperations(registerModel, ops) {
				return n, operations, describeOps(ops)
			}
		}
	}
	return -1, operations, ""
}

func describeOps(ops []porcupine.Operation) string {
	var b strings.Builder
	slices.SortStableFunc(ops, func(a, b porcupine.Operation) int { return cmp.Compare(a.Call, b.Call) })
	for _, o := range ops {
		until := "not answered"
		if o.Return != pending {
			until = fmt.Sprint(o.Return)
		}
		fmt.Fprintf(&b, "\n%4d to %-12s %s", o.Call, until, registerModel.DescribeOperation(o.Input, o.Output))
	}
	return b.String()
}

func TestClaimRegisterIsLinearizable(t *testing.T) {
	runs := *linearRuns
	if sampled() {
		runs = min(runs, sampleRuns/2)
	}
	n, operations, story := newExplorerStarts(t).unlinear(*exploreFirst, runs, variant{})
	t.Logf("%d schedules, %d operations", runs, operations)
	if n >= 0 {
		t.Errorf("schedule %d of seed %d: %s", n, *exploreSeed, story)
	}
}

func TestLinearizabilityRefutesTheShortcuts(t *testing.T) {
	for name, c := range map[string]struct {
		variant variant
		first   int // not far from a schedule that shows it, of seed 1: some are rare
	}{
		"a claim is not bound to its nonce":              {variant{anyNonce: true}, 512},
		"the reply goes out before the claim is on disk": {variant{repliesFirst: true}, 1536},
		"a poll of another admission claims":             {variant{anyPoll: true}, 0},
		"an ack does not name the removal":               {variant{anyAck: true}, 512},
	} {
		t.Run(name, func(t *testing.T) {
			n, operations, story := newExplorerStarts(t).unlinear(c.first, *linearRuns, c.variant)
			if n < 0 {
				t.Fatalf("every history is linearizable, of %d operations", operations)
			}
			t.Logf("schedule %d: %s", n, story)
		})
	}
}
