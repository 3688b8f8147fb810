package command

import (
	"localchat/cli/internal/safe"
)

// A Diagnosis is the result of doctor.
type Diagnosis struct {
	Blocked  bool      `json:"blocked"`
	Findings []Finding `json:"findings"`
}

// A Severity says how bad a finding is.
type Severity string

const (
	SeverityOK      Severity = "ok"
	SeverityNote    Severity = "note"
	SeverityWarning Severity = "warning" // it works, but not as it should; or it may not work
	SeverityFault   Severity = "fault"   // it does not work
)

// A Finding is one result of doctor. Codes are for programs: the list of them only grows.
type Finding struct {
	Code     string   `json:"code"`
	Severity Severity `json:"severity"`
	About    string   `json:"about,omitempty"` // an interface, a peer ID or an address
	Text     string   `json:"text"`
	Cause    string   `json:"cause,omitempty"`
	Do       string   `json:"do,omitempty"` // the line to type
	// Blocks is set if nobody can be found or reached because of this.
	Blocks bool `json:"blocks"`
}

// Lines returns the diagnosis for people.
func (d Diagnosis) Lines() []safe.Text {
	var lines []safe.Text
	for _, f := range d.Findings {
		lines = append(lines, safe.Pad(safe.Name(string(f.Severity)), len(SeverityWarning))+"  "+safe.Phrase(f.Text))
		const indent = "         "
		if f.Cause != "" {
			lines = append(lines, indent+"because "+safe.Phrase(f.Cause))
		}
		if f.Do != "" {
			lines = append(lines, indent+"type: "+safe.Phrase(f.Do))
		}
	}
	return lines
}
