package cli

import (
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"localchat/test/driver"
)

// scriptWait bounds every wait of a script. Only a failing script waits so long.
const scriptWait = 30 * time.Second

func TestMain(m *testing.M) {
	// The tests that run the real program wait most of their time.
	_ = flag.Set("test.parallel", "8")
	testscript.Main(m, map[string]func(){"localchat": func() { os.Exit(Main()) }})
}

// TestScripts runs the scripts in testdata/script, with the real program in several processes on loopback. In addition to the
// commands of testscript there are
//
//	start NAME ARGS...        run localchat with ARGS under NAME
//	type NAME LINE            type a line into it
//	see NAME REGEXP [VAR]     wait for a match in its output, after the previous one; VAR gets the first group
//	words NAME REGEXP         the same for its standard error
//	hangup NAME               end its input
//	interrupt NAME            interrupt it
//	crash NAME                kill it, so that it can do nothing more
//	raise VAR ARGS...         run localchat up with ARGS; VAR gets the process ID of the node, which ends with the test
//	sigkill PID               kill a process
//	ends NAME CODE            wait until it ends with this exit code
//	refused NAME CODE REGEXP ARGS...   localchat with ARGS ends with CODE, says a match and a hint, and does nothing
//	unset VAR                 unset a variable
func TestScripts(t *testing.T) {
	t.Parallel()
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
			env.Values["programs"] = map[string]*driver.Program{}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"start": startProgram,
			"type":  func(ts *testscript.TestScript, _ bool, args []string) { typeInto(ts, args) },
			"see":   func(ts *testscript.TestScript, _ bool, args []string) { waitFor(ts, args, false) },
			"words": func(ts *testscript.TestScript, _ bool, args []string) { waitFor(ts, args, true) },
			"hangup": func(ts *testscript.TestScript, _ bool, args []string) {
				ts.Check(programOf(ts, args[0]).CloseInput())
			},
			"interrupt": func(ts *testscript.TestScript, _ bool, args []string) {
				ts.Check(programOf(ts, args[0]).Cmd.Process.Signal(os.Interrupt))
			},
			"crash": func(ts *testscript.TestScript, _ bool, args []string) {
				ts.Check(programOf(ts, args[0]).Cmd.Process.Kill())
			},
			"raise": raise,
			"sigkill": func(ts *testscript.TestScript, _ bool, args []string) {
				pid, err := strconv.Atoi(args[0])
				ts.Check(err)
				endNode(pid)
			},
			"ends":    endsWith,
			"refused": refuses,
			"unset":   func(ts *testscript.TestScript, _ bool, args []string) { ts.Setenv(args[0], unset) },
		},
	})
}

func programOf(ts *testscript.TestScript, name string) *driver.Program {
	p := ts.Value("programs").(map[string]*driver.Program)[name]
	if p == nil {
		ts.Fatalf("no program %s was started", name)
	}
	return p
}

func startProgram(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 1 {
		ts.Fatalf("usage: start NAME ARGS...")
	}
	path, err := exec.LookPath("localchat")
	ts.Check(err)
	cmd := exec.Command(path, args[1:]...)
	cmd.Dir = ts.MkAbs(".")
	for _, name := range []string{"PATH", "HOME", "USER", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR", "LOCALCHAT_NO_MDNS", "LOCALCHAT_LISTEN", "LOCALCHAT_NICKK", "LOCALCHAT_EPHEMERAL"} {
		if value := ts.Getenv(name); value != "" && value != unset {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
	}
	p, err := driver.StartProgram(cmd)
	ts.Check(err)
	ts.Defer(p.Stop)
	ts.Value("programs").(map[string]*driver.Program)[args[0]] = p
}

// endNode kills a process that is not a child of ours. It may have ended.
func endNode(pid int) {
	if p, err := os.FindProcess(pid); err == nil {
		_ = p.Kill()
	}
}

// raise implements the command raise.
func raise(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(ts.Exec("localchat", append([]string{"up", "--json"}, args[1:]...)...))
	var of struct{ PID int }
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &of))
	ts.Defer(func() { endNode(of.PID) })
	ts.Setenv(args[0], strconv.Itoa(of.PID))
}

// unset is the value of a variable that is not set.
const unset = "(unset)"

// refuses implements the command refused.
func refuses(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 3 {
		ts.Fatalf("usage: refused NAME CODE REGEXP ARGS...")
	}
	startProgram(ts, false, append(args[:1:1], args[3:]...))
	p := programOf(ts, args[0])
	endsWith(ts, false, args[:2])
	if said := p.Words.String(); !regexp.MustCompile("(?m)"+args[2]).MatchString(said) || strings.Count(said, "\n") != 2 || !strings.Contains(said, "\nhint: ") || p.Out.String() != "" {
		ts.Fatalf("%s: %s\nwant %s, a hint, and nothing else", args[0], p, args[2])
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
	ts.Check(programOf(ts, args[0]).Type(args[1] + "\n"))
}

func waitFor(ts *testscript.TestScript, args []string, words bool) {
	if len(args) < 2 {
		ts.Fatalf("usage: see NAME REGEXP [VAR]")
	}
	p := programOf(ts, args[0])
	text := p.Out
	if words {
		text = p.Words
	}
	re, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	groups := p.Sees(text, re, scriptWait)
	if groups == nil {
		ts.Fatalf("%s never shows %q; %s", args[0], args[1], p)
	}
	if len(args) > 2 {
		ts.Setenv(args[2], groups[1])
	}
}

func endsWith(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: ends NAME CODE")
	}
	p := programOf(ts, args[0])
	code, err := strconv.Atoi(args[1])
	ts.Check(err)
	if got, ended := p.Ends(scriptWait); !ended || got != code {
		ts.Fatalf("%s ended: %v, with %d, want %d; %s", args[0], ended, got, code, p)
	}
}
