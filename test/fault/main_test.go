// Package fault proves that the operator reaches the desired state from anywhere and does no harm on the way: whatever fails,
// whenever it is killed, and whoever else believes to be the leader.
//
// Workloads are what admins do: they make teams, change them and take them back. Each is done once without faults, which
// tells the requests that it takes and the state of the cluster after each step. Then it is done again and again, with one
// fault in a step. Whatever the fault, every step has to end in the same state, nothing may be written when nothing changes
// any more, and every revision on the way has to keep what the operator promises.
//
// Workloads are done side by side, under names of their own, on one control plane.
package fault

import (
	"bytes"
	"context"
	"flag"
	"io"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"foundation.team/operator/hack/lab/cluster"
	"foundation.team/operator/internal/setup"
	"foundation.team/operator/test/support"
	"foundation.team/operator/test/support/witness"
)

const (
	// atOnce is how many plans are done at the same time. They mostly wait.
	atOnce = "24"
	// stepLimit is how long a step may take to end in the state that it should. An error is retried within 15 seconds.
	stepLimit = 90 * time.Second
)

// full reports whether everything is tried that can go wrong, which takes more than half an hour, instead of a sample.
var full = os.Getenv("FULL") != ""

// realClock is this package's source of time: what it waits for is done by processes that have no other.
var realClock = clock.RealClock{}

var (
	// lab is what all plans share, and cluster their view of it.
	lab  *support.Lab
	view *world
	// people is the client of what admins do in workloads. It waits while the control plane is restarted.
	people client.Client
	// janitor is a client with the operator's rights, for what plans that are over have left.
	janitor client.Client
	// restarting is held while the control plane is.
	restarting sync.RWMutex
	// operating is held by who ends or starts the operator's process.
	operating sync.Mutex
)

// patient sends nothing while the control plane is restarted: workloads try the operator, not the people.
type patient struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (t patient) RoundTrip(req *http.Request) (*http.Response, error) {
	restarting.RLock()
	defer restarting.RUnlock()
	resp, err := t.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, err
}

// connectPeople makes their client.
func connectPeople() error {
	cfg := rest.CopyConfig(lab.Admin)
	cfg.Wrap(func(next http.RoundTripper) http.RoundTripper { return patient{next} })
	var err error
	if people, err = client.New(cfg, client.Options{Scheme: setup.Scheme()}); err != nil {
		return err
	}
	janitor, err = client.New(support.AsOperator(cfg), client.Options{Scheme: setup.Scheme()})
	return err
}

func TestMain(m *testing.M) {
	if err := flag.Set("test.parallel", atOnce); err != nil {
		panic(err)
	}
	os.Exit(support.OnLab(cluster.Options{Nodes: 0}, func(ctx context.Context, l *support.Lab) (int, error) {
		lab = l
		lab.OperatorArgs = ownLevels
		if err := connectPeople(); err != nil {
			return 1, err
		}
		return witness.During(lab.Admin, os.Stdout, func() (int, error) {
			if err := watchAnew(ctx); err != nil {
				return 1, err
			}
			defer func() { view.stop() }()
			return m.Run(), nil
		})
	}))
}
