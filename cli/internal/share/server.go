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

// filePath begins the path of a file, and invitePath that of a page with an invite of its own.
const (
	filePath   = "/get/"
	invitePath = "/i/"
)

// A Config is what a server serves. The server closes Files when it ends.
type Config struct {
	Room    Room
	Files   []*File
	Invites []Invite
	// Port is a TCP port; 0: a free one.
	Port int
	// Guard is deferred in each goroutine; nil: none.
	Guard func()

	// networks are those of the visitors; nil: this machine's.
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

	mu    sync.Mutex // a face and visitors meet at shown
	shown []shown    // invites with pages of their own, the oldest first
}

// A shown invite has a page of its own.
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

// start serves what comes to l.
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
		ErrorLog: log.New(io.Discard, "", 0), // it would hold text of strangers
		ConnState: func(_ net.Conn, now http.ConnState) {
			switch now { // each connection has a goroutine between these two
			case http.StateNew:
				s.work.Add(1)
			case http.StateClosed:
				s.work.Done()
			}
		},
	}
	s.work.Go(func() {
		defer cfg.Guard()
		_ = s.http.Serve(newGate(l, cfg.networks)) // it ends when the server is closed
	})
	return s
}

// Port is the TCP port of the server.
func (s *Server) Port() int { return s.port }

// Files are what is handed out, in the order of the page.
func (s *Server) Files() []*File { return s.cfg.Files }

// Close ends the server and all its connections at once.
func (s *Server) Close() {
	s.closed.Do(func() {
		_ = s.http.Close() // it fails only if there is no listener any more
		s.work.Wait()
		Close(s.cfg.Files)
	})
}

// Open says which invites are open, by their IDs. No page shows the others any more.
func (s *Server) Open(ids map[string]bool) { s.invites.keep(ids) }

// Left returns the IDs of the invites that nobody has used, as far as Open has said.
func (s *Server) Left() []string { return s.invites.left() }

// Show gives an invite a page of its own, and returns the path. It cannot be guessed.
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

// showing returns the invite that has a page at key.
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

// headers are those of every answer. A page has one style and nothing else that is loaded or run.
var headers = map[string]string{
	"Content-Security-Policy":      "default-src 'none'; style-src 'sha256-" + styleSum + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
	"Cache-Control":                "no-store",
	"Cross-Origin-Resource-Policy": "same-origin",
	"Referrer-Policy":              "no-referrer",
	"X-Content-Type-Options":       "nosniff",
}

// serve answers a request.
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

// page answers with a page: for a browser, which says that it reads HTML, or for a terminal.
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

// file sends a file, or the part of it that a transfer which broke off still lacks.
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
		r.Header.Del("Range") // several parts are of no use to anybody
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition", "attachment")
	w.Header().Set("Etag", `"`+f.SHA256+`"`)
	http.ServeContent(&patient{ResponseWriter: w, control: http.NewResponseController(w), end: time.Now().Add(transferWait)}, r, "", time.Time{}, content)
}

// A patient writer gives the reader stallWait for each piece, and all of them together until end.
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
