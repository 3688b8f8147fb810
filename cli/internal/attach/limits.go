package attach

import "time"

// Every bound of this package, with its unit and its reason.
const (
	// MaxFaces is the number of faces that are attached at the same time: more than a person and their scripts open. Each may
	// hold a queue of events.
	MaxFaces = 32
	// maxControls is the number of faces beside these that ask what runs, or end it. They are done in a moment, and must find a place
	// however many others there are.
	maxControls = 4
	// maxPending is the number of connections that have not sent their hello yet. One more is closed.
	maxPending = 32
	// maxHello is the length of the first line of either side, in bytes.
	maxHello = 4 << 10
	// HelloWait is how long either side waits for the first line of the other. A process that does not answer in that time is
	// stopped, or is about to end.
	HelloWait = 2 * time.Second
	// writeWait is how long one write may take. A face that reads nothing for so long is cut off.
	writeWait = 10 * time.Second
	// farewell is how long a face is still served when the node ends, so that it is told why.
	farewell = 1500 * time.Millisecond
	// acceptPause is how long a listener waits after a failure that may pass, as when there are too many open files.
	acceptPause = 100 * time.Millisecond
	// maxPath is the length of the path of a socket, in bytes: 104 on macOS and FreeBSD, with the final NUL.
	maxPath = 103
)
