package pool

import (
	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/allocation"
	"foundation.team/operator/internal/gpunode"
)

// provider is where a pool's nodes come from. Who gets how many, how long nodes are held and when they are drained is the
// same for all of them. Its methods are pure and return what they decide.
type provider interface {
	// nodes classifies the nodes that the pool has, those that are being provisioned included, in order of name.
	nodes(in Input) []gpunode.Node
	// supply is how many nodes the pool has for its teams, and how many of those no team has.
	supply(in Input, nodes []gpunode.Node) (capacity, unassigned allocation.Nodes)
	// assign chooses up to so many of the free nodes for a team that has others.
	assign(in Input, missing int, own, free []*gpunode.Node) []*gpunode.Node
	// nodePools are the NodePools that there shall be, and those to be deleted.
	nodePools(in Input, decision Decision) nodePoolPlan
}

func providerOf(pool *foundationv1alpha1.GPUPool) provider {
	if pool.Spec.Karpenter != nil {
		return karpenterProvider{}
	}
	return staticProvider{}
}
