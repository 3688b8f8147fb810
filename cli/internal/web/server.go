package web

import (
	"context"
	"encoding/json"
	"io"
	"log"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"

	"golang.org/x/net/netutil"
)

// These paths are not those of files.
const (
	sessionPath = "/session"
	socketPath  = "/ws"
)

// A Config says what a server serves.
type Config struct {
	// Port is a TCP port; 0: a free one.
	Port int
	// Serve speaks JSON-RPC with a page, one object a line in each direction, until the page has gone or ctx ends. After [ErrNoNode],
	// [ErrSilent] or [ErrFull] the page tries again.
	Serve func(ctx context.Context, in io.Reader, out io.Writer) error
	// Again is the command that starts a node, at most [MaxAgain] bytes. A page without a node shows it.
	Again string
	// MaxMessage bounds a message from a page, in bytes.
	MaxMessage int64
	// Entered is called when a link has been used.
	Entered func()
	Log     *slog.Logger
	// Guard is the first deferred call of each goroutine.
	Guard func()
}

// A Server serves the page until it is closed.
type Server struct {
	cfg    Config
	http   *http.Server
	host   string // the name of the server in requests
	origin string // the origin of our page
	files  map[string]file
	policy string // the Content-Security-Policy
	access *access
	cookie string // its name, which holds the port: a browser sends a cookie to all ports
	work   sync.WaitGroup
	cancel context.CancelFunc
}

// Start starts a server.
func Start(cfg Config) (*Server, error) {
	files, err := readFiles()
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(cfg.Port)))
	if err != nil {
		return nil, err
	}
	port := l.Addr().(*net.TCPAddr).Port
	s := &Server{cfg: cfg, files: files, host: l.Addr().String(), cookie: "localchat-" + strconv.Itoa(port)}
	if port == 80 {
		s.host = "127.0.0.1" // a browser leaves this port out
	}
	s.origin = "http://" + s.host
	s.policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self' ws://" + s.host +
		"; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
	ctx, cancel := context.WithCancel(context.Background())
	s.access, s.cancel = newAccess(ctx), cancel
	s.http = &http.Server{
		Addr: l.Addr().String(), Handler: http.HandlerFunc(s.serve), MaxHeaderBytes: maxHeader, ReadHeaderTimeout: headerWait, ReadTimeout: headerWait,
		WriteTimeout: writeWait, IdleTimeout: idleWait, DisableGeneralOptionsHandler: true,
		ErrorLog: log.New(io.Discard, "", 0), // it would hold text of strangers
		ConnState: func(_ net.Conn, now http.ConnState) {
			switch now { // each connection has a goroutine between these
			case http.StateNew:
				s.work.Add(1)
			case http.StateClosed, http.StateHijacked:
				s.work.Done()
			}
		},
	}
	s.work.Go(func() {
		defer cfg.Guard()
		_ = s.http.Serve(netutil.LimitListener(&gate{l, os.Geteuid(), cfg.Log}, maxConns)) // it ends when the server is closed
	})
	return s, nil
}

// Link returns a new link, which opens the page once.
func (s *Server) Link() string { return s.origin + "/#token=" + s.access.link(time.Now()) }

// Close ends the server and all its connections.
func (s *Server) Close() {
	s.cancel()
	_ = s.http.Close() // it fails only if there is no listener any more
	s.work.Wait()
}

// serve answers a request.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	defer s.cfg.Guard()
	for name, value := range map[string]string{
		"Cache-Control":                "no-store",
		"Content-Security-Policy":      s.policy,
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Referrer-Policy":              "no-referrer",
		"X-Content-Type-Options":       "nosniff",
	} {
		w.Header().Set(name, value)
	}
	switch {
	case r.Host != s.host || r.URL.Host != "":
		// Otherwise a web site whose name leads to this address could read the page through the browser.
		refuse(w, http.StatusMisdirectedRequest, "open "+s.origin+"/ instead")
	case r.URL.Path == socketPath:
		s.socket(w, r)
	case r.URL.Path == sessionPath:
		s.session(w, r)
	default:
		s.file(w, r)
	}
}

func refuse(w http.ResponseWriter, code int, why string) {
	w.Header().Set("Connection", "close")
	http.Error(w, why, code)
}

// refuseMethod refuses a request whose method is not one of those allowed.
func refuseMethod(w http.ResponseWriter, allowed string) {
	w.Header().Set("Allow", allowed)
	refuse(w, http.StatusMethodNotAllowed, "only "+allowed)
}

// file sends a file of the page.
func (s *Server) file(w http.ResponseWriter, r *http.Request) {
	f, there := s.files[r.URL.Path]
	switch {
	case !there:
		refuse(w, http.StatusNotFound, "there is no such page")
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		refuseMethod(w, "GET, HEAD")
	case r.ContentLength != 0:
		refuse(w, http.StatusRequestEntityTooLarge, "a request has no body here")
	default:
		w.Header().Set("Content-Type", f.kind)
		w.Header().Set("Content-Length", strconv.Itoa(len(f.body)))
		if r.Method == http.MethodGet {
			_, _ = w.Write(f.body) // the browser may have gone
		}
	}
}

// ours reports whether a request comes from our own page. A browser names the origin of a script in every request that the script
// makes with POST or for a WebSocket.
func (s *Server) ours(r *http.Request) bool {
	origin := r.Header.Values("Origin")
	return len(origin) == 1 && origin[0] == s.origin
}

// known returns the session of a request, or nil.
func (s *Server) known(r *http.Request) *session {
	cookies := r.CookiesNamed(s.cookie)
	if len(cookies) != 1 {
		return nil
	}
	return s.access.find(cookies[0].Value, r.URL.Query().Get("key"), time.Now())
}

// session answers requests about the session of a browser: POST exchanges a token for one, and GET asks whether there is one.
func (s *Server) session(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodPost:
		s.enter(w, r)
	case http.MethodGet:
		if s.known(r) == nil {
			refuse(w, http.StatusForbidden, "no session")
			return
		}
		w.WriteHeader(http.StatusNoContent)
	default:
		refuseMethod(w, "GET, POST")
	}
}

// enter exchanges a token for a session.
func (s *Server) enter(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Token string `json:"token"`
	}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	in := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	switch {
	case !s.ours(r):
		answer(w, http.StatusForbidden, failure{"origin"})
		return
	case kind != "application/json" || in.Decode(&body) != nil:
		answer(w, http.StatusBadRequest, failure{"form"})
		return
	}
	cookie, key, result := s.access.enter(body.Token, time.Now())
	switch result {
	case entered:
		http.SetCookie(w, &http.Cookie{Name: s.cookie, Value: cookie, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
		answer(w, http.StatusOK, struct {
			Key string `json:"key"`
		}{key})
		s.cfg.Entered()
	case wait:
		w.Header().Set("Retry-After", "1")
		answer(w, http.StatusTooManyRequests, failure{string(wait)})
	default:
		answer(w, http.StatusForbidden, failure{string(result)})
	}
}

type failure struct {
	Error string `json:"error"`
}

func answer(w http.ResponseWriter, code int, v any) {
	w.Header().Set("Content-Type", "application/json")
	if code != http.StatusOK {
		w.Header().Set("Connection", "close")
	}
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(v) // the browser may have gone
}
