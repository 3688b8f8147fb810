package rpc

import (
	"regexp"
	"strings"
	"testing"

	"localchat/cli/internal/clitest"
	"localchat/cli/internal/command"
	"localchat/cli/internal/hint"
	"localchat/cli/internal/render"
	"localchat/node"
)

// TestHintsNameExistingCommands: every command and method that a hint names exists.
func TestHintsNameExistingCommands(t *testing.T) {
	methods, table := rpcMethods{}.table(), command.Table()
	typed, method := regexp.MustCompile(`(?:^|[ (])/([a-z]+)\b`), regexp.MustCompile(`\b(?:room|node)\.[a-z]+`)
	named := 0
	for _, reason := range hint.Reasons() {
		e := &node.Error{Reason: reason}
		for _, found := range typed.FindAllStringSubmatch(hint.AtConsole(e)+" "+hint.InShell(e), -1) {
			if cmd, _ := command.LookUp(found[1], "", table); cmd == nil && found[1] != "ip4" {
				t.Errorf("%q: there is no /%s", reason, found[1])
			}
			named++
		}
		for _, found := range method.FindAllString(hint.ForProgram(e), -1) {
			if methods[found] == nil {
				t.Errorf("%q: there is no %s", reason, found)
			}
			named++
		}
	}
	if named < 50 {
		t.Errorf("only %d were looked at", named)
	}
}

// TestWarningsSayWhatToDo: a warning has a hint in the terms of the face that shows it.
func TestWarningsSayWhatToDo(t *testing.T) {
	w := node.Warning{Code: "renew", Text: "lab has to be replaced"}
	if got := (render.View{}).Lines(node.Event{Body: w}); len(got) != 1 || !strings.Contains(string(got[0]), "; /renew replaces the room") {
		t.Errorf("a person reads %q", got)
	}
	raw, err := Event(node.Event{Room: clitest.LabID, Body: w})
	if err != nil || !strings.Contains(string(raw), `"hint":"room.renew replaces the room`) || strings.Contains(string(raw), "/renew") {
		t.Errorf("a program reads %s, %v", raw, err)
	}
	if raw, err = Event(node.Event{Body: node.Warning{Code: "disk", Text: "x"}}); err != nil || strings.Contains(string(raw), "hint") {
		t.Errorf("a program reads %s, %v", raw, err)
	}
}
