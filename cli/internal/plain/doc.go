// Package plain is the console that prints one event a line and redraws nothing, for a pipe, a screen reader or a serial line.
// With editing, the line being typed is redrawn, and nothing else.
package plain
