package node

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"strings"

	"github.com/libp2p/go-libp2p/core/peer"

	"localchat/authority"
	"localchat/node/internal/fault"
	"localchat/protocol"
)

// An audit file has the signed log of a room as text, so that anybody who knows the owner's key can check it:
//
//	localchat-audit 1
//	room ID
//	owner PEER, that of record 1
//	the records, in order, one a line, in base64 (RFC 4648, with padding)
//	end NUMBER SHA-256 of all before this line, in hex
//
// The records prove themselves: each is signed, and has the hash of the one before. The last line shows a file that was cut or damaged
// on its way. It is not signed: if somebody cuts off the end and writes the last line again, the log is valid, but of an earlier time.
const auditHead = "localchat-audit 1"

var auditCoding = base64.StdEncoding.Strict()

// An Audited is a log that [VerifyAudit] has found intact.
type Audited struct {
	Room    RoomID       `json:"room"`
	Name    string       `json:"name"`
	Owner   peer.ID      `json:"owner"`
	Words   string       `json:"words"`  // of the owner
	Owners  []peer.ID    `json:"owners"` // in their order: the one that created the room, and those to which it was given
	Records int          `json:"records"`
	Entries []AuditEntry `json:"entries"`
}

// WriteAudit writes the audit file of a whole log.
func WriteAudit(w io.Writer, records [][]byte) error {
	if len(records) == 0 {
		return &Error{Code: CodeInvalid, Text: "the log is empty", Reason: fault.AuditDamaged}
	}
	first, err := protocol.OpenRecord(records[0])
	if err != nil {
		return err
	}
	sum := sha256.New()
	out := bufio.NewWriter(io.MultiWriter(w, sum))
	fmt.Fprintf(out, "%s\nroom %s\nowner %s\n", auditHead, first.RoomID(), first.Author)
	for _, r := range records {
		fmt.Fprintln(out, auditCoding.EncodeToString(r))
	}
	if err := out.Flush(); err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "end %d %x\n", len(records), sum.Sum(nil))
	return err
}

// VerifyAudit checks an audit file: its form, every signature, that each record follows the one before, and the law of a room. It fails
// with invalid, and says at which line and record.
func VerifyAudit(r io.Reader) (Audited, error) {
	in := bufio.NewScanner(r)
	in.Buffer(make([]byte, 0, 4<<10), maxAuditLine)
	in.Split(wholeLines)
	sum, n := sha256.New(), 0
	line := func() (string, bool) {
		ok := in.Scan()
		n++
		return strings.TrimSuffix(in.Text(), "\n"), ok && strings.HasSuffix(in.Text(), "\n")
	}
	bad := func(format string, args ...any) (Audited, error) {
		return Audited{}, &Error{Code: CodeInvalid, Text: fmt.Sprintf("the audit is damaged in line %d: ", n) + fmt.Sprintf(format, args...), Reason: fault.AuditDamaged}
	}
	var head [3]string
	for i := range head {
		text, ok := line()
		if !ok {
			return bad("it ends too early")
		}
		head[i] = text
		fmt.Fprintln(sum, text)
	}
	n = 1
	if head[0] != auditHead {
		return bad("this is no audit of localchat, or one of a later version")
	}
	var records []protocol.SignedRecord
	var state authority.State
	for {
		n = len(records) + len(head)
		text, ok := line()
		if !ok {
			return bad("it ends too early, after %d records", len(records))
		}
		if end, is := strings.CutPrefix(text, "end "); is {
			if want := fmt.Sprintf("%d %s", len(records), hex.EncodeToString(sum.Sum(nil))); end != want {
				return bad("the last line does not fit the file")
			}
			break
		}
		at := len(records) + 1
		raw, err := auditCoding.DecodeString(text)
		if err != nil || strings.ContainsAny(text, "\r\n") {
			return bad("record %d is no base64", at)
		}
		rec, err := protocol.OpenRecord(raw)
		if err != nil {
			return bad("record %d: %s", at, fault.Text(err))
		}
		if at == 1 && (head[1] != "room "+rec.RoomID().String() || head[2] != "owner "+rec.Author.String()) {
			n = 2
			return bad("the room or the owner is not that of record 1")
		}
		next, _, err := state.Apply(rec)
		if err != nil {
			return bad("record %d: %s", at, fault.Text(err))
		}
		fmt.Fprintln(sum, text)
		records, state = append(records, rec), next
	}
	if in.Scan() {
		n++
		return bad("something follows the end")
	}
	if len(records) == 0 {
		return bad("it has no records")
	}
	entries, err := auditOf(records)
	if err != nil {
		return Audited{}, err
	}
	owner := state.Owner()
	return Audited{Room: state.Room(), Name: state.Name(), Owner: owner, Words: protocol.Words(owner), Owners: ownersOf(records[0], state.Transfers()), Records: len(records), Entries: entries}, nil
}

// wholeLines splits like [bufio.ScanLines], and leaves the line breaks: a changed one is a changed file.
func wholeLines(data []byte, atEOF bool) (advance int, token []byte, err error) {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return i + 1, data[:i+1], nil
	}
	if atEOF && len(data) > 0 {
		return len(data), data, nil
	}
	return 0, nil, nil
}
