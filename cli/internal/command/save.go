package command

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"localchat/cli/internal/fail"
	"localchat/cli/internal/render"
	"localchat/cli/internal/safe"
)

// runSave writes the lines of the room that are kept here to a new file, which only this user can read. If a line has several rows,
// each row after the first is marked, as on the screen: it cannot pass for another line.
func runSave(ctx context.Context, c Call) (Reply, error) {
	path := c.Args[0]
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		home, err := os.UserHomeDir()
		if err != nil {
			return Reply{}, fail.Usage("give the whole path", "%v", err)
		}
		path = filepath.Join(home, rest)
	}
	history, err := c.Node.History(ctx, c.Room.ID)
	if err != nil {
		return Reply{}, err
	}
	if len(history.Messages) == 0 {
		return Reply{}, fail.Usage("lines are kept for as long as /policy says", "there is nothing to save in %s", c.Room.Name)
	}
	var b strings.Builder
	for _, m := range history.Messages {
		rows := strings.Split(strings.ReplaceAll(m.Text, "\r\n", "\n"), "\n")
		m.Text, m.Late = rows[0], false
		b.WriteString(m.At.Local().Format("2006-01-02 15:04 ") + string(render.Message(m)) + "\n")
		for _, row := range rows[1:] {
			b.WriteString("                 | " + string(safe.Message(row)) + "\n")
		}
	}
	if err := WriteNew(path, []byte(b.String())); err != nil {
		return Reply{}, err
	}
	return replied(append([]safe.Text{"saved " + render.Count(len(history.Messages), "line", "lines") + " to " + safe.Phrase(path)}, notHere(history)...)...)
}

// WriteNew writes a file that does not exist yet, which only this user can read.
func WriteNew(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	switch {
	case errors.Is(err, fs.ErrExist):
		return fail.Usage("choose a name that does not exist yet", "%s already exists", path)
	case err != nil:
		return fail.Usage("choose a file in a folder that you can write to", "%v", err)
	}
	_, err = f.Write(data)
	if err := errors.Join(err, f.Close()); err != nil {
		return &fail.Error{Code: fail.ExitFailure, Text: "the file is incomplete: " + err.Error(), Hint: "is the disk full?"}
	}
	return nil
}
