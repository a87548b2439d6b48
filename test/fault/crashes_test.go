package fault

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"foundation.team/operator/hack/lab/cluster"
)

const (
	// sampleKills and fullKills are how often the operator's process is killed.
	sampleKills, fullKills = 3, 200
	// besides is how many workloads are done at the same time while the operator is killed.
	besides = 5
	// restarts is how often the control plane is.
	restarts = 9
	// undisturbed is how long the operator works at most before the next disturbance, so that it is hit at all of its work: lists,
	// first reconciles, writes.
	undisturbed = 3 * time.Second
)

// TestKills kills the operator's real process again and again while workloads are done, and starts another one. Every step
// has to end in the state that it has without faults.
func TestKills(t *testing.T) {
	times := sampleKills
	if full {
		times = fullKills
	}
	told := disturbed(t, times, func(ctx context.Context, _ int) error {
		if err := lab.Operator.Kill(ctx); err != nil {
			return err
		}
		return lab.StartOperator(ctx)
	})
	fmt.Fprintf(os.Stdout, "kills: %d workloads: %d violations: %d\n", times, told.plans, told.failed)
}

// TestRestarts kills the API server, etcd and both while workloads are done.
func TestRestarts(t *testing.T) {
	if !full {
		t.Skip("the control plane is restarted in make test-faults")
	}
	components := [][]string{{cluster.APIServer}, {cluster.Etcd}, {cluster.APIServer, cluster.Etcd}}
	told := disturbed(t, restarts, func(ctx context.Context, i int) error {
		return lab.Restart(ctx, nil, components[i%len(components)]...)
	})
	fmt.Fprintf(os.Stdout, "restarts: %d workloads: %d violations: %d\n", restarts, told.plans, told.failed)
}

// disturbed does workloads with the operator's real process, and disturbs it so many times meanwhile.
func disturbed(t *testing.T, times int, disturb func(context.Context, int) error) *progress {
	t.Helper()
	recorded := recordings(t)
	if err := lab.StartOperator(t.Context()); err != nil {
		t.Fatal(err)
	}
	var over atomic.Bool
	told := &progress{}
	t.Run("workloads", func(t *testing.T) {
		t.Run("disturbance", func(t *testing.T) {
			t.Parallel()
			defer over.Store(true)
			for i := range times {
				if err := disturbOnce(t.Context(), i, disturb); err != nil {
					t.Fatal(err)
				}
				if (i+1)%20 == 0 {
					fmt.Fprintf(os.Stdout, "%d kills\n", i+1)
				}
			}
		})
		next := make(chan recording)
		go feed(t.Context(), next, recorded, &over)
		for range besides {
			t.Run("side by side", func(t *testing.T) {
				t.Parallel()
				for r := range next {
					t.Run(r.work.name, func(t *testing.T) {
						defer told.done(t, true)
						r.tryOutside(t)
					})
				}
			})
		}
	})
	if err := lab.Operator.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	return told
}

// disturbOnce lets the operator work for a while and disturbs it.
func disturbOnce(ctx context.Context, i int, disturb func(context.Context, int) error) error {
	quiet := realClock.NewTimer(rand.N(undisturbed))
	defer quiet.Stop()
	select {
	case <-quiet.C():
		return disturb(ctx, i)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// TestTakenBack takes etcd back to an older state without raising its revision, as a restore of a backup does. The operator notices,
// ends, and its successor does again what was undone.
func TestTakenBack(t *testing.T) {
	if !full {
		t.Skip("the control plane is restarted in make test-faults")
	}
	var r recording
	for _, r = range recordings(t) {
		if r.work.name == "people come and go" {
			break
		}
	}
	if err := lab.StartOperator(t.Context()); err != nil {
		t.Fatal(err)
	}
	p := newPlan(t, nextName(), r.work)
	p.want, p.lost, p.outside = r.states, r.lost, true
	step := func(i int) {
		t.Helper()
		r.work.steps[i](p)
		p.await(i)
	}
	step(0)
	backup := filepath.Join(t.TempDir(), "etcd")
	restart := func(from, to string) {
		t.Helper()
		p.Expect(lab.Restart(t.Context(), func() error {
			return errors.Join(os.RemoveAll(to), os.CopyFS(to, os.DirFS(from)))
		}, cluster.APIServer, cluster.Etcd)).To(Succeed())
	}
	restart(lab.EtcdData(), backup)
	step(1)
	restart(backup, lab.EtcdData())
	p.Eventually(lab.Operator.Running).WithTimeout(time.Minute).WithPolling(100*time.Millisecond).Should(BeFalse(), "the operator goes on: %s", lab.OperatorLog(2000))
	p.Expect(watchAnew(t.Context())).To(Succeed())
	p.Expect(lab.StartOperator(t.Context())).To(Succeed())
	p.await(0)
	step(1)
	p.Expect(lab.Operator.Stop(t.Context())).To(Succeed())
}

// feed hands out every workload once, and goes on until it is over.
func feed(ctx context.Context, next chan<- recording, recorded []recording, over *atomic.Bool) {
	defer close(next)
	for round := 0; round == 0 || !over.Load(); round++ {
		for _, r := range recorded {
			select {
			case next <- r:
			case <-ctx.Done():
				return
			}
		}
	}
}
