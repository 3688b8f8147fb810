package plain

import (
	"context"
	"strings"
	"testing"
	"time"

	"localchat/cli/internal/clitest"
	"localchat/cli/internal/command"
	"localchat/cli/internal/safe"
	"localchat/node"
)

// A longInvite node makes invites as long as real ones.
type longInvite struct{ *clitest.Node }

func (longInvite) Invite(context.Context, string, string, time.Duration) (node.InviteInfo, error) {
	return node.InviteInfo{Text: "LOCALCHAT:" + strings.Repeat("AG6JUOIPNTAYX4AZ", 10)}, nil
}

// TestQRCodeIsDarkOnLight: a QR code has a margin of four modules on every side. Its light parts are white and its dark parts
// black on any background.
func TestQRCodeIsDarkOnLight(t *testing.T) {
	invite, _ := command.LookUp("invite", "", command.Table())
	r, err := invite.Run(t.Context(), command.Call{Node: longInvite{clitest.NewNode()}, Env: &command.Env{}, Room: command.Room{ID: clitest.LabID.String(), Name: "lab", Owned: true}, Terminal: true})
	if err != nil {
		t.Fatal(err)
	}
	rows := r.Figure
	const margin = 4
	var light [][]bool // rows of modules
	for _, row := range rows {
		var upper, lower []bool
		for _, r := range string(row) {
			upper, lower = append(upper, r == '█' || r == '▀'), append(lower, r == '█' || r == '▄')
		}
		light = append(light, upper, lower)
	}
	size := len(light[0])
	light = light[:size] // the last row of cells has one row of modules
	dark := 0
	for y := range light {
		if len(light[y]) != size {
			t.Fatalf("row %d has %d modules of %d", y, len(light[y]), size)
		}
		for x := range light[y] {
			inside := x >= margin && y >= margin && x < size-margin && y < size-margin
			if !light[y][x] {
				dark++
			}
			if !light[y][x] && !inside {
				t.Fatalf("dark at %d,%d, in the margin:\n%s", x, y, safe.Join(rows, "\n"))
			}
		}
	}
	for _, corner := range [][2]int{{margin, margin}, {size - margin - 7, margin}, {margin, size - margin - 7}} {
		for i := range 7 { // the frame of the mark
			if light[corner[1]][corner[0]+i] || light[corner[1]+6][corner[0]+i] {
				t.Errorf("no square at %v:\n%s", corner, safe.Join(rows, "\n"))
			}
		}
	}
	if dark < size*size/10 {
		t.Errorf("%d dark modules of %d", dark, size*size)
	}
	const colours = "\x1b[38;5;231;48;5;16m"
	for name, variables := range map[string][2]string{"colours": {"", colours}, "none": {"1", ""}} {
		out := &clitest.Screen{}
		c := &console{env: &command.Env{Stdout: out, Colourless: variables[0] != ""}}
		c.draw(rows)
		shown := out.Take()
		if got := strings.HasPrefix(shown, colours); got != (variables[1] != "") || got == strings.Contains(shown, string(command.ColourlessQR)) {
			t.Errorf("%s: %q", name, shown[:40])
		}
	}
	narrow := &clitest.WideScreen{Width: 40}
	c := &console{env: &command.Env{Stdout: narrow}}
	c.draw(rows)
	if got := narrow.String(); !strings.Contains(got, "needs a window of") || strings.Contains(got, "█") {
		t.Errorf("on a narrow screen: %q", got)
	}
}
