package tui

import (
	"reflect"
	"sync"
	"time"
	"unsafe"

	"charm.land/bubbletea/v2"
)

// Bubbletea looks 60 times a second whether there is something to draw, for as long as a program runs. On a laptop that is what keeps the
// processor awake while a console is open and nothing happens, and the library has no option for it: a lower rate would delay what a
// person types. So the console gives it a ticker of its own, which ticks at that rate for a moment after each message.

// The rates of the ticker: quickFrame for frameFor after a message, then slowFrame for slowFor, in case this process stood still meanwhile, and
// then as good as never.
const (
	quickFrame = time.Second / 60
	frameFor   = 100 * time.Millisecond
	slowFrame  = time.Second
	slowFor    = 3 * time.Second
	noFrame    = 24 * time.Hour
)

// frames is when the screen is drawn.
type frames struct {
	ticker *time.Ticker
	// mu: the timer meets the console.
	mu     sync.Mutex
	rate   time.Duration // of the ticker
	slower *time.Timer
	at     time.Time // of the last message
}

// newFrames gives p a ticker, before p runs. It returns nil if this version of the library has no place for one: then it draws as it
// always does.
func newFrames(p *tea.Program) *frames {
	field := reflect.ValueOf(p).Elem().FieldByName("ticker")
	if !field.IsValid() || field.Type() != reflect.TypeFor[*time.Ticker]() {
		return nil
	}
	// p resets the ticker to its own rate when it starts, and stops it when it ends.
	f := &frames{ticker: time.NewTicker(quickFrame), rate: quickFrame, at: time.Now()}
	*(**time.Ticker)(unsafe.Pointer(field.UnsafeAddr())) = f.ticker
	f.slower = time.AfterFunc(slowFor, f.slow)
	return f
}

// soon has the screen drawn soon. The console calls it for each message.
func (f *frames) soon() {
	if f == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.at = time.Now()
	if f.rate != quickFrame {
		f.set(quickFrame)
		f.slower.Reset(frameFor)
	}
}

// slow lowers the rate if there was no message for a while.
func (f *frames) slow() {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch quiet := time.Since(f.at); {
	case quiet < frameFor:
		f.slower.Reset(frameFor - quiet)
	case f.rate == quickFrame:
		f.set(slowFrame)
		f.slower.Reset(slowFor)
	default:
		f.set(noFrame)
	}
}

func (f *frames) set(rate time.Duration) {
	f.rate = rate
	f.ticker.Reset(rate)
}

// end stops the timer. p stops the ticker.
func (f *frames) end() {
	if f != nil {
		f.slower.Stop()
	}
}
