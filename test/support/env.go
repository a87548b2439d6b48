// Package support has what the test suites share.
package support

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"foundation.team/operator/hack/lab/binaries"
	"foundation.team/operator/test/support/leak"
)

// startTimeout leaves a busy machine time to start etcd or the API server.
const startTimeout = 2 * time.Minute

// Run starts a control plane, runs the package's tests and stops the control plane. It returns the exit code, which is not 0 if
// goroutines are left behind. setup gets an administrator's config before the tests, for example to keep it in a variable:
//
//	func TestMain(m *testing.M) {
//		os.Exit(support.Run(m, func(c *rest.Config) error { config = c; return nil }))
//	}
func Run(m *testing.M, setup func(*rest.Config) error) int {
	code, err := run(m, setup)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

func run(m *testing.M, setup func(*rest.Config) error) (code int, err error) {
	env, err := Start()
	if err != nil {
		return 0, err
	}
	defer func() {
		if stopErr := env.Stop(); stopErr != nil {
			err = errors.Join(err, fmt.Errorf("stop the control plane: %w", stopErr))
		}
		if code == 0 && err == nil {
			err = leak.Check()
		}
	}()
	if err := setup(env.Config); err != nil {
		return 0, fmt.Errorf("set the tests up: %w", err)
	}
	return m.Run(), nil
}

// Start starts a control plane on free ports, with the CRDs of config/crd/bases installed; options change the
// environment before. The caller stops it. The binaries are those of KUBEBUILDER_ASSETS or, without it, the lab's.
func Start(options ...func(*envtest.Environment)) (*envtest.Environment, error) {
	root, err := binaries.Root(".")
	if err != nil {
		return nil, err
	}
	assets, err := assetsDir(root)
	if err != nil {
		return nil, err
	}
	env := &envtest.Environment{
		BinaryAssetsDirectory:    assets,
		CRDDirectoryPaths:        []string{filepath.Join(root, "config", "crd", "bases")},
		ErrorIfCRDPathMissing:    true,
		ControlPlaneStartTimeout: startTimeout,
	}
	for _, option := range options {
		option(env)
	}
	if _, err := env.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start the control plane: %w", err), env.Stop())
	}
	return env, nil
}

// assetsDir is the directory of the control plane's binaries.
func assetsDir(root string) (string, error) {
	dir := os.Getenv("KUBEBUILDER_ASSETS")
	if dir == "" {
		dir = filepath.Join(root, ".lab", "bin")
	}
	for _, name := range []string{"etcd", "kube-apiserver", "kubectl"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return "", fmt.Errorf("the control plane's binaries are not there (%w): run make lab-build", err)
		}
	}
	return dir, nil
}
