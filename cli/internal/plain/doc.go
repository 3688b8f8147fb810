// Package plain is the console that prints one event a line and redraws nothing, for a pipe, a screen reader or a serial line. If line
// editing is on, it redraws only the line being typed.
package plain
