// Package install removes the operator from a whole control plane with teams in place, and installs it again, by the
// commands of docs/guides/backup.md.
package install

import (
	"context"
	"os"
	"testing"

	"foundation.team/operator/hack/lab/cluster"
	"foundation.team/operator/test/support"
)

var lab *support.Lab

func TestMain(m *testing.M) {
	os.Exit(support.OnLab(cluster.Options{Nodes: 4}, func(ctx context.Context, l *support.Lab) (int, error) {
		lab = l
		if err := lab.StartOperator(ctx); err != nil {
			return 1, err
		}
		return m.Run(), nil
	}))
}
