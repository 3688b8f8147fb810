package cli

import (
	"bytes"
	"context"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"localchat/cli/internal/attach"
	"localchat/cli/internal/command"
	"localchat/cli/internal/fail"
	"localchat/cli/internal/render"
	"localchat/cli/internal/safe"
	"localchat/node"
)

func (a *app) auditCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "audit",
		Short:   "Write the signed log of a room to a file, or check such a file",
		Example: "  localchat audit export lab lab.audit\n  localchat audit verify lab.audit",
	}
	cmd.AddCommand(a.auditExportCommand(), a.auditVerifyCommand())
	return cmd
}

func (a *app) auditExportCommand() *cobra.Command {
	wait := command.Span{D: command.JoinWait, Given: true}
	cmd := &cobra.Command{
		Use:     "export ROOM FILE",
		Short:   "Write the signed log of a room that you are in to a new file",
		Example: "  localchat audit export lab lab.audit",
		Args:    takes("ROOM", "FILE"),

		ValidArgsFunction: a.completesRooms,
		RunE: a.verb(func(cmd *cobra.Command, args []string) error {
			hello := attach.Hello{Face: "audit", Rank: attach.Passing}
			return a.visit(cmd.Context(), hello, args[0], wait.D, func(ctx context.Context, v *visitor) error {
				return a.exportAudit(ctx, v, args[1])
			})
		}),
	}
	cmd.Flags().Var(&wait, "timeout", "give up if admission takes longer")
	return cmd
}

// exportAudit writes the log of a room to a new file.
func (a *app) exportAudit(ctx context.Context, v *visitor, path string) error {
	var records [][]byte
	for more := true; more; {
		info, err := v.n.Records(ctx, v.room, uint64(len(records)))
		if err != nil {
			return err
		}
		records, more = append(records, info.Records...), info.More && len(info.Records) > 0
	}
	var b bytes.Buffer
	if err := node.WriteAudit(&b, records); err != nil {
		return err
	}
	if err := command.WriteNew(path, b.Bytes()); err != nil {
		return err
	}
	a.Say("wrote the log of " + safe.Name(v.name) + " with " + render.Count(len(records), "record", "records") + " to " + safe.Phrase(path))
	return nil
}

func (a *app) auditVerifyCommand() *cobra.Command {
	owner := ""
	cmd := &cobra.Command{
		Use:   "verify FILE",
		Short: "Check the signed log of a room in a file, without a network, and print it",
		Long: "Check the signed log of a room in a file, without a network, and print it.\n\n" +
			"Every signature, the order of the records and the law of a room are checked. The log proves what the owner of that key has signed: compare the owner's words, or give the peer ID with --owner. Of a room that was given away, it proves what each owner has signed, up to the transfer that the next one has accepted; --owner takes any of them.",
		Example: "  localchat audit verify lab.audit\n  localchat audit verify lab.audit --json | jq '.entries[] | select(.what==\"banned\")'",
		Args:    takes("FILE"),

		RunE: a.verb(func(_ *cobra.Command, args []string) error { return a.verifyAudit(args[0], owner) }),
	}
	cmd.Flags().StringVar(&owner, "owner", "", "peer ID that has to be an owner's")
	return cmd
}

func (a *app) verifyAudit(path, owner string) error {
	f, err := os.Open(path)
	if err != nil {
		return fail.Usage("give a file that localchat audit export has written", "cannot read %s: %v", path, err)
	}
	defer f.Close()
	audited, err := node.VerifyAudit(f)
	if err != nil {
		return &fail.Error{Code: fail.ExitFailure, Text: node.AsError(err).Text, Hint: "the file was changed or cut after it was written; nothing in it is to be believed"}
	}
	if owner != "" && !slices.ContainsFunc(audited.Owners, func(p node.PeerID) bool { return p.String() == owner }) {
		return &fail.Error{Code: fail.ExitIdentity, Text: "the log is that of another owner: " + audited.Owner.String(), Hint: "ask the owner in person for a log"}
	}
	if a.opts.json {
		return a.printJSON(audited)
	}
	for _, e := range audited.Entries {
		if err := render.Data(a.Stdout, render.AuditLine(e)); err != nil {
			return err
		}
	}
	var signers []safe.Text
	for _, p := range audited.Owners {
		signers = append(signers, safe.Phrase(p.String()))
	}
	a.Say("the log of " + render.RoomLabel(audited.Name, audited.Room) + " is intact: " + render.Count(audited.Records, "record", "records") + ", signed by " + safe.Join(signers, ", then "))
	a.Say("compare the owner's words: " + safe.Phrase(audited.Words))
	return nil
}
