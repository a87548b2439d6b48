package allocation_test

import (
	"time"

	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"

	"foundation.team/operator/internal/allocation"
	"foundation.team/operator/internal/gpunode"
)

var day0 = time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)

func day(n int) time.Time { return day0.AddDate(0, 0, n) }

// grants are nodes by team.
type grants = map[gpunode.Owner]allocation.Nodes

func team(name string) gpunode.Owner { return twin(name, types.UID(name)) }

// twin is one of several teams of a name.
func twin(name string, uid types.UID) gpunode.Owner { return gpunode.Owner{Name: name, UID: uid} }

func drawNodes(t *rapid.T, least, most int, label string) allocation.Nodes {
	return allocation.Nodes(rapid.IntRange(least, most).Draw(t, label))
}
