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

// stages are done one after the other, the campaigns of a stage side by side: those of the first mostly wait, each of the others
// takes all processors.
var stages = [][]campaign{
	{
		{name: "kills", pkg: "./test/fault", run: "TestRest|TestKills|TestRestarts|TestTakenBack"},
		{name: "switches", pkg: "./test/leader", run: "."},
	},
	{{name: "faults", pkg: "./test/fault", run: "TestRequests"}},
	{{name: "transitions", pkg: "./test/transitions", run: "TestTransitions"}},
	{{name: "model", pkg: "./test/model", run: "."}},
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
	all := figures{}
	var failed []error
	for _, stage := range stages {
		failed = append(failed, sideBySide(ctx, stage, all, out))
	}
	for _, line := range all.summary() {
		out.line("", line)
	}
	return errors.Join(failed...)
}

// sideBySide runs the campaigns of a stage and adds what they found. A failure does not keep others from running.
func sideBySide(ctx context.Context, stage []campaign, all figures, out *printer) error {
	found, failed := make([]figures, len(stage)), make([]error, len(stage))
	var running sync.WaitGroup
	for i, c := range stage {
		running.Go(func() {
			started := realClock.Now()
			out.line(c.name, "begins")
			found[i], failed[i] = c.try(ctx, filepath.Join(logs, c.name+".log"), out)
			out.line(c.name, "ended after "+realClock.Since(started).Round(time.Second).String())
		})
	}
	running.Wait()
	for _, part := range found {
		all.add(part)
	}
	return errors.Join(failed...)
}
