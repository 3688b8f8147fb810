package doctor

import (
	"fmt"
	"net/netip"
	"path"
	"strings"

	"localchat/discovery"
)

// This file has the lines to type, for each operating system.

// openLocalNetwork opens the page of the settings in which macOS 15 and later allow programs to use the local network.
const openLocalNetwork = `open "x-apple.systempreferences:com.apple.preference.security?Privacy_LocalNetwork"`

// suggestedPort is the port in lines that open a port. Any free port would do.
const suggestedPort = 4001

// word returns a name as one word of a shell: in quotes if necessary.
func word(name string) string {
	if strings.ContainsAny(name, " '\"$`\\()&;|<>*?#") {
		return "'" + strings.ReplaceAll(name, "'", "") + "'"
	}
	return name
}

// bringUp returns a line that makes an interface usable.
func (f facts) bringUp(i discovery.InterfaceCheck) string {
	name := word(i.Name)
	switch i.Why {
	case discovery.NotNamed, discovery.Containers:
		return "localchat doctor --interface " + name
	case discovery.TooMany:
		return "localchat doctor"
	}
	switch f.os {
	case "darwin":
		switch i.Why {
		case discovery.NoAddress:
			return "sudo ipconfig set " + name + " DHCP"
		case discovery.NoLink:
			return "networksetup -setairportpower " + name + " on"
		}
		return "sudo ifconfig " + name + " up"
	case "windows":
		if i.Why == discovery.NoAddress {
			return "ipconfig /renew " + name
		}
		return "Enable-NetAdapter -Name '" + strings.Trim(name, "'") + "'"
	}
	switch i.Why {
	case discovery.SwitchedOff:
		return "sudo ip link set " + name + " up"
	case discovery.NoMulticast:
		return "sudo ip link set " + name + " multicast on"
	}
	if f.noNMCLI {
		return "sudo ip link set " + name + " up   # and plug in its cable, or join a Wi-Fi"
	}
	return "nmcli device connect " + name
}

// joinNetwork returns a line that joins a network.
func (f facts) joinNetwork() string {
	switch f.os {
	case "darwin":
		return "networksetup -setairportpower en0 on"
	case "windows":
		return "start ms-settings:network-wifi"
	}
	if f.noNMCLI {
		return "ip -brief link   # lists the network interfaces; plug in a cable, or join a Wi-Fi with the tools of this system"
	}
	return "nmcli device wifi connect NAME --ask"
}

// ownNetwork returns a line that makes a network of one's own, to use instead of one that does not work.
func (f facts) ownNetwork() string {
	switch f.os {
	case "darwin":
		return `open "x-apple.systempreferences:com.apple.Sharing-Settings.extension"   # Internet Sharing: a network of your own`
	case "windows":
		return "start ms-settings:network-mobilehotspot   # a network of your own"
	}
	if f.noNMCLI {
		return "ip -brief link   # lists the network interfaces; a cable between two machines is a network of your own"
	}
	return "nmcli device wifi hotspot   # a network of your own"
}

// freeNetwork returns a line that lets packets to the neighbours of an interface bypass a VPN.
func (f facts) freeNetwork(i discovery.InterfaceCheck) string {
	var network netip.Prefix
	for _, p := range i.Prefixes {
		if p.Addr().Is4() {
			network = p.Masked()
			break
		}
	}
	switch f.os {
	case "darwin":
		return fmt.Sprintf("sudo route -n add -net %s -interface %s", network, word(i.Name))
	case "windows":
		return fmt.Sprintf("New-NetRoute -DestinationPrefix %s -InterfaceAlias '%s' -RouteMetric 1", network, strings.Trim(word(i.Name), "'"))
	}
	return fmt.Sprintf("sudo ip rule add to %s lookup main priority 100", network)
}

// addRoute returns a line that adds a route for IPv4 multicast.
func (f facts) addRoute(name string) string {
	switch f.os {
	case "darwin":
		return "sudo route -n add -net 224.0.0.0/4 -interface " + word(name)
	case "windows":
		return fmt.Sprintf("New-NetRoute -DestinationPrefix 224.0.0.0/4 -InterfaceAlias '%s'", strings.Trim(word(name), "'"))
	}
	return "sudo ip route add 224.0.0.0/4 dev " + word(name)
}

// portHolder returns a line that shows which program uses the port of mDNS.
func (f facts) portHolder() string {
	switch f.os {
	case "darwin":
		return "sudo lsof -nP -iUDP:5353"
	case "windows":
		return "Get-NetUDPEndpoint -LocalPort 5353 | Select-Object LocalAddress, OwningProcess"
	}
	return "sudo ss -lunp sport = :5353"
}

// letIn returns a line that makes the packet filter accept packets to a port or, with from, packets from it.
func (f facts) letIn(proto string, port uint16, from bool) string {
	switch f.os {
	case "darwin":
		return "sudo /usr/libexec/ApplicationFirewall/socketfilterfw --unblockapp " + word(f.program)
	case "windows":
		return f.windowsRule()
	}
	side := map[bool]string{false: "d", true: "s"}[from]
	switch f.firewall {
	case "ufw":
		if from {
			return fmt.Sprintf("sudo ufw allow proto %s from any port %d", proto, port)
		}
		return fmt.Sprintf("sudo ufw allow %d/%s", port, proto)
	case "firewalld":
		option := map[bool]string{false: "port", true: "source-port"}[from]
		return firewalld(fmt.Sprintf("--add-%s=%d/%s", option, port, proto))
	case "iptables":
		return fmt.Sprintf("sudo iptables -I INPUT -p %s --%sport %d -j ACCEPT", proto, side, port)
	}
	return fmt.Sprintf("sudo nft insert rule inet filter input %s %sport %d accept", proto, side, port)
}

// firewalld returns a line that adds a rule to firewalld, for now and after a restart.
func firewalld(rule string) string {
	return "sudo firewall-cmd --permanent " + rule + " && sudo firewall-cmd --reload"
}

// there marks a line as one to type on the other machine.
func there(line string) string { return line + "   # on that machine" }

func (f facts) windowsRule() string {
	return fmt.Sprintf("New-NetFirewallRule -DisplayName localchat -Direction Inbound -Action Allow -Program '%s'   # as administrator", f.program)
}

// letOut returns a line that makes the packet filter accept outgoing packets to a port.
func (f facts) letOut(proto string, port uint16) string {
	switch f.os {
	case "darwin":
		return "sudo pfctl -sr   # which rule blocks it"
	case "windows":
		return strings.Replace(f.windowsRule(), "Inbound", "Outbound", 1)
	}
	switch f.firewall {
	case "ufw":
		return fmt.Sprintf("sudo ufw allow out %d/%s", port, proto)
	case "firewalld":
		return firewalld(fmt.Sprintf("--direct --add-rule ipv4 filter OUTPUT 0 -p %s --dport %d -j ACCEPT", proto, port))
	case "iptables":
		return fmt.Sprintf("sudo iptables -I OUTPUT -p %s --dport %d -j ACCEPT", proto, port)
	}
	return fmt.Sprintf("sudo nft insert rule inet filter output %s dport %d accept", proto, port)
}

// openPorts returns a line that lets others find and dial a node, on a port that stays the same.
func (f facts) openPorts() string {
	if f.os == "windows" || f.os == "darwin" {
		return f.letIn("udp", f.port, false) // a rule for the program, whatever its port
	}
	port, start := f.port, ""
	if port == 0 {
		port = suggestedPort
		start = fmt.Sprintf(" && localchat --listen %d", port)
	}
	switch f.firewall {
	case "ufw":
		return fmt.Sprintf("sudo ufw allow %d && sudo ufw allow 5353/udp", port) + start
	case "firewalld":
		return firewalld(fmt.Sprintf("--add-port=%d/tcp --add-port=%[1]d/udp --add-port=5353/udp", port)) + start
	}
	return f.letIn("udp", 5353, false) + " && " + f.letIn("udp", port, false) + " && " + f.letIn("tcp", port, false) + start
}

// setClock returns a line that sets the clock from the network.
func (f facts) setClock() string {
	switch f.os {
	case "darwin":
		return "sudo sntp -sS time.apple.com"
	case "windows":
		return "w32tm /resync"
	}
	return "sudo timedatectl set-ntp true"
}

// portFindings says which ports a firewall has to open and, if it is known which firewall there is, how.
func portFindings(f facts) []Finding {
	if len(f.usable()) == 0 {
		return nil
	}
	fd := Finding{Code: "ports", Severity: fine, Text: "others connect to a TCP and a UDP port, which the system chooses at each start, and find this machine at UDP port 5353"}
	if f.port != 0 {
		fd.Text = fmt.Sprintf("others connect to port %d, TCP and UDP, and find this machine at UDP port 5353", f.port)
	}
	if f.os == "windows" || f.os == "darwin" || f.firewall == "ufw" || f.firewall == "firewalld" {
		fd.Text += "; the firewall has to allow that"
		fd.Do = f.openPorts()
	}
	return []Finding{fd}
}

// systemFindings says, if nobody was found or reached, what the operating system may do that this program cannot see.
func systemFindings(f facts) []Finding {
	if f.someoneReached() || len(f.others()) > 0 || len(f.usable()) == 0 {
		return nil
	}
	switch f.os {
	case "darwin":
		return []Finding{
			{
				Code: "macos_local_network", Severity: note, Text: "macOS may silently block this program on the local network",
				Cause: "since macOS 15, a program or its terminal has to be allowed under System Settings > Privacy & Security > Local Network", Do: openLocalNetwork,
			},
			{
				Code: "macos_firewall", Severity: note, Text: "the firewall of macOS may block connections from others",
				Cause: "System Settings > Network > Firewall blocks unknown programs", Do: "sudo /usr/libexec/ApplicationFirewall/socketfilterfw --add " + word(f.program),
			},
		}
	case "windows":
		return []Finding{
			{
				Code: "windows_public", Severity: note, Text: "Windows may treat this network as public and block connections from others",
				Cause: "Settings > Network & internet > (the network) > Network profile type says Public", Do: "Get-NetConnectionProfile | Set-NetConnectionProfile -NetworkCategory Private   # as administrator",
			},
			{
				Code: "windows_firewall", Severity: note, Text: "the firewall of Windows may block connections from others",
				Cause: "when " + path.Base(strings.ReplaceAll(f.program, `\`, "/")) + " was first started, somebody may have chosen Cancel", Do: f.windowsRule(),
			},
		}
	}
	return nil
}
