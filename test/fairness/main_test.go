// Package fairness measures what a flood of requests by one team costs another, on a real control plane with the
// operator's real binary. The flood comes from a process of its own.
package fairness

import (
	"context"
	"fmt"
	"os"
	"testing"

	"k8s.io/utils/clock"

	"foundation.team/operator/hack/lab/cluster"
	"foundation.team/operator/test/support"
)

// measure reports whether the measurement runs: it takes minutes, and the machine for itself.
var measure = os.Getenv("FAIRNESS") != ""

// seats is what the API server is given, so that a team's share is one of them: with two cores the flood of one team can
// keep one busy then, and the other is for everybody else.
const seats = 45

// realClock is the time: latencies are nothing else.
var realClock clock.WithTicker = clock.RealClock{}

// lab has the operator, too.
var lab *support.Lab

func TestMain(m *testing.M) {
	if path := os.Getenv(floodVariable); path != "" {
		if err := runFlood(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if !measure {
		os.Exit(m.Run())
	}
	// Of the two bounds only the sum is of interest: API Priority and Fairness shares it out.
	bounds := []string{fmt.Sprintf("--max-requests-inflight=%d", seats), "--max-mutating-requests-inflight=0"}
	os.Exit(support.OnLab(cluster.Options{APIServerArgs: bounds}, func(ctx context.Context, l *support.Lab) (int, error) {
		lab = l
		lab.OperatorArgs = []string{"--team-api-level-from-gpus=0"} // the two teams are like large ones
		if err := lab.StartOperator(ctx); err != nil {
			return 1, err
		}
		return m.Run(), nil
	}))
}
