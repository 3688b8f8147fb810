// Package fail describes a failure of the program to the user: what happened, what to do next, and the exit code. [Explain] takes
// an [Error] of this package or one of node.
package fail
