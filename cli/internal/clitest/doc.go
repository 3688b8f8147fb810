// Package clitest is what the tests of the faces share: a [Node] that does what a test says, a [Screen] that a test reads, and
// an event of each kind.
package clitest
