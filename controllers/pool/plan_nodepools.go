package pool

import (
	"slices"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/allocation"
	"foundation.team/operator/internal/gpunode"
	"foundation.team/operator/internal/karpenter"
)

// nodePoolPlan is what becomes of a pool's NodePools.
type nodePoolPlan struct {
	apply  []*karpenter.NodePoolApplyConfiguration
	remove []*karpenter.NodePool
}

// nodePoolSizes gives NodePools their sizes.
type nodePoolSizes struct {
	in      Input
	nodes   []gpunode.Node
	resolve func(gpunode.Owner) gpunode.Owner
	live    map[string]*karpenter.NodePool
	// wanted are the NodePools that a team needs or still has nodes of.
	wanted map[string]bool
	// headroom is how many more nodes Karpenter may be told to provision.
	headroom allocation.Nodes
}

// planNodePools gives each team's NodePool its size, closes those that nobody wants, and deletes them when they are empty.
func planNodePools(in Input, decision Decision) nodePoolPlan {
	s := &nodePoolSizes{
		in: in, nodes: decision.Nodes, resolve: in.ownerResolver(),
		live: map[string]*karpenter.NodePool{}, wanted: map[string]bool{}, headroom: headroom(in, decision),
	}
	for _, nodePool := range in.NodePools {
		s.live[nodePool.Name] = nodePool
	}
	var plan nodePoolPlan
	for _, team := range decision.Grants.InOrder() {
		name := nodePoolName(team.Team.Name, in.Pool)
		if team.Team.UID == "" || deleting(s.live[name]) || s.othersHave(name, team.Team) {
			continue
		}
		if config := s.sized(team, name); config != nil {
			plan.apply = append(plan.apply, config)
		}
	}
	for _, nodePool := range in.NodePools {
		team, ours := teamOfNodePool(nodePool.Name, in.Pool)
		switch {
		case !ours || s.wanted[nodePool.Name] || deleting(nodePool):
		case s.emptyAndClosed(nodePool):
			plan.remove = append(plan.remove, nodePool)
		default:
			plan.apply = append(plan.apply, closedNodePool(in, ownerOfNodePool(team, nodePool), nodePool, s.nodesFrom(nodePool.Name)))
		}
	}
	return plan
}

// sized is a team's NodePool with as many nodes as there is headroom for; nil if the team needs none.
func (s *nodePoolSizes) sized(team allocation.Allocation, name string) *karpenter.NodePoolApplyConfiguration {
	present := s.nodesFrom(name)
	// The nodes of the mode that the pool had before are the team's until they are gone.
	replaced := countNodes(s.nodes, func(n *gpunode.Node) bool { return n.OwnedBy(team.Team) && !n.FromNodePool(name) })
	size := max(team.Granted-replaced, 0)
	if s.in.deleting() {
		size = min(size, present)
	}
	if size+present == 0 {
		return nil
	}
	s.wanted[name] = true
	if increase := size - max(present, nodeLimit(s.live[name], s.in.Pool)); increase > 0 {
		possible := min(increase, s.headroom)
		size -= increase - possible
		s.headroom -= possible
	}
	if size+present == 0 && s.live[name] == nil {
		return nil
	}
	return openNodePool(s.in, team.Team, size, present)
}

// headroom is how many more nodes Karpenter may be told to provision: what is left beside the nodes that are there and those
// that it, as far as is known, may still provision. So a NodePool is seen to be smaller before others become larger by it.
// What teams were granted before less was declared they may have.
func headroom(in Input, decision Decision) allocation.Nodes {
	taken := allocation.Nodes(len(decision.Nodes))
	for _, nodePool := range in.NodePools {
		if _, ours := teamOfNodePool(nodePool.Name, in.Pool); ours {
			present := countNodes(decision.Nodes, func(n *gpunode.Node) bool { return n.FromNodePool(nodePool.Name) })
			taken += max(nodeLimit(nodePool, in.Pool)-present, 0)
		}
	}
	return max(decision.Grants.Capacity-taken, decision.Grants.Granted()-taken, 0)
}

func (s *nodePoolSizes) nodesFrom(name string) allocation.Nodes {
	return countNodes(s.nodes, func(n *gpunode.Node) bool { return n.FromNodePool(name) })
}

// othersHave reports whether a NodePool is that of an earlier team of this name, or still has nodes of its.
func (s *nodePoolSizes) othersHave(name string, team gpunode.Owner) bool {
	if live := s.live[name]; live != nil {
		owner := newOwner(team.Name, live.Annotations[foundationv1alpha1.AnnotationTeamUID])
		if owner.UID != "" && s.resolve(owner) != team {
			return true
		}
	}
	return slices.ContainsFunc(s.nodes, func(n gpunode.Node) bool { return n.FromNodePool(name) && !n.OwnedBy(team) })
}

// emptyAndClosed reports whether a NodePool has no nodes and may have none provisioned.
func (s *nodePoolSizes) emptyAndClosed(live *karpenter.NodePool) bool {
	for _, limit := range live.Spec.Limits {
		if !limit.IsZero() {
			return false
		}
	}
	return len(live.Spec.Limits) > 0 && s.nodesFrom(live.Name) == 0
}
