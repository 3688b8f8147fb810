package background

// Every bound of this package, with its unit and its reason.
const (
	// maxLog, in bytes, of the log of a process in the background: some days of a node that is quiet, and an hour of one that is
	// flooded. When it is full, its older half goes.
	maxLog = 1 << 20
	// maxTail, in bytes, of what is read of a log to say why a start failed.
	maxTail = 16 << 10
)
