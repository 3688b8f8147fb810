package discovery

import (
	"fmt"
	"testing"
)

// TestTablesOfOtherSystems: the output of arp and netstat on other systems is parsed. Machines that do not answer, multicast groups and
// the broadcast address are no neighbours.
func TestTablesOfOtherSystems(t *testing.T) {
	for system, is := range map[string]struct{ arp, routes, neighbours, routers string }{
		"Windows": {
			arp: "\r\nInterface: 192.168.1.5 --- 0xb\r\n  Internet Address      Physical Address      Type\r\n" +
				"  192.168.1.1           00-1c-42-00-00-18     dynamic   \r\n" +
				"  192.168.1.7           3c-22-fb-00-00-08     dynamisch \r\n" +
				"  192.168.1.255         ff-ff-ff-ff-ff-ff     static    \r\n" +
				"  224.0.0.251           01-00-5e-00-00-fb     static    \r\n",
			routes: "===========\r\nInterface List\r\n 11...3c 22 fb 00 00 09 ......Intel(R)\r\n===========\r\n\r\nIPv4 Route Table\r\nActive Routes:\r\n" +
				"Network Destination        Netmask          Gateway       Interface  Metric\r\n" +
				"          0.0.0.0          0.0.0.0      192.168.1.1      192.168.1.5     35\r\n" +
				"        127.0.0.0        255.0.0.0         On-link         127.0.0.1    331\r\n" +
				"          0.0.0.0          0.0.0.0         On-link       192.168.1.5     35\r\n",
			neighbours: "[192.168.1.1 192.168.1.7]", routers: "[192.168.1.1]",
		},
		"macOS": {
			arp: "? (192.168.1.1) at 0:1c:42:0:0:18 on en0 ifscope [ethernet]\n" +
				"? (192.168.1.7) at 3c:22:fb:0:0:8 on en0 ifscope [ethernet]\n" +
				"? (192.168.1.9) at (incomplete) on en0 ifscope [ethernet]\n" +
				"? (192.168.1.255) at ff:ff:ff:ff:ff:ff on en0 ifscope [ethernet]\n" +
				"? (224.0.0.251) at 1:0:5e:0:0:fb on en0 ifscope permanent [ethernet]\n",
			routes:     "Routing tables\n\nInternet:\nDestination        Gateway            Flags           Netif Expire\ndefault            192.168.1.1        UGScg             en0\n127                127.0.0.1          UCS               lo0\n\nInternet6:\ndefault            fe80::%utun0       UGcIg           utun0\n",
			neighbours: "[192.168.1.1 192.168.1.7]", routers: "[192.168.1.1 fe80::%utun0]",
		},
		"FreeBSD": {
			arp: "? (10.0.2.2) at 52:54:00:12:34:02 on em0 expires in 1187 seconds [ethernet]\n" +
				"? (10.0.2.15) at 52:54:00:12:34:56 on em0 permanent [ethernet]\n? (10.0.2.9) at (incomplete) on em0 expired [ethernet]\n",
			routes:     "Routing tables\n\nInternet:\nDestination        Gateway            Flags     Netif Expire\ndefault            10.0.2.2           UGS         em0\n10.0.2.0/24        link#1             U           em0\n",
			neighbours: "[10.0.2.2 10.0.2.15]", routers: "[10.0.2.2]",
		},
		"nothing": {neighbours: "[]", routers: "[]"},
	} {
		if got := fmt.Sprint(readARP(is.arp)); got != is.neighbours {
			t.Errorf("%s: neighbours %s, want %s", system, got, is.neighbours)
		}
		if got := fmt.Sprint(readRouters(is.routes)); got != is.routers {
			t.Errorf("%s: routers %s, want %s", system, got, is.routers)
		}
	}
}
