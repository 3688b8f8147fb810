package protocol

import "sort"

// Runs say which lines of one author a node has. A run is a range of numbers without a gap. Runs has the last number of the highest
// run, its first number, the last number of the run below it, and so on. If it ends with the last number of a run, that run has all
// lower numbers. So {9} is all lines up to 9, and {9, 5, 2} is 5 to 9 and all up to 2.
type Runs []uint64

// Has reports whether the line numbered ctr is in r.
func (r Runs) Has(ctr uint64) bool {
	run := sort.Search((len(r)+1)/2, func(i int) bool { return 2*i+1 == len(r) || r[2*i+1] <= ctr })
	return 2*run < len(r) && ctr <= r[2*run]
}

// Last returns the highest number in r, or 0 if r is empty.
func (r Runs) Last() uint64 {
	if len(r) == 0 {
		return 0
	}
	return r[0]
}

// runs reads [Runs]. Their numbers must fall: at least one line is missing between two runs.
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
