package pool

import (
	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/allocation"
	"foundation.team/operator/internal/gpunode"
)

// provider is where a pool's nodes come from. How many each team is granted, how long nodes are held and when they drain is
// the same for all providers. Its methods are pure: they return what they decide.
type provider interface {
	// nodes returns the pool's nodes with their states, those that are being provisioned included, sorted by name.
	nodes(in Input) []gpunode.Node
	// supply returns how many nodes the pool has for its teams, and how many of those no team holds.
	supply(in Input, nodes []gpunode.Node) (capacity, unassigned allocation.Nodes)
	// assign chooses up to so many of the free nodes for a team that already has its own.
	assign(in Input, missing int, own, free []*gpunode.Node) []*gpunode.Node
	// nodePools returns the NodePools that the pool should have, and those to delete.
	nodePools(in Input, decision Decision) nodePoolPlan
}

func providerOf(pool *foundationv1alpha1.GPUPool) provider {
	if pool.Spec.Karpenter != nil {
		return karpenterProvider{}
	}
	return staticProvider{}
}
