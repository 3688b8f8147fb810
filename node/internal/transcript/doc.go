// Package transcript is what one node has of what is said in one room: which lines count, in which order they stand, and
// which are missing. It decides over values, and knows neither a network nor a clock: package node tells it what has come
// and what time it is.
package transcript
