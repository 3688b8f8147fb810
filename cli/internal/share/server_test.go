package share

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"localchat/internal/onlink"
)

// A wire is a listener in memory, so that its connections obey the fake clock of a synctest bubble.
type wire struct {
	calls  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

const hostAddr = "10.1.0.1:8080"

func tcpAddr(s string) net.Addr { return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(s)) }

func (w *wire) Accept() (net.Conn, error) {
	select {
	case c := <-w.calls:
		return c, nil
	case <-w.closed:
		return nil, net.ErrClosed
	}
}

func (w *wire) Close() error {
	w.once.Do(func() { close(w.closed) })
	return nil
}

func (w *wire) Addr() net.Addr { return tcpAddr(hostAddr) }

// An end is the server's end of a connection.
type end struct {
	net.Conn
	from net.Addr
}

func (e end) LocalAddr() net.Addr  { return tcpAddr(hostAddr) }
func (e end) RemoteAddr() net.Addr { return e.from }

// dial connects from an address.
func (w *wire) dial(from string) net.Conn {
	here, there := net.Pipe()
	w.calls <- end{there, tcpAddr(from + ":50000")}
	return here
}

// serving starts a server on a wire, whose network is 10.1.0.0/16, with one file of a release.
func serving(t *testing.T) (*wire, *Server) {
	t.Helper()
	files, err := Folder(release(t, "localchat_0.1.0_linux_amd64.tar.gz"))
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{calls: make(chan net.Conn), closed: make(chan struct{})}
	s := start(Config{
		Room: Room{Name: "lab", Target: "lab", Host: "alice", Words: "amber kiwi"}, Files: files, Invites: []Invite{{ID: "a", Text: "LOCALCHAT:AAAA"}},
		networks: func() (onlink.Networks, error) { return onlink.Networks{netip.MustParsePrefix("10.1.0.1/16")}, nil },
	}, w)
	t.Cleanup(s.Close)
	return w, s
}

// get sends a request and returns the answer and its body; nil if there is none.
func get(t *testing.T, c net.Conn, path string, more ...string) (*http.Response, string) {
	t.Helper()
	go io.WriteString(c, strings.Join(append([]string{"GET " + path + " HTTP/1.1", "Host: " + hostAddr}, more...), "\r\n")+"\r\n\r\n")
	r, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return nil, ""
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Errorf("%s: %v", path, err)
	}
	return r, string(body)
}

// served reports whether a request on a connection is answered.
func served(t *testing.T, c net.Conn) bool {
	t.Helper()
	r, _ := get(t, c, "/")
	return r != nil && r.StatusCode == http.StatusOK
}

const fileURL = "/get/localchat_0.1.0_linux_amd64.tar.gz"

// TestServed: the page has the sum of the bytes that are sent. A request for one part of a file gets it, and a request for several
// parts gets the whole file.
func TestServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, s := serving(t)
		c := w.dial("10.1.0.2")
		defer c.Close()
		r, page := get(t, c, "/")
		if r.Header.Get("Content-Type") != "text/plain; charset=utf-8" || !strings.Contains(page, "LOCALCHAT:AAAA") {
			t.Errorf("curl gets %v\n%s", r, page)
		}
		r, html := get(t, c, "/", "Accept: text/html,*/*")
		if r.Header.Get("Content-Type") != "text/html; charset=utf-8" || !strings.Contains(html, "<h1>") || !strings.HasPrefix(r.Header.Get("Content-Security-Policy"), "default-src 'none';") {
			t.Errorf("a browser gets %v\n%s", r, html)
		}
		r, file := get(t, c, fileURL)
		sum := sha256.Sum256([]byte(file))
		if got := hex.EncodeToString(sum[:]); r.StatusCode != 200 || !strings.Contains(page, got) || got != s.Files()[0].SHA256 {
			t.Errorf("%d bytes come with the sum %s, status %d", len(file), got, r.StatusCode)
		}
		if r, part := get(t, c, fileURL, "Range: bytes=100-199"); r.StatusCode != http.StatusPartialContent || part != file[100:200] {
			t.Errorf("a part: %v", r)
		}
		if r, whole := get(t, c, fileURL, "Range: bytes=0-1,0-1,0-1,4-5"); r.StatusCode != http.StatusOK || whole != file {
			t.Errorf("several parts: %v", r)
		}
		path := s.Show(Invite{ID: "x", Text: "LOCALCHAT:XXXX"})
		if _, page := get(t, c, path); !strings.Contains(page, "join LOCALCHAT:XXXX") || strings.Contains(page, "LOCALCHAT:AAAA") {
			t.Errorf("the page of an invite:\n%s", page)
		}
		for range maxShown {
			s.Show(Invite{Text: "LOCALCHAT:YYYY"})
		}
		if r, _ := get(t, c, path); r.StatusCode != http.StatusNotFound {
			t.Errorf("%d invites have pages", maxShown+1)
		}
	})
}

// TestOnlyThoseFiles: nothing but the page and its files is served, and no answer repeats a part of its request.
func TestOnlyThoseFiles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _ := serving(t)
		ask := func(request string) string {
			c := w.dial("10.1.0.2")
			defer c.Close()
			go io.WriteString(c, request)
			answer, _ := io.ReadAll(c)
			return string(answer)
		}
		for _, path := range []string{
			"/get/", "/get", "/get/..", "/get/../get/localchat_0.1.0_linux_amd64.tar.gz", "/get/SHA256SUMS", "/get/server_test.go", "//get/x", "/get//etc/passwd", "/get/%2e%2e/%2e%2e/etc/passwd",
			"/get/..%2f..%2fetc%2fpasswd", "/get/localchat_0.1.0_linux_amd64.tar.gz/", "/GET/localchat_0.1.0_linux_amd64.tar.gz", "/get/localchat_0.1.0_linux_amd64.tar.gz%00.txt", `/get/..\..\secret`,
			"/i/", "/i/a", "/i/../", "/index.html", "/.git/config", "/etc/passwd", "/?marked", "/%0d%0aSet-Cookie:%20marked", "*", "http://marked/",
		} {
			answer := ask("GET " + path + " HTTP/1.1\r\nHost: " + hostAddr + "\r\nX-Marked: marked\r\nConnection: close\r\n\r\n")
			status, _, _ := strings.Cut(answer, "\r\n")
			home := path == "/?marked"
			if strings.Contains(status, "200") != home || !home && !strings.Contains(status, " 4") || strings.Contains(answer, "marked") || strings.Contains(answer, "Location:") {
				t.Errorf("%s: %s", path, answer)
			}
		}
		for request, want := range map[string]string{
			"POST / HTTP/1.1\r\nHost: " + hostAddr + "\r\n\r\n":                                                 "405",
			"DELETE " + fileURL + " HTTP/1.1\r\nHost: " + hostAddr + "\r\n\r\n":                                 "405",
			"OPTIONS * HTTP/1.1\r\nHost: " + hostAddr + "\r\n\r\n":                                              "405",
			"CONNECT marked:80 HTTP/1.1\r\nHost: " + hostAddr + "\r\n\r\n":                                      "405",
			"GET / HTTP/1.1\r\nHost: " + hostAddr + "\r\nContent-Length: 100000\r\n\r\n":                        "413",
			"GET / HTTP/1.1\r\nHost: " + hostAddr + "\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n": "413",
			"GET / HTTP/1.1\r\nHost: marked.example:8080\r\n\r\n":                                               "421",
			"GET / HTTP/1.1\r\nHost: 10.1.0.1:8081\r\n\r\n":                                                     "421",
			"GET / HTTP/1.1\r\nHost: 10.1.0.1\r\n\r\n":                                                          "421",
			"GET / HTTP/1.0\r\n\r\n":                                                                            "421",
			"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n":                                                                  "4",
			"GET / HTTP/1.1\r\nHost: " + hostAddr + "\r\nX: " + strings.Repeat("marked", 10_000) + "\r\n\r\n":   "431",
			"marked\r\n\r\n": "400",
		} {
			answer := ask(request)
			if !strings.HasPrefix(answer, "HTTP/1.1 "+want) && !strings.HasPrefix(answer, "HTTP/1.0 "+want) || strings.Contains(answer, "marked") {
				t.Errorf("%.60q: %.200q", request, answer)
			}
		}
	})
}

// TestHostByName: a browser that reached the server by a host name gets no page, since the web site of that name could read it.
func TestHostByName(t *testing.T) {
	at := netip.MustParseAddrPort
	for _, c := range []struct {
		host, at string
		want     bool
	}{
		{"10.1.0.1:8080", "10.1.0.1:8080", true},
		{"[fd00::1]:8080", "[fd00::1]:8080", true},
		{"[fe80::1]:8080", "[fe80::1]:8080", true},
		{"10.1.0.1", "10.1.0.1:80", true},
		{"[fd00::1]", "[fd00::1]:80", true},
		{"10.1.0.1", "10.1.0.1:8080", false},
		{"10.1.0.2:8080", "10.1.0.1:8080", false},
		{"alice.local:8080", "10.1.0.1:8080", false},
		{"10.1.0.1.example:8080", "10.1.0.1:8080", false},
		{"", "10.1.0.1:80", false},
	} {
		if got := names(c.host, at(c.at)); got != c.want {
			t.Errorf("%q at %s: %v", c.host, c.at, got)
		}
	}
}

// TestStrangersFromElsewhere: a connection from another network is closed without a byte.
func TestStrangersFromElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _ := serving(t)
		for from, want := range map[string]bool{"10.1.7.7": true, "127.0.0.1": true, "10.2.0.2": false, "192.168.1.2": false, "8.8.8.8": false, "[2001:db8::1]": false, "[fe80::1]": false} {
			c, began := w.dial(from), time.Now()
			if got := served(t, c); got != want || time.Since(began) != 0 {
				t.Errorf("%s is served: %v, after %v", from, got, time.Since(began))
			}
			c.Close()
		}
	})
}

// waiting counts the connections that the server has not closed.
func waiting(all []net.Conn) (n int) {
	synctest.Wait()
	for _, c := range all {
		_ = c.SetReadDeadline(time.Now())
		if _, err := c.Read(make([]byte, 1)); err != io.EOF {
			n++
		}
		_ = c.SetReadDeadline(time.Time{})
	}
	return n
}

// TestConnectionsOfOneAddress: one address has maxConnsOf connections, and other addresses are served beside it.
func TestConnectionsOfOneAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _ := serving(t)
		var all []net.Conn
		for range 1000 {
			all = append(all, w.dial("10.1.0.66"))
		}
		if n := waiting(all); n != maxConnsOf {
			t.Errorf("one address has %d connections, and may have %d", n, maxConnsOf)
		}
		if !served(t, w.dial("10.1.0.2")) {
			t.Error("another address is not served")
		}
		// They send nothing, and are closed for that.
		time.Sleep(headerWait + time.Second)
		if n := waiting(all); n != 0 {
			t.Errorf("%d connections that say nothing are kept", n)
		}
		if !served(t, w.dial("10.1.0.66")) {
			t.Error("the address is not served when its connections are gone")
		}
	})
}

// TestConnectionsOfAll: a thousand addresses together have maxConns connections. When those stall, other addresses are served.
func TestConnectionsOfAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _ := serving(t)
		var all []net.Conn
		for i := range 1000 {
			c := w.dial(fmt.Sprintf("10.1.%d.%d", 1+i/250, 1+i%250))
			go io.WriteString(c, "GET / HTTP/1.1\r\nX: ") // and never the rest
			all = append(all, c)
		}
		if n := waiting(all); n != maxConns {
			t.Errorf("there are %d connections, of at most %d", n, maxConns)
		}
		time.Sleep(headerWait + time.Second)
		if !served(t, w.dial("10.1.0.2")) {
			t.Error("nobody is served after the flood")
		}
		for _, c := range all {
			c.Close()
		}
	})
}

// TestTransfers: at most maxTransfersOf files are sent to one address at a time, and maxTransfers in all. A reader that stalls loses
// its transfer after stallWait, and one that reads slowly after transferWait.
func TestTransfers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, s := serving(t)
		begin := func(from string) (net.Conn, int) {
			c := w.dial(from)
			go io.WriteString(c, "GET "+fileURL+" HTTP/1.1\r\nHost: "+hostAddr+"\r\n\r\n")
			r, err := http.ReadResponse(bufio.NewReaderSize(c, 512), nil)
			if err != nil {
				t.Fatal(err)
			}
			return c, r.StatusCode
		}
		var all []net.Conn
		for i := range maxTransfers / maxTransfersOf {
			from := fmt.Sprintf("10.1.1.%d", i+1)
			for n := range maxTransfersOf + 1 {
				c, code := begin(from)
				if n < maxTransfersOf && code != http.StatusOK || n == maxTransfersOf && code != http.StatusServiceUnavailable {
					t.Errorf("transfer %d of %s: %d", n, from, code)
				}
				all = append(all, c)
			}
		}
		if _, code := begin("10.1.2.1"); code != http.StatusServiceUnavailable {
			t.Errorf("a transfer too many: %d", code)
		}
		if !served(t, w.dial("10.1.2.2")) {
			t.Error("the page is not served beside the transfers")
		}
		time.Sleep(stallWait + time.Second) // nobody reads
		for _, c := range []struct{ piece, longest int }{{100, int(2 * stallWait)}, {32 << 10, int(transferWait + stallWait)}} {
			slow, code := begin("10.1.2.1")
			if code != http.StatusOK {
				t.Fatalf("after the stalled transfers: %d", code)
			}
			began, got := time.Now(), 0
			for {
				time.Sleep(stallWait * 9 / 10)
				n, err := io.ReadFull(slow, make([]byte, c.piece))
				if got += n; err != nil {
					break
				}
			}
			if took := time.Since(began); took > time.Duration(c.longest) || int64(got) >= s.Files()[0].Size {
				t.Errorf("a transfer of %d bytes at a time ends after %v and %d bytes", c.piece, took, got)
			}
			slow.Close()
		}
		for _, c := range all {
			c.Close()
		}
	})
}

// TestRequestsArePaced: a flood of requests is answered at perSecond, and another visitor does not wait for all of it.
func TestRequestsArePaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _ := serving(t)
		began, floods := time.Now(), sync.WaitGroup{}
		for i := range maxConns - 1 {
			c := w.dial(fmt.Sprintf("10.1.1.%d", i/maxConnsOf+1))
			floods.Go(func() {
				defer c.Close()
				for range 20 {
					if !served(t, c) {
						t.Error("a request is not answered")
					}
				}
			})
		}
		time.Sleep(time.Second)
		asked, c := time.Now(), w.dial("10.1.0.2")
		if got := served(t, c); !got || time.Since(asked) > time.Second {
			t.Errorf("beside the flood one is served: %v, after %v", got, time.Since(asked))
		}
		c.Close()
		floods.Wait()
		if took, least := time.Since(began), time.Duration(20*(maxConns-1)-requestBurst)*time.Second/perSecond; took < least {
			t.Errorf("%d requests took %v, and not %v", 20*(maxConns-1), took, least)
		}
	})
}

// TestCloseEndsAll: when Close has returned, nothing is served, and every transfer has ended.
func TestCloseEndsAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, s := serving(t)
		idle, busy := w.dial("10.1.0.2"), w.dial("10.1.0.3")
		if !served(t, idle) {
			t.Fatal("not served")
		}
		go io.WriteString(busy, "GET "+fileURL+" HTTP/1.1\r\nHost: "+hostAddr+"\r\n\r\n")
		if _, err := http.ReadResponse(bufio.NewReaderSize(busy, 512), nil); err != nil {
			t.Fatal(err)
		}
		s.Close()
		if n := waiting([]net.Conn{idle, busy}); n != 0 {
			t.Errorf("%d connections are left", n)
		}
		if _, err := s.cfg.Files[0].content.Stat(); err == nil {
			t.Error("the file is still open")
		}
	})
}

// TestPortTaken: a port that another program has is an error.
func TestPortTaken(t *testing.T) {
	s, err := Start(Config{Room: Room{Name: "lab"}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := Start(Config{Port: s.Port()}); err == nil || s.Port() == 0 {
		t.Errorf("port %d is served twice", s.Port())
	}
}
