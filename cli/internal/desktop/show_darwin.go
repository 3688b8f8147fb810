package desktop

import (
	"context"
	"fmt"
	"os/exec"

	"localchat/cli/internal/notify"
)

// Show shows a notification, in the name of Script Editor.
func Show(ctx context.Context, n notify.Note) error {
	if out, err := exec.CommandContext(ctx, "/usr/bin/osascript", osascriptArgs(n)...).CombinedOutput(); err != nil {
		return fmt.Errorf("osascript: %w: %s", err, out)
	}
	return nil
}

// Check returns nil: whether a notification can be shown is known when one is.
func Check(context.Context) error { return nil }
