// Package notify decides which events call a person who is not looking at the room, how often, and with which words. It is pure: the
// clock is an argument, and the faces show the notifications that are decided here.
package notify
