package cluster

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
)

// Kubectl runs the lab's kubectl as the admin and returns its standard output. An error includes its standard error.
func (c *Cluster) Kubectl(ctx context.Context, args ...string) (string, error) {
	return runKubectl(c.KubectlCommand(ctx, c.Kubeconfig(), args...))
}

// KubectlAs is Kubectl with another kubeconfig, such as one from KubeconfigFor.
func (c *Cluster) KubectlAs(ctx context.Context, kubeconfig string, args ...string) (string, error) {
	return runKubectl(c.KubectlCommand(ctx, kubeconfig, args...))
}

// KubectlCommand returns a kubectl command for the caller to start, for instance with a standard input of its own.
func (c *Cluster) KubectlCommand(ctx context.Context, kubeconfig string, args ...string) *exec.Cmd {
	// kubectl caches discovery by host and port, and an earlier cluster may have had the same port: each gets its own
	// cache.
	all := append([]string{"--kubeconfig=" + kubeconfig, "--cache-dir=" + c.plan.cache()}, args...)
	return exec.CommandContext(ctx, filepath.Join(c.plan.bin, "kubectl"), all...)
}

// apply applies a manifest.
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
