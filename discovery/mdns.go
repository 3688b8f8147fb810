package discovery

import (
	"context"
	"io"
	"log"
	"net"
	"strings"
	"time"

	"github.com/hashicorp/mdns"
)

// silent is what the library logs to: a line for each packet that it does not like, whoever sent it. Discarded, they
// are not even formatted.
var silent = log.New(io.Discard, "", 0)

// heard is one answer to a query, not yet believed.
type heard struct {
	name string   // of the instance, escaped as in a zone file
	txt  []string // escaped likewise
	nic  string   // name of the interface where we asked
}

// ours says whether the answer is of our service; the library returns others as well.
func (h heard) ours() bool {
	return strings.HasSuffix(strings.ToLower(h.name), "."+serviceName)
}

// server answers queries on one interface.
type server interface{ Shutdown() error }

// listenMDNS starts a server on n. The library hides which of its sockets it could not open, so both are tried
// first: whole is false when a family that n has addresses of cannot be served.
func listenMDNS(n nic, z mdns.Zone) (srv server, whole bool, err error) {
	whole = joinable(n)
	srv, err = mdns.NewServer(&mdns.Config{Zone: z, Iface: &n.iface, Logger: silent})
	if err != nil {
		return nil, false, err
	}
	return srv, whole, nil
}

// joinable says whether the mDNS groups can be joined on n, for each family that n has addresses of.
func joinable(n nic) bool {
	try := func(v6 bool, network, group string) bool {
		if !n.has(v6) {
			return true
		}
		c, err := net.ListenMulticastUDP(network, &n.iface, &net.UDPAddr{IP: net.ParseIP(group), Port: 5353})
		if err != nil {
			return false
		}
		return c.Close() == nil
	}
	return try(false, "udp4", "224.0.0.251") && try(true, "udp6", "ff02::fb")
}

// queryMDNS asks once on one interface over one family and returns what came within window. One family at a time,
// because an error of either makes the library give up on both.
func queryMDNS(ctx context.Context, n nic, v6 bool, window time.Duration) ([]heard, error) {
	entries := make(chan *mdns.ServiceEntry, entryBuffer)
	err := mdns.QueryContext(ctx, &mdns.QueryParam{
		Service:             Service,
		Domain:              "local",
		Timeout:             window,
		Interface:           &n.iface,
		Entries:             entries,
		WantUnicastResponse: true,
		DisableIPv4:         v6,
		DisableIPv6:         !v6,
		Logger:              silent,
	})
	// The library goes on writing to an entry after it has sent it, until it returns. Only now they are ours.
	close(entries)
	var hs []heard
	for e := range entries {
		hs = append(hs, heard{name: e.Name, txt: e.InfoFields, nic: n.iface.Name})
	}
	return hs, err
}
