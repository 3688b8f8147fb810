package web

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// serve starts a server whose node sends back each line that it gets.
func serve(t *testing.T) *Server {
	t.Helper()
	return serveWith(t, func(ctx context.Context, in io.Reader, out io.Writer) error {
		lines := make(chan string)
		go func() {
			defer close(lines)
			for in := bufio.NewReader(in); ; {
				line, err := in.ReadString('\n')
				if err != nil {
					return
				}
				select {
				case lines <- line:
				case <-ctx.Done():
					return
				}
			}
		}()
		for {
			select {
			case line, more := <-lines:
				if !more {
					return nil
				}
				if _, err := io.WriteString(out, line); err != nil {
					return err
				}
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	})
}

func serveWith(t *testing.T, node func(context.Context, io.Reader, io.Writer) error) *Server {
	t.Helper()
	s, err := Start(Config{Serve: node, MaxMessage: 64 << 10, Entered: func() {}, Log: slog.New(slog.DiscardHandler), Guard: func() {}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// A browser is one that has a session.
type browser struct {
	cookie *http.Cookie
	key    string
}

// request makes a request to a server in the way that its own page does; change can change the request.
func request(t *testing.T, s *Server, method, path, body string, change func(*http.Request)) *http.Response {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 4*headerWait)
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, method, s.origin+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Origin", s.origin)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if change != nil {
		change(r)
	}
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	return response
}

func token(s *Server) string { return strings.TrimPrefix(s.Link(), s.origin+"/#token=") }

func tokenBody(token string) string { return `{"token":"` + token + `"}` }

func text(t *testing.T, r *http.Response) string {
	t.Helper()
	all, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(all)
}

// open opens a new link in a browser.
func open(t *testing.T, s *Server) browser {
	t.Helper()
	r := request(t, s, "POST", "/session", tokenBody(token(s)), nil)
	body := text(t, r)
	key, ok := strings.CutPrefix(strings.TrimSpace(body), `{"key":"`)
	if r.StatusCode != http.StatusOK || !ok || len(r.Cookies()) != 1 {
		t.Fatalf("the link gives %s %q, cookies %v", r.Status, body, r.Cookies())
	}
	return browser{r.Cookies()[0], strings.TrimSuffix(key, `"}`)}
}

// dial opens a WebSocket as a page of b does.
func dial(t *testing.T, s *Server, b browser, change func(http.Header)) (*websocket.Conn, *http.Response) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	header := http.Header{"Origin": {s.origin}, "Cookie": {b.cookie.Name + "=" + b.cookie.Value}}
	if change != nil {
		change(header)
	}
	conn, r, err := websocket.Dial(ctx, "ws://"+s.host+"/ws?key="+b.key, &websocket.DialOptions{HTTPHeader: header})
	if err != nil && r == nil {
		t.Fatal(err)
	}
	if err != nil {
		return nil, r
	}
	t.Cleanup(func() { conn.CloseNow() })
	return conn, r
}

// TestPage: a browser opens a link, sends a message and gets one.
func TestPage(t *testing.T) {
	s := serve(t)
	r := request(t, s, "GET", "/", "", nil)
	if r.StatusCode != http.StatusOK || !strings.Contains(text(t, r), "<title>localchat</title>") {
		t.Errorf("/ gives %s", r.Status)
	}
	b := open(t, s)
	conn, _ := dial(t, s, b, nil)
	if conn == nil {
		t.Fatal("no WebSocket")
	}
	long := strings.Repeat("long ", 10_000)
	for _, line := range []string{`{"a":1}`, "{\"a\":\n1}", long, "é"} {
		if err := conn.Write(t.Context(), websocket.MessageText, []byte(line)); err != nil {
			t.Fatal(err)
		}
		conn.SetReadLimit(1 << 20)
		kind, got, err := conn.Read(t.Context())
		if want := strings.ReplaceAll(line, "\n", " "); err != nil || kind != websocket.MessageText || string(got) != want {
			t.Errorf("%.20q comes back as %v %.20q, %v", line, kind, got, err)
		}
	}
}
