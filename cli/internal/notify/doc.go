// Package notify decides what calls a person who does not look at the room, how often, and with which words. It is pure: the clock
// is an argument, and a face carries out what is decided here.
package notify
