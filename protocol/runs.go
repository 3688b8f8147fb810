package protocol

import "sort"

// Runs say which lines of one author a node has, by their numbers, from the highest down: the last line of a run in which
// none is missing, the first line of that run, the last line of the run below it, and so on. Where they end with the last line
// of a run, none is missing below it. So {9} is all lines up to 9, and {9, 5, 2} is 5 to 9 and all up to 2.
type Runs []uint64

// Has reports whether the line of that number is one of them.
func (r Runs) Has(ctr uint64) bool {
	run := sort.Search((len(r)+1)/2, func(i int) bool { return 2*i+1 == len(r) || r[2*i+1] <= ctr })
	return 2*run < len(r) && ctr <= r[2*run]
}

// Last is the highest number; 0: there is none.
func (r Runs) Last() uint64 {
	if len(r) == 0 {
		return 0
	}
	return r[0]
}

// runs reads runs, of which each has a line and between two of which at least one is missing.
func (r *fieldReader) runs(field string, in []uint64) Runs {
	if !r.items(field, len(in), MaxRuns) || len(in) == 0 {
		return nil
	}
	for i, n := range in {
		if r.count(field, n, 1); i > 0 && (n > in[i-1] || i%2 == 0 && n == in[i-1]) {
			r.fail(field, "%d is above the number before it", n)
		}
	}
	return in
}
