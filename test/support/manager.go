package support

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"k8s.io/client-go/rest"

	"foundation.team/operator/hack/lab/cluster"
)

// BuildManager builds the operator from what the tree holds now, so that no stale binary is tested. It returns the
// path of the binary in dir.
func BuildManager(ctx context.Context, root, dir string) (string, error) {
	path := filepath.Join(dir, "manager")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", path, "./cmd/manager")
	build.Dir = root
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the manager: %w\n%s", err, output)
	}
	return path, nil
}

// AsOperator has the rights of the operator's ServiceAccount, and no others.
func AsOperator(admin *rest.Config) *rest.Config {
	cfg := rest.CopyConfig(admin)
	cfg.Impersonate.UserName = "system:serviceaccount:" + cluster.OperatorNamespace + ":" + cluster.OperatorServiceAccount
	return cfg
}
