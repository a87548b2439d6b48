package cluster

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	authenticationv1 "k8s.io/api/authentication/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// The ServiceAccount as which the operator runs; config/lab creates it and its namespace.
const (
	OperatorNamespace      = "foundation-system"
	OperatorServiceAccount = "foundation-operator"
)

// DefaultManagerName is the component name of the operator's manager.
const DefaultManagerName = "manager"

// ManagerOptions describe the manager to run.
type ManagerOptions struct {
	// Path is the manager's binary.
	Path string
	// Name tells replicas apart; empty means DefaultManagerName.
	Name string
	// Args are appended to the arguments that the lab sets.
	Args []string
	// Env is added to the environment.
	Env []string
}

// InstallOperator applies <root>/config/lab, which is all of the operator but its Deployment, and waits until its
// CRDs are established.
func (c *Cluster) InstallOperator(ctx context.Context, root string) error {
	dir := filepath.Join(root, "config", "lab")
	if _, err := c.Kubectl(ctx, "apply", "--server-side", "--force-conflicts", "-k", dir); err != nil {
		return fmt.Errorf("install the operator: %w", err)
	}
	if _, err := c.Kubectl(ctx, "wait", "--for=condition=Established", "--timeout=60s", "crd", "--all"); err != nil {
		return fmt.Errorf("wait for the operator's kinds: %w", err)
	}
	return nil
}

// StartManager runs the operator outside the cluster with a token of its ServiceAccount, so with exactly the rights
// that it has inside. It returns when the manager is ready. A manager of the same name that runs with the same
// binary, arguments and environment is left alone; any other is replaced.
func (c *Cluster) StartManager(ctx context.Context, opts ManagerOptions) (*Process, error) {
	if opts.Name == "" {
		opts.Name = DefaultManagerName
	}
	digest, err := opts.digest()
	if err != nil {
		return nil, err
	}
	if old := c.process(opts.Name); old != nil && old.Running() {
		if old.Digest == digest {
			return old, c.awaitReady(ctx, old)
		}
		if err := old.Stop(ctx); err != nil {
			return nil, err
		}
	}
	kubeconfig := c.plan.config(opts.Name + ".kubeconfig")
	err = c.writeServiceAccountKubeconfig(ctx, kubeconfig, OperatorNamespace, OperatorServiceAccount)
	if apierrors.IsNotFound(err) {
		return nil, fmt.Errorf("the operator is not there: call InstallOperator first: %w", err)
	}
	if err != nil {
		return nil, err
	}
	taken := map[int]bool{}
	metrics, err := freePort(taken)
	if err != nil {
		return nil, err
	}
	taken[metrics] = true
	health, err := freePort(taken)
	if err != nil {
		return nil, err
	}
	p, err := c.run(opts.command(kubeconfig, metrics, health), digest)
	if err != nil {
		return nil, err
	}
	if err := c.awaitReady(ctx, p); err != nil {
		return nil, errors.Join(err, p.Stop(context.WithoutCancel(ctx)))
	}
	return p, nil
}

// command returns how to run the manager.
func (o ManagerOptions) command(kubeconfig string, metrics, health int) command {
	return command{
		name:   o.Name,
		binary: o.Path,
		args: append([]string{
			"--kubeconfig", kubeconfig,
			"--leader-elect",
			"--metrics-bind-address", address(metrics),
			"--health-probe-bind-address", address(health),
		}, o.Args...),
		env:     append([]string{"POD_NAMESPACE=" + OperatorNamespace}, o.Env...),
		probe:   "http://" + address(health) + "/readyz",
		metrics: address(metrics),
	}
}

// digest returns a digest of the binary, arguments and environment, to detect a running manager that is outdated.
func (o ManagerOptions) digest() (string, error) {
	f, err := os.Open(o.Path)
	if err != nil {
		return "", fmt.Errorf("open the operator's manager: %w (build it first)", err)
	}
	defer func() { _ = f.Close() }()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return "", fmt.Errorf("read the operator's manager: %w", err)
	}
	_, _ = fmt.Fprintf(sum, "%q %q %q", o.Path, o.Args, o.Env)
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// writeServiceAccountKubeconfig writes a kubeconfig with a token of a ServiceAccount.
func (c *Cluster) writeServiceAccountKubeconfig(ctx context.Context, path, namespace, name string) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	seconds := int64(credentialLifetime.Seconds())
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: &seconds}}
	token, err := client.CoreV1().ServiceAccounts(namespace).CreateToken(ctx, name, request, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("get a token for ServiceAccount %s/%s: %w", namespace, name, err)
	}
	ca, err := loadAuthority(c.plan.layout)
	if err != nil {
		return err
	}
	return writeKubeconfig(path, ca, c.plan.apiServerURL(), name, &clientcmdapi.AuthInfo{Token: token.Status.Token})
}
