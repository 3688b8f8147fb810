package cli

import (
	"hash/fnv"

	"charm.land/lipgloss/v2"
)

// The look of the full-screen console. Colours are those of the terminal's own palette, so that they are legible on
// what the person has chosen; each only repeats what a mark or a word says already.
var (
	plain  = lipgloss.NewStyle()
	bold   = lipgloss.NewStyle().Bold(true)
	dim    = lipgloss.NewStyle().Faint(true)
	quiet  = lipgloss.NewStyle().Foreground(lipgloss.Cyan)
	alarm  = lipgloss.NewStyle().Bold(true).Foreground(lipgloss.Red)
	barred = lipgloss.NewStyle().Reverse(true)
	urgent = lipgloss.NewStyle().Reverse(true).Bold(true)
	chosen = lipgloss.NewStyle().Reverse(true)
	// A QR code is read by a camera, which wants dark on light whatever the palette says.
	pattern = lipgloss.NewStyle().Foreground(lipgloss.Color("231")).Background(lipgloss.Color("16"))
	speaks  = []lipgloss.Style{
		lipgloss.NewStyle().Bold(true).Foreground(lipgloss.Green),
		lipgloss.NewStyle().Bold(true).Foreground(lipgloss.Magenta),
		lipgloss.NewStyle().Bold(true).Foreground(lipgloss.Cyan),
		lipgloss.NewStyle().Bold(true).Foreground(lipgloss.Blue),
		lipgloss.NewStyle().Bold(true),
	}
)

// nameStyle is the style of a speaker, always the same for the same name.
func nameStyle(name safeText) lipgloss.Style {
	h := fnv.New32a()
	_, _ = h.Write([]byte(name))
	return speaks[h.Sum32()%uint32(len(speaks))]
}
