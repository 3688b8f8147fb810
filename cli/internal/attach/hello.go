package attach

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// A Rank is how much of a node a command needs: a process serves those that need no more than it does itself, since it ends when
// it has done its own.
type Rank int

const (
	// Passing: one request or two, as of a command that says a line.
	Passing Rank = iota
	// Staying: a room, until the user has enough of it.
	Staying
	// Resident: all the rooms of the directory, until the user ends it.
	Resident
)

// A Hello is what a face says first.
type Hello struct {
	// Face is the command, for people.
	Face    string `json:"face"`
	PID     int    `json:"pid"`
	Version string `json:"version"`
	Rank    Rank   `json:"rank"`
	// Program: the face hands on what a program says and is told.
	Program bool `json:"program,omitempty"`
}

// A Welcome is the answer to a Hello.
type Welcome struct {
	PID     int       `json:"pid"`
	Version string    `json:"version"`
	Since   time.Time `json:"since"` // the node runs
}

// A Refusal is the other answer.
type Refusal struct {
	Text string `json:"message"`
	// Soon: the process of the node ends soon, and the directory is free then.
	Soon bool `json:"soon"`
}

func (r *Refusal) Error() string { return r.Text }

// The frames of JSON-RPC in which the first lines stand.
type (
	request struct {
		Version string `json:"jsonrpc"`
		ID      string `json:"id"`
		Method  string `json:"method"`
		Params  Hello  `json:"params"`
	}
	answer struct {
		Version string   `json:"jsonrpc"`
		ID      string   `json:"id"`
		Result  *Welcome `json:"result,omitempty"`
		Error   *failure `json:"error,omitempty"`
	}
	failure struct {
		Code int    `json:"code"`
		Text string `json:"message"`
		Data struct {
			Soon bool `json:"soon,omitempty"`
		} `json:"data"`
	}
)

// method is that of the first line, and its id.
const method = "attach"

var errNoHello = errors.New("the first line is no hello")

// readLine reads one JSON object on a line of its own.
func readLine(in *bufio.Reader, into any) error {
	line, err := in.ReadSlice('\n')
	if err != nil {
		return err
	}
	if err := json.Unmarshal(line, into); err != nil {
		return fmt.Errorf("%w: %w", errNoHello, err)
	}
	return nil
}
