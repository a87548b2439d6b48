// Package attack tries the roles and policies of config/ against a real API server: who may do what, which attacks are
// refused and for which reason, and that similar legitimate requests work. Everything except the fixtures is a dry run, so
// tests run in parallel and leave nothing behind.
package attack

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/hack/lab/binaries"
	"foundation.team/operator/test/support"
	"foundation.team/operator/test/support/leak"
)

const (
	// activeWithin is how long an API server may take to see a policy come or go.
	activeWithin = 30 * time.Second
	pollInterval = 200 * time.Millisecond
)

var (
	controlPlane *testControlPlane
	// cluster is the API server's address with the rights of system:masters.
	cluster *rest.Config
	// masters is a client with the same rights.
	masters client.Client
	// kubectl runs kubectl with the same rights.
	kubectl func(ctx context.Context, args ...string) (string, error)
	// configDir is config/.
	configDir string
	scheme    = runtime.NewScheme()
)

func init() {
	utilruntime.Must(clientgoscheme.AddToScheme(scheme))
	utilruntime.Must(foundationv1alpha1.AddToScheme(scheme))
}

func TestMain(m *testing.M) {
	code, err := run(m)
	if code == 0 && err == nil {
		err = leak.Check()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	log.SetLogger(logr.Discard()) // refusals are what is wanted
	dir, err := os.MkdirTemp("", "attack-")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	ctx, cancel := context.WithTimeout(context.Background(), startWithin)
	defer cancel()
	controlPlane, err = startControlPlane(ctx, dir)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, controlPlane.stop()) }()
	if err := connect(controlPlane, dir); err != nil {
		return 0, err
	}
	flag.Parse()                                            //nolint:revive // m.Run would, but what it parses is changed here
	if err := flag.Set("test.parallel", "16"); err != nil { // the tests wait much more than they compute
		return 0, err
	}
	if err := install(ctx); err != nil {
		return 0, fmt.Errorf("install config/: %w", err)
	}
	if err := createFixtures(ctx); err != nil {
		return 0, fmt.Errorf("create the fixtures: %w", err)
	}
	if err := awaitControllers(ctx); err != nil {
		return 0, err
	}
	if err := awaitGuards(ctx); err != nil {
		return 0, err
	}
	code = m.Run()
	if wholeControlPlane && !mutantsOnly {
		tallied.print(os.Stdout)
	}
	return code, nil
}

// connect fills in the package's variables; dir is for files.
func connect(p *testControlPlane, dir string) (err error) {
	root, err := binaries.Root(".")
	if err != nil {
		return err
	}
	configDir = filepath.Join(root, "config")
	if err := support.DependOn(root, "config"); err != nil {
		return err
	}
	kubectl = func(ctx context.Context, args ...string) (string, error) {
		args = append([]string{"--kubeconfig=" + p.kubeconfig, "--cache-dir=" + filepath.Join(dir, "cache")}, args...)
		var stdout, stderr bytes.Buffer
		cmd := exec.CommandContext(ctx, p.kubectl, args...)
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		if err := cmd.Run(); err != nil {
			return "", fmt.Errorf("kubectl %s: %w: %s", strings.Join(args[2:], " "), err, stderr.String())
		}
		return stdout.String(), nil
	}
	cluster = rest.CopyConfig(p.config)
	cluster.QPS = -1
	cluster.WarningHandler = rest.NoWarnings{}
	masters, err = client.New(cluster, client.Options{Scheme: scheme})
	return err
}

// install applies the policies and roles, but neither the operator nor its own rights.
func install(ctx context.Context) error {
	for _, part := range []string{"namespace", "rbac/team", "admission"} {
		if _, err := kubectl(ctx, "apply", "--server-side", "-k", filepath.Join(configDir, part)); err != nil {
			return err
		}
	}
	_, err := kubectl(ctx, "apply", "--server-side", "-f", filepath.Join(configDir, "rbac", "scrubber.yaml"))
	return err
}

// awaitGuards waits until the API server enforces every policy.
func awaitGuards(ctx context.Context) (err error) {
	g := gomega.NewGomega(func(message string, _ ...int) { err = errors.Join(err, errors.New(message)) })
	for policy, guard := range guards() {
		g.Eventually(func(g gomega.Gomega) { guard.expectHeld(ctx, g) }).
			WithTimeout(activeWithin).WithPolling(pollInterval).Should(gomega.Succeed(), "policy %s", policy)
	}
	return err
}
