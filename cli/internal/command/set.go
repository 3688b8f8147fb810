package command

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"localchat/cli/internal/fail"
	"localchat/cli/internal/notify"
	"localchat/cli/internal/render"
	"localchat/cli/internal/safe"
)

// Settings are the settings that /set changes.
type Settings struct {
	Times, Bell, Keys, Mouse bool
	Notify                   notify.Settings
}

// DefaultSettings are the settings of a user who has changed none.
var DefaultSettings = Settings{Times: true, Notify: notify.Default}

// A Setting describes one setting.
type Setting struct {
	Name, Help string
	// Values are the values that it can have.
	Values []string
	// Flag is set if the setting is also a flag of the command line. It then stands among the flags in the configuration file.
	Flag bool
	// at returns the place of the setting in Settings: a *bool or a *[notify.Level].
	at func(*Settings) any
}

var onOff = []string{"on", "off"}

// SettingTable lists the settings.
var SettingTable = []Setting{
	{Name: "times", Help: "show the time (HH:MM) in front of every line", Values: onOff, at: func(s *Settings) any { return &s.Times }},
	{Name: "notify", Help: "what calls you while you look elsewhere: your nick, direct messages, knocks and your removal (calls), or every line (all)", Values: notify.Levels, Flag: true, at: func(s *Settings) any { return &s.Notify.Level }},
	{Name: "notify-text", Help: "show names and what was said in a notification", Values: onOff, Flag: true, at: func(s *Settings) any { return &s.Notify.Text }},
	{Name: "bell", Help: "ring the bell for notifications also while you look at the console", Values: onOff, at: func(s *Settings) any { return &s.Bell }},
	{Name: "keys", Help: "show when the room has a new key", Values: onOff, at: func(s *Settings) any { return &s.Keys }},
	{Name: "mouse", Help: "scroll with the wheel, choose with a click; hold Shift to select text", Values: onOff, at: func(s *Settings) any { return &s.Mouse }},
}

// OnOff returns the word for the value of a switch.
func OnOff(on bool) string {
	if on {
		return onOff[0]
	}
	return onOff[1]
}

// Get returns the value of the setting in all.
func (s Setting) Get(all *Settings) string {
	switch at := s.at(all).(type) {
	case *bool:
		return OnOff(*at)
	case *notify.Level:
		return string(*at)
	}
	panic("setting " + s.Name)
}

// Set changes the setting in all to one of its values.
func (s Setting) Set(all *Settings, value string) {
	switch at := s.at(all).(type) {
	case *bool:
		*at = value == onOff[0]
	case *notify.Level:
		*at = notify.Level(value)
	}
}

// Key returns the key of the setting in the configuration file.
func (s Setting) Key() string { return strings.ReplaceAll(s.Name, "-", "_") }

// TOML returns a value of the setting as it is written in the configuration file.
func (s Setting) TOML(value string) string {
	if slices.Equal(s.Values, onOff) {
		return fmt.Sprint(value == onOff[0])
	}
	return fmt.Sprintf("%q", value)
}

func SettingNames() string { return strings.Join(settingTargets(CompletionContext{}), ", ") }

func settingTargets(CompletionContext) []string {
	return namesOf(SettingTable, func(s Setting) string { return s.Name })
}

// settingValues returns the possible values of the setting that the first argument names.
func settingValues(k CompletionContext) []string {
	for _, s := range SettingTable {
		if s.Name == k.First {
			return s.Values
		}
	}
	return nil
}

// settingOf returns the setting of that name, if it can be value.
func settingOf(name, value string) (Setting, error) {
	i := slices.IndexFunc(SettingTable, func(s Setting) bool { return s.Name == name })
	if i < 0 {
		return Setting{}, fail.Usage("one of "+SettingNames(), "there is no setting %s", name)
	}
	s := SettingTable[i]
	if !slices.Contains(s.Values, value) {
		values := strings.Join(s.Values, " or ")
		return Setting{}, fail.Usage("write "+values, "%s is %s, not %q", name, values, value)
	}
	return s, nil
}

func runSet(_ context.Context, c Call) (Reply, error) {
	if len(c.Args) == 0 {
		var lines []safe.Text
		for _, s := range SettingTable {
			lines = append(lines, safe.Pad(safe.Name(s.Name), len("notify-text"))+"  "+safe.Pad(safe.Name(s.Get(&c.Show)), len("calls"))+"  "+safe.Phrase(s.Help))
		}
		return replied(lines...)
	}
	value := c.Arg(1)
	s, err := settingOf(c.Args[0], value)
	if err != nil {
		return Reply{}, err
	}
	r := Reply{
		Lines: []safe.Text{render.NoticeMark + safe.Name(s.Name) + " " + safe.Name(value)},
		Then:  func(f Face) { s.Set(f.Settings(), value) },
	}
	if c.Env.Keep == nil {
		return r, nil
	}
	if err := c.Env.Keep(s, value); err != nil {
		text, hint, _ := fail.Explain(err)
		r.Lines = append(r.Lines, render.FaultMark+"not kept for next time: "+safe.Phrase(text))
		r.Lines = append(r.Lines, render.Hint(hint)...)
	}
	return r, nil
}
