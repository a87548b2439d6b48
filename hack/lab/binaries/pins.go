package binaries

import (
	"cmp"
	"fmt"
	"path/filepath"
	"strings"
)

// pinsDir has one Go module per family of tools; its go.sum has the checksums of all that is built.
const pinsDir = "hack/lab/pins"

// kubernetesModule is the one whose version the components report.
const kubernetesModule = "kubernetes"

// pin is one of these modules, with the binaries and files that the lab uses of it.
type pin struct {
	name string
	// module is the folder below pinsDir whose go.mod decides the versions; it is called like the pin if empty.
	module  string
	targets []target
	joined  []joinedFile
}

// target is one binary of the lab: a main package of a pinned module.
type target struct {
	// pkg is the main package's import path.
	pkg string
	// name is the file name in the binary directory; it is not always the package's own.
	name string
	// tags are build tags. A binary with cgo needs a C compiler and Debian's libseccomp-dev.
	tags string
	cgo  bool
	// versioned binaries report the version of k8s.io/kubernetes, which only the linker can set.
	versioned bool
}

// joinedFile is a file in the binary directory that is concatenated from files of a pinned module.
type joinedFile struct {
	name   string
	module string
	// files are paths inside the module.
	files []string
}

// StagesFile is the file in the binary directory that holds kwok's stages. kwok has no built-in ones.
const StagesFile = "kwok-stages.yaml"

// KarpenterCRDsFile is the file in the binary directory that holds the kinds that Karpenter needs.
const KarpenterCRDsFile = "karpenter-crds.yaml"

// controlPlane is what every lab needs, in the order in which it is built: the largest first, which fills the build cache for the rest.
var controlPlane = []pin{
	{
		name: kubernetesModule,
		targets: []target{
			{pkg: "k8s.io/kubernetes/cmd/kube-apiserver", name: "kube-apiserver", versioned: true},
			{pkg: "k8s.io/kubernetes/cmd/kube-controller-manager", name: "kube-controller-manager", versioned: true},
			{pkg: "k8s.io/kubernetes/cmd/kube-scheduler", name: "kube-scheduler", versioned: true},
			{pkg: "k8s.io/kubernetes/cmd/kubectl", name: "kubectl", versioned: true},
			{pkg: "go.etcd.io/etcd/server/v3", name: "etcd"},
		},
	},
	{
		name: "kwok",
		targets: []target{
			{pkg: "sigs.k8s.io/kwok/cmd/kwok", name: "kwok"},
			{pkg: "sigs.k8s.io/karpenter/kwok", name: "karpenter"},
		},
		joined: []joinedFile{
			// The life of a node and of a pod.
			{name: StagesFile, module: "sigs.k8s.io/kwok", files: []string{
				"kustomize/stage/node/fast/node-initialize.yaml",
				"kustomize/stage/node/heartbeat-with-lease/node-heartbeat-with-lease.yaml",
				"kustomize/stage/pod/fast/pod-ready.yaml",
				"kustomize/stage/pod/fast/pod-complete.yaml",
				"kustomize/stage/pod/fast/pod-delete.yaml",
			}},
			{name: KarpenterCRDsFile, module: "sigs.k8s.io/karpenter", files: []string{
				"pkg/apis/crds/karpenter.sh_nodepools.yaml",
				"pkg/apis/crds/karpenter.sh_nodeclaims.yaml",
				"kwok/apis/crds/karpenter.kwok.sh_kwoknodeclasses.yaml",
			}},
		},
	},
}

// realNode is what a real node needs besides.
var realNode = []pin{
	{
		name: "kubelet", module: kubernetesModule,
		targets: []target{
			{pkg: "k8s.io/kubernetes/cmd/kubelet", name: "kubelet", versioned: true},
			{pkg: "k8s.io/kubernetes/cmd/kube-proxy", name: "kube-proxy", versioned: true},
		},
	},
	{
		name: "containerd",
		targets: []target{
			{pkg: "github.com/containerd/containerd/v2/cmd/containerd", name: "containerd", tags: "no_btrfs"},
			{pkg: "github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2", name: "containerd-shim-runc-v2", tags: "no_btrfs"},
		},
	},
	{name: "runc", targets: []target{{pkg: "github.com/opencontainers/runc", name: "runc", tags: "seccomp", cgo: true}}},
	{
		name: "cni",
		targets: []target{
			{pkg: "github.com/containernetworking/plugins/plugins/main/ptp", name: "ptp"},
			{pkg: "github.com/containernetworking/plugins/plugins/main/loopback", name: "loopback"},
			{pkg: "github.com/containernetworking/plugins/plugins/ipam/host-local", name: "host-local"},
		},
	},
	{name: "crane", targets: []target{{pkg: "github.com/google/go-containerregistry/cmd/crane", name: "crane"}}},
	{name: "coredns", targets: []target{{pkg: "foundation.team/operator/hack/lab/pins/coredns", name: "coredns"}}},
	{name: "localpath", targets: []target{{pkg: "foundation.team/operator/hack/lab/pins/localpath", name: "localpath"}}},
	{name: "kube-router", targets: []target{{pkg: "github.com/cloudnativelabs/kube-router/v2/cmd/kube-router", name: "kube-router"}}},
}

// ownTools are packages of this module that a real node needs. Their binaries are called like their folders.
var ownTools = []string{"./hack/lab/devices", "./hack/lab/forward", "./hack/lab/gate", "./hack/lab/outside", "./hack/lab/pause"}

// dir is the folder of the pinned module.
func (p pin) dir(root string) string {
	return filepath.Join(root, pinsDir, cmp.Or(p.module, p.name))
}

// files returns the names of all files that a build of the pin installs, except the stamp.
func (p pin) files() []string {
	names := make([]string, 0, len(p.targets)+len(p.joined))
	for _, t := range p.targets {
		names = append(names, t.name)
	}
	for _, j := range p.joined {
		names = append(names, j.name)
	}
	return names
}

// stampFile returns the name of the file that has the stamp of the pin's installed files. It is written last.
func (p pin) stampFile() string {
	return "stamp-" + p.name
}

// buildArgs returns the arguments of the go command that builds the target into out. kubernetesVersion is the pinned
// version, such as v1.37.2.
func (t target) buildArgs(kubernetesVersion, out string) ([]string, error) {
	ldflags := "-s -w"
	if t.versioned {
		flags, err := versionFlags(kubernetesVersion)
		if err != nil {
			return nil, err
		}
		ldflags += " " + flags
	}
	args := []string{"build", "-trimpath", "-ldflags", ldflags}
	if t.tags != "" {
		args = append(args, "-tags", t.tags)
	}
	return append(args, "-o", out, t.pkg), nil
}

// versionFlags returns the linker flags that set the version of a Kubernetes component; without them the API server
// reports v0.0.0, and clients that check the version refuse it.
func versionFlags(version string) (string, error) {
	parts := strings.SplitN(strings.TrimPrefix(version, "v"), ".", 3)
	if len(parts) != 3 {
		return "", fmt.Errorf("version %q of k8s.io/kubernetes in %s/kubernetes/go.mod is not vX.Y.Z", version, pinsDir)
	}
	const pkg = "k8s.io/component-base/version"
	return fmt.Sprintf("-X %[1]s.gitVersion=%[2]s -X %[1]s.gitMajor=%[3]s -X %[1]s.gitMinor=%[4]s",
		pkg, version, parts[0], parts[1]), nil
}
