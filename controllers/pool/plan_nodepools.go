package pool

import (
	"slices"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/allocation"
	"foundation.team/operator/internal/gpunode"
	"foundation.team/operator/internal/karpenter"
)

// nodePoolPlan is what to apply and delete of a pool's NodePools.
type nodePoolPlan struct {
	apply  []*karpenter.NodePoolApplyConfiguration
	remove []*karpenter.NodePool
}

// nodePoolSizes decides how many nodes each NodePool may have.
type nodePoolSizes struct {
	in      Input
	nodes   []gpunode.Node
	resolve func(gpunode.Owner) gpunode.Owner
	live    map[string]*karpenter.NodePool
	// needed are the NodePools that a team needs or still has nodes of.
	needed map[string]bool
	// headroom is how many more nodes Karpenter may be told to provision.
	headroom allocation.Nodes
}

// planNodePools sizes each team's NodePool, closes those that no team needs any more, and deletes them when they are empty.
func planNodePools(in Input, decision Decision) nodePoolPlan {
	s := &nodePoolSizes{
		in: in, nodes: decision.Nodes, resolve: in.ownerResolver(),
		live: map[string]*karpenter.NodePool{}, needed: map[string]bool{}, headroom: availableHeadroom(in, decision),
	}
	for _, nodePool := range in.NodePools {
		s.live[nodePool.Name] = nodePool
	}
	var plan nodePoolPlan
	for _, team := range decision.Grants.InOrder() {
		name := nodePoolName(team.Team.Name, in.Pool)
		if team.Team.UID == "" || deleting(s.live[name]) || s.heldByEarlierTeam(name, team.Team) {
			continue
		}
		if config := s.sized(team, name); config != nil {
			plan.apply = append(plan.apply, config)
		}
	}
	for _, nodePool := range in.NodePools {
		team, ours := teamOfNodePool(nodePool.Name, in.Pool)
		switch {
		case !ours || s.needed[nodePool.Name] || deleting(nodePool):
		case s.emptyAndClosed(nodePool):
			plan.remove = append(plan.remove, nodePool)
		default:
			plan.apply = append(plan.apply, closedNodePool(in, ownerOfNodePool(team, nodePool), nodePool, s.nodesFrom(nodePool.Name)))
		}
	}
	return plan
}

// sized returns a team's NodePool with as many nodes as there is headroom for; nil if the team needs none.
func (s *nodePoolSizes) sized(team allocation.Allocation, name string) *karpenter.NodePoolApplyConfiguration {
	present := s.nodesFrom(name)
	// Nodes of the pool's former mode count for the team until they are gone.
	replaced := countNodes(s.nodes, func(n *gpunode.Node) bool { return n.OwnedBy(team.Team) && !n.FromNodePool(name) })
	// One more for each broken node that is drained: its place is taken before it is gone.
	size := max(team.Granted-replaced, 0) + countNodes(s.nodes, func(n *gpunode.Node) bool { return n.OwnedBy(team.Team) && s.leavesBroken(n) && n.FromNodePool(name) })
	if s.in.deleting() {
		size = min(size, present)
	}
	if size+present == 0 {
		return nil
	}
	s.needed[name] = true
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

// leavesBroken reports whether a node is drained because it is broken, and not yet empty. When it is, its NodeClaim is deleted, and
// the NodePool's limit has to be lower before.
func (s *nodePoolSizes) leavesBroken(n *gpunode.Node) bool {
	return n.OutOfUse() && (n.State != gpunode.Draining || !n.Drained(len(s.in.Pods[n.Name]), s.in.Now))
}

// availableHeadroom returns how many more nodes Karpenter may be told to provision: the capacity less the nodes that exist
// and those that Karpenter may still provision under the limits that the cache shows. A smaller limit has to be seen in the
// cache before another NodePool is enlarged by it, or both could be filled. Teams keep what they were granted before the
// declared capacity was lowered.
func availableHeadroom(in Input, decision Decision) allocation.Nodes {
	taken := allocation.Nodes(len(decision.Nodes))
	for _, nodePool := range in.NodePools {
		if _, ours := teamOfNodePool(nodePool.Name, in.Pool); ours {
			present := countNodes(decision.Nodes, func(n *gpunode.Node) bool { return n.FromNodePool(nodePool.Name) })
			taken += max(nodeLimit(nodePool, in.Pool)-present, 0)
		}
	}
	return max(decision.Grants.Capacity+decision.Grants.Spares-taken, decision.Grants.Granted()-taken, 0)
}

func (s *nodePoolSizes) nodesFrom(name string) allocation.Nodes {
	return countNodes(s.nodes, func(n *gpunode.Node) bool { return n.FromNodePool(name) })
}

// heldByEarlierTeam reports whether a NodePool was made for an earlier team of this name, or still has nodes of one.
func (s *nodePoolSizes) heldByEarlierTeam(name string, team gpunode.Owner) bool {
	if live := s.live[name]; live != nil {
		owner := newOwner(team.Name, live.Annotations[foundationv1alpha1.AnnotationTeamUID])
		if owner.UID != "" && s.resolve(owner) != team {
			return true
		}
	}
	return slices.ContainsFunc(s.nodes, func(n gpunode.Node) bool { return n.FromNodePool(name) && !n.OwnedBy(team) })
}

// emptyAndClosed reports whether a NodePool has no nodes and may provision none.
func (s *nodePoolSizes) emptyAndClosed(live *karpenter.NodePool) bool {
	for _, limit := range live.Spec.Limits {
		if !limit.IsZero() {
			return false
		}
	}
	return len(live.Spec.Limits) > 0 && s.nodesFrom(live.Name) == 0
}
