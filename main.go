// Command localchat is a chat for the people on one local network: no server, no account.
package main

import (
	"os"

	"localchat/cli"
)

func main() {
	os.Exit(cli.Main())
}
