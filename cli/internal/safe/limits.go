package safe

// Every bound of this package, with its unit and its reason.
const (
	// MaxText, in bytes, is the length of the longest message of the protocol.
	MaxText = 64 << 10

	// These are in runes. A console cuts a longer text of a peer, which then ends in "…".
	maxName    = 64                // nicks, room names, codes
	maxPhrase  = 512               // subjects, reasons, warnings, words, addresses
	maxMessage = TabStop * MaxText // messages: a text of MaxText bytes even if all of them are tabs

	// maxMarks is the number of combining marks that stay on one base character: more than any script needs, and too few to
	// cover the lines above.
	maxMarks = 4
)
