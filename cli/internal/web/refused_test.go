package web

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// TestSocketRefused: a page without a session, or one of another server, gets no WebSocket.
func TestSocketRefused(t *testing.T) {
	s := serve(t)
	b, other := open(t, s), open(t, s)
	foreign := func(origin ...string) func(http.Header) { return func(h http.Header) { h["Origin"] = origin } }
	port := s.host[strings.LastIndexByte(s.host, ':'):]
	tests := map[string]struct {
		browser browser
		change  func(http.Header)
	}{
		"no cookie":             {b, func(h http.Header) { h.Del("Cookie") }},
		"another cookie":        {b, func(h http.Header) { h.Set("Cookie", b.cookie.Name+"=AAAA") }},
		"another port's cookie": {b, func(h http.Header) { h.Set("Cookie", "localchat-1="+b.cookie.Value) }},
		"two cookies": {b, func(h http.Header) {
			h.Set("Cookie", fmt.Sprintf("%s=x; %s=%s", b.cookie.Name, b.cookie.Name, b.cookie.Value))
		}},
		"no key":                  {browser{b.cookie, ""}, nil},
		"another browser's key":   {browser{b.cookie, other.key}, nil},
		"no origin":               {b, foreign()},
		"a web site":              {b, foreign("http://example.com")},
		"a file":                  {b, foreign("null")},
		"an origin by name":       {b, foreign("http://localhost" + port)},
		"another port":            {b, foreign("http://127.0.0.1:1")},
		"no port":                 {b, foreign("http://127.0.0.1")},
		"another scheme":          {b, foreign("https://" + s.host)},
		"an origin with a path":   {b, foreign(s.origin + "/")},
		"an origin with a user":   {b, foreign("http://" + s.host + "@example.com")},
		"a longer origin":         {b, foreign(s.origin + ".example.com")},
		"ours and a foreign one":  {b, foreign(s.origin, "http://example.com")},
		"a foreign one and ours":  {b, foreign("http://example.com", s.origin)},
		"both in one":             {b, foreign(s.origin + ", http://example.com")},
		"an origin with a zero":   {b, foreign("http://127.0.0.1:0" + port[1:])},
		"an origin that is short": {b, foreign("http://127.1" + port)},
	}
	for name, test := range tests {
		if conn, r := dial(t, s, test.browser, test.change); conn != nil || r.StatusCode != http.StatusForbidden {
			t.Errorf("%s: a WebSocket %v, %s", name, conn != nil, r.Status)
		}
	}
	if conn, _ := dial(t, s, b, nil); conn == nil {
		t.Error("the page itself has no WebSocket")
	}
}

// TestEnterRefused: if somebody else has used a link, its user is refused, with that reason. A token is accepted from our own page
// only.
func TestEnterRefused(t *testing.T) {
	s := serve(t)
	stolen := token(s)
	if r := request(t, s, "POST", "/session", tokenBody(stolen), nil); r.StatusCode != http.StatusOK {
		t.Fatal(r.Status)
	}
	fresh := token(s)
	tests := map[string]struct {
		body   string
		change func(*http.Request)
		status int
		why    string
	}{
		"a used link":     {tokenBody(stolen), nil, http.StatusForbidden, "used"},
		"a wrong token":   {tokenBody("AAAA"), nil, http.StatusForbidden, "wrong"},
		"no token":        {"{}", nil, http.StatusForbidden, "wrong"},
		"a web site":      {tokenBody(fresh), func(r *http.Request) { r.Header.Set("Origin", "http://example.com") }, http.StatusForbidden, "origin"},
		"no origin":       {tokenBody(fresh), func(r *http.Request) { r.Header.Del("Origin") }, http.StatusForbidden, "origin"},
		"a form":          {tokenBody(fresh), func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }, http.StatusBadRequest, "form"},
		"no JSON":         {"token=" + fresh, nil, http.StatusBadRequest, "form"},
		"a long body":     {tokenBody(strings.Repeat("A", maxBody)), nil, http.StatusBadRequest, "form"},
		"another's token": {`{"token":["` + fresh + `"]}`, nil, http.StatusBadRequest, "form"},
	}
	for name, test := range tests {
		r := request(t, s, "POST", "/session", test.body, test.change)
		if body := text(t, r); r.StatusCode != test.status || strings.TrimSpace(body) != `{"error":"`+test.why+`"}` || len(r.Cookies()) > 0 {
			t.Errorf("%s: %s %s, cookies %v", name, r.Status, body, r.Cookies())
		}
	}
	for range attemptBurst {
		request(t, s, "POST", "/session", tokenBody("AAAA"), nil)
	}
	r := request(t, s, "POST", "/session", tokenBody(fresh), nil)
	if body := text(t, r); r.StatusCode != http.StatusTooManyRequests || !strings.Contains(body, `"wait"`) || r.Header.Get("Retry-After") == "" {
		t.Errorf("after too many attempts: %s %s", r.Status, body)
	}
}

// TestSessionAsked: the page can ask whether its session is valid.
func TestSessionAsked(t *testing.T) {
	s := serve(t)
	b := open(t, s)
	ask := func(key string, cookie *http.Cookie) int {
		return request(t, s, "GET", "/session?key="+key, "", func(r *http.Request) { r.AddCookie(cookie) }).StatusCode
	}
	if got := ask(b.key, b.cookie); got != http.StatusNoContent {
		t.Errorf("a good session gives %d", got)
	}
	if got := ask("AAAA", b.cookie); got != http.StatusForbidden {
		t.Errorf("a wrong key gives %d", got)
	}
	if c := b.cookie; !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.Domain != "" || !strings.HasSuffix(c.Name, s.host[strings.LastIndexByte(s.host, ':')+1:]) {
		t.Errorf("the cookie is %v", c)
	}
}

// raw sends bytes to a server and returns the answer.
func raw(t *testing.T, s *Server, sent string) (status int, body string) {
	t.Helper()
	c, err := net.Dial("tcp", s.http.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(2 * headerWait))
	if _, err := io.WriteString(c, sent); err != nil {
		t.Fatal(err)
	}
	r, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return 0, err.Error()
	}
	all, _ := io.ReadAll(r.Body) // the server closes it
	return r.StatusCode, string(all)
}

// TestHost: a request that names another server gets nothing. Otherwise a web site whose name leads here could read the page.
func TestHost(t *testing.T) {
	s := serve(t)
	port := s.host[strings.LastIndexByte(s.host, ':'):]
	for _, host := range []string{
		"", "example.com", "example.com" + port, "localhost" + port, "LOCALHOST" + port, "127.0.0.1", "127.0.0.1:", "127.0.0.1:1", s.host + "0", "0" + s.host,
		"127.0.0.1:0" + port[1:], "127.0.0.1." + port, "127.1" + port, "0x7f.1" + port, "2130706433" + port, "127.0.0.2" + port, "0.0.0.0" + port, "[::1]" + port,
		"[::ffff:127.0.0.1]" + port, s.host + "@example.com", "example.com@" + s.host, s.host + ".example.com", "user:pw@" + s.host, s.host + "/", s.host + "#", s.host + "?", s.host + ",example.com",
		s.host + " example.com", "\t" + s.host + "\texample.com", "１２７.0.0.1" + port, "127.0.0.1\x00" + port, "%31%32%37.0.0.1" + port,
	} {
		for _, path := range []string{"/", "/ws", "/session"} {
			if status, body := raw(t, s, "GET "+path+" HTTP/1.1\r\nHost: "+host+"\r\n\r\n"); status != http.StatusMisdirectedRequest && status != http.StatusBadRequest || strings.Contains(body, "<html") {
				t.Errorf("host %q at %s: %d %.60q", host, path, status, body)
			}
		}
	}
	for _, sent := range []string{
		"GET / HTTP/1.1\r\n\r\n",
		"GET / HTTP/1.0\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: " + s.host + "\r\nHost: example.com\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: example.com\r\nHost: " + s.host + "\r\n\r\n",
		"GET / HTTP/1.1\r\nHost : " + s.host + "\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: example.com\r\nX-Forwarded-Host: " + s.host + "\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: example.com\r\nForwarded: host=" + s.host + "\r\n\r\n",
		"GET http://example.com/ HTTP/1.1\r\nHost: " + s.host + "\r\n\r\n",
		"GET http://" + s.host + "/ HTTP/1.1\r\nHost: example.com\r\n\r\n",
		"GET http://" + s.host + "/ HTTP/1.1\r\nHost: " + s.host + "\r\n\r\n",
		"GET //example.com/ HTTP/1.1\r\nHost: example.com\r\n\r\n",
	} {
		if status, body := raw(t, s, sent); status < 400 || strings.Contains(body, "<html") {
			t.Errorf("%q: %d %.60q", sent, status, body)
		}
	}
	if status, body := raw(t, s, "GET / HTTP/1.1\r\nHost: "+s.host+"\r\nConnection: close\r\n\r\n"); status != http.StatusOK || !strings.Contains(body, "<html") {
		t.Errorf("our own host: %d %.60q", status, body)
	}
}

// TestLongHeader: a header of maxHeader bytes is read, and a longer one is refused.
func TestLongHeader(t *testing.T) {
	t.Parallel()
	s := serve(t)
	for want, size := range map[int]int{http.StatusOK: maxHeader - 1000, http.StatusRequestHeaderFieldsTooLarge: maxHeader + 8<<10} {
		if status, _ := raw(t, s, "GET / HTTP/1.1\r\nHost: "+s.host+"\r\nCookie: "+strings.Repeat("a", size)+"\r\nConnection: close\r\n\r\n"); status != want {
			t.Errorf("a header of %d bytes gives %d, want %d", size, status, want)
		}
	}
}

// TestSmuggling: bytes that hold two requests, but that a proxy may pass on as one, are refused as a whole.
func TestSmuggling(t *testing.T) {
	s := serve(t)
	head := "POST /session HTTP/1.1\r\nHost: " + s.host + "\r\nOrigin: " + s.origin + "\r\nContent-Type: application/json\r\n"
	second := "GET / HTTP/1.1\r\nHost: " + s.host + "\r\n\r\n"
	for name, sent := range map[string]string{
		"a length and chunks":     head + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + second,
		"two lengths":             head + "Content-Length: 2\r\nContent-Length: 60\r\n\r\n{}" + second,
		"a length below 0":        head + "Content-Length: -1\r\n\r\n" + second,
		"a length with a sign":    head + "Content-Length: +2\r\n\r\n{}" + second,
		"a space before a colon":  head + "Content-Length : 2\r\n\r\n{}" + second,
		"a folded header":         head + "Content-Length:\r\n 2\r\n\r\n{}" + second,
		"an unknown encoding":     head + "Transfer-Encoding: gzip, chunked\r\n\r\n" + second,
		"a file with a body":      "GET / HTTP/1.1\r\nHost: " + s.host + "\r\nContent-Length: 5\r\n\r\nhello" + second,
		"a newline in the method": "GE\nT / HTTP/1.1\r\nHost: " + s.host + "\r\n\r\n" + second,
	} {
		if status, body := raw(t, s, sent); status < 400 || strings.Contains(body, "<html") {
			t.Errorf("%s: %d %q", name, status, body)
		}
	}
}

// TestMethods: a path that is not one of a file, the session or the WebSocket is refused, and so is a method that is not for it.
func TestMethods(t *testing.T) {
	s := serve(t)
	for _, method := range []string{"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get"} {
		for _, path := range []string{"/", "/ws", "/session"} {
			if method == "POST" && path == "/session" {
				continue
			}
			status, body := raw(t, s, fmt.Sprintf("%s %s HTTP/1.1\r\nHost: %s\r\n\r\n", method, path, s.host))
			if status != http.StatusMethodNotAllowed && status != http.StatusMisdirectedRequest && status != http.StatusBadRequest {
				t.Errorf("%s %s: %d %q", method, path, status, body)
			}
		}
	}
	for _, path := range []string{
		"/index.html", "/page/index.html", "/../server.go", "/page/../server.go", "/%2e%2e/server.go", "//", "/.", "/..", "/ws/", "/session/", "/WS", "/doc.go", "/\\", "/;/", "/%00", "*",
	} {
		if status, body := raw(t, s, "GET "+path+" HTTP/1.1\r\nHost: "+s.host+"\r\n\r\n"); status < 400 || strings.Contains(body, "<html") {
			t.Errorf("%s: %d %q", path, status, body)
		}
	}
	r := request(t, s, "HEAD", "/", "", nil)
	if r.StatusCode != http.StatusOK || r.ContentLength <= 0 {
		t.Errorf("HEAD /: %s, %d bytes", r.Status, r.ContentLength)
	}
}

// TestHeaders: every answer has the headers that keep out foreign code and frames.
func TestHeaders(t *testing.T) {
	s := serve(t)
	for _, path := range []string{"/", "/ws", "/session", "/none"} {
		h := request(t, s, "GET", path, "", nil).Header
		for name, want := range map[string]string{
			"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
			"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
		} {
			if h.Get(name) != want {
				t.Errorf("%s: %s is %q", path, name, h.Get(name))
			}
		}
		for _, rule := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'", "require-trusted-types-for 'script'"} {
			if policy := h.Get("Content-Security-Policy"); !strings.Contains(policy, rule) || strings.Contains(policy, "unsafe") || strings.Contains(policy, "*") {
				t.Errorf("%s: the policy %q lacks %s, or allows too much", path, policy, rule)
			}
		}
		if h.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s lets other sites read it", path)
		}
	}
}

// TestSlowClient: a connection that sends nothing is closed, and more of them than maxConns do not keep the page from being served.
func TestSlowClient(t *testing.T) {
	t.Parallel()
	s := serve(t)
	var idle []net.Conn
	for range maxConns + 8 {
		c, err := net.Dial("tcp", s.http.Addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: ")
		idle = append(idle, c)
	}
	began := time.Now()
	if r := request(t, s, "GET", "/", "", nil); r.StatusCode != http.StatusOK {
		t.Error(r.Status)
	}
	if took := time.Since(began); took > 3*headerWait {
		t.Errorf("the page waited %v for slow connections", took)
	}
	_ = idle[0].SetReadDeadline(time.Now().Add(2 * headerWait))
	if _, err := io.ReadAll(idle[0]); errors.Is(err, context.DeadlineExceeded) || err != nil && strings.Contains(err.Error(), "timeout") {
		t.Errorf("a slow connection is kept: %v", err)
	}
}

// closedWith waits until a page's connection is closed, and returns the code and the reason.
func closedWith(t *testing.T, conn *websocket.Conn) (websocket.StatusCode, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*writeWait)
	defer cancel()
	for {
		_, _, err := conn.Read(ctx)
		var end websocket.CloseError
		if errors.As(err, &end) {
			return end.Code, end.Reason
		}
		if err != nil {
			return -1, err.Error()
		}
	}
}

// awaitPages waits until want pages are open.
func awaitPages(t *testing.T, s *Server, want int) {
	t.Helper()
	open := -1
	for end := time.Now().Add(writeWait); open != want; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d pages are open, want %d", open, want)
		}
		open = 0
		s.access.mu.Lock()
		for _, b := range s.access.sessions {
			open += b.pages
		}
		s.access.mu.Unlock()
	}
}

// TestEnds: a page learns why its connection is closed.
func TestEnds(t *testing.T) {
	const noNode, cutOff = `"no node"`, `"cut off"`
	s := serveWith(t, func(ctx context.Context, in io.Reader, out io.Writer) error {
		line, err := bufio.NewReader(in).ReadString('\n')
		switch {
		case err != nil:
			return nil
		case strings.Contains(line, noNode):
			return fmt.Errorf("dial: %w", ErrNoNode)
		case strings.Contains(line, cutOff):
			return errors.New("garbage")
		}
		<-ctx.Done()
		return nil
	})
	b := open(t, s)
	for name, test := range map[string]struct {
		kind websocket.MessageType
		sent []byte
		code websocket.StatusCode
	}{
		"no node":     {websocket.MessageText, []byte(noNode), closeNoNode},
		"cut off":     {websocket.MessageText, []byte(cutOff), websocket.StatusInternalError},
		"bytes":       {websocket.MessageBinary, []byte("{}"), websocket.StatusUnsupportedData},
		"a long text": {websocket.MessageText, bytes.Repeat([]byte("a"), int(s.cfg.MaxMessage)+1), websocket.StatusMessageTooBig},
	} {
		conn, _ := dial(t, s, b, nil)
		if err := conn.Write(t.Context(), test.kind, test.sent); err != nil {
			t.Error(name, err)
		}
		if code, why := closedWith(t, conn); code != test.code {
			t.Errorf("%s: ends with %d %s", name, code, why)
		}
	}

	awaitPages(t, s, 0)
	var all []*websocket.Conn
	for n := range maxPages {
		conn, _ := dial(t, s, b, nil)
		all = append(all, conn)
		if err := conn.Write(t.Context(), websocket.MessageText, []byte("{}")); err != nil {
			t.Fatal(err)
		}
		awaitPages(t, s, n+1)
	}
	conn, _ := dial(t, s, b, nil)
	if code, why := closedWith(t, conn); code != closeFull {
		t.Errorf("one page too many ends with %d %s", code, why)
	}
	closed := make(chan struct{})
	go func() { s.Close(); close(closed) }()
	for _, conn := range all {
		if code, why := closedWith(t, conn); code != websocket.StatusGoingAway {
			t.Errorf("at the end of the server a page ends with %d %s", code, why)
		}
	}
	<-closed
}

// TestSessionMakesPlace: when newer sessions have taken the place of a browser's session, its pages end.
func TestSessionMakesPlace(t *testing.T) {
	s := serve(t)
	conn, _ := dial(t, s, open(t, s), nil)
	for range maxSessions {
		if _, _, result := s.access.enter(token(s), time.Now().Add(time.Hour/2)); result != entered {
			t.Fatal(result)
		}
	}
	if code, why := closedWith(t, conn); code != closeSessionOver {
		t.Errorf("its page ends with %d %s", code, why)
	}
}

// TestSlowPage: a page that reads nothing loses its connection, and the node stops writing to it.
func TestSlowPage(t *testing.T) {
	if testing.Short() {
		t.Skip("ten seconds")
	}
	t.Parallel()
	ended := make(chan error, 1)
	s := serveWith(t, func(_ context.Context, _ io.Reader, out io.Writer) error {
		line := append(bytes.Repeat([]byte("a"), 64<<10), '\n')
		for {
			if _, err := out.Write(line); err != nil {
				ended <- err
				return err
			}
		}
	})
	if conn, _ := dial(t, s, open(t, s), nil); conn == nil {
		t.Fatal("no WebSocket")
	}
	select {
	case <-ended:
	case <-time.After(3 * writeWait):
		t.Error("the node goes on writing to a page that reads nothing")
	}
}
