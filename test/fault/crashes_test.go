package fault

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
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
	besides = 8
	// restarts is how often the control plane is.
	restarts = 9
	// hurried is how long the operator works at most before most disturbances, so that it is hit at all of its work: lists, first
	// reconciles, writes. Before each fifth it has time to get on: a node that changes hands takes one process five seconds at least,
	// and on a busy machine it is given more, while a step has waited for it longer than patience.
	hurried, unhurried, patience, unhurriedAtMost = 2 * time.Second, 12 * time.Second, 20 * time.Second, 45 * time.Second
	// recovered is how long the control plane runs between restarts: watches are tried again after up to 30 seconds.
	recovered = 35 * time.Second
)

// ownLevels give every team a priority level of its own: it is written, too, and an operator that sees one plan alone would not see
// those that teams share.
var ownLevels = []string{"--team-api-level-from-gpus=0"}

// TestKills kills the operator's real process again and again while workloads are done, and starts another one. Every step
// has to end in the state that it has without faults.
func TestKills(t *testing.T) {
	times := sampleKills
	if full {
		times = fullKills
	}
	// The next process would wait for the lease of one that was killed, most of the time.
	lab.OperatorArgs = append(slices.Clone(ownLevels), "--leader-elect=false")
	defer func() { lab.OperatorArgs = ownLevels }()
	told := disturbed(t, times, hasty, func(ctx context.Context, _ int) error {
		operating.Lock()
		defer operating.Unlock()
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
	told := disturbed(t, restarts, func(ctx context.Context, _ int) error { return wait(ctx, recovered) }, func(ctx context.Context, i int) error {
		restarting.Lock()
		defer restarting.Unlock()
		return lab.Restart(ctx, nil, components[i%len(components)]...)
	})
	fmt.Fprintf(os.Stdout, "restarts: %d workloads: %d violations: %d\n", restarts, told.plans, told.failed)
}

// keepRunning starts the operator again when it ends, as a kubelet does: without an API server, or a processor, for some time it
// loses its lease. What it returns ends that.
func keepRunning(t *testing.T) (end func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	again := func() error {
		restarting.RLock()
		defer restarting.RUnlock()
		operating.Lock()
		defer operating.Unlock()
		if ctx.Err() != nil || lab.Operator.Running() {
			return nil
		}
		return lab.StartOperator(ctx)
	}
	go func() {
		defer close(ended)
		for wait(ctx, time.Second) == nil {
			if err := again(); err != nil && ctx.Err() == nil {
				t.Log(err) // it is tried again
			}
		}
	}()
	return func() { cancel(); <-ended }
}

// waiting knows since when steps wait for nothing but the operator.
var waiting steps

type steps struct {
	mu    sync.Mutex
	since map[*plan]time.Time
}

// begin notes that a plan's step waits from now on, or from when it can end at the earliest, until the end that is returned.
func (s *steps) begin(p *plan) (end func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.since == nil {
		s.since = map[*plan]time.Time{}
	}
	s.since[p] = realClock.Now()
	if p.notBefore.After(s.since[p]) {
		s.since[p] = p.notBefore
	}
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.since, p)
	}
}

// anyBefore reports whether a step has waited since before a time.
func (s *steps) anyBefore(limit time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, since := range s.since {
		if since.Before(limit) {
			return true
		}
	}
	return false
}

// hasty leaves the operator alone before the ith time that it is killed.
func hasty(ctx context.Context, i int) error {
	if i%5 != 4 {
		return wait(ctx, rand.N(hurried))
	}
	limit := realClock.Now().Add(unhurriedAtMost)
	err := wait(ctx, unhurried)
	for err == nil && realClock.Now().Before(limit) && waiting.anyBefore(realClock.Now().Add(-patience)) {
		err = wait(ctx, 200*time.Millisecond)
	}
	return err
}

// disturbed does workloads with the operator's real process, and disturbs it so many times meanwhile.
func disturbed(t *testing.T, times int, quiet func(context.Context, int) error, disturb func(context.Context, int) error) *progress {
	t.Helper()
	recorded := recordings(t)
	if err := lab.StartOperator(t.Context()); err != nil {
		t.Fatal(err)
	}
	end := keepRunning(t)
	var over atomic.Bool
	told := &progress{}
	t.Run("workloads", func(t *testing.T) {
		t.Run("disturbance", func(t *testing.T) {
			t.Parallel()
			defer over.Store(true)
			for i := range times {
				if err := quiet(t.Context(), i); err != nil {
					t.Fatal(err)
				}
				if err := disturb(t.Context(), i); err != nil {
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
						defer told.done(t, nil)
						r.tryOutside(t)
					})
				}
			})
		}
	})
	end()
	if err := lab.Operator.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	return told
}

// wait lets time pass; it returns an error if the test ends meanwhile.
func wait(ctx context.Context, period time.Duration) error {
	passed := realClock.NewTimer(period)
	defer passed.Stop()
	select {
	case <-passed.C():
		return nil
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
