// Package node is about what only a real node can show: containers that run, packets that are let through or not, and the operator itself in a
// pod. The node is the lab's own: a kubelet, containerd and runc in namespaces of their own.
package node

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"foundation.team/operator/hack/lab/binaries"
	"foundation.team/operator/hack/lab/cluster"
	"foundation.team/operator/test/support"
	"foundation.team/operator/test/support/manifest"
)

// The lab of this package, with two real nodes. real-1 is for GPUs: a pool takes it.
var lab *support.Lab

// agentImage runs agent as somebody without rights.
const agentImage = cluster.Registry + "/agent:test"

// within is how long something may take that a kubelet does.
const within = 90 * time.Second

// nodeLease is short, so that a node without a kubelet is soon not ready.
const nodeLease = 24 * time.Second

func TestMain(m *testing.M) {
	if err := cluster.CanHaveRealNodes(); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "node: not tried:", err)
		os.Exit(0)
	}
	// As kubeadm starts it. That the operator's own guards do without NodeRestriction is tried elsewhere: test/attack.
	restricted := []string{"--enable-admission-plugins=NodeRestriction"}
	os.Exit(support.OnLab(cluster.Options{APIServerArgs: restricted, NodeLease: nodeLease}, func(ctx context.Context, l *support.Lab) (int, error) {
		lab = l
		if err := prepare(ctx); err != nil {
			return 1, err
		}
		code := m.Run()
		counted.print(os.Stdout)
		return code, nil
	}))
}

// prepare adds the nodes and installs the operator on it, as on any cluster.
func prepare(ctx context.Context) error {
	root, err := binaries.Root(".")
	if err != nil {
		return err
	}
	if _, err := binaries.EnsureNode(ctx, root, os.Stderr); err != nil {
		return err
	}
	if err := lab.EnsureRealNodes(ctx, 1); err != nil {
		return err
	}
	// Pods of the simulated nodes do not run.
	if _, err := lab.Kubectl(ctx, "cordon", "--selector=!"+cluster.RealNodeLabel); err != nil {
		return err
	}
	if err := pushPrograms(ctx, root); err != nil {
		return err
	}
	if err := installOperator(ctx, root); err != nil {
		return err
	}
	// It comes last: a node that a pool takes shall be empty, and the cluster's own pods are on real-0 by now.
	return lab.EnsureRealNodes(ctx, 1+len(gpuNodes))
}

// pushPrograms pushes the images of the suite's own programs.
func pushPrograms(ctx context.Context, root string) error {
	for name, image := range map[string]string{"agent": agentImage, "scrubber": scrubberImage} {
		binary := filepath.Join(lab.Dir, name)
		build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", binary, "./test/node/"+name)
		build.Dir, build.Env = root, append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("build the %s: %w: %s", name, err, out)
		}
		files := map[string]string{"/" + name: binary}
		if name == "agent" {
			files["/usr/bin/nvidia-smi"] = binary
		}
		if err := lab.PushImage(ctx, image, cluster.Image{Files: files, Entrypoint: "/" + name, User: "65532:65532"}); err != nil {
			return err
		}
	}
	return nil
}

// firstVersion is the operator's version that is installed.
const firstVersion = "v1"

// installOperator builds the operator's image and applies config/default.
func installOperator(ctx context.Context, root string) error {
	if err := pushOperator(ctx, root, firstVersion); err != nil {
		return err
	}
	overlay := filepath.Join(lab.Dir, "install")
	if err := os.MkdirAll(overlay, 0o700); err != nil {
		return err
	}
	base, err := filepath.Rel(overlay, filepath.Join(root, "config", "default"))
	if err != nil {
		return err
	}
	kustomization := fmt.Sprintf("resources: [%s]\nimages: [{name: foundation-operator, newName: %s, newTag: %s}]\n", base, operatorImage, firstVersion)
	if err := os.WriteFile(filepath.Join(overlay, "kustomization.yaml"), []byte(kustomization), 0o600); err != nil {
		return err
	}
	if _, err := lab.Kubectl(ctx, "apply", "--server-side", "--force-conflicts", "-k", overlay); err != nil {
		return err
	}
	_, err = lab.Kubectl(ctx, "rollout", "status", "--namespace", cluster.OperatorNamespace, "deployment/foundation-operator", "--timeout", within.String())
	return err
}

// kubectl runs kubectl as the admin and returns what it prints; also when the test has ended and cleans up.
func kubectl(t *testing.T, args ...string) string {
	t.Helper()
	out, err := lab.Kubectl(context.WithoutCancel(t.Context()), args...)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(out)
}

// as runs kubectl as somebody else.
func as(t *testing.T, user string, args ...string) (string, error) {
	t.Helper()
	kubeconfig, err := lab.KubeconfigFor(user)
	if err != nil {
		t.Fatal(err)
	}
	out, err := lab.KubectlAs(t.Context(), kubeconfig, args...)
	return strings.TrimSpace(out), err
}

// apply applies a manifest as somebody.
func apply(t *testing.T, user, content string) error {
	t.Helper()
	file := filepath.Join(t.TempDir(), "manifest.yaml")
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if user == "" {
		_, err := lab.Kubectl(t.Context(), "apply", "--server-side", "-f", file)
		return err
	}
	_, err := as(t, user, "apply", "-f", file)
	return err
}

// makeTeam makes a team unless it is there, and waits until it is Ready.
func makeTeam(t *testing.T, name string) {
	t.Helper()
	declareTeam(t, name)
	kubectl(t, "wait", "--for=condition=Ready", "--timeout", within.String(), "foundationteam/"+name)
}

// declareTeam applies a team with a namespace train, an engineer and a viewer.
func declareTeam(t *testing.T, name string) {
	t.Helper()
	if err := apply(t, "", manifest.Team(name, manifest.Train, manifest.Staff(
		manifest.User("engineer", "Engineer", engineerOf(name)), manifest.User("viewer", "Viewer", viewerOf(name))))); err != nil {
		t.Fatal(err)
	}
}

func engineerOf(team string) string { return "engineer@" + team + ".example" }

func viewerOf(team string) string { return "viewer@" + team + ".example" }
