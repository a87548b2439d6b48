package pool

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/conditions"
	"foundation.team/operator/internal/lifecycle"
)

// named is how many nodes a message names before it only counts.
const named = 3

// BuildStatus is a pool's status.
func BuildStatus(in Input, grants Grants) foundationv1alpha1.GPUPoolStatus {
	nodes := readNodes(in)
	status := foundationv1alpha1.GPUPoolStatus{
		ObservedGeneration: in.Pool.Generation,
		Capacity:           capacity(in, grants, nodes),
		Node:               shape(in, nodes),
		Grants:             grantList(in, grants, nodes),
		NextTransitionTime: optionalTime(nextTransition(in, grants)),
	}
	ready := readyCondition(in, nodes)
	current := []metav1.Condition{ready, oversubscribedCondition(in, grants)}
	if reconciling := reconcilingCondition(grants, nodes); reconciling != nil {
		current = append(current, *reconciling)
	}
	if ready.Reason == foundationv1alpha1.ReasonNodeConflict {
		current = append(current, conditions.True(foundationv1alpha1.ConditionStalled, ready.Reason, ready.Message))
	}
	status.Conditions = conditions.Merge(in.Pool.Status.Conditions, current, in.Pool.Generation, in.Now)
	return status
}

// BuildInvalidStatus is the status of a pool whose selector cannot be read: grants stay as they are.
func BuildInvalidStatus(pool *foundationv1alpha1.GPUPool, problem error, now time.Time) foundationv1alpha1.GPUPoolStatus {
	status := *pool.Status.DeepCopy()
	status.ObservedGeneration = pool.Generation
	message := fmt.Sprintf("spec.static.nodeSelector: %v: correct it", problem)
	status.Conditions = conditions.Merge(pool.Status.Conditions, []metav1.Condition{
		conditions.False(foundationv1alpha1.ConditionReady, foundationv1alpha1.ReasonInvalidSelector, message),
		conditions.True(foundationv1alpha1.ConditionStalled, foundationv1alpha1.ReasonInvalidSelector, message),
	}, pool.Generation, now)
	return status
}

func capacity(in Input, grants Grants, nodes []*node) *foundationv1alpha1.PoolCapacity {
	perNode := in.Pool.Spec.GPUsPerNode
	gpus := func(is func(*node) bool) int32 { return int32(count(nodes, is)) * perNode }
	sums := &foundationv1alpha1.PoolCapacity{
		Total:   int32(grants.capacity) * perNode,
		Healthy: gpus(func(n *node) bool { return n.member && n.healthy }),
		Held:    gpus(func(n *node) bool { return n.holder != nil }),
		Free:    int32(grants.free) * perNode,
	}
	for _, p := range grants.parts {
		sums.Granted += int32(p.granted) * perNode
		sums.Shortfall += max(p.requested-int32(p.granted)*perNode, 0)
	}
	return sums
}

// shape is the least that a healthy node offers. While there is none, what was known stays true.
func shape(in Input, nodes []*node) corev1.ResourceList {
	var least corev1.ResourceList
	for _, n := range nodes {
		if !n.member || !n.healthy {
			continue
		}
		if least == nil {
			least = corev1.ResourceList{}
			for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourceEphemeralStorage} {
				least[name] = canonical(n.Status.Allocatable[name])
			}
			continue
		}
		for name, quantity := range least {
			if has := n.Status.Allocatable[name]; has.Cmp(quantity) < 0 {
				least[name] = canonical(has)
			}
		}
	}
	if least == nil {
		return in.Pool.Status.Node
	}
	return least
}

// canonical is a quantity as the API server would give it back, so that an unchanged status compares equal.
func canonical(quantity resource.Quantity) resource.Quantity {
	return resource.MustParse(quantity.String())
}

func grantList(in Input, grants Grants, nodes []*node) []foundationv1alpha1.Grant {
	perNode := in.Pool.Spec.GPUsPerNode
	var list []foundationv1alpha1.Grant
	for _, p := range grants.parts {
		if !p.present() {
			continue
		}
		reason, message := p.explain(in, grants.free)
		granted := int32(p.granted) * perNode
		list = append(list, foundationv1alpha1.Grant{
			Team:          p.key.name,
			UID:           string(p.key.uid),
			Requested:     p.requested,
			Granted:       granted,
			Held:          int32(p.active+p.releasing) * perNode,
			Ready:         int32(count(nodes, func(n *node) bool { return n.active(p.key) && n.healthy })) * perNode,
			Shortfall:     max(p.requested-granted, 0),
			NextFree:      optionalTime(p.opening.At),
			NextFreeCount: int32(p.opening.Nodes) * perNode,
			Reason:        reason,
			Message:       message,
		})
	}
	return list
}

func nextTransition(in Input, grants Grants) time.Time {
	var times []time.Time
	for _, p := range grants.parts {
		times = append(times, lifecycle.Boundaries(p.awards)...)
	}
	if window := in.Pool.Spec.Availability; window != nil {
		times = append(times, lifecycle.Boundaries(lifecycle.Within(window, []lifecycle.Span{{}}))...)
	}
	return lifecycle.Next(in.Now, times)
}

func readyCondition(in Input, nodes []*node) metav1.Condition {
	no := func(reason, message string) metav1.Condition {
		return conditions.False(foundationv1alpha1.ConditionReady, reason, message)
	}
	perNode := in.Pool.Spec.GPUsPerNode
	members := count(nodes, func(n *node) bool { return n.member })
	foreign := filter(nodes, func(n *node) bool { return n.foreign })
	sick := filter(nodes, func(n *node) bool { return n.member && !n.healthy })
	held := filter(nodes, func(n *node) bool { return n.holder != nil })
	switch {
	case !in.Pool.DeletionTimestamp.IsZero() && len(held) > 0:
		return no(foundationv1alpha1.ReasonNodesInUse, fmt.Sprintf("deletion waits for %d nodes that belong to teams: %s; end the awards of this pool in their spec.gpus",
			len(held), namesOf(held)))
	case len(foreign) > 0:
		return no(foundationv1alpha1.ReasonNodeConflict, fmt.Sprintf("%d nodes match spec.static.nodeSelector but belong to another pool: %s; make the selectors of the pools disjoint",
			len(foreign), namesOf(foreign)))
	case members == 0:
		return no(foundationv1alpha1.ReasonNoNodes, "no node matches spec.static.nodeSelector; correct it or label nodes")
	case len(sick) > 0:
		return no(foundationv1alpha1.ReasonNodesUnhealthy, fmt.Sprintf("%d of %d GPUs on nodes that are not Ready, cordoned or lack GPUs: %s",
			int32(len(sick))*perNode, int32(members)*perNode, namesOf(sick)))
	default:
		return conditions.True(foundationv1alpha1.ConditionReady, foundationv1alpha1.ReasonAsDeclared,
			fmt.Sprintf("%d GPUs on %d nodes", int32(members)*perNode, members))
	}
}

func oversubscribedCondition(in Input, grants Grants) metav1.Condition {
	granted := 0
	for _, p := range grants.parts {
		granted += p.granted
	}
	perNode := in.Pool.Spec.GPUsPerNode
	if granted > grants.capacity {
		return conditions.True(foundationv1alpha1.ConditionOversubscribed, foundationv1alpha1.ReasonCapacityLost,
			fmt.Sprintf("%d GPUs granted, %d there: no grant is raised until nodes come back or awards end", int32(granted)*perNode, int32(grants.capacity)*perNode))
	}
	return conditions.False(foundationv1alpha1.ConditionOversubscribed, foundationv1alpha1.ReasonWithinCapacity, "")
}

// reconcilingCondition is there while nodes are on their way.
func reconcilingCondition(grants Grants, nodes []*node) *metav1.Condition {
	claims, leaves := 0, 0
	for _, p := range grants.parts {
		claims += max(p.granted-p.active, 0)
		leaves += max(p.active-p.granted, 0)
	}
	draining := filter(nodes, func(n *node) bool { return n.holder != nil && !n.releasing.IsZero() })
	entering := filter(nodes, func(n *node) bool { return n.member && n.holder == nil && !n.releasing.IsZero() })
	leaves += len(draining)
	if claims+leaves+len(entering) == 0 {
		return nil
	}
	var parts []string
	add := func(n int, what, names string) {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d nodes %s%s", n, what, names))
		}
	}
	add(claims, "to be claimed", "")
	add(leaves, "are being let go by their team", "")
	add(len(entering), "wait to be empty before they can be granted: ", namesOf(entering))
	condition := conditions.True(foundationv1alpha1.ConditionReconciling, foundationv1alpha1.ReasonProgressing, strings.Join(parts, ", "))
	return &condition
}

func filter(nodes []*node, is func(*node) bool) []*node {
	return slices.DeleteFunc(slices.Clone(nodes), func(n *node) bool { return !is(n) })
}

// namesOf names the first few nodes.
func namesOf(nodes []*node) string {
	var names []string
	for _, n := range nodes[:min(len(nodes), named)] {
		names = append(names, n.Name)
	}
	if len(nodes) > named {
		names = append(names, "…")
	}
	return strings.Join(names, ", ")
}
