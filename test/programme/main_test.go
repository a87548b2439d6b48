// Package programme tells the stories of a programme, with its own dates: a whole control plane, kubectl, and the
// operator's controllers in this process under a clock that each story sets. What passes in months there takes seconds.
package programme

import (
	"context"
	"os"
	"testing"

	"foundation.team/operator/hack/lab/cluster"
	"foundation.team/operator/test/support"
	"foundation.team/operator/test/support/witness"
)

// gpuNodes is how many nodes the stories share out among their pools. Each stands for 16: 1,024 GPUs are 8 nodes of 8.
const gpuNodes = 80

// scale reports whether the measurement at full size runs, instead of the stories: it takes minutes.
var scale = os.Getenv("SCALE") != ""

// lab is what all stories share.
var lab *support.Lab

func TestMain(m *testing.M) {
	os.Exit(support.OnLab(cluster.Options{Nodes: gpuNodes}, func(_ context.Context, l *support.Lab) (int, error) {
		lab = l
		return witness.During(lab.Admin, os.Stdout, func() (int, error) { return m.Run(), nil })
	}))
}
