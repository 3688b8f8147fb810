//go:build !race

// Not under the race detector, where a sync.Pool drops items at random, so that allocations cannot be counted.

package protocol

import "testing"

// TestScanAllocatesNothing: a node scans whatever any peer sends, so scanning must not allocate.
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
