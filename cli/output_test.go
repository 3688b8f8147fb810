package cli

import (
	"bytes"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"localchat/cli/internal/fail"
)

// TestLostOutputIsAFailure: a command fails if its output is lost. It does not fail if the reader has gone, as head(1) goes.
func TestLostOutputIsAFailure(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("there is no /dev/full here")
	}
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	h := newHousehold(t)
	for _, line := range []string{
		"id", "id --json", "version", "version --json", "--version", "--help", "join --help", "help send", "man", "completion bash", "config path",
		"doctor", "doctor --json", "rpc", "rooms --json --wait 1s", "create lab --plain", "create lab --plain --open --ephemeral",
	} {
		t.Run(line, func(t *testing.T) {
			for _, broken := range []bool{false, true} {
				cmd := h.command(append(strings.Fields(line), "--no-mdns")...)
				if line == "--version" || strings.HasPrefix(line, "completion") {
					cmd = h.command(strings.Fields(line)...)
				}
				var words bytes.Buffer
				cmd.Stdout, cmd.Stderr, cmd.Stdin = full, &words, strings.NewReader("/quit\n")
				if broken {
					r, w, err := os.Pipe()
					if err != nil {
						t.Fatal(err)
					}
					r.Close()
					defer w.Close()
					cmd.Stdout = w
				}
				err := cmd.Run()
				exit, _ := err.(*exec.ExitError)
				said := strings.Contains(words.String(), "cannot write to standard output")
				switch {
				case !broken && (exit == nil || exit.ExitCode() != fail.ExitFailure || !said):
					t.Errorf("on a full disk: %v: %s", err, words.String())
				case broken && said:
					t.Errorf("without a reader: %v: %s", err, words.String())
				}
			}
		})
	}
}
