package cli

import (
	"context"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"localchat/cli/internal/command"
	"localchat/cli/internal/doctor"
	"localchat/cli/internal/fail"
	"localchat/cli/internal/render"
	"localchat/cli/internal/rpc"
	"localchat/cli/internal/safe"
)

func (a *app) doctorCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Check what stops this machine from finding or reaching others, and say what to do",
		Long: "Check what stops this machine from finding or reaching others, and say what to do. It takes up to 5 s and disturbs no running node.\n\n" +
			"Each finding is ok, a note, a warning or a fault. The exit code is 3 if a fault means that nobody can be found or reached.",
		Example: "  localchat doctor\n  localchat doctor --peer 192.168.1.20:4001      # can that node be reached?\n  localchat doctor --json | jq -r '.findings[] | select(.blocks) | .do'",
		Args:    takes(),
		RunE:    a.verb(a.doctor),
	}
}

func (a *app) doctor(cmd *cobra.Command, _ []string) error {
	a.Say(command.Looking)
	patient, unnotified, err := a.patient(cmd.Context())
	if err != nil {
		return err
	}
	d := doctor.Examine(cmd.Context(), a.doctorOptions(), patient, func(what string) { a.Say(render.NoticeMark + safe.Phrase(what)) })
	d = withDesktop(d, unnotified)
	if err := cmd.Context().Err(); err != nil {
		return err
	}
	if a.opts.json {
		if err := a.printJSON(d); err != nil {
			return err
		}
	} else {
		for _, line := range d.Lines() {
			if err := render.Data(a.Stdout, line); err != nil {
				return err
			}
		}
	}
	if i := slices.IndexFunc(d.Findings, func(f doctor.Finding) bool { return f.Blocks }); i >= 0 {
		return &fail.Error{Code: fail.ExitNetwork, Text: "nobody can be found or reached: " + d.Findings[i].Text, Hint: d.Findings[i].Do}
	}
	return nil
}

// patient describes the node that runs on the data directory, if there is one, and says why the desktop does not notify its person.
func (a *app) patient(ctx context.Context) (p command.Patient, unnotified string, err error) {
	_, err = a.attached(ctx, "doctor", func(ctx context.Context, n *rpc.Client, _ time.Time) (err error) {
		ctx, cancel := context.WithTimeout(ctx, command.RequestWait)
		defer cancel()
		if p, err = command.PatientOf(ctx, n); err != nil {
			return err
		}
		s, err := n.Status(ctx)
		unnotified = s.NoDesktop
		return err
	})
	return p, unnotified, err
}

// diagnosis runs doctor for a face. It shows no progress, because a console owns the screen.
func (a *app) diagnosis(ctx context.Context, p command.Patient) command.Diagnosis {
	d := doctor.Examine(ctx, a.doctorOptions(), p, func(string) {})
	if a.Process != nil {
		if err := a.Process.Unnotified(ctx); err != nil {
			d = withDesktop(d, err.Error())
		}
	}
	return d
}

// doctorOptions returns the options of this run that matter to doctor.
func (a *app) doctorOptions() doctor.Options {
	return doctor.Options{
		DataDir: a.opts.dir(), Interfaces: a.opts.interfaces, Listen: a.opts.listen, Peers: a.opts.peers, NoMDNS: a.opts.noMDNS,
		Version: version(), Log: a.Log, Check: a.check,
	}
}
