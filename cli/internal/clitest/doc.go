// Package clitest has what the tests of the faces share: a [Node] that a test controls, a [Screen] that a test reads, and an
// event of each kind.
package clitest
