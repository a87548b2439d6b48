// Command bench measures how fast the operator is: its real binary, on a control plane that is started for it. It prints a table,
// writes bench.json, and sums up in its last line.
//
// The environment chooses:
//
//	BENCH        which of provision, idle, restart, pods, edit, end, fairness and nodes are measured; all by default
//	BENCH_TEAMS  the numbers of teams; 100,400,1000 by default
//	BENCH_RUNS   how often teams are provisioned; the run in the middle counts; 1 by default
//	BENCH_NODES  the numbers of nodes; 2000 by default
//	BENCH_ARGS   further arguments of the operator, such as --tracing-endpoint=127.0.0.1:4317
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

// realClock is this program's only source of time.
var realClock = clock.RealClock{}

// The parts that can be chosen. Those after provision are measured with the teams that it has made, in the last run of the largest number.
const (
	partFairness = "fairness"
	partNodes    = "nodes"

	partProvision = "provision"
	partIdle      = "idle"
	partRestart   = "restart"
	partEdit      = "edit"
	partPods      = "pods"
	partEnd       = "end"
)

func main() {
	log.SetLogger(logr.Discard())
	klog.SetLogger(logr.Discard())
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	teams, err := numbers("BENCH_TEAMS", 100, 400, 1000)
	if err != nil {
		return err
	}
	nodes, err := numbers("BENCH_NODES", 2000)
	if err != nil {
		return err
	}
	runs, err := numbers("BENCH_RUNS", 1)
	if err != nil {
		return err
	}
	parts := strings.Split(os.Getenv("BENCH"), ",")
	measures := func(part string) bool { return parts[0] == "" || slices.Contains(parts, part) }
	var found results
	failed := found.measureParts(ctx, teams, nodes, runs[0], measures)
	content, err := json.MarshalIndent(found, "", "  ")
	if err != nil {
		return errors.Join(failed, err)
	}
	// What was measured before a part failed is not lost with it.
	_, _ = fmt.Fprint(os.Stdout, "\n"+found.table()+"\n"+found.summary()+"\n")
	return errors.Join(failed, os.WriteFile("bench.json", append(content, '\n'), 0o644))
}

// measureParts measures what is chosen, up to the first part that fails.
func (r *results) measureParts(ctx context.Context, teams, nodes []int, runs int, measures func(part string) bool) error {
	if measures(partFairness) {
		say("fairness: %d FlowSchemas", slices.Max(teams))
		if err := r.measureFairness(ctx, slices.Max(teams)); err != nil {
			return fmt.Errorf("fairness: %w", err)
		}
	}
	if measures(partNodes) {
		for _, size := range nodes {
			if err := r.measureNodes(ctx, size); err != nil {
				return fmt.Errorf("%d nodes: %w", size, err)
			}
		}
	}
	if slices.ContainsFunc([]string{partProvision, partIdle, partRestart, partPods, partEdit, partEnd}, measures) {
		return r.measureTeams(ctx, teams, runs, measures)
	}
	return nil
}

// measureTeams provisions each number of teams so many times, and measures all else in the last run of the largest.
func (r *results) measureTeams(ctx context.Context, sizes []int, runs int, measures func(part string) bool) error {
	for i, teams := range sizes {
		var tried []provisioned
		for n := range runs {
			rest := func(string) bool { return false }
			if i == len(sizes)-1 && n == runs-1 {
				rest = measures
			}
			found, err := r.measure(ctx, teams, measures(partProvision), rest)
			if err != nil && found.Floor > 0 {
				r.Provision = append(r.Provision, found)
			}
			if err != nil {
				return fmt.Errorf("%d teams: %w", teams, err)
			}
			tried = append(tried, found)
		}
		if !measures(partProvision) {
			continue
		}
		slices.SortFunc(tried, func(a, b provisioned) int { return cmp.Compare(a.ratio(), b.ratio()) })
		r.Provision = append(r.Provision, tried[len(tried)/2])
	}
	return nil
}

// numbers reads a list of numbers from the environment, and returns it sorted.
func numbers(name string, usual ...int) ([]int, error) {
	text := os.Getenv(name)
	if text == "" {
		return usual, nil
	}
	var found []int
	for part := range strings.SplitSeq(text, ",") {
		number, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || number < 1 {
			return nil, fmt.Errorf("%s=%s is no list of positive numbers, such as 100,400", name, text)
		}
		found = append(found, number)
	}
	slices.Sort(found)
	return found, nil
}

func say(format string, args ...any) {
	_, _ = fmt.Fprintln(os.Stderr, realClock.Now().Format("15:04:05"), fmt.Sprintf(format, args...))
}
