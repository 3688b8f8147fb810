package attach

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// A Rank says for how long a command needs a node. A process ends when its own command is done, so it serves only commands of its
// own rank or a lower one.
type Rank int

const (
	// Passing: for one request or two, as a command that says a line.
	Passing Rank = iota
	// Staying: until the user leaves one room.
	Staying
	// Resident: until the user ends it; it serves all the rooms of the directory.
	Resident
)

// A Hello is the first line of a face.
type Hello struct {
	// Face is the command, as people read it.
	Face    string `json:"face"`
	PID     int    `json:"pid"`
	Version string `json:"version"`
	Rank    Rank   `json:"rank"`
	// Control: the face only asks what runs, or ends it. Some places are kept for such faces.
	Control bool `json:"control,omitempty"`
	// Program: the face speaks for a program, as localchat rpc does, and passes on what that sends and receives.
	Program bool `json:"program,omitempty"`
}

// A Welcome is the answer to a Hello that is accepted.
type Welcome struct {
	PID     int       `json:"pid"`
	Version string    `json:"version"`
	Since   time.Time `json:"since"` // when the node was started
}

// A Refusal is the answer to a Hello that is not accepted.
type Refusal struct {
	Text string `json:"message"`
	// Soon: the process of the node will end soon, and the directory will be free.
	Soon bool `json:"soon"`
}

func (r *Refusal) Error() string { return r.Text }

// The first two lines are a request and an answer of JSON-RPC.
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

// method is the method of the first line, and also its id.
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
