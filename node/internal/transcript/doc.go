// Package transcript is what one node has of what is said in one room: which lines count, in which order they stand, what is
// missing and which member to ask for it, what has been delivered, and what readers have been told. It is for the talk what
// package authority is for a room's law: it decides over values, with no network, clock or goroutine. Package node tells a
// [Transcript] what has come and in which world ([Env]), and carries out the effects that each step returns, in order.
//
// # A line
//
// It comes live ([Transcript.Hear]), is passed on by a member ([Transcript.Relay]), is handed over in a comparison
// ([Transcript.Handed]) or is our own ([Transcript.Say]). All go through takeLine, which is the one way in.
//
//	take.go         what is let in, and what it is judged by
//	early.go        lines of an epoch whose record or key is not here
//	order.go        live lines that have overtaken the one before them
//	number.go       our own numbers, and the Lamport clock
//	log.go, age.go  what is retained, in which order, for how long, and up to where nothing is missing
//	cutoff.go       which lines of an ended membership count
//
// # What is missing
//
// Each line names the one before it, and members compare up to where they have each author's lines.
//
//	compare.go      when heads are compared, and what an answer changes
//	partner.go      with which member
//	pages.go        an answer that does not fit into one frame
//
// # What is told
//
//	delivery.go     which of our lines others have, and, at the authority, what authors are told of theirs
//	telling.go      in which order readers are told, and what waits for the end of a comparison
//
// # What holds
//
// Once all members reach each other again they have the same lines, those that each may have, in the same order, each once,
// and of a removed member none past its cut-off.
package transcript
