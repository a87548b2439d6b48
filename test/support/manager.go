package support

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"foundation.team/operator/hack/lab/binaries"
	"foundation.team/operator/hack/lab/cluster"
	"foundation.team/operator/internal/setup"
)

// BuildManager builds the operator from what the tree holds now, so that no stale binary is tested. It returns the
// path of the binary in dir.
func BuildManager(ctx context.Context, root, dir string) (string, error) {
	if err := DependOn(root, sources...); err != nil {
		return "", err
	}
	path := filepath.Join(dir, "manager")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", path, "./cmd/manager")
	build.Dir = root
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the manager: %w\n%s", err, output)
	}
	return path, nil
}

// sources are the directories of the repository that the manager and its manifests are made from.
var sources = []string{"api", "cmd", "config", "controllers", "internal"}

// DependOnSources makes the result of a test count only for the sources that the manager was built from. A suite that builds it
// in TestMain needs this in each of its tests: the go command writes down what a test opened only while m.Run lasts.
func DependOnSources(tb testing.TB) {
	tb.Helper()
	if err := dependOnSources(); err != nil {
		tb.Fatal(err)
	}
}

var dependOnSources = sync.OnceValue(func() error {
	root, err := binaries.Root(".")
	if err != nil {
		return err
	}
	return DependOn(root, sources...)
})

// DependOn opens the directories of the repository that kubectl or go build read for a test. The go command runs a test
// again when what it opened has changed, and does not see what other programs open: without this it would tell the result
// from before the change. It has an effect while m.Run lasts.
func DependOn(root string, dirs ...string) error {
	for _, dir := range dirs {
		err := filepath.WalkDir(filepath.Join(root, dir), func(_ string, _ os.DirEntry, err error) error { return err })
		if err != nil {
			return fmt.Errorf("read what the test depends on: %w", err)
		}
	}
	return nil
}

// AsOperator has the rights of the operator's ServiceAccount, and no others.
func AsOperator(admin *rest.Config) *rest.Config {
	cfg := rest.CopyConfig(admin)
	cfg.Impersonate.UserName = "system:serviceaccount:" + cluster.OperatorNamespace + ":" + cluster.OperatorServiceAccount
	return cfg
}

// NewManager returns a manager for the operator's controllers in the test's process. It serves nothing, and others of them
// may run beside it or come after it.
func NewManager(cfg *rest.Config, changes ...func(*manager.Options)) (manager.Manager, error) {
	options := setup.Options{MetricsBindAddress: "0", HealthProbeBindAddress: "0"}
	changes = append(changes, func(o *manager.Options) {
		o.Controller.SkipNameValidation = new(true) // the next one has controllers of the same names
	})
	return setup.NewManager(cfg, options, changes...)
}
