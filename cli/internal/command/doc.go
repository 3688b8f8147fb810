// Package command parses and runs the commands that are typed into a console.
//
//   - [Parse] turns a line into a command of [Table], or into something to say. Help, arity, permission, completion and
//     questions all derive from the table.
//   - A command runs beside its console: it gets a [Call], shares nothing with the console, and returns a [Reply], which the
//     console shows. It changes the console through [Face].
//   - [Env] is what a face uses of the program around it, and [Node] is what a face uses of the node.
package command
