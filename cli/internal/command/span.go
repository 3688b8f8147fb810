package command

import (
	"time"

	"localchat/cli/internal/render"
)

// A Span is a length of time as people write it: 90s, 10m, 6h, 1d, 2w, or 0. It is a flag value.
type Span struct {
	D     time.Duration
	Given bool
}

func (s *Span) Type() string { return "time" }

func (s *Span) String() string {
	if !s.Given {
		return ""
	}
	return render.SpanText(s.D)
}

func (s *Span) Set(text string) error {
	d, err := render.ParseSpan(text)
	if err != nil {
		return err
	}
	s.D, s.Given = d, true
	return nil
}

// Seconds returns the span for a policy, or nil if it was not given.
func (s *Span) Seconds() *int64 {
	if !s.Given {
		return nil
	}
	n := int64(s.D / time.Second)
	return &n
}
