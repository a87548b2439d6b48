package pool

import (
	"slices"

	"foundation.team/operator/internal/allocation"
	"foundation.team/operator/internal/gpunode"
)

// maxMessage is the CRD's maxLength of a grant's message: the API server would refuse the whole status with a longer one.
const maxMessage = 1024

// teamView is what the status tells of one team in a pool.
type teamView struct {
	in       Input
	decision Decision
	allocation.Allocation
	forecast allocation.TeamForecast
	// nodes are those that the team owns.
	nodes []*gpunode.Node
}

func (v *teamView) countNodes(are func(*gpunode.Node) bool) allocation.Nodes {
	return allocation.Nodes(count(v.nodes, are))
}

func (v *teamView) selectNodes(are func(*gpunode.Node) bool) []*gpunode.Node {
	return slices.DeleteFunc(slices.Clone(v.nodes), func(n *gpunode.Node) bool { return !are(n) })
}

func (v *teamView) gpus(nodes allocation.Nodes) int32 { return nodes.GPUs(v.in.perNode()).Int32() }
