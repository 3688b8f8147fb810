package stream

import (
	"fmt"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// TestSizeBehindAnOutlet: the size of a terminal is found through the outlet that writes to it.
func TestSizeBehindAnOutlet(t *testing.T) {
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer master.Close()
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	screen, err := os.OpenFile(fmt.Sprint("/dev/pts/", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer screen.Close()
	if err := unix.IoctlSetWinsize(int(screen.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 61, Col: 133}); err != nil {
		t.Fatal(err)
	}
	out := Outlet(t.Context(), screen)
	if rows, columns := Rows(out), Columns(out); rows != 61 || columns != 133 {
		t.Errorf("%d rows of %d columns, want 61 of 133", rows, columns)
	}
}
