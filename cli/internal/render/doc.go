// Package render puts events and results of a node into words, and words into rows. All faces for people use it, so that
// they say the same.
//
// [View.Lines] returns the lines for an event. A line begins with one of the marks of the program, or names the member whose words
// it shows. [Rows] breaks a line into rows that a reader cannot take for other lines. [Line] and [Data] write a line.
package render
