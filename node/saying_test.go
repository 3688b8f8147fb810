package node

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"localchat/authority"
	"localchat/protocol"

	"github.com/libp2p/go-libp2p/core/crypto"
)

// TestErrorsNameNoPackage: every message to a user or a program is a sentence, and does not begin with the name of one of our
// packages.
func TestErrorsNameNoPackage(t *testing.T) {
	var errs []error
	for _, rule := range []error{
		authority.ErrRule, authority.ErrNotMember, authority.ErrClosed, authority.ErrNickBad, authority.ErrNickTaken, authority.ErrFull, authority.ErrNoKnock, authority.ErrNoInvite, authority.ErrFrozen,
		fmt.Errorf("%w: %w", authority.ErrRule, protocol.ErrMalformed),
	} {
		errs = append(errs, ruleError("lab", rule), ruleError("lab", fmt.Errorf("%w: the owner cannot be removed", rule)))
	}
	_, badReason := cleanReason("two\nlines")
	_, badAccess := Access("ajar").parse()
	long := strings.Repeat("x", 1000)
	_, badSubject := PolicyChange{Subject: &long}.apply(protocol.DefaultPolicy())
	_, badName := createRoom{CreateOptions{Name: "\u200b"}}.run(nil)
	errs = append(errs, badReason, badAccess, badSubject, badName, CheckTarget(JoinOptions{Invite: "LOCALCHAT:X"}), validSay(""), validSay("a\x00"))
	named := regexp.MustCompile(`\b(authority|protocol|node|json): |rules of the room: `)
	for _, err := range errs {
		if e := AsError(err); e.Code == CodeInternal || named.MatchString(e.Text) || e.Reason == "" {
			t.Errorf("%s: %q, reason %q", e.Code, e.Text, e.Reason)
		}
	}
}

// TestRefusalsSayHowLong: a refusal for a time says in numbers how long it lasts.
func TestRefusalsSayHowLong(t *testing.T) {
	for _, r := range []protocol.JoinReply{{Code: protocol.JoinTooSoon, Wait: 40 * time.Second}, {Code: protocol.JoinBanned, Wait: time.Hour}} {
		e := AsError(joinRefused("lab", r))
		if e.RetryAfter != r.Wait || (r.Code == protocol.JoinBanned) == e.Until.IsZero() {
			t.Errorf("%q: again after %v, until %v", e.Text, e.RetryAfter, e.Until)
		}
	}
	ban := protocol.SignedReason{Reason: protocol.Reason{Kind: protocol.Banned, ByNick: "alice", At: time.Now(), Until: time.Now().Add(time.Hour)}}
	if e := AsError(doorClosed("lab", ban)); e.RetryAfter < 59*time.Minute || e.Until.Sub(ban.Until).Abs() > time.Minute {
		t.Errorf("%q: again after %v, until %v", e.Text, e.RetryAfter, e.Until)
	}
	if e := AsError(joinRefused("lab", protocol.JoinReply{Code: protocol.JoinBanned})); e.RetryAfter != 0 || !e.Until.IsZero() {
		t.Errorf("a ban without end ends: %v", e)
	}
}

// A faultyKey makes signatures that do not verify.
type faultyKey struct{ crypto.PrivKey }

func (k faultyKey) Sign(text []byte) ([]byte, error) {
	sig, err := k.PrivKey.Sign(text)
	sig[0] ^= 1
	return sig, err
}

// TestOwnSignatureIsVerified: the author's node takes a line only after it has verified the signature, and no other node takes one with a
// bad signature. The next line has the same number, and counts.
func TestOwnSignatureIsVerified(t *testing.T) {
	simulate(t, 2, func(l *simLAN) {
		l.fillRoom(2, nil)
		n0 := l.nodes["n0"]
		sound := n0.signer
		with := func(k protocol.KeySigner) { must(ask(l.ctx(), n0, inLoop(func(lp *loop) { lp.n.signer = k }))) }
		with(protocol.KeySigner{PrivKey: faultyKey{sound.PrivKey}})
		if _, err := n0.Say(l.ctx(), "lab", "unsigned", false); err == nil {
			t.Error("a line with a bad signature is said")
		}
		with(sound)
		l.hearLive("n0", "signed", "n0", "n1")
		for _, n := range []string{"n0", "n1"} {
			if lines := must(l.nodes[n].History(l.ctx(), "lab")).Messages; len(lines) != 1 || lines[0].Text != "signed" {
				t.Errorf("%s has %v", n, lines)
			}
		}
	})
}
