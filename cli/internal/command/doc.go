// Package command is what a person types into a console and what comes of it.
//
//   - [Parse] makes a command of [Table], or something to say, out of a line. Help, arity, permission, completion and
//     questions all derive from the table.
//   - A command runs beside its console: it gets a [Call], shares nothing with the console, and gives a [Reply], which the
//     console shows. What it changes in the console it does through [Face].
//   - [Env] is what a face has of the program, and [Node] what it has of the node.
package command
