package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"k8s.io/client-go/kubernetes"

	"foundation.team/operator/test/support"
	"foundation.team/operator/test/support/audit"
)

const (
	// idleFor is how long nobody does anything.
	idleFor = time.Minute
	// quietFor is for how long no team has been reconciled when all that was begun is done, and quietWithin how long that may take: the
	// controller manager is behind with thousands of quotas.
	quietFor    = 10 * time.Second
	quietWithin = 10 * time.Minute
)

// measure provisions so many teams, beside a floor if that is asked for, and measures with them what else is.
func (r *results) measure(ctx context.Context, teams int, withFloor bool, also func(part string) bool) (found provisioned, err error) {
	var floor floor
	if withFloor {
		say("%d teams: the same objects by a bare client", teams)
		if floor, err = measureFloor(ctx, teams+lateTeams); err != nil {
			return found, err
		}
	}
	lab, err := startLab(ctx, fewNodes)
	if err != nil {
		return found, err
	}
	defer func() { err = joinStop(ctx, err, lab) }()
	if err := lab.StartOperator(ctx); err != nil {
		return found, err
	}
	say("%d teams: by the operator", teams)
	if found, err = measureProvision(ctx, lab, teams, floor); err != nil {
		return found, err
	}
	// Edits bound how many Pods there may be, and the end ends everything.
	for _, part := range []struct {
		name    string
		measure func(context.Context, *support.Lab, []string) error
	}{{partIdle, r.measureIdle}, {partRestart, r.measureRestart}, {partPods, r.measurePods}, {partEdit, r.measureEdits}, {partEnd, r.measureEnd}} {
		if !also(part.name) {
			continue
		}
		say("%d teams: %s", teams, part.name)
		if err := part.measure(ctx, lab, teamNames(1, teams)); err != nil {
			return found, fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return found, nil
}

// measureProvision provisions so many teams at once, and a few one by one meanwhile. The floor is of all of them.
func measureProvision(ctx context.Context, lab *support.Lab, teams int, floor floor) (provisioned, error) {
	before, err := apiServer(ctx, lab)
	if err != nil {
		return provisioned{}, err
	}
	names, late := teamNames(1, teams), teamNames(teams+1, lateTeams)
	began, used, reconciles := realClock.Now(), processorTime(lab), reconciled(lab)
	seen, err := provisionTeams(ctx, lab, names, late)
	if err != nil {
		return provisioned{}, err
	}
	found := seen.figures(names, late, began)
	found.Floor, found.Objects = floor.took.Seconds(), float64(floor.objects)
	after, err := apiServer(ctx, lab)
	if err != nil {
		return provisioned{}, err
	}
	sent, err := requests(lab, began, realClock.Now())
	if err != nil {
		return provisioned{}, err
	}
	all := float64(teams + lateTeams)
	found.Writes, found.Reads, found.Reconciles = float64(sent.writes)/all, float64(sent.reads)/all, float64(reconciled(lab)-reconciles)/all
	found.CPU, found.ServerCPU, found.FloorCPU = 1000*(processorTime(lab)-used)/all, 1000*(after.cpu-before.cpu)/all, 1000*floor.cpu/all
	found.RSS, err = memory(lab, "VmRSS")
	return found, err
}

func (r *results) measureIdle(ctx context.Context, lab *support.Lab, _ []string) error {
	if err := untilQuiet(ctx, lab); err != nil {
		return err
	}
	began, used, reconciles := realClock.Now(), processorTime(lab), reconciled(lab)
	if err := pause(ctx, idleFor); err != nil {
		return err
	}
	sent, err := requests(lab, began, realClock.Now())
	r.Idle = &idled{Writes: sent.writes, Reads: sent.reads, Reconciles: reconciled(lab) - reconciles, CPU: processorTime(lab) - used}
	return err
}

// untilQuiet waits until what was begun is done.
func untilQuiet(ctx context.Context, lab *support.Lab) error {
	ctx, cancel := context.WithTimeoutCause(ctx, quietWithin, fmt.Errorf("teams are still reconciled after %s", quietWithin))
	defer cancel()
	for {
		before := reconciled(lab)
		if err := pause(ctx, quietFor); err != nil {
			return err
		}
		if reconciled(lab) == before {
			return nil
		}
	}
}

func (r *results) measureRestart(ctx context.Context, lab *support.Lab, teams []string) error {
	if err := lab.Operator.Stop(ctx); err != nil {
		return err
	}
	began := realClock.Now()
	if err := lab.StartOperator(ctx); err != nil {
		return err
	}
	for reconciled(lab) < len(teams) {
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
	took := realClock.Since(began)
	if err := pause(ctx, 5*time.Second); err != nil { // what it would still write
		return err
	}
	sent, err := requests(lab, began, realClock.Now())
	if err != nil {
		return err
	}
	peak, err := memory(lab, "VmHWM")
	r.Restart = &restarted{Seconds: took.Seconds(), Writes: sent.writes, Reads: sent.reads, PeakRSS: peak}
	return err
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-realClock.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// sent counts requests.
type sent struct{ reads, writes int }

// requests returns what the operator sent in a time, but for its lease, events and watches.
func requests(lab *support.Lab, from, to time.Time) (sent, error) {
	events, err := audit.ReadLog(lab.AuditLog())
	if err != nil {
		return sent{}, err
	}
	var counted sent
	for _, e := range events {
		switch {
		case e.Received.Time.Before(from) || e.Received.Time.After(to), e.Verb == "watch", e.Verb == "list",
			e.ObjectRef.Resource == "leases", e.ObjectRef.Resource == "events", e.ObjectRef.Resource == "":
		case e.IsWrite():
			counted.writes++
		default:
			counted.reads++
		}
	}
	return counted, nil
}

// memory returns a field of the operator's process status, in MiB.
func memory(lab *support.Lab, field string) (float64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", lab.Operator.PID()))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if name, value, _ := strings.Cut(line, ":"); name == field {
			kib, err := strconv.Atoi(strings.Fields(value)[0])
			return float64(kib) / 1024, err
		}
	}
	return 0, fmt.Errorf("the operator's process has no %s", field)
}

// processorTime returns how much processor time the operator has used, in seconds.
func processorTime(lab *support.Lab) float64 { return metric(lab, "process_cpu_seconds_total") }

// reconciled returns how many reconciles of teams there were.
func reconciled(lab *support.Lab) int {
	return int(metric(lab, `controller_runtime_reconcile_total{controller="foundationteam"`))
}

// metric returns the sum of the operator's metrics whose line begins so; 0 if they cannot be read.
func metric(lab *support.Lab, prefix string) float64 {
	resp, err := http.Get("http://" + lab.Operator.MetricsAddress() + "/metrics")
	if err != nil {
		return 0
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0
	}
	return sumOf(string(body), prefix)
}

// usage is the processor time, in seconds, and the memory, in MiB, that a process has used.
type usage struct{ cpu, rss float64 }

// apiServer returns what the API server has used.
func apiServer(ctx context.Context, lab *support.Lab) (usage, error) {
	k8s, err := kubernetes.NewForConfig(lab.Admin)
	if err != nil {
		return usage{}, err
	}
	body, err := k8s.Discovery().RESTClient().Get().AbsPath("/metrics").DoRaw(ctx)
	return usage{
		cpu: sumOf(string(body), "process_cpu_seconds_total "), rss: sumOf(string(body), "process_resident_memory_bytes ") / (1 << 20),
	}, err
}

// sumOf returns the sum of the metrics whose line begins so.
func sumOf(metrics, prefix string) float64 {
	sum := 0.0
	for line := range strings.Lines(metrics) {
		if fields := strings.Fields(line); strings.HasPrefix(line, prefix) && len(fields) > 1 {
			if value, err := strconv.ParseFloat(fields[len(fields)-1], 64); err == nil {
				sum += value
			}
		}
	}
	return sum
}
