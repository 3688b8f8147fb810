package discovery

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"

	"localchat/internal/onlink"
	"localchat/internal/private"
)

const (
	fileSuffix = ".addr"
	tempSuffix = ".tmp"
	fileMagic  = "localchat rendezvous 1"
)

// A rendezvous is the folder in which the nodes of one user on one machine find each other. Each node has a file:
//
//	localchat rendezvous 1
//	the network namespace of the node, if the system has namespaces
//	dnsaddr=/ip4/127.0.0.1/tcp/40001/p2p/12D3KooW...
//	...
//
// A node of another namespace is skipped, since its loopback interface is another one. A file that has not been written for staleFile
// is that of a killed node; any node that sees it removes it. Process IDs would not do: they differ between containers, and are used
// again.
type rendezvous struct {
	dir       string
	name      string // of this node's file
	space     string // the network namespace
	ephemeral bool

	text string    // content of this node's file
	at   time.Time // when the file was written; zero: there is no file
	seen time.Time // the folder's time of change when it was last read
}

func newRendezvous(cfg Config, label string) *rendezvous {
	r := &rendezvous{name: label + fileSuffix, ephemeral: cfg.Ephemeral}
	r.dir = filepath.Join(cfg.RuntimeDir, "localchat")
	if cfg.RuntimeDir == "" {
		r.dir = private.RuntimeDir()
	}
	// If it fails, the system has no namespaces, and space is the same for all nodes.
	r.space, _ = os.Readlink("/proc/self/ns/net")
	return r
}

// open opens the folder, and makes it if it is missing. It refuses a folder that another user has made or can write to, and a link:
// in a directory of temporary files another user may have put one there, and files are removed from this folder.
func (r *rendezvous) open() (*os.Root, error) {
	if err := os.Mkdir(r.dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	root, err := private.OpenRoot(r.dir, private.NobodyElse)
	if err != nil {
		return nil, fmt.Errorf("the folder for nodes of this machine is not private to this user: %w", err)
	}
	return root, nil
}

// madeHere reports whether a file has a name that a node gives to its file, and returns the suffix. Only such a file is read or
// removed.
func madeHere(name string) (suffix string, ok bool) {
	suffix = filepath.Ext(name)
	label := strings.TrimSuffix(name, suffix)
	return suffix, (suffix == fileSuffix || suffix == tempSuffix) && isLabel(label)
}

// announce writes this node's file, if its content has changed or it is older than rewriteFile.
func (r *rendezvous) announce(now time.Time, id peer.ID, es []endpoint, rooms *string) error {
	if r.ephemeral || len(es) == 0 {
		return nil
	}
	lines := append([]string{fileMagic, r.space}, txtOf(id, es[:min(len(es), maxAddrs)], rooms)...)
	text := strings.Join(lines, "\n") + "\n"
	if age := now.Sub(r.at); text == r.text && !r.at.IsZero() && age >= 0 && age < rewriteFile {
		return nil
	}
	root, err := r.open()
	if err != nil {
		return err
	}
	defer root.Close()
	// A new file replaces the old one in one step, so that no node reads half of it.
	temp := strings.TrimSuffix(r.name, fileSuffix) + tempSuffix
	f, err := root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err := errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, root.Remove(temp))
	}
	if err := root.Rename(temp, r.name); err != nil {
		return err
	}
	r.text, r.at = text, now
	return nil
}

// changed reports whether files have come, gone or been replaced since look was last called.
func (r *rendezvous) changed() bool {
	fi, err := os.Lstat(r.dir)
	return err == nil && !fi.ModTime().Equal(r.seen)
}

// look calls add with the content of the files of other nodes, and removes the files of killed nodes.
func (r *rendezvous) look(now time.Time, l onlink.Networks, add func(peer.ID, []endpoint, []string)) error {
	if fi, err := os.Lstat(r.dir); err == nil {
		r.seen = fi.ModTime()
	}
	if _, err := os.Lstat(r.dir); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	root, err := r.open()
	if err != nil {
		return err
	}
	defer root.Close()
	dir, err := root.Open(".")
	if err != nil {
		return err
	}
	defer dir.Close()
	entries, err := dir.ReadDir(maxFiles)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	for _, e := range entries {
		suffix, ok := madeHere(e.Name())
		if !ok || e.Name() == r.name {
			continue
		}
		fi, err := e.Info()
		if err != nil || !private.Mine(fi) {
			continue
		}
		if age := now.Sub(fi.ModTime()).Abs(); age > staleFile {
			_ = root.Remove(e.Name()) // if it fails, another node has removed it or will
			continue
		}
		if suffix != fileSuffix || fi.Size() > maxFileSize {
			continue
		}
		if text, err := r.read(root, e.Name()); err == nil {
			if id, es, ok := parseFile(text, r.space, l); ok {
				add(id, es, strings.Split(text, "\n")[2:])
			}
		}
	}
	return nil
}

func (r *rendezvous) read(root *os.Root, name string) (string, error) {
	f, err := root.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxFileSize))
	return string(b), err
}

// parseFile reads the content of a file as strictly as an announcement from the network.
func parseFile(text, space string, l onlink.Networks) (peer.ID, []endpoint, bool) {
	lines := strings.Split(text, "\n")
	if len(lines) < 3 || lines[0] != fileMagic || lines[1] != space {
		return "", nil, false
	}
	return parseAddrs(lines[2:], func(e endpoint) (endpoint, bool) {
		return e, l.Hold(e.ip) || e.ip.IsLoopback() && !e.ip.Is4In6()
	})
}

// close removes this node's file.
func (r *rendezvous) close() {
	if r.at.IsZero() {
		return
	}
	root, err := r.open()
	if err != nil {
		return // the file becomes stale
	}
	defer root.Close()
	_ = root.Remove(r.name) // if that fails, it becomes stale
}

// expandHere is expand for other nodes of this machine: loopback addresses come first, and link-local ones are left out, since the
// file does not say their zone.
func expandHere(listen []ma.Multiaddr, nics []nic) []endpoint {
	var es []endpoint
	for _, m := range listen {
		e, ok := endpointOf(m)
		switch {
		case ok && e.ip.IsUnspecified() && e.ip.Is4():
			e.ip = netip.AddrFrom4([4]byte{127, 0, 0, 1})
		case ok && e.ip.IsUnspecified():
			e.ip = netip.IPv6Loopback()
		case !ok || !e.ip.IsLoopback():
			continue
		}
		es = appendNew(es, e)
	}
	slices.SortFunc(es, endpoint.order)
	for _, e := range expand(listen, nics) {
		if !e.ip.IsLinkLocalUnicast() {
			es = append(es, e)
		}
	}
	return es
}
