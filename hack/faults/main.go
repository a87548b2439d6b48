// Command faults runs the campaigns that try what can go wrong, all of it: faults at every call, kills, switches of the leader,
// edits, orders of events. It prints how far they are, and last what they found. FAULTS chooses some by name, such as kills,faults-2. Nothing
// else should run beside it: a workload that gets no processor for a minute has not ended in time.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// lane is campaigns that are done one after the other.
type lane []campaign

// stages are done one after the other, the lanes of a stage side by side: those of the first mostly wait, each of the others takes
// all processors.
var stages = [][]lane{
	{
		{{name: "kills", pkg: "./test/fault", run: "^(TestRest|TestKills)$"}},
		{
			{name: "switches", pkg: "./test/leader", run: "."},
			{name: "restarts", pkg: "./test/fault", run: "^(TestRestarts|TestTakenBack)$"},
		},
	},
	{{
		// Each on a control plane of its own: one that has seen a thousand plans takes twice as long for the next.
		{name: "faults-1", pkg: "./test/fault", run: "TestRequests", part: "1/3"},
		{name: "faults-2", pkg: "./test/fault", run: "TestRequests", part: "2/3"},
		{name: "faults-3", pkg: "./test/fault", run: "TestRequests", part: "3/3"},
	}},
	{{{name: "transitions", pkg: "./test/transitions", run: "TestTransitions"}}},
	{{{name: "model", pkg: "./test/model", run: "."}}},
}

// choose returns the campaigns that are named, in their stages and lanes; all of them if none is named.
func choose(from [][]lane, names string) ([][]lane, error) {
	if names == "" {
		return from, nil
	}
	named := strings.Split(strings.ReplaceAll(names, " ", ""), ",")
	var known []string
	var chosen [][]lane
	for _, stage := range from {
		var lanes []lane
		for _, campaigns := range stage {
			var some lane
			for _, c := range campaigns {
				if known = append(known, c.name); slices.Contains(named, c.name) {
					some = append(some, c)
				}
			}
			if some != nil {
				lanes = append(lanes, some)
			}
		}
		if lanes != nil {
			chosen = append(chosen, lanes)
		}
	}
	for _, name := range named {
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("FAULTS: there is no campaign %q, but %s", name, strings.Join(known, ", "))
		}
	}
	return chosen, nil
}

// logs is the directory of what the campaigns print.
const logs = "bin/faults"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1) //nolint:gocritic // the process ends
	}
}

func run(ctx context.Context) error {
	if err := os.MkdirAll(logs, 0o755); err != nil {
		return err
	}
	chosen, err := choose(stages, os.Getenv("FAULTS"))
	if err != nil {
		return err
	}
	out := &printer{to: os.Stdout}
	all := figures{}
	var failed []error
	for _, stage := range chosen {
		failed = append(failed, sideBySide(ctx, stage, all, out))
	}
	for _, line := range all.summary() {
		out.line("", line)
	}
	return errors.Join(failed...)
}

// sideBySide runs the lanes of a stage and adds what they found. A failure does not keep others from running.
func sideBySide(ctx context.Context, stage []lane, all figures, out *printer) error {
	found, failed := make([]figures, len(stage)), make([]error, len(stage))
	var running sync.WaitGroup
	for i, lane := range stage {
		running.Go(func() { found[i], failed[i] = lane.run(ctx, out) })
	}
	running.Wait()
	for _, part := range found {
		all.add(part)
	}
	return errors.Join(failed...)
}

func (l lane) run(ctx context.Context, out *printer) (figures, error) {
	all := figures{}
	var failed []error
	for _, c := range l {
		started := realClock.Now()
		out.line(c.name, "begins")
		found, err := c.try(ctx, filepath.Join(logs, c.name+".log"), out)
		all.add(found)
		failed = append(failed, err)
		out.line(c.name, "ended after "+realClock.Since(started).Round(time.Second).String())
	}
	return all, errors.Join(failed...)
}
