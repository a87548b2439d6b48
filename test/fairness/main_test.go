// Package fairness measures what a flood of requests by one team costs another, on a real control plane with the
// operator's real binary. The flood comes from a process of its own.
package fairness

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-logr/logr"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"foundation.team/operator/hack/lab/binaries"
	"foundation.team/operator/hack/lab/cluster"
	"foundation.team/operator/internal/setup"
	"foundation.team/operator/test/support"
)

// measure says whether the measurement runs: it takes minutes, and the machine for itself.
var measure = os.Getenv("FAIRNESS") != ""

// seats is what the API server is given, so that a team's share is one of them: with two cores the flood of one team can
// keep one busy then, and the other is for everybody else.
const seats = 45

// realClock is the time: latencies are nothing else.
var realClock clock.WithTicker = clock.RealClock{}

var (
	lab *cluster.Cluster
	// k8s reads and writes as an admin, without a cache.
	k8s client.Client
	// manager is the operator.
	manager *cluster.Process
)

func TestMain(m *testing.M) {
	if path := os.Getenv(floodVariable); path != "" {
		if err := runFlood(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	if !measure {
		return m.Run(), nil
	}
	ctx := context.Background()
	log.SetLogger(logr.Discard())
	root, err := binaries.Root(".")
	if err != nil {
		return 1, err
	}
	bin, err := binaries.Ensure(ctx, root, os.Stderr)
	if err != nil {
		return 1, err
	}
	dir, err := os.MkdirTemp("", "fairness-")
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path, err := support.BuildManager(ctx, root, dir)
	if err != nil {
		return 1, err
	}
	lab, err = cluster.Start(ctx, cluster.Options{Dir: filepath.Join(dir, "lab"), BinDir: bin, APIServerArgs: []string{
		// Only their sum is of interest: API Priority and Fairness shares it out.
		fmt.Sprintf("--max-requests-inflight=%d", seats), "--max-mutating-requests-inflight=0",
	}})
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, lab.Stop(ctx)) }()
	if err := support.InstallOperator(ctx, lab, root); err != nil {
		return 1, err
	}
	cfg, err := lab.RESTConfig()
	if err != nil {
		return 1, err
	}
	if k8s, err = client.New(cfg, client.Options{Scheme: setup.Scheme()}); err != nil {
		return 1, err
	}
	if manager, err = lab.StartManager(ctx, cluster.ManagerOptions{Path: path}); err != nil {
		return 1, err
	}
	return m.Run(), nil
}
