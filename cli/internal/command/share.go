package command

import (
	"context"
	"flag"
	"io"
	"slices"
	"strings"

	"localchat/cli/internal/fail"
	"localchat/cli/internal/render"
	"localchat/cli/internal/safe"
	"localchat/cli/internal/share"
	"localchat/node"
)

// groupsRead is how many groups of a SHA-256 sum people read to each other. They hold 128 bits: nobody can make another program
// whose sum begins with the same ones.
const groupsRead = 4

// off is the argument of /share that ends a share.
const off = "off"

// shareWords returns the arguments of /share, for completion.
func shareWords(CompletionContext) []string {
	words := []string{off}
	flags, _ := ShareFlags()
	flags.VisitAll(func(f *flag.Flag) { words = append(words, "--"+f.Name) })
	return words
}

// ShareFlags returns the flags of a share, for the command line and for /share. Once they are parsed, options returns what they say.
func ShareFlags() (flags *flag.FlagSet, options func() (ShareOptions, error)) {
	o := DefaultShare
	length := Span{D: o.For, Given: true}
	flags = flag.NewFlagSet("share", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	alone := flags.Bool("no-invite", false, "show no invite: people knock, and you /accept them")
	flags.IntVar(&o.Invites, "invites", o.Invites, "how many people the page lets in, each by an invite")
	flags.IntVar(&o.Port, "port", o.Port, "TCP port of the page (default: one that is free)")
	flags.Var(&length, "for", "how long the page is there")
	flags.StringVar(&o.Release, "release", o.Release, "folder of a release, whose files are handed out too")
	return flags, func() (ShareOptions, error) {
		o.For = length.D
		if *alone {
			o.Invites = 0
		}
		return o, o.Check()
	}
}

// runShare shares the room, shows its share, or ends it.
func runShare(ctx context.Context, c Call) (Reply, error) {
	now, err := c.host().Shared(ctx, c.Room.ID)
	on := err == nil
	if !on && node.AsError(err).Code != node.CodeNotFound {
		return Reply{}, err
	}
	switch {
	case c.Arg(0) == off && !on:
		return Reply{}, &fail.Error{Code: fail.ExitUsage, Text: c.Room.Name + " is not shared", Hint: "/share shares it"}
	case c.Arg(0) == off:
		if err := c.host().Unshare(ctx, c.Room.ID); err != nil {
			return Reply{}, err
		}
		return replied(render.NoticeMark + "the page of " + safe.Name(c.Room.Name) + " is gone")
	case c.Arg(0) == "" && on:
		return sharedReply(c, now), nil
	case on:
		return Reply{}, &fail.Error{Code: fail.ExitUsage, Text: c.Room.Name + " is shared already", Hint: "/share shows the page; /share off ends it"}
	}
	o, err := parseShare(c.Arg(0))
	if err != nil {
		return Reply{}, err
	}
	return Share(ctx, c, o)
}

// Share shares the room of c.
func Share(ctx context.Context, c Call, o ShareOptions) (Reply, error) {
	made, err := c.host().Share(ctx, c.Room.ID, o)
	if err != nil {
		return Reply{}, err
	}
	return sharedReply(c, made), nil
}

// parseShare reads the options of /share. --release comes last: its folder is the rest of the line, which may hold blanks.
func parseShare(text string) (ShareOptions, error) {
	const release = "--release"
	text, folder, named := strings.Cut(text, release)
	words := strings.Fields(text)
	if named {
		folder = strings.TrimSpace(strings.TrimPrefix(folder, "="))
		if folder == "" {
			return ShareOptions{}, fail.Usage("/share --release dist", "--release needs a folder")
		}
		words = append(words, release+"="+folder)
	}
	flags, options := ShareFlags()
	err := flags.Parse(words)
	switch {
	case err != nil:
		return ShareOptions{}, fail.Usage("/help share has examples", "%v", err)
	case flags.NArg() > 0:
		return ShareOptions{}, fail.Usage("/help share has examples", "/share does not take %q", flags.Arg(0))
	}
	return options()
}

// sharedReply describes a share, and draws the address of the page.
func sharedReply(c Call, s Shared) Reply {
	what := safe.Text("localchat")
	if s.Invites > 0 {
		what += " and " + render.Count(s.Invites, "invite", "invites") + " to " + safe.Name(c.Room.Name)
	}
	r := Reply{Lines: []safe.Text{render.NoticeMark + "handing out " + what + render.Until(s.Until) + ", at:"}}
	if len(s.URLs) == 0 {
		r.Lines = append(r.Lines, render.FaultMark+"this machine has no address that a browser on another machine could open; is it on a network?")
	}
	for _, url := range s.URLs {
		r.Lines = append(r.Lines, render.NoticeMark+safe.Phrase(url))
	}
	if s.Invites > 0 {
		r.Lines = append(r.Lines, render.NoticeMark+"everybody on this network can read that page; each invite lets one person in")
	} else {
		r.Lines = append(r.Lines, render.NoticeMark+"everybody on this network can read that page; it has no invite")
	}
	r.Lines = append(r.Lines, render.NoticeMark+"to show that nobody changed the program on its way, read the beginning of its SHA-256 sum aloud:")
	for _, f := range s.Files {
		r.Lines = append(r.Lines, render.NoticeMark+safe.Phrase(strings.Join(share.Groups(f.SHA256)[:groupsRead], " "))+"  "+safe.Phrase(f.Name))
	}
	own := slices.IndexFunc(s.Files, func(f *share.File) bool { return f.Linked })
	if own == 0 || own > 0 && s.Files[own-1].System() != s.Files[own].System() { // otherwise guests get the program of the release
		r.Lines = append(r.Lines, render.NoticeMark+"this program was built with the C library of this system, and starts only on systems like it. CGO_ENABLED=0 go build makes one that starts on all; --release hands out a release")
	}
	r.Lines = append(r.Lines, render.NoticeMark+"your words: "+safe.Phrase(s.Words),
		render.NoticeMark+"a firewall on this machine has to let in TCP port "+safe.Number(s.Port)+"; with --port it is the same each time. /share off ends the page")
	if c.Terminal && len(s.URLs) > 0 {
		r.Figure = qrLines(s.URLs[0])
	}
	return r
}
