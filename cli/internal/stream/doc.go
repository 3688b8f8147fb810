// Package stream has what all faces need of standard input and output: [Lines] reads lines of bounded length, an [Outlet] writes
// output without delaying the end of the program, and other functions describe the terminal.
package stream
