package discovery

import (
	"bufio"
	"context"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// resolved returns the other machines of networks, without routers, whose hardware address the system knows: that shows that they are
// there. It returns false if the system does not report them.
func (e *exam) resolved(ctx context.Context, networks []netip.Prefix) ([]netip.Addr, bool) {
	known, routers, told := linuxTables()
	if runtime.GOOS != "linux" {
		known, routers, told = toldTables(ctx)
	}
	known = slices.DeleteFunc(known, func(ip netip.Addr) bool {
		return e.isOwn(ip) || slices.Contains(routers, ip) || !slices.ContainsFunc(networks, func(p netip.Prefix) bool { return p.Contains(ip) })
	})
	slices.SortFunc(known, netip.Addr.Compare)
	return slices.Compact(known), told
}

// linuxTables returns the neighbours and the routers that Linux knows.
func linuxTables() (neighbours, routers []netip.Addr, told bool) {
	for _, f := range table("/proc/net/route") {
		// The address is one word in the byte order of the machine. The machines for which there is a release are little-endian.
		if w, err := strconv.ParseUint(f[2], 16, 32); err == nil {
			routers = append(routers, netip.AddrFrom4([4]byte{byte(w), byte(w >> 8), byte(w >> 16), byte(w >> 24)}))
		}
	}
	rows := table("/proc/net/arp")
	for _, f := range rows {
		const complete = 0x2
		ip, err := netip.ParseAddr(f[0])
		flags, _ := strconv.ParseUint(strings.TrimPrefix(f[2], "0x"), 16, 32)
		if err == nil && flags&complete != 0 {
			neighbours = append(neighbours, ip)
		}
	}
	return neighbours, routers, rows != nil
}

// table returns the fields of each line of a table in /proc, without the heading; nil if there is no such file.
func table(path string) [][]string {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	rows := [][]string{}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if fields := strings.Fields(lines.Text()); len(fields) > 2 {
			rows = append(rows, fields)
		}
	}
	return rows[min(1, len(rows)):]
}

// toldTables returns the neighbours and the routers that the tools of Windows, macOS and FreeBSD print.
func toldTables(ctx context.Context) (neighbours, routers []netip.Addr, told bool) {
	arp, err := exec.CommandContext(ctx, "arp", "-an").Output()
	if runtime.GOOS == "windows" {
		arp, err = exec.CommandContext(ctx, "arp", "-a").Output()
	}
	if err != nil || len(arp) == 0 { // even an empty table has some output; only Wine's arp prints nothing
		return nil, nil, false
	}
	routes, _ := exec.CommandContext(ctx, "netstat", "-rn").Output() // if it fails, a router counts as a neighbour
	return readARP(string(arp)), readRouters(string(routes)), true
}

// readARP returns the addresses for which the output of arp has a hardware address of one machine. Each is in a line like one of
// these:
//
//	? (192.168.1.7) at 0:1c:42:0:0:8 on en0 ifscope [ethernet]
//	  192.168.1.7           00-1c-42-00-00-08     dynamic
func readARP(text string) (neighbours []netip.Addr) {
	for line := range strings.Lines(text) {
		var ip netip.Addr
		for _, word := range strings.Fields(line) {
			if a, err := netip.ParseAddr(strings.Trim(word, "()")); err == nil && !ip.IsValid() {
				ip = a
			} else if hw := hardware(word); ip.IsValid() && hw != nil && hw[0]&1 == 0 { // an odd first byte means several machines
				neighbours = append(neighbours, ip)
				break
			}
		}
	}
	return neighbours
}

// hardware parses a hardware address of six bytes, which macOS writes without leading zeros. It returns nil for any other word.
func hardware(word string) net.HardwareAddr {
	parts := strings.FieldsFunc(word, func(r rune) bool { return r == ':' || r == '-' })
	if len(parts) != 6 {
		return nil
	}
	var hw net.HardwareAddr
	for _, part := range parts {
		b, err := strconv.ParseUint(part, 16, 8)
		if err != nil {
			return nil
		}
		hw = append(hw, byte(b))
	}
	return hw
}

// readRouters returns the routers in the output of netstat -rn: the gateways of default routes.
func readRouters(text string) (routers []netip.Addr) {
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		switch {
		case len(f) > 2 && f[0] == "0.0.0.0" && f[1] == "0.0.0.0":
			f = f[1:]
		case len(f) > 1 && f[0] == "default":
		default:
			continue
		}
		if ip, err := netip.ParseAddr(f[1]); err == nil {
			routers = append(routers, ip)
		}
	}
	return routers
}
