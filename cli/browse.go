package cli

import (
	"os/exec"
	"runtime"

	"localchat/cli/internal/render"
	"localchat/cli/internal/safe"
)

// browser returns the command that opens a page on a system, or nil if there is no screen.
func (a *app) browser(system, url string) []string {
	switch system {
	case "windows":
		return []string{"rundll32", "url.dll,FileProtocolHandler", url}
	case "darwin":
		return []string{"open", url}
	}
	if a.variable("DISPLAY") == "" && a.variable("WAYLAND_DISPLAY") == "" {
		return nil
	}
	return []string{"xdg-open", url}
}

// browse opens a page in the user's browser, or asks the user to do so.
func (a *app) browse(url string) {
	line := a.browser(runtime.GOOS, url)
	if line == nil {
		a.Say(render.NoticeMark + "open the link in a browser on this machine")
		return
	}
	cmd := exec.Command(line[0], line[1:]...)
	cmd.SysProcAttr = apart
	if err := cmd.Start(); err != nil {
		a.Say(render.FaultMark + "no browser was opened (" + safe.Phrase(err.Error()) + "): open the link")
		return
	}
	go func() {
		defer a.Guard()
		if err := cmd.Wait(); err != nil {
			a.Log.Warn("open the browser", "command", line[0], "err", err)
		}
	}()
}
