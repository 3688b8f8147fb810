//go:build linux || darwin || freebsd

package onlink

import (
	"context"
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

func watch(ctx context.Context, changed func()) bool {
	fd, err := changesSocket()
	if err != nil {
		return false
	}
	return watchSocket(ctx, fd, changed)
}

// watchSocket calls changed whenever the socket fd can be read, and closes it when ctx ends.
func watchSocket(ctx context.Context, fd int, changed func()) bool {
	f := os.NewFile(uintptr(fd), "changes of the network")
	defer context.AfterFunc(ctx, func() { f.Close() })()
	defer f.Close()
	// What the messages say is not read: they are a reason to look. A message that was too long, or came too fast, is one too.
	b := make([]byte, 4096)
	for {
		if _, err := f.Read(b); err != nil && !errors.Is(err, unix.ENOBUFS) {
			return ctx.Err() != nil
		}
		changed()
	}
}
