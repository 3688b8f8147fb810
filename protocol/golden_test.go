package protocol

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"localchat/protocol/internal/pb"
)

var update = flag.Bool("update", false, "write the golden bytes anew; only ever right for a format nobody has used yet")

// golden compares got with the bytes in testdata, which nodes in use send and expect. A test that fails here means that this version
// would not understand older nodes: see "Compatibility" in doc.go.
//
// With -update it writes the file, with the names of the fields of m, the schema of got; m is nil for a text.
func golden(t *testing.T, name string, got []byte, m proto.Message) {
	t.Helper()
	var d protoreflect.MessageDescriptor
	if m != nil {
		d = m.ProtoReflect().Descriptor()
	}
	file := filepath.Join("testdata", name+".hex")
	if *update {
		if err := os.WriteFile(file, []byte(annotate(name, got, d)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want, err := hex.DecodeString(regexp.MustCompile(`(?m)#.*$|\s`).ReplaceAllString(string(text), ""))
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s: the encoding has changed:\ngot  %x\nwant %x", file, got, want)
	}
}

// annotate returns b as hex, with the name of each field beside it. The names are those of the schema. The lengths are read from the
// bytes by the rules of protobuf, without the code under test.
func annotate(name string, b []byte, d protoreflect.MessageDescriptor) string {
	var w strings.Builder
	fmt.Fprintf(&w, "# %s, %d bytes\n", name, len(b))
	switch {
	case d == nil:
		annotateBytes(&w, b, "")
	case strings.HasPrefix(name, "frame-"):
		size, n := binary.Uvarint(b)
		fmt.Fprintf(&w, "%-40s # length %d\n", hex.EncodeToString(b[:n]), size)
		annotateFields(&w, b[n:], d, "")
	case strings.HasPrefix(name, "signed-"):
		annotateEnvelope(&w, b, d)
	default:
		annotateFields(&w, b, d, "")
	}
	return w.String()
}

// annotateEnvelope is annotateFields for an envelope with a payload d.
func annotateEnvelope(w *strings.Builder, b []byte, d protoreflect.MessageDescriptor) {
	names := map[byte]string{1: "public_key", 2: "payload_type", 3: "payload", 5: "signature"}
	for len(b) > 0 {
		size, n := binary.Uvarint(b[1:])
		field := b[0] >> 3
		value := b[1+n : 1+n+int(size)]
		fmt.Fprintf(w, "%-40s # %s, %d bytes\n", hex.EncodeToString(b[:1+n]), names[field], size)
		if field == 3 {
			annotateFields(w, value, d, "  ")
		} else {
			annotateBytes(w, value, "")
		}
		b = b[1+n+int(size):]
	}
}

func annotateFields(w *strings.Builder, b []byte, d protoreflect.MessageDescriptor, indent string) {
	for len(b) > 0 {
		tag, t := binary.Uvarint(b)
		f := d.Fields().ByNumber(protoreflect.FieldNumber(tag >> 3))
		v, n := binary.Uvarint(b[t:])
		n += t
		head := indent + hex.EncodeToString(b[:n])
		if tag&7 == 0 {
			fmt.Fprintf(w, "%-40s # %s: %d\n", head, f.Name(), v)
			b = b[n:]
			continue
		}
		value := b[n : n+int(v)]
		switch {
		case f.Message() != nil:
			fmt.Fprintf(w, "%-40s # %s, %d bytes\n", head, f.Name(), v)
			annotateFields(w, value, f.Message(), indent+"  ")
		case f.Kind() == protoreflect.StringKind:
			fmt.Fprintf(w, "%-40s # %s: %q\n", head, f.Name(), value)
			annotateBytes(w, value, indent)
		default:
			fmt.Fprintf(w, "%-40s # %s, %d bytes\n", head, f.Name(), v)
			annotateBytes(w, value, indent)
		}
		b = b[n+int(v):]
	}
}

func annotateBytes(w *strings.Builder, b []byte, indent string) {
	for line := range slices.Chunk(b, 32) {
		fmt.Fprintf(w, "%s%x\n", indent, line)
	}
}

func TestGoldenSigned(t *testing.T) {
	for name, b := range bodies(t) {
		golden(t, "signed-record-"+name, sampleRecord(t, b).Bytes(), &pb.Record{})
	}
	golden(t, "signed-record-ordered", orderedRecord(t).Bytes(), &pb.Record{})
	golden(t, "signed-reason-ordered", orderedReason(t).Bytes(), &pb.Reason{})
	golden(t, "signed-acceptance", sampleAcceptance(t).Bytes(), &pb.Acceptance{})
	golden(t, "signed-reason", sampleReason(t).Bytes(), &pb.Reason{})
	golden(t, "signed-message", sampleMessage(t).Raw(), &pb.Message{})
}

// TestGoldenMessageParts has the header and the content of a message, which its envelope does not show.
func TestGoldenMessageParts(t *testing.T) {
	header, err := sampleHeader.encode()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "message-header", header, &pb.Header{})
	content, err := sampleContent.encode()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "message-content", content, &pb.Content{})
}

func TestGoldenFrames(t *testing.T) {
	for _, f := range frames(t) {
		t.Run(f.name, func(t *testing.T) {
			var w bytes.Buffer
			if err := WriteFrame(&w, f.frame); err != nil {
				t.Fatal(err)
			}
			golden(t, "frame-"+f.name, w.Bytes(), f.schema)
			got := f.empty()
			if err := ReadFrame(&w, got); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, f.frame) {
				t.Errorf("read %+v, wrote %+v", got, f.frame)
			}
		})
	}
}

func TestGoldenInvite(t *testing.T) { golden(t, "invite", []byte(sampleInvite(t).String()), nil) }

// TestSpecificationNamesTheStreams: doc.go names every stream protocol as the code does.
func TestSpecificationNamesTheStreams(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		string(PollID), string(JoinID), string(AskID), string(OrderID), string(SyncID), string(PassID), string(TellID), string(RoomsID),
		recordDomain, keyDomain, messageDomain, messageType, reasonDomain, wordsDomain, InvitePrefix, LinesTopic, RecordsTopic,
	} {
		if !bytes.Contains(doc, []byte(want)) {
			t.Errorf("doc.go does not say %q", want)
		}
	}
	if got := string(GossipID(RoomID{})); got != "/localchat/room/"+strings.Repeat("a", 52)+version {
		t.Errorf("GossipID = %q", got)
	}
}
