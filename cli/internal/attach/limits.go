package attach

import "time"

// Every bound of this package, with its unit and its reason.
const (
	// MaxFaces are attached at once: more than a person and their scripts open. Each may cost a queue of events.
	MaxFaces = 32
	// maxStrangers are connections that have not said hello; one more is closed.
	maxStrangers = 32
	// maxHello, in bytes, of the first line each way.
	maxHello = 4 << 10
	// HelloWait is how long either side waits for the first line: a node that does not answer in that time is stopped, or
	// busy with its end.
	HelloWait = 2 * time.Second
	// writeWait is how long one write may take. A face that reads nothing for so long is cut off.
	writeWait = 10 * time.Second
	// farewell is how long a face is still served when the node ends: it is told why.
	farewell = 1500 * time.Millisecond
	// acceptPause is how long a listener waits after a failure that may pass, as when there are too many open files.
	acceptPause = 100 * time.Millisecond
	// maxPath, in bytes, of a socket: the least that a system of ours allows, less the final NUL.
	maxPath = 103
)
