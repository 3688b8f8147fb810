package node

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"localchat/protocol"
)

// auditedRoom is a room in which something of each kind was done, its audit file, and what a member and the owner say of it.
func auditedRoom(t *testing.T, check func(file []byte, member, owner AuditInfo)) {
	simulate(t, 3, func(l *simLAN) {
		alice, bob, carol := l.start("alice"), l.start("bob"), l.start("carol")
		must(alice.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
		must(bob.Join(l.ctx(), JoinOptions{Room: "lab"}))
		must(carol.Join(l.ctx(), JoinOptions{Room: "lab"}))
		must(alice.Mute(l.ctx(), "lab", "bob", "let others talk", time.Hour))
		until(l.subs["carol"], func(m MuteReason) bool { return true })
		must(alice.Unmute(l.ctx(), "lab", "bob"))
		until(l.subs["bob"], func(u Unmuted) bool { return u.Self })
		must(bob.SetNick(l.ctx(), "lab", "robert"))
		subject := "the build"
		must(alice.Policy(l.ctx(), "lab", PolicyChange{Subject: &subject}))
		must(alice.Kick(l.ctx(), "lab", "robert", "too loud"))
		until(l.subs["carol"], func(r RemovalReason) bool { return true })
		must(alice.Ban(l.ctx(), "lab", "robert", "spam", time.Hour))
		must(alice.Unban(l.ctx(), "lab", "robert"))
		until(l.subs["carol"], func(u Unbanned) bool { return true })

		records := must(carol.Records(l.ctx(), "lab", 0))
		if first := must(carol.Records(l.ctx(), "lab", 3)); !reflect.DeepEqual(first.Records, records.Records[3:]) {
			t.Error("records after the third are others")
		}
		var file bytes.Buffer
		must(0, WriteAudit(&file, records.Records))
		check(file.Bytes(), must(carol.Audit(l.ctx(), "lab", 0)), must(alice.Audit(l.ctx(), "lab", 0)))
		if after := must(carol.Audit(l.ctx(), "lab", 1<<60)); len(after.Entries) != 0 || after.More {
			t.Errorf("after the end there is %+v", after)
		}
	})
}

// TestAudit: the audit says who did what to whom, and why if that was told. The file says the same without the reasons.
func TestAudit(t *testing.T) {
	auditedRoom(t, func(file []byte, member, owner AuditInfo) {
		var got []string
		for _, e := range member.Entries {
			got = append(got, strings.TrimSpace(fmt.Sprintf("%s %s %s %s %v %s", e.ByNick, e.What, e.Nick, e.OldNick, e.Changed, e.Reason)))
		}
		want := []string{
			"alice created alice  []", "alice admitted bob  []", "alice admitted carol  []", "alice muted bob  [] let others talk", "alice unmuted bob  []",
			"alice renamed robert bob []", "alice policy   [subject]", "alice kicked robert  [] too loud", "alice banned robert  []", "alice unbanned robert  []",
		}
		if !slices.Equal(got, want) {
			t.Errorf("a member has\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if e := owner.Entries[8]; e.Reason != "spam" || e.Until.IsZero() {
			t.Errorf("the owner has %+v", e)
		}
		audited, err := VerifyAudit(bytes.NewReader(file))
		if err != nil || audited.Name != "lab" || audited.Records != len(want) || audited.Owner != owner.Entries[0].By || audited.Words != protocol.Words(audited.Owner) {
			t.Fatalf("%+v, %v", audited, err)
		}
		for i, e := range member.Entries {
			e.Reason = ""
			if !reflect.DeepEqual(audited.Entries[i], e) {
				t.Errorf("the file says %+v, not %+v", audited.Entries[i], e)
			}
		}
	})
}

// One bit of an audit file that is changed is found, and the line is named. So is a line that is left out, repeated or moved.
func TestAuditOneBit(t *testing.T) {
	step := 1
	if testing.Short() {
		step = 16
	}
	auditedRoom(t, func(file []byte, _, _ AuditInfo) {
		line := 1
		for i := 0; i < len(file); i++ {
			if i%step == 0 {
				changed := bytes.Clone(file)
				changed[i] ^= 1 << (i * 5 % 8)
				_, err := VerifyAudit(bytes.NewReader(changed))
				named := []string{fmt.Sprintf(" in line %d: ", line)}
				if line == 3 {
					named = append(named, " in line 2: ") // the room and the owner are looked at together
				}
				if err == nil || codeOf(err) != CodeInvalid || !slices.ContainsFunc(named, func(n string) bool { return strings.Contains(err.Error(), n) }) {
					t.Fatalf("bit %d of byte %d, in line %d: %v", i*5%8, i, line, err)
				}
			}
			if file[i] == '\n' {
				line++
			}
		}
		lines := strings.SplitAfter(string(file), "\n")
		lines = lines[:len(lines)-1]
		for n := range lines {
			for what, changed := range map[string][]string{
				"left out": slices.Delete(slices.Clone(lines), n, n+1),
				"repeated": slices.Insert(slices.Clone(lines), n, lines[n]),
				"cut off":  lines[:n],
			} {
				if _, err := VerifyAudit(strings.NewReader(strings.Join(changed, ""))); codeOf(err) != CodeInvalid {
					t.Errorf("line %d %s: %v", n+1, what, err)
				}
			}
		}
		for n := range lines[1:] {
			moved := slices.Clone(lines)
			moved[n], moved[n+1] = moved[n+1], moved[n]
			if _, err := VerifyAudit(strings.NewReader(strings.Join(moved, ""))); codeOf(err) != CodeInvalid {
				t.Errorf("lines %d and %d change places: %v", n+1, n+2, err)
			}
		}
		for what, text := range map[string]string{"nothing": "", "a text": "hello\n", "a long line": strings.Repeat("x", 2*maxAuditLine), "no last line break": strings.TrimSuffix(string(file), "\n")} {
			if _, err := VerifyAudit(strings.NewReader(text)); codeOf(err) != CodeInvalid {
				t.Errorf("%s: %v", what, err)
			}
		}
	})
}

// A room keeps the reasons of so many removals, the latest.
func TestAuditKeepsReasons(t *testing.T) {
	var c conversation
	for i := range uint64(maxReasons + 3) {
		c.noteReason(i+1, "x")
	}
	if _, first := c.reasons[3]; first || len(c.reasons) != maxReasons {
		t.Errorf("%d are kept; the third: %v", len(c.reasons), first)
	}
}
