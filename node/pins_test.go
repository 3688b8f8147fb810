package node

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/node/internal/store"
	"localchat/protocol"
)

// twinsOfLab are names that a reader takes for lab. An honest node would not create some of them, but a hostile one can
// sign any record.
var twinsOfLab = []string{
	"la\u200bb", "lab\u00ad", "la\u2060b", "lab\U000E0061", "lab\u115f", "lab\u3164", "la\U0001D159b", "l\u2009ab", "lab\ufe0f", "lаb", "1ab", "Iab", "ꓡꓮꓐ", "łab", "ʟᴀʙ",
	"lab\uFFFC", "la\u2800b", "ḷab",
}

// showsRooms makes a host show rooms of a stranger's by these names.
func (l *simLAN) showsRooms(host int, owner string, names ...string) {
	var ads []protocol.RoomAd
	for _, name := range names {
		ads = append(ads, protocol.RoomAd{Create: foundation(name, owner), Access: protocol.Open})
	}
	l.hosts[host].SetStreamHandler(protocol.RoomsID, func(s network.Stream) {
		defer s.Close()
		var q protocol.RoomsRequest
		if protocol.ReadFrame(s, &q) == nil {
			_ = protocol.WriteFrame(s, &protocol.RoomsReply{Rooms: ads})
		}
	})
}

// TestRoomThatLooksKnown: a room whose name merely looks like that of a known room is treated as an exact twin: it is marked in the
// list and not entered by its name, whether or not the known room is there.
func TestRoomThatLooksKnown(t *testing.T) {
	// One peer has a place for 8 rooms.
	for twins := range slices.Chunk(twinsOfLab, 6) {
		t.Run(fmt.Sprintf("%+q", twins), func(t *testing.T) { roomsThatLookKnown(t, twins) })
	}
}

func roomsThatLookKnown(t *testing.T, twins []string) {
	simulate(t, 4, func(l *simLAN) {
		alice := l.startOn(0, "alice", "", nil)
		lab := must(alice.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
		r := make(rumours, 8)
		dir := t.TempDir()
		bob := l.startOn(2, "bob", dir, r)
		r <- l.infoOf(0)
		must(bob.Join(l.ctx(), JoinOptions{Room: "lab"}))
		must(struct{}{}, bob.Leave(l.ctx(), "lab"))

		l.showsRooms(1, "eve", append([]string{"labs", "la b2"}, twins...)...)
		r <- l.infoOf(1)
		until(l.subs["bob"], func(w Warning) bool { return w.Code == "owner_key" })
		all := func(f RoomInfo) bool { return f.Owner == personaID("eve") }
		for n := 0; n < len(twins)+2; n = len(slices.DeleteFunc(must(bob.Rooms(l.ctx())), func(f RoomInfo) bool { return !all(f) })) {
			time.Sleep(lookAgain) // simulated
		}
		for _, f := range must(bob.Rooms(l.ctx())) {
			if twin := slices.Contains(twins, f.Name); twin != (f.Change != nil) || twin && f.Change.Known != alice.self {
				t.Errorf("%q is listed with the change %+v", f.Name, f.Change)
			}
		}
		q := make(rumours, 8)
		carol := l.startOn(3, "carol", "", q)
		q <- l.infoOf(0)
		q <- l.infoOf(1)
		until(l.subs["carol"], func(w Warning) bool { return w.Code == "ambiguous_room" })
		for _, name := range append([]string{"lab"}, twins...) {
			if _, err := carol.Join(l.ctx(), JoinOptions{Room: name}); codeOf(err) != CodeAmbiguous || !offers(err, lab.ID) {
				t.Errorf("carol knows neither owner and is answered %v about %q", err, name)
			}
		}
		if j, err := bob.Join(l.ctx(), JoinOptions{Room: "lab"}); err != nil || j.ID != lab.ID {
			t.Errorf("bob knows alice and is led to %v, %v", j.ID, err)
		}
		// While bob is in the room it has no pin, and is known all the same.
		must(struct{}{}, alice.CloseRoom(l.ctx(), "lab", ""))
		until(l.subs["bob"], func(e RoomLost) bool { return e.Owner == alice.self })
		for _, name := range twins {
			_, err := bob.Join(l.ctx(), JoinOptions{Room: name})
			if c := AsError(err).Change; codeOf(err) != CodeAmbiguous && (c == nil || c.Known != alice.self) {
				t.Errorf("bob knows alice and is answered %v about %q", err, name)
			}
		}
		// The rooms that he knows can be read while his node runs, for a list of another program.
		known := must(ReadKnown(dir))
		if known.Owners["lab"] != alice.self || known.Self != bob.self {
			t.Errorf("known is %+v", known)
		}
	})
}

// TestOneRoomThatLooksKnown: a single look-alike is refused with the change, as an exact twin is.
func TestOneRoomThatLooksKnown(t *testing.T) {
	for _, name := range []string{"lаb", "la\u2060b", "LAB"} {
		simulate(t, 3, func(l *simLAN) {
			alice := l.startOn(0, "alice", "", nil)
			r := make(rumours, 8)
			bob := must(New(Config{Nick: "bob", Host: l.hosts[2], Discovery: r, Known: Known{
				Self: personaID("me"), Owners: map[string]peer.ID{"lab": alice.self}, Own: []string{"den"}, Verified: []Named{{alice.self, "alice"}},
			}}))
			l.index["bob"], l.nodes["bob"] = 2, bob
			l.subs["bob"] = watch(l.t, "bob", bob)
			l.showsRooms(1, "eve", name, "dеn")
			r <- l.infoOf(1)
			until(l.subs["bob"], func(f RoomFound) bool { return f.Name == name })
			_, err := bob.Join(l.ctx(), JoinOptions{Room: name})
			if c := AsError(err).Change; codeOf(err) != CodeRefused || c == nil || c.Known != alice.self || c.KnownNick != "alice" {
				t.Errorf("%q is answered %v, %+v", name, err, c)
			}
			for _, f := range must(bob.Rooms(l.ctx())) {
				if f.Change == nil || f.Name != name && f.Change.Known != personaID("me") {
					t.Errorf("%q is listed with the change %+v", f.Name, f.Change)
				}
			}
		})
	}
}

// TestOwnRoomsThatLookAlike: two of our rooms that look alike: a name means neither. We do not create a room of our own beside a
// look-alike.
func TestOwnRoomsThatLookAlike(t *testing.T) {
	simulate(t, 2, func(l *simLAN) {
		alice := l.startOn(0, "alice", "", nil)
		lab := must(alice.Create(l.ctx(), CreateOptions{Name: "lab", PolicyChange: openRoom()}))
		if _, err := alice.Create(l.ctx(), CreateOptions{Name: "1ab"}); codeOf(err) != CodeExists {
			t.Errorf("a second room that looks like it: %v", err)
		}
		r := make(rumours, 8)
		bob := l.startOn(1, "bob", "", r)
		mine := must(bob.Create(l.ctx(), CreateOptions{Name: "1ab"}))
		r <- l.infoOf(0)
		until(l.subs["bob"], func(f RoomFound) bool { return f.Name == "lab" })
		for _, f := range must(bob.Rooms(l.ctx())) {
			if f.Name == "lab" && (f.Change == nil || f.Change.Known != bob.self) {
				t.Errorf("beside our own look-alike, lab is listed with %+v", f.Change)
			}
		}
		if _, err := bob.Join(l.ctx(), JoinOptions{Room: "lab"}); !AsError(err).Identity {
			t.Errorf("lab is entered by its name: %v", err)
		}
		must(bob.Join(l.ctx(), JoinOptions{Room: lab.ID.String()}))
		for _, name := range []string{"lab", "1ab", "LAB"} {
			_, err := bob.Say(l.ctx(), name, "hello", false)
			if codeOf(err) != CodeAmbiguous || !offers(err, lab.ID, mine.ID) {
				t.Errorf("a line into %q: %v", name, err)
			}
		}
		if _, err := bob.Say(l.ctx(), "Iab", "hello", false); err == nil {
			t.Error("a line goes into a room whose name only looks like the given one")
		}
		must(bob.Say(l.ctx(), lab.ID.String(), "hello", false))
	})
}

// TestReadKnown: the file of known rooms lies beside the store while a node runs, follows it, and is written anew at a start.
func TestReadKnown(t *testing.T) {
	if k, err := ReadKnown(filepath.Join(t.TempDir(), "none")); err != nil || len(k.Owners) != 0 {
		t.Errorf("without a directory: %+v, %v", k, err)
	}
	dir := t.TempDir()
	start := func() *Node {
		return must(New(Config{Nick: "alice", DataDir: dir, Listen: []string{"/ip4/127.0.0.1/tcp/0"}}))
	}
	alice := start()
	must(alice.Create(t.Context(), CreateOptions{Name: "lab"}))
	must(alice.Create(t.Context(), CreateOptions{Name: "den"}))
	must(alice.Verify(t.Context(), "", personaID("bob").String(), true))
	k := must(ReadKnown(dir))
	if !slices.Equal(k.Verified, []Named{{personaID("bob"), ""}}) || k.Self != alice.self || !slices.Equal(k.Own, []string{"den", "lab"}) {
		t.Errorf("known is %+v", k)
	}
	must(struct{}{}, alice.CloseRoom(t.Context(), "den", ""))
	if k := must(ReadKnown(dir)); !slices.Equal(k.Own, []string{"lab"}) {
		t.Errorf("after the end of den its own rooms are %q", k.Own)
	}
	if st := must(os.Stat(filepath.Join(dir, knownFile))); st.Mode().Perm() != 0o600 {
		t.Errorf("its mode is %v", st.Mode())
	}
	must(struct{}{}, alice.Close())
	must(struct{}{}, os.WriteFile(filepath.Join(dir, knownFile), []byte("{"), 0o600))
	if _, err := ReadKnown(dir); err == nil {
		t.Error("half a file is read")
	}
	s := must(store.Open(dir))
	must(struct{}{}, s.Pin("Кафе", personaID("carol")))
	must(struct{}{}, s.Close())
	again := start()
	k = must(ReadKnown(dir))
	if !slices.Equal(k.Verified, []Named{{personaID("bob"), ""}}) || !slices.Equal(k.Own, []string{"lab"}) || k.Owners["кафе"] != personaID("carol") {
		t.Errorf("after a start the known rooms are %+v", k)
	}
	must(struct{}{}, again.Close())
}
