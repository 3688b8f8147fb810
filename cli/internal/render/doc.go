// Package render puts events and results of a node into words, and words into rows. All faces for people speak through it, so
// that they say the same.
//
// [View.Lines] are the lines of an event. A line begins with one of the marks of the program or says whose words it holds;
// [Rows] breaks it so that this holds for each of its rows. [Line] and [Data] write it.
package render
