package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
)

// The components of real nodes. Those of one node are called real-0-kubelet and so on; real-0 is the process that keeps its namespaces.
const (
	componentFabric   = "fabric"
	componentForward  = "api-forward"
	componentRegistry = "registry"
	componentGate     = "registry-gate"
	componentOutside  = "outside"

	partContainerd = "containerd"
	partKubelet    = "kubelet"
	partProxy      = "kube-proxy"
	partRouter     = "kube-router"
)

// RealNodeLabel is on the lab's real nodes.
const RealNodeLabel = "lab.foundation.team/real"

// The files of a node.
const (
	nodeCert          = "kubelet.crt"
	nodeKey           = "kubelet.key"
	kubeletKubeconfig = "kubelet.kubeconfig"
	proxyKubeconfig   = "kube-proxy.kubeconfig"
	routerKubeconfig  = "kube-router.kubeconfig"
)

// CanHaveRealNodes returns why this machine cannot have real nodes; nil if it can.
func CanHaveRealNodes() error {
	if runtime.GOOS != "linux" {
		return fmt.Errorf("a real node needs Linux, this is %s", runtime.GOOS)
	}
	if os.Geteuid() != 0 {
		return errors.New("a real node needs root: it makes namespaces, mounts and network devices of its own")
	}
	return missingPackages()
}

// EnsureRealNodes starts real nodes until there are so many: each with a kubelet, containerd, runc, kube-proxy and an enforcer of
// NetworkPolicies in namespaces of its own, on a network that only this machine has, and the add-ons of a cluster that runs pods. Images come from a registry of the lab's own: see PushImage.
// Stop ends them and leaves nothing of them behind but files in the cluster's directory, which Remove deletes. The binaries are those of
// binaries.EnsureNode.
func (c *Cluster) EnsureRealNodes(ctx context.Context, count int) error {
	if count > maxRealNodes {
		return fmt.Errorf("a lab has at most %d real nodes, not %d", maxRealNodes, count)
	}
	if err := CanHaveRealNodes(); err != nil {
		return err
	}
	release, err := lockCluster(c.plan.layout)
	if err != nil {
		return err
	}
	defer release()
	if err := c.ensureFabric(ctx); err != nil {
		return fmt.Errorf("connect the real nodes: %w", err)
	}
	for i := range count {
		if err := c.ensureRealNode(ctx, realNode{plan: c.plan, index: i}); err != nil {
			return fmt.Errorf("start real node %d: %w", i, err)
		}
	}
	return c.installAddons(ctx)
}

// ensureFabric starts what all real nodes need.
func (c *Cluster) ensureFabric(ctx context.Context) error {
	if p := c.process(componentFabric); p == nil || !p.Running() {
		var err error
		if c.plan.fabric, err = freeFabric(); err != nil {
			return err
		}
		for _, port := range []*int{&c.plan.ports.APIForward, &c.plan.ports.Registry} {
			if *port, err = freePort(map[int]bool{c.plan.ports.APIForward: true}); err != nil {
				return err
			}
		}
	}
	keeper, fresh, err := c.ensureRunning(c.plan.keeper(componentFabric))
	if err != nil {
		return err
	}
	if fresh > 0 {
		if err := connect(ctx, c.plan.fabric.hostLinks(keeper.PID())); err != nil {
			return err
		}
	}
	outside := c.plan.outside()
	outside.inside = keeper.PID()
	if _, _, err := c.ensureRunning(outside); err != nil {
		return err
	}
	if err := os.MkdirAll(c.plan.images(), 0o700); err != nil {
		return err
	}
	for _, cmd := range []command{c.plan.forward(), c.plan.registry(), c.plan.gate()} {
		p, _, err := c.ensureRunning(cmd)
		if err != nil {
			return err
		}
		if err := c.awaitReady(ctx, p); err != nil {
			return err
		}
	}
	if err := c.apply(ctx, []byte(c.plan.apiEndpoints())); err != nil {
		return err
	}
	return c.PushImage(ctx, pauseImage, Image{Files: map[string]string{"/pause": filepath.Join(c.plan.bin, "pause")}, Entrypoint: "/pause"})
}

// ensureRealNode starts what of a node does not run, and waits until it is ready.
func (c *Cluster) ensureRealNode(ctx context.Context, n realNode) error {
	if err := n.write(); err != nil {
		return err
	}
	keeper, fresh, err := c.ensureRunning(n.keeper(n.name()))
	if err != nil {
		return err
	}
	if fresh > 0 {
		if err := runInside(ctx, keeper.PID(), n.setup()); err != nil {
			return err
		}
		if err := connect(ctx, n.fabric.nodeLinks(c.process(componentFabric).PID(), n.index, keeper.PID())); err != nil {
			return err
		}
	}
	for _, cmd := range n.components() {
		cmd.inside = keeper.PID()
		p, _, err := c.ensureRunning(cmd)
		if err != nil {
			return err
		}
		if err := c.awaitReady(ctx, p); err != nil {
			return err
		}
		if cmd.name == n.component(partKubelet) {
			if err := c.awaitRegistered(ctx, n); err != nil {
				return fmt.Errorf("%w\n%s", err, logTail(p.Log()))
			}
		}
	}
	return c.awaitNodeReady(ctx, n)
}

// runInside runs a shell script in the namespaces of a process.
func runInside(ctx context.Context, pid int, script string) error {
	cmd := exec.CommandContext(ctx, "/bin/sh", "-euc", script)
	out, err := os.CreateTemp("", "lab-setup-")
	if err != nil {
		return err
	}
	defer func() { _ = errors.Join(out.Close(), os.Remove(out.Name())) }()
	cmd.Stdout, cmd.Stderr = out, out
	if err := startInside(pid, cmd); err != nil {
		return err
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("set up the node: %w\n%s", err, logTail(out.Name()))
	}
	return nil
}

// awaitRegistered waits until the kubelet has made its Node, and says which addresses the node's pods have.
func (c *Cluster) awaitRegistered(ctx context.Context, n realNode) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	cidr := fmt.Appendf(nil, `{"spec":{"podCIDR":%[1]q,"podCIDRs":[%[1]q]}}`, n.fabric.podCIDR(n.index))
	var last error
	err = wait.PollUntilContextTimeout(ctx, nodesPoll, componentDeadline, true, func(ctx context.Context) (bool, error) {
		_, last = client.CoreV1().Nodes().Patch(ctx, n.name(), types.StrategicMergePatchType, cidr, metav1.PatchOptions{})
		return last == nil, nil
	})
	if err != nil {
		return fmt.Errorf("the kubelet has not registered its node: %w", errors.Join(err, last))
	}
	return nil
}

func (c *Cluster) awaitNodeReady(ctx context.Context, n realNode) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	err = wait.PollUntilContextTimeout(ctx, nodesPoll, nodesDeadline, true, func(ctx context.Context) (bool, error) {
		node, err := client.CoreV1().Nodes().Get(ctx, n.name(), metav1.GetOptions{})
		return err == nil && countReady([]corev1.Node{*node}) == 1, err
	})
	if err != nil {
		return fmt.Errorf("node %s is not ready: %w\n%s", n.name(), err, logTail(c.plan.log(n.component(partKubelet))))
	}
	c.say("node %s is ready", n.name())
	return nil
}

// keeper keeps namespaces.
func (p plan) keeper(name string) command {
	return command{name: name, binary: filepath.Join(p.bin, "pause"), ownNamespaces: true}
}

// forward lets real nodes and their pods reach the API server.
func (p plan) forward() command {
	return command{
		name: componentForward, binary: filepath.Join(p.bin, "forward"), args: []string{p.forwardAddress(), address(p.ports.APIServer)},
		probe: "tcp://" + p.forwardAddress(),
	}
}

func (p plan) registry() command {
	return command{
		name: componentRegistry, binary: filepath.Join(p.bin, "crane"),
		args: []string{"registry", "serve", "--address", address(p.ports.Registry), "--disk", p.images()},
		// It is quick to answer requests that it does not know, too.
		probe: "http://" + address(p.ports.Registry) + "/v2/",
	}
}

// gate is what real nodes see of the registry: it asks for a password for private images.
func (p plan) gate() command {
	return command{
		name: componentGate, binary: filepath.Join(p.bin, "gate"), args: []string{p.registryAddress(), address(p.ports.Registry)},
		env: []string{"GATE_USER=" + PrivateUser, "GATE_PASSWORD=" + PrivatePassword}, probe: "http://" + p.registryAddress() + "/v2/",
	}
}

// outside is in the network of the nodes, and no part of the cluster.
func (p plan) outside() command {
	return command{
		name: componentOutside, binary: filepath.Join(p.bin, "outside"), args: []string{"internet=" + InternetAddress, "metadata=" + MetadataAddress},
	}
}

// images is where the registry keeps them.
func (p plan) images() string { return filepath.Join(p.dir, nodesFolder, "images") }

func (p plan) forwardAddress() string {
	return fmt.Sprintf("%s:%d", p.fabric.hostIP(), p.ports.APIForward)
}

// registryAddress is where real nodes pull images.
func (p plan) registryAddress() string {
	return fmt.Sprintf("%s:%d", p.fabric.hostIP(), p.ports.Registry)
}

// apiEndpoints is where pods on real nodes find the API server. It does not publish itself on loopback.
func (p plan) apiEndpoints() string {
	return fmt.Sprintf(`apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: kubernetes
  namespace: default
  labels: {kubernetes.io/service-name: kubernetes}
addressType: IPv4
endpoints: [{addresses: [%s], conditions: {ready: true}}]
ports: [{name: https, port: %d, protocol: TCP}]
`, p.fabric.hostIP(), p.ports.APIForward)
}

// components are the node's own, in the order in which they need each other.
func (n realNode) components() []command {
	path := "PATH=" + n.bin + string(os.PathListSeparator) + os.Getenv("PATH")
	health := func(port int, path string) string { return fmt.Sprintf("http://%s:%d%s", n.ip(), port, path) }
	part := func(name, binary, probe string, args ...string) command {
		return command{name: n.component(name), binary: filepath.Join(n.bin, binary), args: args, env: []string{path}, probe: probe}
	}
	return []command{
		part(partContainerd, "containerd", health(containerdPort, "/v1/metrics"), "--config", n.file("containerd.toml")),
		part(partKubelet, "kubelet", health(kubeletHealthPort, "/healthz"),
			"--config", n.file("kubelet.yaml"), "--kubeconfig", n.file(kubeletKubeconfig), "--hostname-override", n.name(), "--node-ip", n.ip(),
			"--node-labels", RealNodeLabel+"=true"),
		part(partProxy, "kube-proxy", health(proxyHealthPort, "/healthz"), "--config", n.file("kube-proxy.yaml")),
		part(partRouter, "kube-router", health(routerHealthPort, "/healthz"),
			"--run-firewall=true", "--run-router=false", "--run-service-proxy=false", "--kubeconfig", n.file(routerKubeconfig),
			"--hostname-override", n.name(), "--service-cluster-ip-range", serviceCIDR, "--health-port", fmt.Sprint(routerHealthPort)),
	}
}

// write writes the node's files.
func (n realNode) write() error {
	for _, folder := range []string{"var", "sysctls", "cni", filepath.Join("registries", Registry)} {
		if err := os.MkdirAll(n.file(folder), 0o755); err != nil {
			return fmt.Errorf("create the node's directory: %w", err)
		}
	}
	ca, err := loadAuthority(n.layout)
	if err != nil {
		return err
	}
	serving, err := ca.issue(servingTemplate(n.name(), n.ip()))
	if err != nil {
		return err
	}
	url := "https://" + n.forwardAddress()
	return errors.Join(
		writePrivate(n.file(nodeCert), serving.cert), writePrivate(n.file(nodeKey), serving.key),
		writeClientKubeconfig(n.file(kubeletKubeconfig), ca, url, "system:node:"+n.name(), []string{"system:nodes"}),
		writeClientKubeconfig(n.file(proxyKubeconfig), ca, url, "system:kube-proxy", nil),
		// Its rights are not under test.
		writeClientKubeconfig(n.file(routerKubeconfig), ca, url, "lab:kube-router", []string{"system:masters"}),
		writePrivate(n.file("containerd.toml"), []byte(n.containerdConfig())),
		writePrivate(n.file("registries", Registry, "hosts.toml"), []byte(n.registryConfig())),
		writePrivate(n.file("cni", "10-lab.conflist"), []byte(n.cniConfig())),
		writePrivate(n.file("kubelet.yaml"), []byte(n.kubeletConfig())),
		writePrivate(n.file("kube-proxy.yaml"), []byte(n.proxyConfig())),
	)
}
