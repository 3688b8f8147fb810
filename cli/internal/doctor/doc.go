// Package doctor says what stops this machine from finding or reaching others, and what to do about it. [Examine] gathers facts
// and derives a [Diagnosis] from them; a [Finding] of it has a cause, and a line to type.
package doctor
