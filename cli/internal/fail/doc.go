// Package fail says how the program fails: what happened, what to do next, and the exit code. An [Error] is made here, or is
// one of node; [Explain] takes both.
package fail
