package node

import (
	"net/netip"

	"localchat/onlink"
)

// testGate is a gate on 192.168.1.0/24 and 2001:db8:1::/64.
func testGate() *gate {
	return newGate(func() (onlink.Networks, error) {
		return onlink.Networks{netip.MustParsePrefix("192.168.1.5/24"), netip.MustParsePrefix("2001:db8:1::5/64")}, nil
	}, false)
}
