package cluster

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
)

// Kubectl runs the lab's kubectl as the admin and returns what it prints. An error has its complaint.
func (c *Cluster) Kubectl(ctx context.Context, args ...string) (string, error) {
	return runKubectl(c.KubectlCommand(ctx, c.Kubeconfig(), args...))
}

// KubectlAs is Kubectl as the owner of another kubeconfig, such as KubeconfigFor makes.
func (c *Cluster) KubectlAs(ctx context.Context, kubeconfig string, args ...string) (string, error) {
	return runKubectl(c.KubectlCommand(ctx, kubeconfig, args...))
}

// KubectlCommand is a kubectl run that the caller starts, for instance with a standard input of its own.
func (c *Cluster) KubectlCommand(ctx context.Context, kubeconfig string, args ...string) *exec.Cmd {
	// What kubectl remembers of an API lies with the cluster: another may have had the same port.
	all := append([]string{"--kubeconfig=" + kubeconfig, "--cache-dir=" + c.plan.cache()}, args...)
	return exec.CommandContext(ctx, filepath.Join(c.plan.bin, "kubectl"), all...)
}

// apply makes the cluster have what a manifest says.
func (c *Cluster) apply(ctx context.Context, manifest []byte) error {
	cmd := c.KubectlCommand(ctx, c.Kubeconfig(), "apply", "--server-side", "--force-conflicts", "-f", "-")
	cmd.Stdin = bytes.NewReader(manifest)
	_, err := runKubectl(cmd)
	return err
}

func runKubectl(cmd *exec.Cmd) (string, error) {
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String(), fmt.Errorf("kubectl %s: %w: %s", strings.Join(cmd.Args[3:], " "), err,
			strings.TrimSpace(stderr.String()))
	}
	return stdout.String(), nil
}
