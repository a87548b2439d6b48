// Package stories runs the programme's stories on a real control plane with the operator's real binary, each with static
// nodes and with nodes that Karpenter provisions. They mostly wait, so all run at once.
package stories

import (
	"context"
	"flag"
	"os"
	"testing"

	"foundation.team/operator/hack/lab/cluster"
	"foundation.team/operator/test/support"
	"foundation.team/operator/test/support/audit"
	"foundation.team/operator/test/support/witness"
)

// atOnce is how many stories are told at the same time.
const atOnce = "32"

// scale reports whether the measurements at full size run, instead of the stories: they take minutes.
var scale = os.Getenv("SCALE") != ""

// lab is what all stories share.
var lab *support.Lab

func TestMain(m *testing.M) {
	if err := flag.Set("test.parallel", atOnce); err != nil {
		panic(err)
	}
	options := cluster.Options{Nodes: staticNodes, Karpenter: true, Audit: true}
	if scale {
		options.Nodes = scaleTeams * scaleNodes
	}
	os.Exit(support.OnLab(options, func(ctx context.Context, l *support.Lab) (int, error) {
		lab = l
		return witness.During(lab.Admin, os.Stdout, func() (int, error) { return run(ctx, m) })
	}))
}

// run starts the operator, tells the stories, and compares the operator's rights with those that they needed.
func run(ctx context.Context, m *testing.M) (int, error) {
	lab.OperatorArgs = []string{"--team-api-level-from-gpus=8"} // the stories' teams are small
	if err := lab.StartOperator(ctx, support.DetectMutations); err != nil {
		return 1, err
	}
	code := m.Run()
	if code == 0 && all() {
		return code, audit.Check(ctx, audit.Stories, lab.Cluster, lab.Client, os.Stdout)
	}
	return code, nil
}

// all reports whether every story ran: a few of them need only a few of the operator's rights.
func all() bool {
	return !scale && flag.Lookup("test.run").Value.String() == "" && flag.Lookup("test.skip").Value.String() == ""
}
