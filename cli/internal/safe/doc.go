// Package safe makes text safe to show on a terminal. A peer chooses its nick, the names of its rooms and its lines; none of
// them may move the cursor, colour, reorder or hide anything.
//
//   - [Text] is text that may be shown. Only [Name], [Phrase], [Message] and [Number] make it from data.
//   - [Cells], [Crop], [Fold] and [BreakRows] measure and break text as this terminal counts its columns.
//   - [MarshalJSON] and [EscapeJSON] write JSON that loses nothing and is safe to show on a terminal.
package safe
