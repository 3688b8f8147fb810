//go:build !race

// Under the race detector a sync.Pool forgets at random, so that there is nothing to count.

package protocol

import "testing"

// Scanning is what anybody can have a node do.
func TestScanAllocatesNothing(t *testing.T) {
	line, rec := sampleMessage(t).Raw(), sampleRecord(t, Rekey{}).Bytes()
	for what, f := range map[string]func(){
		"a line":           func() { _, _ = ScanMessage(sampleHeader.Room, line) },
		"half a line":      func() { _, _ = ScanMessage(sampleHeader.Room, line[:len(line)/2]) },
		"a record":         func() { _, _ = ScanRecord(rec) },
		"a line as record": func() { _, _ = ScanRecord(line) },
	} {
		if n := testing.AllocsPerRun(100, f); n != 0 {
			t.Errorf("%s: %v allocations", what, n)
		}
	}
	e := must(scanEnvelope(line, messageEnvelope, sampleHeader.Room))
	if n := testing.AllocsPerRun(100, func() {
		if err := e.verify(); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("a good signature: %v allocations", n)
	}
}
