package rpc

import (
	"regexp"
	"slices"
	"strings"

	"localchat/cli/internal/command"
)

// Hints are written for a person at a console and name its commands. A program has methods and parameters.

// asMethods is how a hint says to a program what it says to a person, where that is more than another name for a command.
var asMethods = strings.NewReplacer(
	"/switch to it", "use it",
	"/members shows who knocks", "room.knocks lists who knocks",
	"/unverify those", "node.verify takes verified false for those",
	"/help says what each command needs", "see the method's parameters in the documentation",
	"/close REASON", "room.close",
	"/quit ends this program", "the end of input ends this program",
	"1 second to 365 days: 90s, 10m, 6h or 1d", "1 to 31536000 seconds",
	"give 10m, 2h or 1d, or nothing", "give for_s in seconds, or leave it out",
	"ask the owner for an /invite text, or join HOST:PORT", "ask the owner for an invite, or give room.join HOST:PORT as room",
	"join the one you mean by its id", "room.join takes the id of the one you mean as room",
	"then: localchat join LOCALCHAT:…", "and give it to room.join as invite",
	"if that is right, join it by its id: localchat join ", "if that is right, room.join takes its id as room: ",
	"rooms are made with: localchat create ROOM", "room.create makes one",
	"localchat rooms", "room.list",
	"with --nick", "with nick",
)

// inNewTerminal is advice for a shell.
var inNewTerminal = regexp.MustCompile(`; in a new terminal, with --peer \S+`)

// aCommand is a command in a hint.
var aCommand = regexp.MustCompile(`(^|[ (])/([a-z]+)\b`)

// methodOf are the commands whose method has another name.
var methodOf = map[string]string{
	"rooms": "room.list", "msg": "room.tell", "net": "node.info", "whoami": "node.info", "whois": "room.members", "verify": "node.verify", "unverify": "node.verify", "verified": "node.verified", "topic": "room.policy", "subject": "room.policy",
}

// forPrograms is a hint in the words of the JSON-RPC face. A row that begins with a blank is one of a list, with names that
// others have given, and stays as it is.
func forPrograms(hint string) string {
	rows := strings.Split(hint, "\n")
	for i, row := range rows {
		if strings.HasPrefix(row, " ") {
			continue
		}
		row = asMethods.Replace(inNewTerminal.ReplaceAllString(row, ":"))
		rows[i] = aCommand.ReplaceAllStringFunc(row, func(found string) string {
			before, name, _ := strings.Cut(found, "/")
			switch method := methodOf[name]; {
			case method != "":
				return before + method
			case slices.ContainsFunc(command.Table(), func(c *command.Command) bool { return c.Name == name }):
				return before + "room." + name
			}
			return found
		})
	}
	return strings.Join(rows, "\n")
}
