package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/hack/lab/cluster"
	"foundation.team/operator/test/support"
	"foundation.team/operator/test/support/manifest"
)

const (
	// gpuTeams are so many teams that divide the pool among them, all nodes evenly.
	gpuTeams = 200
	// flapping is how many nodes break and come back at a time.
	flapping = 500
	// singleChanges is how many nodes break and come back one after the other.
	singleChanges = 10
	// stormWithin is how long a storm may take.
	stormWithin = 20 * time.Minute

	poolName, takerName, bystanderName = "bench", "bench-taker", "bench-bystander"
)

// stormed are the storms in a pool of so many nodes.
type stormed struct {
	Nodes  int     `json:"nodes"`
	Teams  int     `json:"teams"`
	Storms []storm `json:"storms"`
	// Status is the size of the pool's status at its largest, in KiB.
	Status float64 `json:"statusKiB"`
}

// storm is what it takes until all of many changes have had their effect.
type storm struct {
	What    string  `json:"what"`
	Seconds float64 `json:"seconds"`
	Writes  int     `json:"writes"`
	Reads   int     `json:"reads"`
	// Reconciles is how often the pool was reconciled, Reconcile how long that took on average, with its requests.
	Reconciles int     `json:"poolReconciles"`
	Reconcile  float64 `json:"poolReconcileMillis"`
	// CPU is the processor time that the operator used, in seconds.
	CPU float64 `json:"cpuSeconds"`
	// EditMax is the longest that an edit of a team that has no part in it took meanwhile, in seconds.
	EditMax float64 `json:"editMaxSeconds"`
	PeakRSS float64 `json:"peakRSSMiB"`
}

// measureNodes has a pool of so many nodes go through storms, on a control plane of its own.
func (r *results) measureNodes(ctx context.Context, nodes int) (err error) {
	lab, err := startLab(ctx, nodes)
	if err != nil {
		return err
	}
	defer func() { err = joinStop(ctx, err, lab) }()
	if err := lab.StartOperator(ctx); err != nil {
		return err
	}
	if _, err := provisionTeams(ctx, lab, []string{bystanderName}, nil); err != nil {
		return err
	}
	if err := support.Apply(ctx, lab.Client, manifest.PoolOfAllNodes(poolName)); err != nil {
		return err
	}
	w := &world{lab: lab, nodes: nodes, teams: min(gpuTeams, nodes/2), bystander: bystander{team: bystanderName}}
	if err := w.untilHealthy(ctx, nodes); err != nil {
		return err
	}
	found := &stormed{Nodes: nodes, Teams: w.teams}
	for _, s := range w.storms() {
		say("%d nodes: %s", nodes, s.what)
		blown, err := w.measure(ctx, s)
		if err != nil {
			return fmt.Errorf("%s: %w", s.what, err)
		}
		size, err := w.statusSize(ctx)
		if err != nil {
			return err
		}
		found.Storms, found.Status = append(found.Storms, blown), max(found.Status, size)
	}
	r.Nodes = append(r.Nodes, *found)
	return nil
}

// world is a lab with a pool of its nodes and teams that divide them.
type world struct {
	lab          *support.Lab
	nodes, teams int
	bystander    bystander
}

type stormOf struct {
	what string
	run  func(context.Context) error
}

// storms returns what the pool goes through. Each begins where the one before has ended.
func (w *world) storms() []stormOf {
	each := w.nodes / w.teams
	return []stormOf{
		{fmt.Sprintf("%d teams come for %d nodes each", w.teams, each-1), func(ctx context.Context) error { return w.share(ctx, each-1) }},
		{fmt.Sprintf("%d teams grow by a node each", w.teams), func(ctx context.Context) error { return w.share(ctx, each) }},
		{fmt.Sprintf("%d nodes break and come back", min(flapping, w.nodes/2)), func(ctx context.Context) error { return w.flap(ctx, 0, min(flapping, w.nodes/2)) }},
		{fmt.Sprintf("a node breaks and comes back, %d times", singleChanges), w.flapSingly},
		{fmt.Sprintf("all %d nodes are handed over to one team", each*w.teams), func(ctx context.Context) error { return w.handOver(ctx, each*w.teams) }},
	}
}

// measure measures a storm, with edits of a team meanwhile that has no part in it.
func (w *world) measure(ctx context.Context, s stormOf) (storm, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, stormWithin, fmt.Errorf("it takes longer than %s", stormWithin))
	defer cancel()
	found := storm{What: s.what}
	const times = "controller_runtime_reconcile_time_seconds_"
	count, sum := times+`count{controller="gpupool"`, times+`sum{controller="gpupool"`
	counted, summed, used := metric(w.lab, count), metric(w.lab, sum), processorTime(w.lab)
	began := realClock.Now()
	over := make(chan struct{})
	var editing errgroup.Group
	editing.Go(func() (err error) {
		found.EditMax, err = w.bystander.editUntil(ctx, w.lab, over)
		return err
	})
	err := s.run(ctx)
	found.Seconds = realClock.Since(began).Seconds()
	close(over)
	if err = errors.Join(err, editing.Wait()); err != nil {
		return found, err
	}
	sent, err := requests(w.lab, began, realClock.Now())
	if err != nil {
		return found, err
	}
	found.Writes, found.Reads = sent.writes, sent.reads
	found.Reconciles = int(metric(w.lab, count) - counted)
	if found.Reconciles > 0 {
		found.Reconcile = 1000 * (metric(w.lab, sum) - summed) / float64(found.Reconciles)
	}
	found.CPU = processorTime(w.lab) - used
	found.PeakRSS, err = memory(w.lab, "VmHWM")
	return found, err
}

func gpuTeamName(i int) string { return fmt.Sprintf("gpus-%05d", i) }

// share gives each team so many nodes, and waits until it has them.
func (w *world) share(ctx context.Context, each int) error {
	names := map[string]int32{}
	var applying errgroup.Group
	applying.SetLimit(writers)
	for i := range w.teams {
		name := gpuTeamName(i)
		names[name] = int32(each * cluster.GPUsPerNode)
		applying.Go(func() error { return w.demand(ctx, name, each) })
	}
	if err := applying.Wait(); err != nil {
		return err
	}
	return w.untilReady(ctx, names)
}

// demand applies a team that is awarded so many nodes.
func (w *world) demand(ctx context.Context, team string, nodes int) error {
	awards := manifest.Awards()
	if nodes > 0 {
		awards = manifest.Awards(manifest.Award("main", poolName, nodes*cluster.GPUsPerNode))
	}
	return support.Apply(ctx, w.lab.Client, manifest.Team(team, manifest.Train, awards))
}

// handOver takes all teams' awards away, gives all of that to another one, and waits until it has that many nodes.
func (w *world) handOver(ctx context.Context, nodes int) error {
	var applying errgroup.Group
	applying.SetLimit(writers)
	for i := range w.teams {
		applying.Go(func() error { return w.demand(ctx, gpuTeamName(i), 0) })
	}
	applying.Go(func() error { return w.demand(ctx, takerName, nodes) })
	if err := applying.Wait(); err != nil {
		return err
	}
	return w.untilReady(ctx, map[string]int32{takerName: int32(nodes * cluster.GPUsPerNode)})
}

// untilReady waits until teams have so many GPUs that they can use.
func (w *world) untilReady(ctx context.Context, want map[string]int32) error {
	for {
		var teams foundationv1alpha1.FoundationTeamList
		if err := w.lab.Client.List(ctx, &teams); err != nil {
			return err
		}
		left := len(want)
		for i := range teams.Items {
			if gpus, of := teams.Items[i].Status.GPUs, want[teams.Items[i].Name]; gpus != nil && of > 0 && gpus.Ready == of && gpus.Granted == of {
				left--
			}
		}
		if left == 0 {
			return nil
		}
		if err := pause(ctx, time.Second); err != nil {
			return fmt.Errorf("%d teams are without their GPUs: %w", left, err)
		}
	}
}

// untilHealthy waits until the pool counts so many nodes as healthy.
func (w *world) untilHealthy(ctx context.Context, nodes int) error {
	for {
		pool := &foundationv1alpha1.GPUPool{}
		if err := w.lab.Client.Get(ctx, client.ObjectKey{Name: poolName}, pool); err != nil {
			return err
		}
		healthy := int32(0)
		if pool.Status.Capacity != nil {
			healthy = pool.Status.Capacity.Healthy / cluster.GPUsPerNode
		}
		if int(healthy) == nodes {
			return nil
		}
		if err := pause(ctx, 200*time.Millisecond); err != nil {
			return fmt.Errorf("%d nodes are healthy, not %d: %w", healthy, nodes, err)
		}
	}
}

// flap breaks some of the pool's nodes at once, mends them when the pool has seen it, and waits until it has seen that, too.
func (w *world) flap(ctx context.Context, from, count int) error {
	var nodes corev1.NodeList
	if err := w.lab.Client.List(ctx, &nodes, client.HasLabels{cluster.ModelLabel}); err != nil {
		return err
	}
	for _, change := range []struct {
		value   string
		healthy int
	}{{`"true"`, w.nodes - count}, {"null", w.nodes}} {
		patch := client.RawPatch(types.MergePatchType, fmt.Appendf(nil, `{"metadata":{"labels":{%q:%s}}}`, cluster.BrokenLabel, change.value))
		var patching errgroup.Group
		patching.SetLimit(writers)
		for i := range count {
			patching.Go(func() error { return w.lab.Client.Patch(ctx, nodes.Items[from+i].DeepCopy(), patch) })
		}
		if err := patching.Wait(); err != nil {
			return err
		}
		if err := w.untilHealthy(ctx, change.healthy); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) flapSingly(ctx context.Context) error {
	for i := range min(singleChanges, w.nodes) {
		if err := w.flap(ctx, i, 1); err != nil {
			return err
		}
	}
	return nil
}

// statusSize returns the size of the pool's status, in KiB.
func (w *world) statusSize(ctx context.Context) (float64, error) {
	pool := &foundationv1alpha1.GPUPool{}
	if err := w.lab.Client.Get(ctx, client.ObjectKey{Name: poolName}, pool); err != nil {
		return 0, err
	}
	content, err := json.Marshal(pool.Status)
	return float64(len(content)) / 1024, err
}
