package lan

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestCompletionInShells presses Tab in each shell, which completes a command and a flag by the script that the program prints.
func TestCompletionInShells(t *testing.T) {
	t.Parallel()
	l := newLAN(t)
	// A shell that knows nothing but the script, which is where that shell reads its first commands.
	shells := map[string]struct{ file, before, after, begin string }{
		"bash": {"bashrc", "source /usr/share/bash-completion/bash_completion\n", "PS1='" + prompt + "'\n", "exec bash --noprofile --rcfile bashrc"},
		"zsh":  {".zshrc", "autoload -U compinit; compinit -u; PS1='" + prompt + "'\n", "", "ZDOTDIR=$PWD exec zsh -d"},
		"fish": {"script.fish", "", "function fish_prompt; echo -n '" + prompt + "'; end\n", "exec fish --no-config --init-command 'source script.fish'"},
	}
	for shell, is := range shells {
		if _, err := exec.LookPath(shell); err != nil {
			if text := t.Name() + " DID NOT RUN in " + shell + ": it is not installed"; os.Getenv("CI") == "true" {
				t.Error(text)
			} else {
				t.Log(text)
			}
			continue
		}
		h := l.host(shell)
		script, _, code := h.run("completion", shell)
		if err := os.WriteFile(filepath.Join(h.home, is.file), []byte(is.before+script+is.after), 0o600); err != nil || code != 0 {
			t.Fatal(err, code)
		}
		w := h.terminal()
		w.types("clear; " + is.begin)
		w.sees(prompt)
		w.tmux("send-keys", "-l", "--", "localchat docto")
		w.press("Tab")
		w.sees("localchat doctor")
		w.tmux("send-keys", "-l", "--", "--no-md")
		w.press("Tab")
		w.sees("localchat doctor --no-mdns")
		w.tmux("kill-server")
	}
}
