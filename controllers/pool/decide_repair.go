package pool

import (
	"slices"
	"time"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/allocation"
	"foundation.team/operator/internal/gpunode"
)

// replacedPart is the part of a team's nodes that may be drained at a time because they are broken: one in four. A fault that hits
// most nodes at once, such as a network that is down, is no broken hardware, and passes by itself.
const replacedPart = 4

// markReplaced marks the nodes of teams that are broken for long and whose place another node can take: of a static pool one that
// is free and that no team keeps, spares included. Karpenter provisions another one in any case, at the latest when the broken one
// is gone. Teams are served in the order in which increases are, those nodes first that are broken for longest.
func markReplaced(in Input, nodes []gpunode.Node) {
	due := dueByOwner(in, nodes)
	if len(due) == 0 || in.deleting() || !in.Guards.OK() {
		return
	}
	demands := demandsOf(in, nodes)
	available := supplyOf(in, nodes).Unassigned - allocation.Reserved(demands)
	if in.Pool.Spec.Karpenter != nil {
		available = allocation.Nodes(len(nodes))
	}
	replacing := replacingByOwner(in, nodes)
	for _, demand := range allocation.InServingOrder(demands) {
		most := max(demand.Kept()/replacedPart, 1) - replacing[demand.Team]
		// What a team has beyond its grant is drained without being replaced, broken nodes first.
		surplus := min(max(demand.Usable-demand.Kept(), 0), allocation.Nodes(len(due[demand.Team])))
		for _, n := range due[demand.Team][surplus:] {
			if most > 0 && available > 0 {
				n.Replace = true
				most--
				available--
			}
		}
	}
}

// dueByOwner returns the nodes that are broken for so long that they are to be replaced, those first that are so for longest.
func dueByOwner(in Input, nodes []gpunode.Node) map[gpunode.Owner][]*gpunode.Node {
	policy, due := in.policy(), map[gpunode.Owner][]*gpunode.Node{}
	for i := range nodes {
		if n := &nodes[i]; policy.DueForReplacement(n, in.Now) && !n.Obsolete {
			due[n.Owner] = append(due[n.Owner], n)
		}
	}
	for _, list := range due {
		slices.SortStableFunc(list, func(a, b *gpunode.Node) int { return a.FaultSince().Compare(b.FaultSince()) })
	}
	return due
}

// replacingByOwner counts the broken nodes that are drained now. One whose pods had their grace period no longer holds up the
// next: on a node whose kubelet is dead they may never end.
func replacingByOwner(in Input, nodes []gpunode.Node) map[gpunode.Owner]allocation.Nodes {
	replacing := map[gpunode.Owner]allocation.Nodes{}
	for i := range nodes {
		if n := &nodes[i]; n.State == gpunode.Draining && n.OutOfUse() && in.Now.Before(n.Since.Add(in.policy().Grace())) {
			replacing[n.Owner]++
		}
	}
	return replacing
}

// isReplaced reports whether a broken node of the pool is no team's to use, so that a spare may be in its place. What
// Karpenter terminates is tainted by it and no sign of broken hardware.
func isReplaced(n *gpunode.Node) bool {
	return n.Replace || n.Member && n.Fault.Replaceable() && !n.State.Usable() && n.State != gpunode.Terminating
}

func sparesOf(pool *foundationv1alpha1.GPUPool) allocation.Nodes {
	if pool.Spec.Repair == nil {
		return 0
	}
	return allocation.Nodes(pool.Spec.Repair.Spares)
}

// replacementTime returns when another node takes the place of a team's broken one, if there is one then; the zero time if none does.
func replacementTime(in Input, n *gpunode.Node) time.Time {
	since, after := n.FaultSince(), in.policy().ReplaceAfter
	if after <= 0 || n.State != gpunode.Held || since.IsZero() {
		return time.Time{}
	}
	return since.Add(after)
}
