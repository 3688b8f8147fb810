package safe

// Every bound of this package, with its unit and its reason.
const (
	// MaxText, in bytes, is the longest text that the wire carries.
	MaxText = 64 << 10

	// Runes of peer text that a console shows; a longer text is cut and ends in "…".
	maxName    = 64                // nicks, room names, codes
	maxPhrase  = 512               // subjects, reasons, warnings, words, addresses
	maxMessage = TabStop * MaxText // messages: the longest text on the wire, even if it is all tabs

	// maxMarks is how many combining marks stay on one base character: more than any script needs, too few to climb
	// over the lines above.
	maxMarks = 4
)
