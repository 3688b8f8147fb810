package share

import (
	"crypto/rand"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"localchat/internal/onlink"
)

// The path of a file begins with filePath, and the path of a page for one invite with invitePath.
const (
	filePath   = "/get/"
	invitePath = "/i/"
)

// A Config says what a server serves. The server closes Files when it is closed.
type Config struct {
	Room    Room
	Files   []*File
	Invites []Invite
	// Port is the TCP port to listen on; 0: any free one.
	Port int
	// Guard is deferred in each goroutine; nil: nothing is.
	Guard func()

	// networks returns the networks whose visitors are served; nil: those of this machine.
	networks func() (onlink.Networks, error)
}

// A Server serves a page and its files until it is closed.
type Server struct {
	cfg       Config
	http      *http.Server
	port      int
	invites   *inviteTable
	transfers *places
	pace      *rate.Limiter
	work      sync.WaitGroup
	closed    sync.Once

	mu    sync.Mutex // the goroutine that calls Show and those of requests meet here
	shown []shown    // the invites with a page of their own, the oldest first
}

// A shown is an invite with a page of its own, at invitePath + key.
type shown struct {
	key string
	Invite
}

// Start starts a server. It closes the files if it fails.
func Start(cfg Config) (*Server, error) {
	l, err := net.Listen("tcp", ":"+strconv.Itoa(cfg.Port))
	if err != nil {
		Close(cfg.Files)
		return nil, err
	}
	return start(cfg, l), nil
}

// start starts a server that accepts its connections from l.
func start(cfg Config, l net.Listener) *Server {
	if cfg.Guard == nil {
		cfg.Guard = func() {}
	}
	slices.SortFunc(cfg.Files, compare)
	s := &Server{
		cfg: cfg, port: int(addrOf(l.Addr()).Port()), invites: newInviteTable(cfg.Invites),
		transfers: newPlaces(maxTransfers, maxTransfersOf), pace: rate.NewLimiter(perSecond, requestBurst),
	}
	s.http = &http.Server{
		Handler: http.HandlerFunc(s.serve), MaxHeaderBytes: maxHeader, ReadHeaderTimeout: headerWait, ReadTimeout: headerWait,
		WriteTimeout: stallWait, IdleTimeout: idleWait, DisableGeneralOptionsHandler: true,
		ErrorLog: log.New(io.Discard, "", 0), // its messages contain text of requests
		ConnState: func(_ net.Conn, now http.ConnState) {
			switch now { // each connection has a goroutine from StateNew to StateClosed
			case http.StateNew:
				s.work.Add(1)
			case http.StateClosed:
				s.work.Done()
			}
		},
	}
	s.work.Go(func() {
		defer cfg.Guard()
		_ = s.http.Serve(newGate(l, cfg.networks)) // until Close
	})
	return s
}

// Port returns the TCP port of the server.
func (s *Server) Port() int { return s.port }

// Files returns the files that are handed out, in the order of the page.
func (s *Server) Files() []*File { return s.cfg.Files }

// Close ends all connections at once, and returns when nothing is served any more.
func (s *Server) Close() {
	s.closed.Do(func() {
		_ = s.http.Close() // fails only if the listener is closed already
		s.work.Wait()
		Close(s.cfg.Files)
	})
}

// Open sets which invites are open, by their IDs. The page shows no other invite from then on.
func (s *Server) Open(ids map[string]bool) { s.invites.keep(ids) }

// Left returns the IDs of the invites that were open by the last call of Open.
func (s *Server) Left() []string { return s.invites.left() }

// Show gives an invite a page of its own, and returns the path of the page, which cannot be guessed.
func (s *Server) Show(i Invite) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := strings.ToLower(rand.Text()[:16])
	if len(s.shown) == maxShown {
		s.shown = slices.Delete(s.shown, 0, 1)
	}
	s.shown = append(s.shown, shown{key, i})
	return invitePath + key
}

// showing returns the invite whose page has the key.
func (s *Server) showing(key string) (Invite, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, i := range s.shown {
		if i.key == key {
			return i.Invite, true
		}
	}
	return Invite{}, false
}

// headers are in every answer. They allow a page its one style, and nothing else to load or run.
var headers = map[string]string{
	"Content-Security-Policy":      "default-src 'none'; style-src 'sha256-" + styleSum + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
	"Cache-Control":                "no-store",
	"Cross-Origin-Resource-Policy": "same-origin",
	"Referrer-Policy":              "no-referrer",
	"X-Content-Type-Options":       "nosniff",
}

// serve answers one request.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	defer s.cfg.Guard()
	if s.pace.Wait(r.Context()) != nil {
		return // the visitor has gone
	}
	for name, value := range headers {
		w.Header().Set(name, value)
	}
	local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	at := addrOf(local)
	from, _ := netip.ParseAddrPort(r.RemoteAddr)
	visitor := from.Addr().Unmap().WithZone("")
	switch {
	case r.ContentLength != 0:
		refuse(w, http.StatusRequestEntityTooLarge, "a request has no body here")
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		refuse(w, http.StatusMethodNotAllowed, "only GET and HEAD")
	case !names(r.Host, at):
		// A web site whose name leads to this address could read the page through a visitor's browser.
		refuse(w, http.StatusMisdirectedRequest, "open http://"+at.String()+"/ instead")
	case r.URL.Path == "/":
		invite, _ := s.invites.of(visitor)
		s.page(w, r, Page{URL: "http://" + at.String(), Invite: invite, Used: invite.Text == "" && len(s.cfg.Invites) > 0})
	case strings.HasPrefix(r.URL.Path, invitePath):
		invite, ok := s.showing(strings.TrimPrefix(r.URL.Path, invitePath))
		if !ok {
			refuse(w, http.StatusNotFound, "there is no such page")
			return
		}
		s.page(w, r, Page{URL: "http://" + at.String(), Invite: invite})
	default:
		i := slices.IndexFunc(s.cfg.Files, func(f *File) bool { return r.URL.Path == filePath+f.Name })
		if i < 0 {
			refuse(w, http.StatusNotFound, "there is no such page")
			return
		}
		s.file(w, r, s.cfg.Files[i], visitor)
	}
}

// names reports whether the host that a request names is the address that it came to.
func names(host string, at netip.AddrPort) bool {
	if to, err := netip.ParseAddrPort(host); err == nil {
		return to == at
	}
	to, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && to == at.Addr() && at.Port() == 80
}

func refuse(w http.ResponseWriter, code int, why string) {
	w.Header().Set("Connection", "close")
	http.Error(w, why, code)
}

// page answers with a page: as HTML for a browser, which says that it accepts HTML, and otherwise as text for a terminal.
func (s *Server) page(w http.ResponseWriter, r *http.Request, p Page) {
	p.Room, p.Files = s.cfg.Room, s.cfg.Files
	w.Header().Set("Vary", "Accept")
	render, kind := p.Text, "text/plain; charset=utf-8"
	if strings.Contains(r.Header.Get("Accept"), "text/html") {
		render, kind = p.HTML, "text/html; charset=utf-8"
	}
	body, err := render()
	if err != nil {
		refuse(w, http.StatusInternalServerError, "the page cannot be made")
		return
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // the visitor may have gone
	}
}

// file sends a file, or the part of it that the request asks for, as after a transfer that broke off.
func (s *Server) file(w http.ResponseWriter, r *http.Request, f *File, visitor netip.Addr) {
	if !s.transfers.take(visitor) {
		w.Header().Set("Retry-After", "10")
		refuse(w, http.StatusServiceUnavailable, "too many files are being sent; try again")
		return
	}
	defer s.transfers.leave(visitor)
	content, err := f.open()
	if err != nil {
		refuse(w, http.StatusGone, "the file has changed; the share has to be started again")
		return
	}
	if strings.Contains(r.Header.Get("Range"), ",") {
		r.Header.Del("Range") // no client needs several parts, and many small ones would cost much
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition", "attachment")
	w.Header().Set("Etag", `"`+f.SHA256+`"`)
	http.ServeContent(&patient{ResponseWriter: w, control: http.NewResponseController(w), end: time.Now().Add(transferWait)}, r, "", time.Time{}, content)
}

// A patient writer waits stallWait for the reader at each Write, but for none longer than until end.
type patient struct {
	http.ResponseWriter
	control *http.ResponseController
	end     time.Time
}

func (w *patient) Write(p []byte) (int, error) {
	until := time.Now().Add(stallWait)
	if until.After(w.end) {
		until = w.end
	}
	if err := w.control.SetWriteDeadline(until); err != nil {
		return 0, err
	}
	return w.ResponseWriter.Write(p)
}
