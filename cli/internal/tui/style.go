package tui

import (
	"hash/fnv"

	"charm.land/lipgloss/v2"

	"localchat/node"
)

// The styles of the full-screen console. The colours are those of the terminal's palette, so that they are legible on any background.
// Whatever a colour says, a mark or a word says too.
var (
	plain  = lipgloss.NewStyle()
	bold   = lipgloss.NewStyle().Bold(true)
	dim    = lipgloss.NewStyle().Faint(true)
	quiet  = lipgloss.NewStyle().Foreground(lipgloss.Cyan)
	alarm  = lipgloss.NewStyle().Bold(true).Foreground(lipgloss.Red)
	barred = lipgloss.NewStyle().Reverse(true)
	urgent = lipgloss.NewStyle().Reverse(true).Bold(true)
	chosen = lipgloss.NewStyle().Reverse(true)
	speaks = []lipgloss.Style{
		lipgloss.NewStyle().Bold(true).Foreground(lipgloss.Green),
		lipgloss.NewStyle().Bold(true).Foreground(lipgloss.Magenta),
		lipgloss.NewStyle().Bold(true).Foreground(lipgloss.Cyan),
		lipgloss.NewStyle().Bold(true).Foreground(lipgloss.Blue),
		lipgloss.NewStyle().Bold(true),
	}
)

// hue returns the preferred style for a name: always the same one for the same name.
func hue(name string) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte("<" + name + ">"))
	return int(h.Sum32() % uint32(len(speaks)))
}

// hues are the styles of the speakers in a room, as indexes of speaks.
type hues map[node.PeerID]int

// maxHues is how many speakers of a room have a style that is remembered: more than can be members at the same time.
const maxHues = 1024

// of returns the style of a speaker, which does not change. The first choice is the style that follows from the name. If another
// speaker has it, the speaker gets the style that the fewest have; present members count more than former ones.
func (h hues) of(who node.PeerID, name string, members []node.MemberInfo) int {
	if i, ok := h[who]; ok {
		return i
	}
	if len(h) >= maxHues {
		clear(h)
	}
	used := make([]int, len(speaks))
	for _, i := range h {
		used[i]++
	}
	for _, m := range members {
		if i, ok := h[m.Peer]; ok {
			used[i] += maxHues
		}
	}
	best := hue(name)
	for i := range speaks {
		if next := (hue(name) + i) % len(speaks); used[next] < used[best] {
			best = next
		}
	}
	h[who] = best
	return best
}
