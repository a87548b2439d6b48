// Package programme tells the stories of a programme, with its own dates: a whole control plane, kubectl, and the
// operator's controllers in this process under a clock that each story sets. What passes in months there takes seconds.
package programme

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-logr/logr"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"foundation.team/operator/hack/lab/binaries"
	"foundation.team/operator/hack/lab/cluster"
	"foundation.team/operator/internal/setup"
	"foundation.team/operator/test/support"
	"foundation.team/operator/test/support/witness"
)

// gpuNodes is how many nodes the stories share out among their pools. Each stands for 16: 1,024 GPUs are 8 nodes of 8.
const gpuNodes = 80

// scale says whether the measurement at full size runs, instead of the stories: it takes minutes.
var scale = os.Getenv("SCALE") != ""

var (
	lab *cluster.Cluster
	// admin is an administrator's config; k8s reads and writes by it, without a cache.
	admin *rest.Config
	k8s   client.Client
)

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// run starts the lab, tells the stories, and asks the witness.
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
	dir, err := os.MkdirTemp("", "programme-")
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	lab, err = cluster.Start(ctx, cluster.Options{Dir: filepath.Join(dir, "lab"), BinDir: bin, Nodes: gpuNodes})
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, lab.Stop(ctx)) }()
	if err := support.InstallOperator(ctx, lab, root); err != nil {
		return 1, err
	}
	if admin, err = lab.RESTConfig(); err != nil {
		return 1, err
	}
	if k8s, err = client.New(admin, client.Options{Scheme: setup.Scheme()}); err != nil {
		return 1, err
	}
	watched, err := witness.Start(admin)
	if err != nil {
		return 1, err
	}
	defer watched.Stop()
	code = m.Run()
	if broken := watched.Violations(); len(broken) > 0 {
		return 1, fmt.Errorf("invariants that some revision broke: %q", broken)
	}
	fmt.Fprintf(os.Stdout, "the witness saw %d revisions\n", watched.Seen())
	return code, nil
}
