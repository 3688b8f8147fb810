// Package stream has the standard streams: [Lines] reads bounded lines, an [Outlet] writes output and does not block the end
// of the program, and other functions describe the terminal.
package stream
