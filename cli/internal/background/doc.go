// Package background is what a program needs of the system to run without a person before it: a process of its own, a log that
// stays small, and the protocols of service managers.
package background
