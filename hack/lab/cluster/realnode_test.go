package cluster

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

// No two labs, nodes or pods have an address in common, nor any with services or simulated pods.
func TestFabricAddresses(t *testing.T) {
	networks := []string{serviceCIDR, "10.128.0.0/12"}
	for f := fabric(1); f <= maxFabric; f++ {
		networks = append(networks, f.hostIP()+"/24")
		for node := range maxRealNodes {
			networks = append(networks, f.podCIDR(node))
		}
	}
	var before []netip.Prefix
	for _, text := range networks {
		network, err := netip.ParsePrefix(text)
		if err != nil {
			t.Fatal(err)
		}
		if i := slices.IndexFunc(before, network.Overlaps); i >= 0 {
			t.Fatalf("%s overlaps %s", network, before[i])
		}
		before = append(before, network)
	}
	for node := range maxRealNodes {
		if f := fabric(7); f.nodeIP(node) == f.hostIP() || !strings.HasPrefix(f.nodeIP(node), "10.200.7.") {
			t.Errorf("node %d has address %s, the host %s", node, f.nodeIP(node), f.hostIP())
		}
	}
}

func testNode() realNode {
	p := testPlan()
	p.fabric, p.ports.APIForward, p.ports.Registry = 3, 6443, 5000
	return realNode{plan: p, index: 1}
}

// What the node's components read is well-formed, and leads to the node's own address and the lab's own files.
func TestRealNodeConfig(t *testing.T) {
	n := testNode()
	for name, content := range map[string]string{"the kubelet's": n.kubeletConfig(), "kube-proxy's": n.proxyConfig(), "the endpoints": n.apiEndpoints()} {
		if err := yaml.Unmarshal([]byte(content), &map[string]any{}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if !json.Valid([]byte(n.cniConfig())) {
		t.Error("the network's configuration is no JSON")
	}
	for content, parts := range map[string][]string{
		n.kubeletConfig():    {"address: 10.200.3.11\n", "cgroupRoot: /foundation-lab-3-1\n", "tlsCertFile: /lab/nodes/real-1/kubelet.crt\n"},
		n.containerdConfig(): {`sandbox = "registry.example/pause:lab"`, `BinaryName = "/bin/runc"`, `config_path = "/lab/nodes/real-1/registries"`},
		n.registryConfig():   {`[host."http://10.200.3.1:5000"]`},
		n.cniConfig():        {`"subnet": "10.202.3.0/24"`},
		n.apiEndpoints():     {"addresses: [10.200.3.1]", "port: 6443"},
		n.setup():            {"mount --make-rprivate /\n", "mount --bind '/lab/nodes/real-1/var' /var\n"},
	} {
		for _, part := range parts {
			if !strings.Contains(content, part) {
				t.Errorf("%q is not in\n%s", part, content)
			}
		}
	}
}

// The node's parts run in its namespaces, and are found there by the API server alone.
func TestRealNodeComponents(t *testing.T) {
	n := testNode()
	var names []string
	for _, cmd := range n.components() {
		names = append(names, cmd.name)
		if !strings.HasPrefix(cmd.probe, "http://10.200.3.11:") {
			t.Errorf("%s is asked at %s", cmd.name, cmd.probe)
		}
	}
	if want := []string{"real-1-containerd", "real-1-kubelet", "real-1-kube-proxy", "real-1-kube-router"}; !slices.Equal(names, want) {
		t.Errorf("components %q, want %q", names, want)
	}
	if cmd := n.keeper(n.name()); !cmd.ownNamespaces || cmd.name != "real-1" {
		t.Errorf("the keeper is %+v", cmd)
	}
}

func TestWriteLayer(t *testing.T) {
	from := filepath.Join(t.TempDir(), "built")
	if err := os.WriteFile(from, []byte("program"), 0o600); err != nil {
		t.Fatal(err)
	}
	var layer bytes.Buffer
	if err := writeLayer(&layer, map[string]string{"/usr/bin/tool": from, "/usr/share/text": from, "/pause": from}); err != nil {
		t.Fatal(err)
	}
	var got []string
	for archive := tar.NewReader(&layer); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(archive)
		if err != nil || header.Mode != 0o755 || header.Uid != 0 {
			t.Errorf("%s: mode %o, user %d, error %v", header.Name, header.Mode, header.Uid, err)
		}
		got = append(got, header.Name+" "+string(content))
	}
	want := []string{"pause program", "usr/ ", "usr/bin/ ", "usr/bin/tool program", "usr/share/ ", "usr/share/text program"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if err := writeLayer(io.Discard, map[string]string{"/x": from + "-missing"}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is missing: %v", err)
	}
}

func TestImageMutations(t *testing.T) {
	got := strings.Join(Image{Entrypoint: "/manager", User: "65532:65532", Env: []string{"A=b"}, Labels: map[string]string{"y": "2", "x": "1"}}.mutations()[2:], " ")
	if want := "--entrypoint /manager --user 65532:65532 --env A=b --label x=1 --label y=2"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestRemoveFolders(t *testing.T) {
	root := filepath.Join(t.TempDir(), "group")
	if err := os.MkdirAll(filepath.Join(root, "pod", "container"), 0o755); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time there is nothing
		if err := removeFolders(root); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(root); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it is still there: %v", err)
	}
}
