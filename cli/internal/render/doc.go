// Package render puts events and results of a node into words, and words into rows. All faces for people use it, so that
// they say the same.
//
// [View.Lines] returns the lines for an event. A line begins with one of the marks of the program, or names the author of its
// words; [Rows] breaks it so that this holds for each of its rows. [Line] and [Data] write it.
package render
