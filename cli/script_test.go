package cli

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// scriptWait bounds every wait of a script; only a failing one gets there.
const scriptWait = 30 * time.Second

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"localchat": func() { os.Exit(Main()) }})
}

// TestScripts runs testdata/script: the real program in several processes on loopback, as a person would. Beside the
// commands of testscript there are
//
//	start NAME ARGS...        run localchat with ARGS; NAME stands for it from then on
//	type NAME LINE            type a line into it
//	see NAME REGEXP [VAR]     wait until its output matches, after what was seen before; VAR gets the first group
//	words NAME REGEXP         the same for its standard error
//	hangup NAME               end its input
//	interrupt NAME            send it an interrupt
//	ends NAME CODE            wait until it has ended with this exit code
//	refused NAME CODE REGEXP ARGS...   localchat with ARGS ends with CODE, says what matches and a hint, and has done nothing
//	unset VAR                 take a variable away
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("USER", "somebody")
			env.Setenv("XDG_CONFIG_HOME", env.WorkDir+"/config")
			env.Setenv("XDG_DATA_HOME", env.WorkDir+"/data")
			env.Setenv("XDG_RUNTIME_DIR", env.WorkDir+"/run")
			env.Setenv("LOCALCHAT_NO_MDNS", "true")
			env.Setenv("LOCALCHAT_LISTEN", "/ip4/127.0.0.1/tcp/0")
			env.Values["programs"] = map[string]*program{}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"start": startProgram,
			"type":  func(ts *testscript.TestScript, _ bool, args []string) { typeInto(ts, args) },
			"see":   func(ts *testscript.TestScript, _ bool, args []string) { waitFor(ts, args, false) },
			"words": func(ts *testscript.TestScript, _ bool, args []string) { waitFor(ts, args, true) },
			"hangup": func(ts *testscript.TestScript, _ bool, args []string) {
				// One that has ended by itself has closed it.
				if err := programOf(ts, args[0]).keys.Close(); !errors.Is(err, os.ErrClosed) {
					ts.Check(err)
				}
			},
			"interrupt": func(ts *testscript.TestScript, _ bool, args []string) {
				ts.Check(programOf(ts, args[0]).cmd.Process.Signal(os.Interrupt))
			},
			"ends":    endsWith,
			"refused": refuses,
			"unset":   func(ts *testscript.TestScript, _ bool, args []string) { ts.Setenv(args[0], unset) },
		},
	})
}

// A program is a localchat that a script has started.
type program struct {
	cmd        *exec.Cmd
	keys       io.WriteCloser
	out, words *transcript
	ended      chan struct{}
}

// A transcript keeps what a program wrote, and how far a script has read.
type transcript struct {
	mu      sync.Mutex
	text    []byte
	seen    int
	changed chan struct{} // closed and replaced at every change
}

func newTranscript() *transcript { return &transcript{changed: make(chan struct{})} }

func (t *transcript) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	close(t.changed)
	t.changed = make(chan struct{})
	return len(p), nil
}

// find looks for re after what was seen, and moves behind it.
func (t *transcript) find(re *regexp.Regexp) (groups []string, changed <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	m := re.FindSubmatchIndex(t.text[t.seen:])
	if m == nil {
		return nil, t.changed
	}
	for i := 0; i < len(m); i += 2 {
		group := "" // one that has no part in the match
		if m[i] >= 0 {
			group = string(t.text[t.seen+m[i] : t.seen+m[i+1]])
		}
		groups = append(groups, group)
	}
	t.seen += m[1]
	return groups, nil
}

func (t *transcript) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text)
}

func programOf(ts *testscript.TestScript, name string) *program {
	p := ts.Value("programs").(map[string]*program)[name]
	if p == nil {
		ts.Fatalf("no program %s was started", name)
	}
	return p
}

func startProgram(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 1 {
		ts.Fatalf("usage: start NAME ARGS...")
	}
	ctx, cancel := context.WithCancel(context.Background())
	// A script that fails leaves its programs behind.
	ts.Defer(cancel)
	cmd := exec.CommandContext(ctx, "localchat", args[1:]...)
	path, err := exec.LookPath("localchat")
	ts.Check(err)
	cmd.Path, cmd.Err = path, nil
	cmd.Dir = ts.MkAbs(".")
	for _, name := range []string{"PATH", "HOME", "USER", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR", "LOCALCHAT_NO_MDNS", "LOCALCHAT_LISTEN", "LOCALCHAT_NICKK", "LOCALCHAT_EPHEMERAL"} {
		if value := ts.Getenv(name); value != "" && value != unset {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
	}
	p := &program{cmd: cmd, out: newTranscript(), words: newTranscript(), ended: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = p.out, p.words
	p.keys, err = cmd.StdinPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	go func() {
		defer close(p.ended)
		_ = cmd.Wait() // the exit code is asked for by ends
	}()
	ts.Defer(func() { cancel(); <-p.ended })
	ts.Value("programs").(map[string]*program)[args[0]] = p
}

// unset is the value of a variable that is not to be there.
const unset = "(unset)"

// refuses is the command refused.
func refuses(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 3 {
		ts.Fatalf("usage: refused NAME CODE REGEXP ARGS...")
	}
	startProgram(ts, false, append(args[:1:1], args[3:]...))
	p := programOf(ts, args[0])
	endsWith(ts, false, args[:2])
	if said := p.words.String(); !regexp.MustCompile("(?m)"+args[2]).MatchString(said) || strings.Count(said, "\n") != 2 || !strings.Contains(said, "\nhint: ") || p.out.String() != "" {
		ts.Fatalf("%s shows %q and says\n%s\nwant %s, a hint, and nothing else", args[0], p.out, said, args[2])
	}
	for _, made := range []string{"data", "relative", "home"} {
		if _, err := os.Stat(ts.MkAbs(made)); err == nil {
			ts.Fatalf("%s has made %s", args[0], made)
		}
	}
}

func typeInto(ts *testscript.TestScript, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: type NAME LINE")
	}
	_, err := io.WriteString(programOf(ts, args[0]).keys, args[1]+"\n")
	ts.Check(err)
}

func waitFor(ts *testscript.TestScript, args []string, words bool) {
	if len(args) < 2 {
		ts.Fatalf("usage: see NAME REGEXP [VAR]")
	}
	p := programOf(ts, args[0])
	where := p.out
	if words {
		where = p.words
	}
	re, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	deadline := time.After(scriptWait)
	ended := p.ended
	for {
		groups, changed := where.find(re)
		if groups != nil {
			if len(args) > 2 {
				ts.Setenv(args[2], groups[1])
			}
			return
		}
		select {
		case <-changed:
			continue
		case <-ended:
			ended = nil
			if groups, _ := where.find(re); groups != nil {
				return
			}
		case <-deadline:
		}
		ts.Fatalf("%s never shows %q; it shows\n%s\nand says\n%s", args[0], args[1], p.out, p.words)
	}
}

func endsWith(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: ends NAME CODE")
	}
	p := programOf(ts, args[0])
	code, err := strconv.Atoi(args[1])
	ts.Check(err)
	select {
	case <-p.ended:
	case <-time.After(scriptWait):
		ts.Fatalf("%s goes on; it shows\n%s\nand says\n%s", args[0], p.out, p.words)
	}
	if got := p.cmd.ProcessState.ExitCode(); got != code {
		ts.Fatalf("%s ended with %d, want %d; it showed\n%s\nand said\n%s", args[0], got, code, p.out, p.words)
	}
}
