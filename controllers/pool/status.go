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
	"foundation.team/operator/internal/text"
	"foundation.team/operator/internal/timing"
)

// maxMessage is how long a grant's message may be; a longer one would be refused with the whole status.
const maxMessage = 1024

// named is how many nodes a message names before it only counts.
const named = 3

// BuildStatus is a pool's status.
func BuildStatus(in Input, grants Grants) foundationv1alpha1.GPUPoolStatus {
	nodes := grants.nodes
	status := foundationv1alpha1.GPUPoolStatus{
		ObservedGeneration: in.Pool.Generation,
		Capacity:           capacity(in, grants, nodes),
		NodeAllocatable:    shape(in, nodes),
		Grants:             grantList(in, grants, nodes),
		NextTransitionTime: timing.Meta(nextTransition(in, grants)),
	}
	ready, fit := readyCondition(in, nodes), awardsFitCondition(in, grants)
	if ready.Status == metav1.ConditionTrue && fit.Status != metav1.ConditionTrue {
		ready.Message += "; " + fit.Message
	}
	current := []metav1.Condition{ready, in.Guards.Condition(), oversubscribedCondition(in, grants), fit}
	if reconciling := reconcilingCondition(in, grants, nodes); reconciling != nil {
		current = append(current, *reconciling)
	}
	if stalled := conditions.Stalled(ready); stalled != nil {
		current = append(current, *stalled)
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
	if least != nil {
		return least
	}
	if in.Pool.Status.NodeAllocatable == nil && in.Pool.Spec.Karpenter != nil {
		return in.Pool.Spec.Karpenter.NodeResources
	}
	return in.Pool.Status.NodeAllocatable
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
		grant := foundationv1alpha1.Grant{
			TeamName:      p.key.name,
			UID:           string(p.key.uid),
			Requested:     p.requested,
			Granted:       granted,
			Held:          int32(p.active+p.releasing) * perNode,
			Ready:         int32(count(nodes, func(n *node) bool { return n.active(p.key) && n.healthy })) * perNode,
			EvictionTime:  timing.Meta(evictionFrom(in, p.key, nodes)),
			Shortfall:     max(p.requested-granted, 0),
			NextFreeTime:  timing.Meta(p.outlook.Opening.At),
			NextFreeCount: int32(p.outlook.Opening.Nodes) * perNode,
			Reason:        reason,
			Message:       message,
		}
		p.fillForecast(&grant, in, grants.capacity)
		grant.Message, grant.ForecastMessage = text.Cut(grant.Message, maxMessage), text.Cut(grant.ForecastMessage, maxMessage)
		list = append(list, grant)
	}
	return list
}

// evictionTime is when the first pods on nodes that a team was asked for are evicted; zero if it was asked for none.
func evictionFrom(in Input, key teamKey, nodes []*node) time.Time {
	var times []time.Time
	for _, n := range nodes {
		if n.held(key) && !n.releasing.IsZero() && !n.ending() {
			times = append(times, n.releasing.Add(max(gracePeriod(in.Pool), settle)))
		}
	}
	return timing.Next(time.Time{}, times)
}

func nextTransition(in Input, grants Grants) time.Time {
	var times []time.Time
	for _, p := range grants.parts {
		times = append(times, lifecycle.Boundaries(p.awards)...)
	}
	if window := in.Pool.Spec.Availability; window != nil {
		times = append(times, lifecycle.Boundaries(lifecycle.Within(window, []lifecycle.Span{{}}))...)
	}
	return timing.Next(in.Now, times)
}

func readyCondition(in Input, nodes []*node) metav1.Condition {
	held := filter(nodes, func(n *node) bool { return n.holder != nil })
	if !in.Pool.DeletionTimestamp.IsZero() && len(held) > 0 {
		return conditions.False(foundationv1alpha1.ConditionReady, foundationv1alpha1.ReasonNodesInUse,
			fmt.Sprintf("deletion waits for %s of teams: %s; end the awards of this pool in their spec.gpus",
				text.Count(len(held), "node"), namesOf(held)))
	}
	return backendOf(in.Pool).ready(in, nodes)
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
func reconcilingCondition(in Input, grants Grants, nodes []*node) *metav1.Condition {
	claims, leaves := 0, 0
	for _, p := range grants.parts {
		claims += max(p.granted-p.active, 0)
		leaves += max(p.active-p.granted, 0)
	}
	if dynamic(in.Pool) {
		// They come when pods ask for them.
		claims = 0
	}
	draining := filter(nodes, func(n *node) bool { return n.holder != nil && !n.releasing.IsZero() })
	scrubbing := filter(nodes, func(n *node) bool { return n.awaitsScrub(in.Pool) })
	entering := filter(nodes, func(n *node) bool { return n.entering() && !n.awaitsScrub(in.Pool) })
	making := filter(nodes, func(n *node) bool { return n.making() && !n.ending() })
	leaves += len(draining)
	var parts []string
	add := func(n int, what string) {
		if n > 0 {
			parts = append(parts, text.Count(n, "node")+" "+what)
		}
	}
	claimed := "to be claimed"
	if in.Pool.Spec.Karpenter != nil {
		claimed = "to be made by Karpenter"
	}
	add(claims, claimed)
	add(len(making), "being made by Karpenter")
	add(leaves, "being let go by their team"+stuck(in, draining))
	add(len(entering), "waiting to be empty before being granted: "+namesOf(entering))
	add(len(scrubbing), "waiting to be scrubbed before being granted: "+namesOf(scrubbing))
	if len(parts) == 0 {
		return nil
	}
	condition := conditions.True(foundationv1alpha1.ConditionReconciling, foundationv1alpha1.ReasonProgressing, strings.Join(parts, ", "))
	return &condition
}

// stuck names the work that is still there although it was evicted: something refuses that.
func stuck(in Input, draining []*node) string {
	for _, n := range draining {
		if n.ending() || in.Now.Before(n.releasing.Add(max(gracePeriod(in.Pool), settle)+inspectEvery)) {
			continue
		}
		for _, pod := range in.Pods[n.Name] {
			if pod.DeletionTimestamp.IsZero() {
				return fmt.Sprintf(" (pod %s/%s on %s is past its grace: a PodDisruptionBudget may hold it, delete that or set spec.reclaim.forceAfter)", pod.Namespace, pod.Name, n.Name)
			}
		}
	}
	return ""
}

func filter(nodes []*node, is func(*node) bool) []*node {
	return slices.DeleteFunc(slices.Clone(nodes), func(n *node) bool { return !is(n) })
}

// namesOf names the first few nodes.
func namesOf(nodes []*node) string {
	names := make([]string, len(nodes))
	for i, n := range nodes {
		names[i] = n.Name
	}
	return text.First(names, named)
}
