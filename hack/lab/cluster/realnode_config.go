package cluster

import (
	"fmt"
	"path/filepath"
	"strings"
)

// Registry is the host that names the lab's registry in images: registry.example/name:tag.
const Registry = "registry.example"

// Images below registry.example/private/ are for those who say this. It protects nothing but the lab's own images.
const (
	PrivateUser     = "puller"
	PrivatePassword = "lab"
)

// pauseImage keeps the namespaces of each pod.
const pauseImage = Registry + "/pause:lab"

// The cluster's name service, which real nodes tell their pods.
const (
	serviceCIDR   = "10.96.0.0/16"
	apiServiceIP  = "10.96.0.1"
	dnsServiceIP  = "10.96.0.10"
	clusterDomain = "cluster.local"
)

// The ports of a real node's components, on the node's own address.
const (
	kubeletPort       = 10250
	kubeletHealthPort = 10248
	proxyHealthPort   = 10256
	containerdPort    = 1338
	routerHealthPort  = 20244
)

// kubeletLease is the usual duration of a node's lease, in seconds.
const kubeletLease = 40

// realNode is a node with a kubelet and a container runtime of its own, in namespaces of its own.
type realNode struct {
	plan
	index int
}

func (n realNode) name() string { return fmt.Sprintf("real-%d", n.index) }

// component is the name of one of the node's processes.
func (n realNode) component(name string) string { return n.name() + "-" + name }

func (n realNode) ip() string { return n.fabric.nodeIP(n.index) }

// file is a file or folder of the node.
func (n realNode) file(parts ...string) string {
	return filepath.Join(append([]string{n.dir, nodesFolder, n.name()}, parts...)...)
}

// cgroup is below which the node's containers are.
func (n realNode) cgroup() string { return fmt.Sprintf("/foundation-lab-%d-%d", n.fabric, n.index) }

// sysctls are what a kubelet sets of the machine unless it finds it so. It finds it so: these files are mounted over the machine's own.
var sysctls = map[string]string{
	"kernel/keys/root_maxbytes": "25000000",
	"kernel/keys/root_maxkeys":  "1000000",
	"kernel/panic":              "10",
	"kernel/panic_on_oops":      "1",
	"vm/overcommit_memory":      "1",
	"vm/panic_on_oom":           "0",
}

// setup is a script that gives the node its own mounts and name. The machine's /var and /run are not seen inside.
func (n realNode) setup() string {
	var script strings.Builder
	line := func(format string, args ...any) { _, _ = fmt.Fprintf(&script, format+"\n", args...) }
	line("mount --make-rprivate /")
	line("mount -t proc proc /proc")
	line("mount --bind '%s' /var", n.file("var"))
	line("mount -t tmpfs -o mode=755 tmpfs /run")
	line("mount --bind /dev/null /etc/resolv.conf") // no name is asked for outside of this machine
	line("test -e /var/run || ln -s /run /var/run")
	line("mkdir -p /run/cdi /run/lock /var/lib/kubelet /var/lib/cni /var/log/pods /var/log/containers /var/tmp")
	for name, value := range sysctls {
		file := n.file("sysctls", strings.ReplaceAll(name, "/", "."))
		line("echo %s > '%s'", value, file)
		line("mount --bind '%s' /proc/sys/%s", file, name)
	}
	line("mount --make-rshared /")
	line("echo 1 > /proc/sys/net/ipv4/ip_forward")
	line("echo %s > /proc/sys/kernel/hostname", n.name())
	return script.String()
}

// containerdConfig pulls from the lab's registry alone. restrict_oom_score_adj: a machine may not let its root lower that.
func (n realNode) containerdConfig() string {
	return fmt.Sprintf(`version = 3
root = "/var/lib/containerd"
state = "/run/containerd"

[grpc]
  address = "/run/containerd/containerd.sock"

[metrics]
  address = "%s:%d"

[plugins."io.containerd.cri.v1.images".pinned_images]
  sandbox = %q

[plugins."io.containerd.cri.v1.images".registry]
  config_path = %q

[plugins."io.containerd.cri.v1.runtime"]
  restrict_oom_score_adj = true

[plugins."io.containerd.cri.v1.runtime".cni]
  bin_dirs = [%q]
  conf_dir = %q

[plugins."io.containerd.cri.v1.runtime".containerd]
  default_runtime_name = "runc"

[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
  BinaryName = %q
  SystemdCgroup = false
`, n.ip(), containerdPort, pauseImage, n.file("registries"), n.bin, n.file("cni"), filepath.Join(n.bin, "runc"))
}

// registryConfig sends containerd to the lab's registry.
func (n realNode) registryConfig() string {
	url := "http://" + n.registryAddress()
	return fmt.Sprintf("server = %q\n\n[host.%q]\n  capabilities = [\"pull\", \"resolve\"]\n", url, url)
}

// cniConfig connects each pod to its node alone: what goes from one pod to another passes the node's rules.
func (n realNode) cniConfig() string {
	return fmt.Sprintf(`{
  "cniVersion": "1.0.0",
  "name": "lab",
  "plugins": [{
    "type": "ptp",
    "ipMasq": false,
    "ipam": {
      "type": "host-local",
      "dataDir": "/var/lib/cni",
      "ranges": [[{"subnet": %q}]],
      "routes": [{"dst": "0.0.0.0/0"}]
    }
  }]
}
`, n.fabric.podCIDR(n.index))
}

// kubeletConfig is that of a machine with cgroups of version 1 that has other things to do.
func (n realNode) kubeletConfig() string {
	return fmt.Sprintf(`apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: %[1]s
port: %[2]d
healthzBindAddress: %[1]s
healthzPort: %[3]d
authentication:
  anonymous: {enabled: false}
  webhook: {enabled: true}
  x509: {clientCAFile: %[4]s}
authorization: {mode: Webhook}
tlsCertFile: %[5]s
tlsPrivateKeyFile: %[6]s
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
cgroupDriver: cgroupfs
cgroupRoot: %[7]s
cgroupsPerQOS: false
enforceNodeAllocatable: []
failCgroupV1: false
failSwapOn: false
evictionHard: {memory.available: 100Mi}
imageGCHighThresholdPercent: 100
clusterDNS: [%[8]s]
clusterDomain: %[9]s
resolvConf: ""
nodeStatusUpdateFrequency: 5s
nodeLeaseDurationSeconds: %[10]d
`, n.ip(), kubeletPort, kubeletHealthPort, n.pki(caCert), n.file(nodeCert), n.file(nodeKey), n.cgroup(), dnsServiceIP, clusterDomain, min(n.leaseSeconds(), kubeletLease))
}

// proxyConfig leaves the machine's connection tracking as it is.
func (n realNode) proxyConfig() string {
	return fmt.Sprintf(`apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: iptables
hostnameOverride: %s
healthzBindAddress: %s:%d
metricsBindAddress: 127.0.0.1:10249
clientConnection: {kubeconfig: %s}
conntrack: {maxPerCore: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
`, n.name(), n.ip(), proxyHealthPort, n.file(proxyKubeconfig))
}
