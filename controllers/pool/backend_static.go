package pool

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/conditions"
	"foundation.team/operator/internal/placement"
	"foundation.team/operator/internal/text"
)

// staticBackend is nodes that are there. They go from nobody to a team and back.
type staticBackend struct{}

func (staticBackend) nodes(in Input) []*node {
	nodes := make([]*node, 0, len(in.Nodes))
	for _, obj := range in.Nodes {
		nodes = append(nodes, staticNode(in, obj))
	}
	return nodes
}

func staticNode(in Input, obj *corev1.Node) *node {
	matches := in.Selector.Matches(labels.Set(obj.Labels))
	pool := obj.Labels[foundationv1alpha1.LabelPool]
	n := &node{
		Node:    obj,
		member:  matches && (pool == "" || pool == in.Pool.Name) && obj.DeletionTimestamp.IsZero(),
		foreign: matches && pool != "" && pool != in.Pool.Name,
		healthy: healthy(obj, in.Pool),
		closed:  hasTaint(obj, foundationv1alpha1.TaintUnassigned),
	}
	if _, asked := obj.Annotations[foundationv1alpha1.AnnotationScrubRequest]; asked && requireScrub(in.Pool) {
		// It waits to be scrubbed, also if somebody took the marks off that say since when.
		n.closed = false
	}
	if madeForTeam(obj) {
		// Karpenter made it for a team; it is no pool's to give to another.
		n.member, n.foreign = false, matches
		return n
	}
	if matches && pool == "" || pool == in.Pool.Name {
		n.holder = holder(in, obj)
		n.releasing = releasingSince(in, obj)
	}
	return n
}

func (staticBackend) stock(in Input, nodes []*node) (capacity, free int) {
	return count(nodes, func(n *node) bool { return n.member }),
		count(nodes, func(n *node) bool { return n.free(in.Pool.Name) })
}

func (staticBackend) prepare(*nodesBuilder) {}

// supply picks free nodes that are close to the ones that the team has.
func (staticBackend) supply(b *nodesBuilder, p *part, missing int) {
	var own, free []placement.Node
	byName := map[string]*node{}
	for _, n := range b.nodes {
		byName[n.Name] = n
		switch {
		case n.held(p.key):
			own = append(own, place(b.in, n))
		case n.free(b.in.Pool.Name) && b.after[n.Name] == nil:
			free = append(free, place(b.in, n))
		}
	}
	for _, name := range placement.Choose(missing, own, free) {
		b.change(byName[name], func(after *corev1.Node) { b.markHeld(after, p.key) })
	}
}

// vacate frees a node that stays in the pool, once it was scrubbed if the pool wants that.
func (staticBackend) vacate(b *nodesBuilder, n *node) {
	switch {
	case !b.keeps(n):
		b.change(n, unmark)
	case requireScrub(b.in.Pool) && !n.scrubbed():
		b.change(n, b.markFree)
		b.change(n, func(after *corev1.Node) {
			markReleasing(after, b.in.Now)
			setAnnotation(after, foundationv1alpha1.AnnotationScrubRequest, b.in.Now.UTC().Format(time.RFC3339))
		})
	default:
		b.change(n, b.markFree)
	}
}

// rest closes nodes that are new in the pool, restores marks that somebody took off, and takes the pool's marks off free
// nodes that left it.
func (s staticBackend) rest(b *nodesBuilder, n *node) {
	switch {
	case madeForTeam(n):
	case !b.keeps(n) && n.ours(b.in.Pool.Name):
		b.change(n, unmark)
	case !b.keeps(n):
	case n.empty(b.in.Pool.Name):
		b.change(n, b.markFree)
	default:
		s.enter(b, n)
	}
}

// enter closes a node that is new in the pool, or keeps it closed. What a new one says of being scrubbed is not about this
// hand-over.
func (staticBackend) enter(b *nodesBuilder, n *node) {
	since, isNew := n.releasing, n.releasing.IsZero()
	if isNew {
		since = b.in.Now
		b.lookAgain(since.Add(settle))
	}
	b.change(n, b.markFree)
	b.change(n, func(after *corev1.Node) {
		markReleasing(after, since)
		for _, key := range []string{foundationv1alpha1.AnnotationScrubRequest, foundationv1alpha1.AnnotationScrubbed} {
			if value, ok := n.Annotations[key]; ok && !isNew && requireScrub(b.in.Pool) {
				setAnnotation(after, key, value)
			}
		}
	})
}

func (staticBackend) finish(*nodesBuilder, Grants) {}

func (staticBackend) ready(in Input, nodes []*node) metav1.Condition {
	no := func(reason, message string) metav1.Condition {
		return conditions.False(foundationv1alpha1.ConditionReady, reason, message)
	}
	perNode := in.Pool.Spec.GPUsPerNode
	members := count(nodes, func(n *node) bool { return n.member })
	foreign := filter(nodes, func(n *node) bool { return n.foreign })
	sick := filter(nodes, func(n *node) bool { return n.member && !n.healthy })
	left := filter(nodes, func(n *node) bool { return n.holder != nil && !n.member })
	occupied := filter(nodes, func(n *node) bool { return n.entering() && len(in.Pods[n.Name]) > 0 })
	switch {
	case in.Invalid != nil:
		return no(foundationv1alpha1.ReasonInvalidSelector, fmt.Sprintf("spec.static.nodeSelector: %v: correct it; the pool goes on with the nodes that it has", in.Invalid))
	case len(foreign) > 0:
		return no(foundationv1alpha1.ReasonNodeConflict, fmt.Sprintf("%d nodes match spec.static.nodeSelector but belong to another pool: %s; make the selectors of the pools disjoint",
			len(foreign), namesOf(foreign)))
	case members == 0:
		return no(foundationv1alpha1.ReasonNoNodes, "no node matches spec.static.nodeSelector; correct it or label nodes")
	case len(occupied) > 0:
		pod := in.Pods[occupied[0].Name][0]
		return no(foundationv1alpha1.ReasonNodesOccupied, fmt.Sprintf("%s with pods from before they came into the pool: %s (%s/%s); move the pods, for example with kubectl drain",
			text.Count(len(occupied), "node"), namesOf(occupied), pod.Namespace, pod.Name))
	case len(left) > 0:
		return no(foundationv1alpha1.ReasonNodesLeft, fmt.Sprintf("%s of teams left the pool: %s; match them with spec.static.nodeSelector again, or shrink the awards of their teams",
			text.Count(len(left), "node"), namesOf(left)))
	case len(sick) > 0:
		return no(foundationv1alpha1.ReasonNodesUnhealthy, fmt.Sprintf("%d of %d GPUs on nodes that are not Ready, cordoned or lack GPUs: %s",
			int32(len(sick))*perNode, int32(members)*perNode, namesOf(sick)))
	default:
		return conditions.True(foundationv1alpha1.ConditionReady, foundationv1alpha1.ReasonAsDeclared,
			fmt.Sprintf("%d GPUs on %s", int32(members)*perNode, text.Count(members, "node")))
	}
}
