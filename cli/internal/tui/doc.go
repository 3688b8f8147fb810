// Package tui is the full-screen console. Its model draws itself and changes only with the messages that it gets. One
// goroutine owns it; commands run in goroutines of their own and share nothing with it.
package tui
