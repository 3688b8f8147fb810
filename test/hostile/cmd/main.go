// Command cmd is a hostile peer as a process of its own, for the tests between hosts. It takes orders on standard input, as
// requests of JSON-RPC, and prints the outcome of each.
package main

import (
	"context"
	"fmt"
	"os"

	"localchat/test/hostile"
)

func main() {
	if err := hostile.Serve(context.Background(), os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
