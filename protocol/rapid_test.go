package protocol

import (
	"bytes"
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"
	"pgregory.net/rapid"
)

var (
	genCount = rapid.Uint64Range(1, MaxCounter)
	genTime  = rapid.Custom(func(t *rapid.T) time.Time {
		return time.UnixMilli(rapid.Int64Range(1, maxTimeMillis).Draw(t, "ms")).UTC()
	})
	genPeer = rapid.Custom(func(t *rapid.T) peer.ID { return peerOfKey(genBytes(t, keySize)) })
	genName = rapid.StringMatching(`[a-zA-Zäß漢👋][a-zA-Zäß漢👋_-]{0,30}`)
	genLine = rapid.StringMatching(`([a-zäß漢👋][a-zäß漢👋 ]{0,50}[a-z])?`)
	genText = rapid.StringMatching(`[a-zäß漢👋\n\t ]{1,200}`)
	genAddr = rapid.SampledFrom([]multiaddr.Multiaddr{tcp, quic})
)

// genBytes draws n bytes that are not all zero.
func genBytes(t *rapid.T, n int) []byte {
	b := rapid.SliceOfN(rapid.Byte(), n, n).Draw(t, "bytes")
	b[0] |= 1
	return b
}

func genCut(t *rapid.T) Cut {
	if rapid.Bool().Draw(t, "no cut") {
		return Cut{}
	}
	return Cut{Ctr: genCount.Draw(t, "ctr"), Hash: Hash(genBytes(t, 32))}
}

// genRuns draws runs with at least one line.
func genRuns(t *rapid.T) Runs {
	numbers := rapid.SliceOfNDistinct(genCount, 1, 6, rapid.ID[uint64]).Draw(t, "runs")
	slices.Sort(numbers)
	slices.Reverse(numbers)
	if len(numbers) > 1 && rapid.Bool().Draw(t, "a run of one line") {
		numbers = slices.Insert(numbers, 1, numbers[0])
	}
	return numbers
}

func genReceipt(t *rapid.T) Runs {
	if rapid.Bool().Draw(t, "no receipt") {
		return nil
	}
	return genRuns(t)
}

func genPolicy(t *rapid.T) Policy {
	seconds := rapid.Int64Range(1, int64(MaxPolicyTime/time.Second))
	return Policy{
		Access: Access(rapid.IntRange(1, 3).Draw(t, "access")), Subject: genLine.Draw(t, "subject"),
		Idle: time.Duration(seconds.Draw(t, "idle")) * time.Second, Retain: time.Duration(seconds.Draw(t, "retain")) * time.Second,
		History: History(rapid.IntRange(1, 3).Draw(t, "history")), MembersInvite: rapid.Bool().Draw(t, "invite"),
		HideReasons: rapid.Bool().Draw(t, "hide"), VoicedOnly: rapid.Bool().Draw(t, "voiced"), Slow: time.Duration(rapid.Int64Range(0, int64(MaxSlow/time.Second)).Draw(t, "slow")) * time.Second,
	}
}

func genRecord(t *rapid.T, author peer.ID) Record {
	r := Record{
		Room: RoomID(genBytes(t, 32)), Seq: genCount.Filter(func(n uint64) bool { return n > 1 }).Draw(t, "seq"),
		Prev: Hash(genBytes(t, 32)), Term: genCount.Draw(t, "term"), Epoch: genCount.Draw(t, "epoch"),
		At: genTime.Filter(func(at time.Time) bool { return at.UnixMilli() < maxTimeMillis }).Draw(t, "at"), Author: author,
	}
	switch rapid.IntRange(0, 10).Draw(t, "body") {
	case 0:
		r.Room, r.Seq, r.Prev = RoomID{}, 1, Hash{}
		r.Body = Create{Name: genName.Draw(t, "name"), Nick: genName.Draw(t, "nick"), Policy: genPolicy(t), Salt: [16]byte(genBytes(t, 16))}
	case 1:
		a := Admit{Peer: genPeer.Draw(t, "peer"), Nick: genName.Draw(t, "nick")}
		if rapid.Bool().Draw(t, "invited") {
			a.Invite = InviteID(genBytes(t, 8))
		}
		r.Body = a
	case 2:
		r.Body = Leave{Peer: genPeer.Draw(t, "peer"), Cut: genCut(t)}
	case 3:
		rm := Remove{Peer: genPeer.Draw(t, "peer"), Kind: Kicked, Cut: genCut(t)}
		if rapid.Bool().Draw(t, "ban") {
			rm.Kind = Banned
			if rapid.Bool().Draw(t, "for a time") {
				rm.Until = time.UnixMilli(rapid.Int64Range(r.At.UnixMilli()+1, maxTimeMillis).Draw(t, "until")).UTC()
			}
		}
		r.Body = rm
	case 4:
		r.Body = Unban{Peer: genPeer.Draw(t, "peer")}
	case 5:
		p := SetPolicy{Policy: genPolicy(t), NewEpoch: rapid.Bool().Draw(t, "new epoch")}
		if p.NewEpoch && p.Policy.VoicedOnly {
			peers := rapid.SliceOfNDistinct(genPeer, 0, 3, rapid.ID[peer.ID]).Draw(t, "silenced")
			slices.Sort(peers)
			for _, of := range peers {
				p.Cuts = append(p.Cuts, MemberCut{of, Cut{genCount.Draw(t, "ctr"), Hash(genBytes(t, 32))}})
			}
		}
		r.Body = p
	case 6:
		r.Body = Rekey{}
	case 7:
		r.Body = Close{rapid.SampledFrom([]ReasonKind{Closed, Idle}).Draw(t, "kind")}
	case 9:
		r.Body = Voice{Peer: genPeer.Draw(t, "peer")}
	case 10:
		r.Body = Unvoice{Peer: genPeer.Draw(t, "peer"), Cut: genCut(t)}
	case 8:
		set := SetDeputies{Peers: rapid.SliceOfNDistinct(genPeer, 1, MaxDeputies, rapid.ID[peer.ID]).Draw(t, "deputies")}
		for _, of := range slices.Sorted(slices.Values(set.Peers[1:])) {
			set.Cuts = append(set.Cuts, MemberCut{of, Cut{genCount.Draw(t, "ctr"), Hash(genBytes(t, 32))}})
		}
		r.Body = set
	}
	if MayBeOrdered(r.Body) && rapid.Bool().Draw(t, "ordered") {
		r.By = genPeer.Draw(t, "by")
	}
	if StartsEpoch(r.Body) {
		r.KeyHash = Hash(genBytes(t, 32))
	}
	return r
}

func TestAnyRecordReadsBack(t *testing.T) {
	alice := signer(t, 1)
	rapid.Check(t, func(t *rapid.T) {
		r := genRecord(t, alice.Peer())
		s, err := SignRecord(r, alice)
		if err != nil || !reflect.DeepEqual(s.Record, r) {
			t.Fatalf("%+v read as %+v, %v", r, s.Record, err)
		}
	})
}

func TestAnyReasonReadsBack(t *testing.T) {
	alice := signer(t, 1)
	rapid.Check(t, func(t *rapid.T) {
		r := Reason{
			Room: RoomID(genBytes(t, 32)), Peer: genPeer.Draw(t, "peer"), Kind: ReasonKind(rapid.IntRange(0, 5).Draw(t, "kind")),
			Text: genLine.Draw(t, "text"), By: alice.Peer(), ByNick: genName.Draw(t, "nick"), At: genTime.Draw(t, "at"),
			Removal: genCount.Draw(t, "removal"), Nonce: Nonce(genBytes(t, 16)),
		}
		if r.Kind == Banned {
			r.Until = genTime.Draw(t, "until")
		}
		if rapid.Bool().Draw(t, "ordered") {
			r.For, r.ForNick = genPeer.Draw(t, "for"), genName.Draw(t, "for nick")
		}
		s, err := SignReason(r, alice)
		if err != nil || s.Reason != r || s.Signer != alice.Peer() {
			t.Fatalf("%+v read as %+v, %v", r, s.Reason, err)
		}
	})
}

// TestAnyMessageOpens: a message opens with the key that it was sealed with, unchanged, and with no other key.
func TestAnyMessageOpens(t *testing.T) {
	bob := signer(t, 2)
	rapid.Check(t, func(t *rapid.T) {
		h := Header{Room: RoomID(genBytes(t, 32)), Epoch: genCount.Draw(t, "epoch"), Ctr: genCount.Draw(t, "ctr"), Lamport: genCount.Draw(t, "lamport")}
		if rapid.Bool().Draw(t, "has prev") {
			h.Prev = Hash(genBytes(t, 32))
		}
		c := Content{Kind: ContentKind(rapid.IntRange(1, 2).Draw(t, "kind")), Text: genText.Draw(t, "text"), At: genTime.Draw(t, "at")}
		if rapid.Bool().Draw(t, "note") {
			c = Content{Kind: ReasonNote, Text: genLine.Draw(t, "reason"), At: c.At, Removal: genCount.Draw(t, "removal")}
		}
		key := Key(genBytes(t, 32))
		nonce := bytes.NewReader(genBytes(t, nonceSize))
		m, err := SealMessage(h, c, key, bob.Peer(), bob, nonce)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := m.Open(key); err != nil || got != c || m.Header != h {
			t.Fatalf("%+v, %+v opens as %+v, %+v, %v", h, c, m.Header, got, err)
		}
		key[rapid.IntRange(0, 31).Draw(t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		if _, err := m.Open(key); !errors.Is(err, ErrNotOpened) {
			t.Fatalf("under another key: %v", err)
		}
	})
}

func genKeys(t *rapid.T) []EpochKey {
	var ks []EpochKey
	for range rapid.IntRange(0, 4).Draw(t, "keys") {
		ks = append(ks, EpochKey{Epoch: genCount.Draw(t, "epoch"), Key: Key(genBytes(t, 32))})
	}
	return ks
}

func genBlobs(t *rapid.T, most int) [][]byte {
	var bs [][]byte
	for range rapid.IntRange(0, 4).Draw(t, "blobs") {
		bs = append(bs, genBytes(t, rapid.IntRange(1, most).Draw(t, "size")))
	}
	return bs
}

func genPresent(t *rapid.T) []Presence {
	var ps []Presence
	for range rapid.IntRange(0, 4).Draw(t, "present") {
		p := Presence{Peer: genPeer.Draw(t, "peer")}
		for range rapid.IntRange(0, 3).Draw(t, "addrs") {
			p.Addrs = append(p.Addrs, genAddr.Draw(t, "addr"))
		}
		ps = append(ps, p)
	}
	return ps
}

func genProof(t *rapid.T) [][]byte {
	proof := genBlobs(t, 300)
	return proof[:min(len(proof), 2)]
}

// TestAnyBatchReadsBack: the frames with lists, which the golden bytes have only with one item.
func TestAnyBatchReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keys, records := genKeys(t), genBlobs(t, 300)
		var heads []Head
		for range rapid.IntRange(0, 4).Draw(t, "heads") {
			heads = append(heads, Head{Author: genPeer.Draw(t, "author"), Runs: genRuns(t)})
		}
		for _, c := range []struct{ wrote, read Frame }{
			{&PollReply{Member: &PollMember{Records: records, Keys: keys, Presence: genCount.Draw(t, "presence"), Present: genPresent(t), Receipt: genReceipt(t), Last: genCut(t), Proof: genProof(t), More: rapid.Bool().Draw(t, "more")}}, &PollReply{}},
			{&JoinReply{Code: JoinAdmitted, Admission: 1, Seq: genCount.Draw(t, "seq"), Head: Hash(genBytes(t, 32)), Records: records, Keys: keys}, &JoinReply{}},
			{&SyncReply{Records: records, Keys: keys, Lines: []([]byte){{1}, {2}}, Ages: genAges(t), Receipt: genReceipt(t), HaveSeq: genCount.Draw(t, "seq"), Head: Hash(genBytes(t, 32)), Last: genCut(t), Proof: genProof(t)}, &SyncReply{}},
			{&SyncRequest{Room: RoomID(genBytes(t, 32)), HaveSeq: genCount.Draw(t, "seq"), Head: Hash(genBytes(t, 32)), Proof: genProof(t), Keys: slices.Collect(epochs(keys)), Heads: heads, News: rapid.Bool().Draw(t, "news")}, &SyncRequest{}},
		} {
			var w bytes.Buffer
			if err := WriteFrame(&w, c.wrote); err != nil {
				t.Fatal(err)
			}
			if err := ReadFrame(&w, c.read); err != nil || !reflect.DeepEqual(c.read, c.wrote) {
				t.Fatalf("%+v read as %+v, %v", c.wrote, c.read, err)
			}
		}
	})
}

func epochs(ks []EpochKey) func(func(uint64) bool) {
	return func(yield func(uint64) bool) {
		for _, k := range ks {
			if !yield(k.Epoch) {
				return
			}
		}
	}
}

func TestAnyInviteReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := InviteText{
			Owner: genPeer.Draw(t, "owner"), Room: RoomID(genBytes(t, 32)), Token: Token(genBytes(t, 16)),
			Expires: time.Unix(rapid.Int64Range(1, maxTimeMillis/1000).Draw(t, "expires"), 0).UTC(),
		}
		for range rapid.IntRange(0, MaxInviteAddrs).Draw(t, "addrs") {
			in.Addrs = append(in.Addrs, genAddr.Draw(t, "addr"))
		}
		s := in.String()
		if got, err := ParseInvite(s); err != nil || !reflect.DeepEqual(got, in) || len(s) > MaxInvite {
			t.Fatalf("%+v as %s reads as %+v, %v", in, s, got, err)
		}
	})
}

func genAges(t *rapid.T) (ages []time.Duration) {
	for range rapid.IntRange(0, 2).Draw(t, "ages") {
		ages = append(ages, time.Duration(rapid.Int64Range(0, int64(MaxAge/time.Millisecond)).Draw(t, "age"))*time.Millisecond)
	}
	return ages
}
