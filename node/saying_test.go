package node

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"localchat/authority"
	"localchat/protocol"
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
