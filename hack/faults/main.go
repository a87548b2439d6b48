// Command faults runs the campaigns that try what can go wrong, all of it: faults at every call, kills, switches of the leader,
// edits, orders of events. It prints how far they are, and last what they found.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// lanes are campaigns that run one after the other, the lanes side by side: what mostly waits beside what mostly works.
var lanes = [][]campaign{
	{
		{name: "faults", pkg: "./test/fault", run: "TestRequests"},
		{name: "model", pkg: "./test/model", run: "."},
	},
	{{name: "kills", pkg: "./test/fault", run: "TestRest|TestKills|TestRestarts|TestTakenBack"}},
	{
		{name: "switches", pkg: "./test/leader", run: "."},
		{name: "transitions", pkg: "./test/transitions", run: "TestTransitions"},
	},
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
	out := &printer{to: os.Stdout}
	found := make([][]figures, len(lanes))
	failed := make([]error, len(lanes))
	var running sync.WaitGroup
	for i, lane := range lanes {
		running.Go(func() { found[i], failed[i] = inTurn(ctx, lane, out) })
	}
	running.Wait()
	all := figures{}
	for _, lane := range found {
		for _, part := range lane {
			all.add(part)
		}
	}
	for _, line := range all.summary() {
		out.line("", line)
	}
	return errors.Join(failed...)
}

// inTurn runs campaigns one after the other. A failure does not keep the next from running.
func inTurn(ctx context.Context, lane []campaign, out *printer) ([]figures, error) {
	var all []figures
	var failed []error
	for _, c := range lane {
		started := realClock.Now()
		out.line(c.name, "begins")
		found, err := c.try(ctx, filepath.Join(logs, c.name+".log"), out)
		all = append(all, found)
		if err != nil {
			failed = append(failed, err)
		}
		out.line(c.name, "ended after "+realClock.Since(started).Round(time.Second).String())
	}
	return all, errors.Join(failed...)
}
