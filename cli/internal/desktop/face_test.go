package desktop

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"localchat/cli/internal/clitest"
	"localchat/cli/internal/notify"
	"localchat/node"
)

// A seat is a face with a desktop that notes what it is shown.
type seat struct {
	Face
	events  chan node.Event
	watched bool
	set     notify.Settings
	fails   error
	log     bytes.Buffer

	mu    sync.Mutex // the face shows some notes by its own timer
	shown []string
}

// sit runs a face in a bubble.
func sit(t *testing.T, test func(s *seat)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &seat{events: make(chan node.Event), set: notify.Default}
		s.Face = Face{
			Settings: func() notify.Settings { return s.set }, Watched: func() bool { return s.watched },
			Show: func(_ context.Context, n notify.Note) error {
				s.mu.Lock()
				defer s.mu.Unlock()
				s.shown = append(s.shown, string(n.Title+" | "+n.Body))
				return s.fails
			},
			Log: slog.New(slog.NewTextHandler(&s.log, nil)), Guard: func() {},
		}
		done := make(chan struct{})
		go func() {
			s.Run(t.Context(), s.events)
			close(done)
		}()
		test(s)
		close(s.events)
		<-done
	})
}

// hears sends events of the room lab, and returns what was shown since the last time.
func (s *seat) hears(bodies ...node.EventBody) (shown []string) {
	for _, b := range bodies {
		s.events <- node.Event{Room: clitest.LabID, RoomName: "lab", Body: b}
	}
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	shown, s.shown = s.shown, nil
	return shown
}

// TestCallsByTheNewNick: a node in the background knows its person by the nick of now.
func TestCallsByTheNewNick(t *testing.T) {
	sit(t, func(s *seat) {
		s.hears(node.Joined{Name: "lab", Nick: "bob"}, node.Renamed{Peer: clitest.MeID, Nick: "robert", OldNick: "bob", Self: true})
		if got := s.hears(clitest.Spoken(1, "bob: look")); len(got) != 0 {
			t.Errorf("called by the old nick: %q", got)
		}
		if got := s.hears(clitest.Spoken(2, "robert: look")); len(got) != 1 {
			t.Errorf("not called by the new nick")
		}
	})
}

// TestCallsWhileNoConsoleIsThere: a node in the background calls its person by the desktop, as they have set it, and leaves it to a
// console that is there.
func TestCallsWhileNoConsoleIsThere(t *testing.T) {
	sit(t, func(s *seat) {
		check := func(got []string, want ...string) {
			t.Helper()
			if !slices.Equal(got, want) {
				t.Errorf("shown: %q, want %q", got, want)
			}
		}
		check(s.hears(clitest.Spoken(1, "bob?"))) // who we are in that room is not known
		check(s.hears(node.Joined{Name: "lab", Nick: "bob"}, clitest.Spoken(2, "hello"), clitest.Spoken(3, "bob?")), "localchat: lab | <alice> bob?")
		s.watched = true
		check(s.hears(clitest.Spoken(4, "bob?"), node.Direct{Peer: clitest.AliceID, Nick: "alice", Text: "psst"}))
		s.watched = false
		s.set.Text = false
		time.Sleep(settingsAge)
		check(s.hears(node.Knock{Peer: clitest.DaveID, Nick: "dave"}), "localchat | somebody knocks")
		s.set.Level = notify.Off
		time.Sleep(settingsAge)
		check(s.hears(clitest.Spoken(5, "bob?")))
		s.set = notify.Default
		time.Sleep(settingsAge)
		check(s.hears(node.Removed{Kind: node.KindKicked, Text: "too loud", By: clitest.AliceID, ByNick: "alice"}, clitest.Spoken(6, "bob?")),
			"localchat: lab | you were kicked from lab by alice: too loud")
	})
}

// TestFloodOnTheDesktop: a flood is a few notifications and, a minute later, one about the rest.
func TestFloodOnTheDesktop(t *testing.T) {
	sit(t, func(s *seat) {
		s.hears(node.Joined{Name: "lab", Nick: "bob"})
		shown := 0
		for range 100 {
			shown += len(s.hears(clitest.Spoken(1, "bob!")))
		}
		if shown != 3 {
			t.Errorf("100 mentions are %d notifications", shown)
		}
		time.Sleep(time.Minute + time.Second)
		if got := s.hears(); !slices.Equal(got, []string{"localchat | and 97 more"}) {
			t.Errorf("a minute later: %q", got)
		}
	})
}

// TestNoDesktop: that nothing can be shown is logged once, and known to doctor, until it can be.
func TestNoDesktop(t *testing.T) {
	sit(t, func(s *seat) {
		s.fails = errors.New("no session bus")
		s.hears(node.Joined{Name: "lab", Nick: "bob"}, clitest.Spoken(1, "bob?"), clitest.Spoken(2, "bob?"))
		if n := strings.Count(s.log.String(), "the desktop shows no notifications"); n != 1 || !errors.Is(s.Err(), s.fails) {
			t.Errorf("logged %d times: %s; the error is %v", n, s.log.String(), s.Err())
		}
		s.fails = nil
		time.Sleep(2 * time.Minute)
		s.hears(clitest.Spoken(3, "bob?"))
		if err := s.Err(); err != nil {
			t.Errorf("after it was shown the error is %v", err)
		}
	})
}

// TestNoTextInAScript: what runs on macOS and Windows is the same for every notification, and the text stands beside it.
func TestNoTextInAScript(t *testing.T) {
	hostile := notify.Note{Title: `localchat: "; do shell script "x`, Body: `-e' $(calc) "]] '`}
	mine, theirs := osascriptArgs(notify.Note{}), osascriptArgs(hostile)
	if n := len(mine) - 2; !slices.Equal(mine[:n], theirs[:n]) || !slices.Equal(theirs[n:], []string{string(hostile.Title), string(hostile.Body)}) {
		t.Errorf("osascript %q", theirs)
	}
	if got := powershellEnv(hostile); !slices.Equal(got, []string{titleVariable + "=" + string(hostile.Title), bodyVariable + "=" + string(hostile.Body)}) {
		t.Errorf("the variables are %q", got)
	}
	if script := powershellArgs[len(powershellArgs)-1]; strings.ContainsAny(script, "\"`") || strings.Count(script, "$env:") != 2 {
		t.Errorf("the script has a quote that a command line would change, or other variables: %s", script)
	}
}
