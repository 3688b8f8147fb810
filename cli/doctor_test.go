package cli

import (
	"context"
	"encoding/json"
	"net/netip"
	"strings"
	"testing"

	"localchat/cli/internal/clitest"
	"localchat/cli/internal/command"
	"localchat/cli/internal/doctor"
	"localchat/cli/internal/fail"
	"localchat/discovery"
)

// emptyNetwork returns the result for a network without faults and without other nodes.
func emptyNetwork() discovery.Checkup {
	prefix := netip.MustParsePrefix("192.168.1.7/24")
	return discovery.Checkup{
		Interfaces: []discovery.InterfaceCheck{{Name: "eth0", Used: true, Prefixes: []netip.Prefix{prefix}}},
		Default:    "eth0",
		Links:      []discovery.LinkCheck{{Interface: "eth0", Returned: true, FromPort: true, Tried: true, Open: true}},
		Resolved:   true, Asked: []netip.Prefix{prefix.Masked()},
	}
}

func doctorApp(t *testing.T, c discovery.Checkup) (*app, *clitest.Screen, *clitest.Screen) {
	t.Helper()
	a, out, words := newApp(t, clitest.NewNode(), strings.NewReader(""))
	a.check = func(_ context.Context, cfg discovery.CheckConfig) discovery.Checkup {
		cfg.Say("asking by multicast on eth0\x1b[2J")
		return c
	}
	return a, out, words
}

func TestDoctorCommand(t *testing.T) {
	a, out, words := doctorApp(t, emptyNetwork())
	if code := a.run(t.Context(), []string{"doctor"}); code != fail.ExitOK {
		t.Errorf("exit %d, want 0: %s", code, words.Take())
	}
	text := out.Take()
	for _, want := range []string{"ok       eth0 is used: 192.168.1.7/24", "\nwarning  no other machine of 192.168.1.0/24", "\n         because ", "\n         type: "} {
		if !strings.Contains(text, want) {
			t.Errorf("printed %q without %q", text, want)
		}
	}
	if said := words.Take(); said != string(command.Looking+"\n-- asking by multicast on eth0\n") {
		t.Errorf("said %q", said)
	}
}

func TestDoctorCommandBlocked(t *testing.T) {
	evil := discovery.InterfaceCheck{Name: "eth0\x1b]0;x\a", Why: discovery.SwitchedOff}
	a, out, words := doctorApp(t, discovery.Checkup{Interfaces: []discovery.InterfaceCheck{evil}})
	if code := a.run(t.Context(), []string{"doctor", "--json", "-q"}); code != fail.ExitNetwork {
		t.Errorf("exit %d, want %d", code, fail.ExitNetwork)
	}
	var d doctor.Diagnosis
	if err := json.Unmarshal([]byte(out.Take()), &d); err != nil || !d.Blocked || len(d.Findings) != 2 {
		t.Errorf("printed %+v: %v", d, err)
	}
	if said := words.Take(); said != "localchat: nobody can be found or reached: there is no usable network interface\nhint: sudo ip link set 'eth0' up\n" {
		t.Errorf("said %q", said)
	}
}

func TestDoctorInRoom(t *testing.T) {
	f := clitest.NewNode()
	a, out, words := newApp(t, f, strings.NewReader("/doctor\n"))
	a.check = func(context.Context, discovery.CheckConfig) discovery.Checkup { return emptyNetwork() }
	if code := a.run(t.Context(), []string{"--plain"}); code != fail.ExitOK {
		t.Errorf("exit %d: %s", code, words.Take())
	}
	if text := out.Take(); !strings.HasPrefix(text, string(command.Looking)+"\n") || !strings.Contains(text, "\nok       multicast from this machine comes back on eth0") || !strings.Contains(text, "ok       connected to 1 node") {
		t.Errorf("shown: %q", text)
	}
}
