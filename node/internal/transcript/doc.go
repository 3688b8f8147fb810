// Package transcript decides over the lines of one room at one node: which lines count, their order, which are missing and
// which member to ask for them, which have been delivered, and which the subscribers have been told. It is for the talk what
// package authority is for a room's law: it works on values, with no network, clock or goroutine. Package node gives a
// [Transcript] the events and the circumstances ([Env]), and carries out the effects that each step returns, in order.
//
// # A line
//
// It comes live ([Transcript.Hear]), is passed on by a member ([Transcript.Relay]), is handed over in a comparison
// ([Transcript.Handed]) or is our own ([Transcript.Say]). All go through takeLine, which is the one way in.
//
//	take.go         which lines are let in, and by which rules
//	early.go        lines of an epoch whose record or key is not here
//	order.go        live lines that have overtaken the one before them
//	number.go       our own numbers, and the Lamport clock
//	log.go, age.go  the retained lines, their order and age
//	cutoff.go       which lines of an ended membership count
//	slow.go         which lines of a member are said too soon after one another
//
// # Missing lines
//
// Each line names the one before it, and members compare which lines of each author they have.
//
//	runs.go         which those are, and the gaps between
//	compare.go      when heads are compared, and the changes that an answer makes
//	partner.go      with which member
//	pages.go        an answer that does not fit into one frame
//
// # Telling
//
//	delivery.go     which of our lines others have, and, at the authority, the receipts for authors
//	telling.go      the order in which subscribers are told, and the lines that wait for the end of a comparison
//
// # Guarantees
//
// Once all members reach each other again they have the same lines, as far as each may have them, in the same order, each
// once, and of a removed member none past its cut-off. The explorer (explorer_test.go) plays random schedules and checks this.
package transcript
