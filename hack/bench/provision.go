package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/hack/lab/cluster"
	"foundation.team/operator/test/support"
	"foundation.team/operator/test/support/manifest"
)

const (
	// readyWithin is how long one team may take to be Ready, on average.
	readyWithin = 5 * time.Second
	// readyAtLeast is added to it.
	readyAtLeast = time.Minute
	// lateTeams are so many that come one by one while the others arrive and are provisioned, every lateEvery.
	lateTeams = 10
	lateEvery = 2 * time.Second
	// The others come out of a repository, as Argo CD applies them; these an admin applies with kubectl.
	massManager = "argocd-controller"
	lateManager = "kubectl"
)

// fewNodes is how many GPU nodes there are where no team has GPUs.
const fewNodes = 8

func startLab(ctx context.Context, nodes int) (*support.Lab, error) {
	lab, err := support.StartLab(ctx, cluster.Options{Nodes: nodes, Audit: true})
	if err == nil {
		lab.OperatorArgs = strings.Fields(os.Getenv("BENCH_ARGS"))
	}
	return lab, err
}

func joinStop(ctx context.Context, err error, lab *support.Lab) error {
	return errors.Join(err, lab.Stop(context.WithoutCancel(ctx)))
}

// teamName returns the name of a team; all are equally long.
func teamName(i int) string { return fmt.Sprintf("bench-%05d", i) }

func teamNames(from, count int) []string {
	names := make([]string, count)
	for i := range names {
		names[i] = teamName(from + i)
	}
	return names
}

// teamManifest is a team of three namespaces and a staff of three, without GPUs, whose term ends at some time.
func teamManifest(name string) string {
	return manifest.Team(name, "term: {endTime: \"2099-12-31T00:00:00Z\"}", "namespaces: [{name: train}, {name: eval}, {name: bench}]", manifest.Staff(
		manifest.User("lead", "Lead", leadOf(name)), manifest.User("engineer", "Engineer", name+"-engineer@bench.example"),
		manifest.User("viewer", "Viewer", name+"-viewer@bench.example")))
}

// progress is what was seen of each team, and when.
type progress struct {
	mu           sync.Mutex
	begun, ready map[string]time.Time
	applied      map[string]time.Time
}

// provisionTeams applies teams at once, and others one by one meanwhile, and waits until all are Ready.
func provisionTeams(ctx context.Context, lab *support.Lab, teams, late []string) (*progress, error) {
	p := &progress{begun: map[string]time.Time{}, ready: map[string]time.Time{}, applied: map[string]time.Time{}}
	for _, name := range slices.Concat(teams, late) {
		p.applied[name] = time.Time{}
	}
	within := readyAtLeast + time.Duration(len(teams))*readyWithin
	ctx, cancel := context.WithTimeoutCause(ctx, within, fmt.Errorf("not all teams are Ready after %s", within))
	defer cancel()
	done := make(chan struct{})
	var seeing errgroup.Group
	for _, list := range []client.ObjectList{&foundationv1alpha1.FoundationTeamList{}, &corev1.NamespaceList{}} {
		w, err := lab.Client.Watch(ctx, list)
		if err != nil {
			return nil, err
		}
		seeing.Go(func() error { return p.see(ctx, lab.Client, list, w, done) })
	}
	var coming, applying errgroup.Group
	applying.SetLimit(writers)
	coming.Go(func() error {
		for _, name := range teams {
			applying.Go(func() error { return p.apply(ctx, lab, massManager, name) })
		}
		return nil
	})
	coming.Go(func() error {
		for _, name := range late {
			select {
			case <-realClock.After(lateEvery):
			case <-ctx.Done():
				return ctx.Err()
			}
			if err := p.apply(ctx, lab, lateManager, name); err != nil {
				return err
			}
		}
		return nil
	})
	err := p.await(ctx, done)
	for _, group := range []*errgroup.Group{&coming, &applying, &seeing} {
		err = errors.Join(err, group.Wait())
	}
	return p, err
}

func (p *progress) apply(ctx context.Context, lab *support.Lab, manager, name string) error {
	p.mu.Lock()
	p.applied[name] = realClock.Now()
	p.mu.Unlock()
	return support.ApplyAs(ctx, lab.Client, manager, teamManifest(name))
}

// await waits until all teams are Ready.
func (p *progress) await(ctx context.Context, done chan struct{}) error {
	defer close(done)
	tick := realClock.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		p.mu.Lock()
		left := len(p.applied) - len(p.ready)
		p.mu.Unlock()
		if left == 0 {
			return nil
		}
		select {
		case <-tick.C():
		case <-ctx.Done():
			return fmt.Errorf("%d teams are not Ready: %w", left, context.Cause(ctx))
		}
	}
}

// see notes when teams get their first namespace, and when they are Ready. The API server ends a watch of which the reader is too slow, as it
// may be while all processors are busy: another one begins with all objects there are, so nothing is missed.
func (p *progress) see(ctx context.Context, c client.WithWatch, list client.ObjectList, w watch.Interface, done <-chan struct{}) (err error) {
	for {
		select {
		case <-done:
			w.Stop()
			return nil
		case event, ok := <-w.ResultChan():
			if ok && event.Type != watch.Error {
				p.note(event.Object, realClock.Now())
				continue
			}
			w.Stop()
			if w, err = c.Watch(ctx, list); err != nil {
				return err
			}
		}
	}
}

func (p *progress) note(seen runtime.Object, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch obj := seen.(type) {
	case *corev1.Namespace:
		team := obj.Labels[foundationv1alpha1.LabelTeam]
		if _, known := p.begun[team]; !known {
			p.begun[team] = now
		}
	case *foundationv1alpha1.FoundationTeam:
		_, awaited := p.applied[obj.Name]
		if _, known := p.ready[obj.Name]; awaited && !known && meta.IsStatusConditionTrue(obj.Status.Conditions, foundationv1alpha1.ConditionReady) {
			p.ready[obj.Name] = now
		}
	}
}

// figures returns what was seen of teams, and of those that came late.
func (p *progress) figures(teams, late []string, began time.Time) provisioned {
	var ready, each []time.Duration
	for _, name := range teams {
		ready = append(ready, p.ready[name].Sub(began))
		each = append(each, p.ready[name].Sub(p.begun[name]))
	}
	var waited []time.Duration
	for _, name := range late {
		waited = append(waited, p.ready[name].Sub(p.applied[name]))
	}
	return provisioned{
		Teams: len(teams), First: quantile(ready, 0).Seconds(), Half: quantile(ready, 0.5).Seconds(), All: quantile(ready, 1).Seconds(),
		TeamP50: quantile(each, 0.5).Seconds(), TeamP99: quantile(each, 0.99).Seconds(), LateMax: quantile(waited, 1).Seconds(),
	}
}
