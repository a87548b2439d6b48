package pool

import (
	"slices"

	"foundation.team/operator/internal/allocation"
	"foundation.team/operator/internal/gpunode"
)

// maxMessage is how long a grant's message may be: the API server would refuse the whole status with a longer one.
const maxMessage = 1024

// teamView is what there is to tell of one team's part of a pool.
type teamView struct {
	in       Input
	decision Decision
	allocation.Allocation
	forecast allocation.TeamForecast
	// nodes are the team's.
	nodes []*gpunode.Node
}

func (v *teamView) countNodes(are func(*gpunode.Node) bool) allocation.Nodes {
	return allocation.Nodes(count(v.nodes, are))
}

func (v *teamView) selectNodes(are func(*gpunode.Node) bool) []*gpunode.Node {
	return slices.DeleteFunc(slices.Clone(v.nodes), func(n *gpunode.Node) bool { return !are(n) })
}

func (v *teamView) gpus(nodes allocation.Nodes) int32 { return int32(nodes.GPUs(v.in.perNode())) }
