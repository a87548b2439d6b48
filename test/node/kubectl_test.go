package node

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

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

// command is kubectl as somebody, to be started.
func command(ctx context.Context, t *testing.T, user string, args ...string) *exec.Cmd {
	t.Helper()
	kubeconfig, err := lab.KubeconfigFor(user)
	if err != nil {
		t.Fatal(err)
	}
	return lab.KubectlCommand(ctx, kubeconfig, args...)
}

// portForward forwards a port of this machine to one of a pod until the test is over, and returns its address, or what kubectl says instead.
func portForward(t *testing.T, user, namespace, target, port string) (address, said string) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	cmd := command(ctx, t, user, "port-forward", "--namespace", namespace, target, ":"+port)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var problem strings.Builder
	cmd.Stderr = &problem
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, _ := bufio.NewReader(out).ReadString('\n')
	end := func() {
		stop()
		_ = cmd.Wait() // it was killed
	}
	address, found := strings.CutPrefix(line, "Forwarding from ")
	if !found {
		end()
		return "", problem.String()
	}
	t.Cleanup(end)
	address, _, _ = strings.Cut(address, " ")
	return address, ""
}

// manifestFile writes a manifest.
func manifestFile(t *testing.T, content string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "manifest.yaml")
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// poll is how often is looked.
const poll = 200 * time.Millisecond

// eventually waits until something is so.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	err := wait.PollUntilContextTimeout(t.Context(), poll, within, true, func(context.Context) (bool, error) { return is(), nil })
	if err != nil {
		t.Errorf("%s: %v", what, err)
	}
}
