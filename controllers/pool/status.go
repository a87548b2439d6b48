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

// humanReasons are those that time and the operator cannot mend.
var humanReasons = map[string]bool{
	foundationv1alpha1.ReasonInvalidSelector: true,
	foundationv1alpha1.ReasonNodeConflict:    true,
	foundationv1alpha1.ReasonNodesOccupied:   true,
	foundationv1alpha1.ReasonNodesLeft:       true,
}

// BuildStatus is a pool's status.
func BuildStatus(in Input, grants Grants) foundationv1alpha1.GPUPoolStatus {
	nodes := readNodes(in)
	status := foundationv1alpha1.GPUPoolStatus{
		ObservedGeneration: in.Pool.Generation,
		Capacity:           capacity(in, grants, nodes),
		Node:               shape(in, nodes),
		Grants:             grantList(in, grants, nodes),
		NextTransitionTime: lifecycle.MetaTime(nextTransition(in, grants)),
	}
	ready := readyCondition(in, nodes)
	current := []metav1.Condition{ready, oversubscribedCondition(in, grants)}
	if reconciling := reconcilingCondition(grants, nodes); reconciling != nil {
		current = append(current, *reconciling)
	}
	if humanReasons[ready.Reason] {
		current = append(current, conditions.True(foundationv1alpha1.ConditionStalled, ready.Reason, ready.Message))
	}
	status.Conditions = conditions.Merge(in.Pool.Status.Conditions, current, in.Pool.Generation, in.Now)
	return status
}

func capacity(in Input, grants Grants, nodes []*node) *foundationv1alpha1.PoolCapacity {
	perNode := in.Pool.Spec.GPUsPerNode
	gpus := func(is func(*node) bool) int32 { return int32(count(nodes, is)) * perNode }
	sums := &foundationv1alpha1.PoolCapacity{
		Total:   int32(grants.capacity) * perNode,
		Healthy: gpus(func(n *node) bool { return n.member && n.healthy }),
		Held:    gpus(func(n *node) bool { return n.holder != nil }),
	}
	for _, p := range grants.parts {
		sums.Granted += int32(p.granted) * perNode
		sums.Shortfall += max(p.requested-int32(p.granted)*perNode, 0)
	}
	sums.Free = int32(grants.free) * perNode
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
		reason, message := p.explain(in, grants, nodes)
		granted := int32(p.granted) * perNode
		list = append(list, foundationv1alpha1.Grant{
			Team:          p.key.name,
			UID:           string(p.key.uid),
			Requested:     p.requested,
			Granted:       granted,
			Held:          int32(p.active+p.releasing) * perNode,
			Ready:         int32(count(nodes, func(n *node) bool { return n.active(p.key) && n.healthy })) * perNode,
			Shortfall:     max(p.requested-granted, 0),
			NextFree:      lifecycle.MetaTime(p.opening.At),
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
	left := filter(held, func(n *node) bool { return !n.member })
	occupied := filter(nodes, func(n *node) bool { return n.entering() && len(in.Pods[n.Name]) > 0 })
	switch {
	case in.Invalid != nil:
		return no(foundationv1alpha1.ReasonInvalidSelector, fmt.Sprintf("spec.static.nodeSelector: %v: correct it; the pool goes on with the nodes that it has", in.Invalid))
	case !in.Pool.DeletionTimestamp.IsZero() && len(held) > 0:
		return no(foundationv1alpha1.ReasonNodesInUse, fmt.Sprintf("deletion waits for %s of teams: %s; end the awards of this pool in their spec.gpus",
			conditions.Count(len(held), "node"), namesOf(held)))
	case len(foreign) > 0:
		return no(foundationv1alpha1.ReasonNodeConflict, fmt.Sprintf("%d nodes match spec.static.nodeSelector but belong to another pool: %s; make the selectors of the pools disjoint",
			len(foreign), namesOf(foreign)))
	case members == 0:
		return no(foundationv1alpha1.ReasonNoNodes, "no node matches spec.static.nodeSelector; correct it or label nodes")
	case len(occupied) > 0:
		pod := in.Pods[occupied[0].Name][0]
		return no(foundationv1alpha1.ReasonNodesOccupied, fmt.Sprintf("%s with pods from before they came into the pool: %s (%s/%s); move the pods, for example with kubectl drain",
			conditions.Count(len(occupied), "node"), namesOf(occupied), pod.Namespace, pod.Name))
	case len(left) > 0:
		return no(foundationv1alpha1.ReasonNodesLeft, fmt.Sprintf("%s of teams left the pool: %s; match them with spec.static.nodeSelector again, or shrink the awards of their teams",
			conditions.Count(len(left), "node"), namesOf(left)))
	case len(sick) > 0:
		return no(foundationv1alpha1.ReasonNodesUnhealthy, fmt.Sprintf("%d of %d GPUs on nodes that are not Ready, cordoned or lack GPUs: %s",
			int32(len(sick))*perNode, int32(members)*perNode, namesOf(sick)))
	default:
		return conditions.True(foundationv1alpha1.ConditionReady, foundationv1alpha1.ReasonAsDeclared,
			fmt.Sprintf("%d GPUs on %s", int32(members)*perNode, conditions.Count(members, "node")))
	}
}

func oversubscribedCondition(in Input, grants Grants) metav1.Condition {
	granted := grants.granted()
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
	entering := filter(nodes, (*node).entering)
	leaves += len(draining)
	if claims+leaves+len(entering) == 0 {
		return nil
	}
	var parts []string
	add := func(n int, what, names string) {
		if n > 0 {
			parts = append(parts, conditions.Count(n, "node")+" "+what+names)
		}
	}
	add(claims, "to be claimed", "")
	add(leaves, "being let go by their team", "")
	add(len(entering), "waiting to be empty before being granted: ", namesOf(entering))
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
