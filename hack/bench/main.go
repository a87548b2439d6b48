// Command bench measures how fast the operator is: its real binary, on a control plane that is started for it. It prints a table,
// writes bench.json, and sums up in its last line.
//
// The environment chooses: BENCH which of provision, idle, restart, edit, pods, end and fairness are measured (all), BENCH_TEAMS the numbers of teams
// (100,400,1000), BENCH_ARGS further arguments of the operator, such as --tracing-endpoint=127.0.0.1:4317.
package main

import (
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

// The parts that can be chosen, with as many teams as the largest number. Most need the teams that provision has made.
const (
	partFairness = "fairness"

	partIdle    = "idle"
	partRestart = "restart"
	partEdit    = "edit"
	partPods    = "pods"
	partEnd     = "end"
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
	sizes, err := parseSizes(os.Getenv("BENCH_TEAMS"))
	if err != nil {
		return err
	}
	parts := strings.Split(os.Getenv("BENCH"), ",")
	measures := func(part string) bool { return parts[0] == "" || slices.Contains(parts, part) }
	var found results
	if measures(partFairness) {
		say("fairness: %d FlowSchemas", sizes[len(sizes)-1])
		if err := found.measureFairness(ctx, sizes[len(sizes)-1]); err != nil {
			return fmt.Errorf("fairness: %w", err)
		}
	}
	if slices.Equal(parts, []string{partFairness}) {
		sizes = nil
	}
	for i, teams := range sizes {
		rest := func(string) bool { return false }
		if i == len(sizes)-1 {
			rest = measures
		}
		if err := found.measure(ctx, teams, rest); err != nil {
			return fmt.Errorf("%d teams: %w", teams, err)
		}
	}
	content, err := json.MarshalIndent(found, "", "  ")
	if err != nil {
		return err
	}
	_, _ = fmt.Fprint(os.Stdout, "\n"+found.table()+"\n"+found.summary()+"\n")
	return os.WriteFile("bench.json", append(content, '\n'), 0o644)
}

// parseSizes reads the numbers of teams, smallest first.
func parseSizes(text string) ([]int, error) {
	if text == "" {
		return []int{100, 400, 1000}, nil
	}
	var sizes []int
	for part := range strings.SplitSeq(text, ",") {
		teams, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || teams < 1 {
			return nil, errors.New("BENCH_TEAMS=" + text + " is no list of numbers of teams, such as 100,400")
		}
		sizes = append(sizes, teams)
	}
	slices.Sort(sizes)
	return sizes, nil
}

func say(format string, args ...any) {
	_, _ = fmt.Fprintln(os.Stderr, realClock.Now().Format("15:04:05"), fmt.Sprintf(format, args...))
}
