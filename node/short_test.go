package node

import "testing"

// long ends a test with -short.
func long(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("-short leaves it out: it takes a second of a processor or more")
	}
}

// some are the cases that are played: with -short the first n of them.
func some[T any](cases []T, n int) []T {
	if testing.Short() {
		return cases[:n]
	}
	return cases
}

// size is how large a test is: with -short it is the smaller one.
func size(whole, small int) int {
	if testing.Short() {
		return min(whole, small)
	}
	return whole
}
