// Package fail has the failures of the program: what happened, what to do next, and the exit code. [Explain] takes an [Error]
// of this package or one of node.
package fail
