package binaries

import (
	"fmt"
	"path/filepath"
	"strings"
)

// pinsDir holds one Go module per family of tools; each go.sum vouches for what is built.
const pinsDir = "hack/lab/pins"

// target is one binary of the lab: a main package of a pinned module.
type target struct {
	// pin is the folder below pinsDir whose go.mod decides the version.
	pin string
	// pkg is the main package's import path.
	pkg string
	// name is the file name in the binary directory; it is not always the package's own.
	name string
	// versioned binaries report the version of k8s.io/kubernetes, which only the linker can set.
	versioned bool
}

// targets are built in this order: the longest first, so that the rest finds a warm build cache.
var targets = []target{
	{pin: "kubernetes", pkg: "k8s.io/kubernetes/cmd/kube-apiserver", name: "kube-apiserver", versioned: true},
	{pin: "kubernetes", pkg: "k8s.io/kubernetes/cmd/kube-controller-manager", name: "kube-controller-manager", versioned: true},
	{pin: "kubernetes", pkg: "k8s.io/kubernetes/cmd/kube-scheduler", name: "kube-scheduler", versioned: true},
	{pin: "kubernetes", pkg: "k8s.io/kubernetes/cmd/kubectl", name: "kubectl", versioned: true},
	{pin: "kubernetes", pkg: "go.etcd.io/etcd/server/v3", name: "etcd"},
	{pin: "kwok", pkg: "sigs.k8s.io/kwok/cmd/kwok", name: "kwok"},
}

// StagesFile is the file in the binary directory that holds kwok's stages. kwok has no built-in ones.
const StagesFile = "kwok-stages.yaml"

// stageFiles are the life of a node and of a pod, as paths inside kwok's own module.
var stageFiles = []string{
	"kustomize/stage/node/fast/node-initialize.yaml",
	"kustomize/stage/node/heartbeat-with-lease/node-heartbeat-with-lease.yaml",
	"kustomize/stage/pod/fast/pod-ready.yaml",
	"kustomize/stage/pod/fast/pod-complete.yaml",
	"kustomize/stage/pod/fast/pod-delete.yaml",
}

// dir is the folder of the target's pinned module.
func (t target) dir(root string) string {
	return filepath.Join(root, pinsDir, t.pin)
}

// buildArgs are the arguments of the go command that builds the target into out. kubernetesVersion is
// the pinned version, such as v1.37.2.
func (t target) buildArgs(kubernetesVersion, out string) ([]string, error) {
	ldflags := "-s -w"
	if t.versioned {
		flags, err := versionFlags(kubernetesVersion)
		if err != nil {
			return nil, err
		}
		ldflags += " " + flags
	}
	return []string{"build", "-trimpath", "-ldflags", ldflags, "-o", out, t.pkg}, nil
}

// versionFlags makes the linker set what a Kubernetes component says its version is; without them the
// API server answers v0.0.0, and clients that check the version refuse it.
func versionFlags(version string) (string, error) {
	parts := strings.SplitN(strings.TrimPrefix(version, "v"), ".", 3)
	if len(parts) != 3 {
		return "", fmt.Errorf("version %q of k8s.io/kubernetes in %s/kubernetes/go.mod is not vX.Y.Z", version, pinsDir)
	}
	const pkg = "k8s.io/component-base/version"
	return fmt.Sprintf("-X %[1]s.gitVersion=%[2]s -X %[1]s.gitMajor=%[3]s -X %[1]s.gitMinor=%[4]s",
		pkg, version, parts[0], parts[1]), nil
}
