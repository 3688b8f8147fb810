// Package hint says what to do about an error or a warning of node. Node gives the reason and the values; this package has the
// hints: a table for people, which name commands and flags, a table for programs, which name methods and parameters, and a table
// for both.
package hint
