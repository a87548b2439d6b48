package cluster

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// loopback is the address on which the lab's components listen; only Karpenter's metrics and health servers cannot be
// restricted to it.
const loopback = "127.0.0.1"

// Ports are chosen below the kernel's ephemeral range (net.ipv4.ip_local_port_range), so that no outgoing connection
// takes a port between its choice and the component's start.
const (
	firstPort = 20000
	lastPort  = 32000
)

// ports is where each component listens.
type ports struct {
	EtcdClient        int `json:"etcdClient"`
	EtcdPeer          int `json:"etcdPeer"`
	APIServer         int `json:"apiServer"`
	ControllerManager int `json:"controllerManager"`
	Scheduler         int `json:"scheduler"`
	Kwok              int `json:"kwok"`
	KarpenterMetrics  int `json:"karpenterMetrics"`
	KarpenterHealth   int `json:"karpenterHealth"`
	// APIForward and Registry are on the host's address in the network of the real nodes, and chosen when there are some.
	APIForward int `json:"apiForward,omitempty"`
	Registry   int `json:"registry,omitempty"`
}

// choosePorts picks free ports, and the previous ones where they are still free, because kubeconfigs in use name
// them.
func choosePorts(before ports) (ports, error) {
	chosen := before
	taken := map[int]bool{}
	for _, port := range []*int{
		&chosen.EtcdClient, &chosen.EtcdPeer, &chosen.APIServer,
		&chosen.ControllerManager, &chosen.Scheduler, &chosen.Kwok,
		&chosen.KarpenterMetrics, &chosen.KarpenterHealth,
	} {
		if *port == 0 || taken[*port] || !isFree(*port) {
			free, err := freePort(taken)
			if err != nil {
				return ports{}, err
			}
			*port = free
		}
		taken[*port] = true
	}
	return chosen, nil
}

// freePort finds a port that nobody listens on and that is not in taken.
func freePort(taken map[int]bool) (int, error) {
	const tries = 1000
	for range tries {
		port := firstPort + rand.IntN(lastPort-firstPort)
		if !taken[port] && isFree(port) {
			return port, nil
		}
	}
	return 0, fmt.Errorf("no free port on %s between %d and %d", loopback, firstPort, lastPort)
}

func isFree(port int) bool {
	listener, err := net.Listen("tcp", address(port))
	if err != nil {
		return false
	}
	return listener.Close() == nil
}

func address(port int) string { return net.JoinHostPort(loopback, strconv.Itoa(port)) }
