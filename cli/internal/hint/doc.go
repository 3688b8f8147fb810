// Package hint says what to do about an error or warning of node. Node gives the reason and the facts. There is a table of
// hints for people, with commands and flags, one for programs, with methods and parameters, and one for both.
package hint
