package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"strings"
)

// fabric is the network of the real nodes: a bridge in namespaces of its own, to which the host and each node are connected. Its number tells
// labs on one machine apart.
type fabric int

// maxFabric bounds how many labs on a machine can have real nodes, and maxRealNodes how many of those each.
const (
	maxFabric    = 250
	maxRealNodes = 8
)

// What pods could reach if nothing stopped them, each on port 80: a server on the internet (an address for documentation, RFC 5737), and the
// address at which clouds tell a machine its credentials.
const (
	InternetAddress = "203.0.113.10:80"
	MetadataAddress = "169.254.169.254:80"
)

// hostDevice is the host's network device in the fabric.
func (f fabric) hostDevice() string { return fmt.Sprintf("lab-%d", f) }

// hostIP is where nodes and their pods reach what runs on the host for them: the API server and the registry.
func (f fabric) hostIP() string { return fmt.Sprintf("10.200.%d.1", f) }

// routerIP is where nodes send what is for outside of the cluster.
func (f fabric) routerIP() string { return fmt.Sprintf("10.200.%d.2", f) }

// nodeIP is the address of a node.
func (f fabric) nodeIP(node int) string { return fmt.Sprintf("10.200.%d.%d", f, 10+node) }

// podCIDR is the range of a node's pods.
func (f fabric) podCIDR(node int) string { return fmt.Sprintf("10.%d.%d.0/24", 201+node, f) }

// freeFabric returns the first number whose addresses nobody on this machine has.
func freeFabric() (fabric, error) {
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return 0, fmt.Errorf("list this machine's addresses: %w", err)
	}
	for f := fabric(1); f <= maxFabric; f++ {
		if !taken(f, addresses) {
			return f, nil
		}
	}
	return 0, fmt.Errorf("%d labs on this machine have real nodes: stop one", maxFabric)
}

func taken(f fabric, addresses []net.Addr) bool {
	for _, address := range addresses {
		if network, ok := address.(*net.IPNet); ok && network.Contains(net.ParseIP(f.hostIP())) {
			return true
		}
	}
	return false
}

// nodePort is the network device that connects a node to the fabric.
func nodePort(node int) string { return fmt.Sprintf("node%d", node) }

// link is a command of iproute2, in the network namespace of a process or, if that is 0, in this one's.
type link struct {
	inside int
	args   string
}

// hostLinks connect the host to the fabric, whose namespaces a process keeps.
func (f fabric) hostLinks(keeper int) []link {
	return []link{
		{keeper, "link set lo up"},
		{keeper, "link add br0 type bridge"},
		{keeper, "link set br0 up"},
		{0, fmt.Sprintf("link add %s type veth peer name host netns %d", f.hostDevice(), keeper)},
		{0, fmt.Sprintf("addr add %s/24 dev %s", f.hostIP(), f.hostDevice())},
		{0, "link set " + f.hostDevice() + " up"},
		{keeper, "link set host master br0 up"},
		{keeper, fmt.Sprintf("addr add %s/24 dev br0", f.routerIP())},
		{keeper, fmt.Sprintf("addr add %s/32 dev br0", host(InternetAddress))},
		{keeper, fmt.Sprintf("addr add %s/32 dev br0", host(MetadataAddress))},
	}
}

// nodeLinks connect a node, whose namespaces a process keeps, to the fabric. Each node and the host know the way to the pods of all.
func (f fabric) nodeLinks(keeper, node, nodeKeeper int) []link {
	port := nodePort(node)
	links := []link{
		{keeper, fmt.Sprintf("link add %s type veth peer name eth0 netns %d", port, nodeKeeper)},
		{keeper, "link set " + port + " master br0 up"},
		{nodeKeeper, "link set lo up"},
		{nodeKeeper, fmt.Sprintf("addr add %s/24 dev eth0", f.nodeIP(node))},
		{nodeKeeper, "link set eth0 up"},
		{nodeKeeper, "route add " + serviceCIDR + " via " + f.hostIP()},
		{nodeKeeper, "route add default via " + f.routerIP()}, // which knows no way further: no packet leaves this machine
		{keeper, fmt.Sprintf("route replace %s via %s", f.podCIDR(node), f.nodeIP(node))},
		{0, fmt.Sprintf("route replace %s via %s", f.podCIDR(node), f.nodeIP(node))},
	}
	for other := range maxRealNodes {
		if other != node {
			links = append(links, link{nodeKeeper, fmt.Sprintf("route add %s via %s", f.podCIDR(other), f.nodeIP(other))})
		}
	}
	return links
}

// host is the host of an address.
func host(address string) string {
	host, _, _ := strings.Cut(address, ":")
	return host
}

// connect runs commands of iproute2.
func connect(ctx context.Context, links []link) error {
	for _, l := range links {
		args := append([]string{"ip"}, strings.Fields(l.args)...)
		if l.inside != 0 {
			args = append([]string{"nsenter", "--net", "--target", strconv.Itoa(l.inside)}, args...)
		}
		if out, err := exec.CommandContext(ctx, args[0], args[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", strings.Join(args, " "), err, out)
		}
	}
	return nil
}

// neededCommands are of Debian's packages iproute2, iptables, ipset, util-linux, gcc and pkg-config.
var neededCommands = []string{"ip", "iptables", "ipset", "mount", "nsenter", "gcc", "pkg-config"}

// missingPackages returns which of them are not there; nil if all are.
func missingPackages() error {
	var failures []error
	for _, name := range neededCommands {
		if _, err := exec.LookPath(name); err != nil {
			failures = append(failures, err)
		}
	}
	if exec.Command("pkg-config", "--exists", "libseccomp").Run() != nil {
		failures = append(failures, errors.New("pkg-config does not know libseccomp"))
	}
	if err := errors.Join(failures...); err != nil {
		return fmt.Errorf("a real node needs Debian's packages gcc, iproute2, ipset, iptables, libseccomp-dev, pkg-config and util-linux: %w", err)
	}
	return nil
}
