// Package doctor says what stops this machine from finding or reaching others, and what to do: [Examine] gathers facts, makes
// findings of them, and lines to type of those.
package doctor
