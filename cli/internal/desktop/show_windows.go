package desktop

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/windows"

	"localchat/cli/internal/notify"
)

// Show shows a notification, in the name of Windows PowerShell.
func Show(ctx context.Context, n notify.Note) error {
	system, err := windows.GetSystemDirectory()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, filepath.Join(system, "WindowsPowerShell", "v1.0", "powershell.exe"), powershellArgs...)
	cmd.Env = append(os.Environ(), powershellEnv(n)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{HideWindow: true, CreationFlags: windows.CREATE_NO_WINDOW}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("powershell: %w: %s", err, out)
	}
	return nil
}

// Check returns nil: whether a notification can be shown is known when one is.
func Check(context.Context) error { return nil }
