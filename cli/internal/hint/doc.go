// Package hint says what to do next about what node fails with or warns of. Node gives the reason and the facts; each face
// has a table of its own, in its own terms: commands and flags for a person, methods and parameters for a program. What is
// said alike in both stands in a third.
package hint
