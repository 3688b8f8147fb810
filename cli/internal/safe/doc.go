// Package safe makes text fit for a terminal. A peer chooses its nick, its rooms and its lines; none of them may move the
// cursor, colour, reorder or hide anything.
//
//   - [Text] is text that may be shown. [Name], [Phrase], [Message] and [Number] make it, and nothing else does.
//   - [Cells], [Crop], [Fold] and [BreakRows] measure and break text as this terminal counts its columns.
//   - [MarshalJSON] and [EscapeJSON] write JSON that holds everything exactly and may be looked at on a terminal.
package safe
