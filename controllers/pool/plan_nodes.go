package pool

import (
	"time"

	corev1 "k8s.io/api/core/v1"

	"foundation.team/operator/internal/allocation"
	"foundation.team/operator/internal/gpunode"
	"foundation.team/operator/internal/placement"
)

// nodeStates collects the next state of each of a pool's nodes.
type nodeStates struct {
	in     Input
	policy gpunode.Policy
	nodes  []gpunode.Node
	// index is each node's position in nodes.
	index map[*gpunode.Node]int
	next  []gpunode.Ownership
	// assigned are the free nodes that a team gets in this reconcile.
	assigned  map[*gpunode.Node]bool
	requeueAt time.Time
}

// nextStates decides the next state of every node, and when to decide again.
func nextStates(in Input, decision Decision) ([]gpunode.Ownership, time.Time) {
	s := &nodeStates{
		in: in, policy: in.policy(), nodes: decision.Nodes, index: make(map[*gpunode.Node]int, len(decision.Nodes)),
		next: make([]gpunode.Ownership, len(decision.Nodes)), assigned: map[*gpunode.Node]bool{},
	}
	s.advance()
	s.drainReplaced()
	provider, owned, free := providerOf(in.Pool), s.byOwner(), selectNodes(s.nodes, (*gpunode.Node).Grantable)
	for _, team := range decision.Grants.InOrder() {
		own := owned[team.Team]
		switch missing := int(team.Granted) - count(own, staysUsable); {
		case missing > 0:
			if missing -= s.reuseDraining(own, missing); missing > 0 {
				s.assign(provider.assign(in, missing, own, s.stillFree(free)), team)
			}
		case missing < 0:
			s.drainSurplus(own, -missing)
		}
	}
	return s.next, s.requeueAt
}

// advance moves nodes on as if grants stayed as they are: what is closed to new pods and empty gets its next state.
func (s *nodeStates) advance() {
	for i := range s.nodes {
		n := &s.nodes[i]
		next, requeueAt := s.policy.Next(n, s.in.podsOn(n.Name), s.in.Now)
		s.index[n], s.next[i] = i, next
		s.requeue(requeueAt)
	}
}

// drainReplaced drains broken nodes that others take the place of, and the nodes of the mode (static or dynamic) that the pool
// had before: Karpenter provisions nodes of the present mode as they go.
func (s *nodeStates) drainReplaced() {
	for i := range s.nodes {
		if n := &s.nodes[i]; n.State.Usable() && (n.Obsolete || n.Replace) {
			s.drain(n)
		}
	}
}

func (s *nodeStates) byOwner() map[gpunode.Owner][]*gpunode.Node {
	owned := map[gpunode.Owner][]*gpunode.Node{}
	for _, n := range selectNodes(s.nodes, func(n *gpunode.Node) bool { return n.State.Owned() }) {
		owned[n.Owner] = append(owned[n.Owner], n)
	}
	return owned
}

// staysUsable reports whether a node is its team's to use and stays so. A node that leaves in any case does not count as
// given back, nor does it keep its team from getting another one.
func staysUsable(n *gpunode.Node) bool { return n.State.Usable() && !n.Leaving() }

// reuseDraining reopens up to so many of a team's own draining nodes, the empty ones included but no broken ones, and returns
// how many it found.
func (s *nodeStates) reuseDraining(own []*gpunode.Node, missing int) int {
	reclaimed := 0
	for _, n := range own {
		if reclaimed < missing && n.State == gpunode.Draining && !n.Leaving() {
			s.set(n, gpunode.Hold(n.Owner))
			reclaimed++
		}
	}
	return reclaimed
}

func (s *nodeStates) stillFree(free []*gpunode.Node) []*gpunode.Node {
	var left []*gpunode.Node
	for _, n := range free {
		if !s.assigned[n] {
			left = append(left, n)
		}
	}
	return left
}

func (s *nodeStates) assign(chosen []*gpunode.Node, team allocation.Allocation) {
	for _, n := range chosen {
		s.assigned[n] = true
		s.set(n, gpunode.Hold(team.Team))
	}
}

// drainSurplus drains so many of a team's nodes, in the order of placement.Release: those that left the pool, unhealthy and
// idle ones first, then those with the newest work.
func (s *nodeStates) drainSurplus(own []*gpunode.Node, surplus int) {
	var held []placement.Held
	byName := map[string]*gpunode.Node{}
	for _, n := range own {
		if staysUsable(n) {
			byName[n.Name] = n
			held = append(held, placement.Held{
				Node: placementOf(s.in, n), Leaving: !n.Member, Healthy: n.Healthy(), BusySince: busySince(s.in.Pods[n.Name]),
			})
		}
	}
	for _, name := range placement.ChooseToDrain(surplus, held) {
		s.drain(byName[name])
	}
}

func (s *nodeStates) drain(n *gpunode.Node) {
	next, requeueAt := s.policy.Drain(n, s.in.Now)
	s.set(n, next)
	s.requeue(requeueAt)
}

func (s *nodeStates) set(n *gpunode.Node, next gpunode.Ownership) { s.next[s.index[n]] = next }

// requeue asks for another decision at a time, unless an earlier one is already asked for.
func (s *nodeStates) requeue(at time.Time) {
	if !at.IsZero() && (s.requeueAt.IsZero() || at.Before(s.requeueAt)) {
		s.requeueAt = at
	}
}

// busySince returns when the oldest of the pods was created.
func busySince(pods []corev1.Pod) time.Time {
	var oldest time.Time
	for _, pod := range pods {
		if oldest.IsZero() || pod.CreationTimestamp.Time.Before(oldest) {
			oldest = pod.CreationTimestamp.Time
		}
	}
	return oldest
}
