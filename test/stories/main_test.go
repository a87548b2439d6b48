// Package stories tells the programme's stories on a real control plane, with the operator's real binary, each of them
// with nodes that are there and with nodes that Karpenter makes. They wait most of the time, so all run at once.
package stories

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"foundation.team/operator/hack/lab/binaries"
	"foundation.team/operator/hack/lab/cluster"
	"foundation.team/operator/internal/setup"
	"foundation.team/operator/test/support"
	"foundation.team/operator/test/support/audit"
	"foundation.team/operator/test/support/witness"
)

// atOnce is how many stories are told at the same time.
const atOnce = "32"

// scale says whether the measurements at full size run, instead of the stories: they take minutes.
var scale = os.Getenv("SCALE") != ""

var (
	lab *cluster.Cluster
	// k8s reads and writes as an admin, without a cache.
	k8s client.Client
)

func TestMain(m *testing.M) {
	if err := flag.Set("test.parallel", atOnce); err != nil {
		panic(err)
	}
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// run starts the lab and the operator, tells the stories, and asks the witness.
func run(m *testing.M) (code int, err error) {
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
	dir, err := os.MkdirTemp("", "stories-")
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	manager, err := support.BuildManager(ctx, root, dir)
	if err != nil {
		return 1, err
	}
	nodes := staticNodes
	if scale {
		nodes = scaleTeams * scaleNodes
	}
	lab, err = cluster.Start(ctx, cluster.Options{Dir: filepath.Join(dir, "lab"), BinDir: bin, Nodes: nodes, Karpenter: true, Audit: true})
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, lab.Stop(ctx)) }()
	watched, err := prepare(ctx, root, manager)
	if err != nil {
		return 1, err
	}
	defer watched.Stop()
	code = m.Run()
	if broken := watched.Violations(); len(broken) > 0 {
		return 1, fmt.Errorf("invariants that some revision broke: %q", broken)
	}
	fmt.Fprintf(os.Stdout, "the witness saw %d revisions\n", watched.Seen())
	if code == 0 && all() {
		if err := audit.Check(ctx, audit.Stories, lab, k8s, os.Stdout); err != nil {
			return 1, err
		}
	}
	return code, nil
}

// all says whether every story was told: a few need few of the operator's rights.
func all() bool {
	return !scale && flag.Lookup("test.run").Value.String() == "" && flag.Lookup("test.skip").Value.String() == ""
}

func prepare(ctx context.Context, root, manager string) (*witness.Witness, error) {
	if err := support.InstallOperator(ctx, lab, root); err != nil {
		return nil, err
	}
	cfg, err := lab.RESTConfig()
	if err != nil {
		return nil, err
	}
	if k8s, err = client.New(cfg, client.Options{Scheme: setup.Scheme()}); err != nil {
		return nil, err
	}
	watched, err := witness.Start(cfg)
	if err != nil {
		return nil, err
	}
	operator, err := lab.StartManager(ctx, cluster.ManagerOptions{Path: manager})
	if err != nil {
		watched.Stop()
		return nil, err
	}
	logOfOperator = operator.Log()
	return watched, nil
}

// logOfOperator is the path of the operator's log.
var logOfOperator string
