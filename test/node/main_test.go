// Package node is about what only a real node can show: containers that run, packets that are let through or not, and the operator itself in a
// pod. The node is the lab's own: a kubelet, containerd and runc in namespaces of their own.
package node

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"foundation.team/operator/hack/lab/binaries"
	"foundation.team/operator/hack/lab/cluster"
	"foundation.team/operator/test/support"
)

// The lab of this package, with two real nodes. real-1 is for GPUs: a pool takes it.
var lab *support.Lab

// agentImage runs agent as somebody without rights.
const agentImage = cluster.Registry + "/agent:test"

// rootImage runs agent as root.
const rootImage = cluster.Registry + "/agent:root"

// within is how long something may take that a kubelet does.
const within = 90 * time.Second

// nodeLease is short, so that a node without a kubelet is soon not ready.
const nodeLease = 24 * time.Second

func TestMain(m *testing.M) {
	if err := cluster.CanHaveRealNodes(); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "node: not tried:", err)
		os.Exit(0)
	}
	// As kubeadm has it. That the operator's own guards do without NodeRestriction is tried elsewhere: test/attack.
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
	return addGPUNodes(ctx)
}

// addGPUNodes adds the nodes for pools. They are cordoned until a pool has them: nothing else shall run there.
func addGPUNodes(ctx context.Context) error {
	if !full() {
		return nil
	}
	if err := lab.EnsureRealNodes(ctx, 1+len(gpuNodes)); err != nil {
		return err
	}
	_, err := lab.Kubectl(ctx, append([]string{"cordon"}, gpuNodes...)...)
	return err
}

// pushPrograms pushes the images of the suite's own programs, which hold those and nothing else.
func pushPrograms(ctx context.Context, root string) error {
	programs := filepath.Join(lab.Dir, "programs") + string(filepath.Separator)
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", programs, "./test/node/agent", "./test/node/agent/tar", "./test/node/scrubber")
	build.Dir, build.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build the suite's programs: %w: %s", err, out)
	}
	const nobody = "65532:65532"
	agent := map[string]string{"/agent": programs + "agent", "/bin/tar": programs + "tar", "/usr/bin/nvidia-smi": programs + "agent"}
	for name, image := range map[string]cluster.Image{
		agentImage:    {Files: agent, Entrypoint: "/agent", User: nobody},
		privateImage:  {Files: agent, Entrypoint: "/agent", User: nobody},
		rootImage:     {Files: agent, Entrypoint: "/agent"},
		scrubberImage: {Files: map[string]string{"/scrubber": programs + "scrubber"}, Entrypoint: "/scrubber", User: nobody},
	} {
		if err := lab.PushImage(ctx, name, image); err != nil {
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
