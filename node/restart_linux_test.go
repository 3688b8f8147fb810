//go:build !race

package node

import (
	"fmt"
	"path/filepath"
	"syscall"
	"testing"
)

// TestOwnerFreezesDuringKick: the owner's process freezes in the middle of a kick: before the record, which has the claim with it, is
// written, or before it counts. The member notices that the owner is away, goes on polling, and is told when the owner wakes.
func TestOwnerFreezesDuringKick(t *testing.T) {
	long(t)
	for _, call := range []int{1, 6} {
		t.Run(fmt.Sprint("call ", call), func(t *testing.T) {
			t.Parallel()
			bob := must(New(Config{Nick: "bob", Listen: []string{"/ip4/127.0.0.1/tcp/0"}, Version: "test"}))
			defer bob.Close()
			w := watch(t, "bob", bob)
			o := run(t, filepath.Join(t.TempDir(), "alice"), "none 0")
			o.do("create")
			must(joinBy(bob, o.do("invite")))
			o.do(fmt.Sprintf("fault stop %d", call))
			o.order("kick too loud")
			until[OwnerUnreachable](w, nil)
			if err := o.cmd.Process.Signal(syscall.SIGCONT); err != nil {
				t.Fatal(err)
			}
			if r := until[Removed](w, nil); r.Text != "too loud" {
				t.Errorf("told %+v", r)
			}
			for _, ev := range w.seen {
				if _, refused := ev.Body.(Refused); refused {
					t.Error("refused:", w.story())
				}
			}
		})
	}
}
