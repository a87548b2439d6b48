package pool

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/guards"
	"foundation.team/operator/internal/karpenter"
	"foundation.team/operator/internal/lifecycle"
	"foundation.team/operator/internal/placement"
)

// Input is all that a pool's decisions are made from.
type Input struct {
	Pool *foundationv1alpha1.GPUPool
	// Selector is the pool's node selector. If that cannot be read, Invalid says why, and Selector chooses the nodes that
	// the pool has.
	Selector labels.Selector
	Invalid  error
	// Guards says whether anything may be given out now.
	Guards guards.Result
	// Teams are the teams with awards of this pool, with their programmes.
	Teams []lifecycle.Team
	// Nodes are those that match the pool's selector or carry its label, by name.
	Nodes []*corev1.Node
	// NodePools and NodeClaims are Karpenter's for this pool; KarpenterMissing is true if the cluster has no such kinds.
	NodePools        []*karpenter.NodePool
	NodeClaims       []*karpenter.NodeClaim
	KarpenterMissing bool
	// Pods are the pods that keep a node busy, by node, for the nodes that ToInspect named.
	Pods map[string][]corev1.Pod
	// CollectUntil is until when requests are collected before any of them is served; zero if they are.
	CollectUntil time.Time
	Now          time.Time
}

// teamKey is a team, and no other of the same name.
type teamKey struct {
	name string
	uid  types.UID
}

func (k teamKey) String() string { return k.name + "/" + string(k.uid) }

func keyOf(team *foundationv1alpha1.FoundationTeam) teamKey {
	return teamKey{name: team.Name, uid: team.UID}
}

// node is what the pool reads off a Node.
type node struct {
	*corev1.Node
	// member is true if the node matches the selector and is no other pool's, foreign if it is another pool's.
	member, foreign bool
	// healthy is true if the node is Ready, not cordoned, and has all its GPUs.
	healthy bool
	// holder is the team whose node it is; nil if it is nobody's.
	holder *teamKey
	// closed is true if the node is shut to everybody, as a free one is.
	closed bool
	// releasing is since when it is closed to new pods so that it becomes free; zero if it is not.
	releasing time.Time
	// claim is the NodeClaim of a node that Karpenter makes; nil for one that is just there. While it is launching there
	// is no Node yet, only its name.
	claim     *karpenter.NodeClaim
	launching bool
	// outgoing is true if the node goes whatever its team was granted.
	outgoing bool
}

func (n *node) ours(pool string) bool { return n.Labels[foundationv1alpha1.LabelPool] == pool }

// held says whether the node is key's, on its way back or not.
func (n *node) held(key teamKey) bool { return n.holder != nil && *n.holder == key }

// active says whether the node is key's to use.
func (n *node) active(key teamKey) bool { return n.held(key) && n.releasing.IsZero() }

// empty says whether the node is nobody's and known to have no pods: it was looked at, and shut ever since.
func (n *node) empty(pool string) bool {
	return n.holder == nil && n.releasing.IsZero() && n.closed && n.ours(pool)
}

// settling says whether the node came into the pool just now and may be free in a moment.
func (n *node) settling(in Input) bool {
	fresh := n.holder == nil && n.releasing.IsZero() && !n.empty(in.Pool.Name)
	return n.member && n.healthy && (fresh || n.entering() && in.Now.Before(n.releasing.Add(settle+inspectEvery)) &&
		n.Annotations[foundationv1alpha1.AnnotationScrubRequest] == "")
}

// entering says whether the node is new in the pool, and not known to be empty.
func (n *node) entering() bool { return n.member && n.holder == nil && !n.releasing.IsZero() }

// free says whether the node can be given to a team.
func (n *node) free(pool string) bool { return n.member && n.healthy && n.empty(pool) }

// scrubbed says whether who scrubs has answered the request of this hand-over.
func (n *node) scrubbed() bool {
	request := n.Annotations[foundationv1alpha1.AnnotationScrubRequest]
	return n.holder == nil && request != "" && n.Annotations[foundationv1alpha1.AnnotationScrubbed] == request
}

// awaitsScrub says whether the node is empty and only has to be scrubbed.
func (n *node) awaitsScrub(pool *foundationv1alpha1.GPUPool) bool {
	return requireScrub(pool) && n.entering() && n.Annotations[foundationv1alpha1.AnnotationScrubRequest] != "" && !n.scrubbed()
}

func requireScrub(pool *foundationv1alpha1.GPUPool) bool {
	return pool.Spec.Reclaim != nil && pool.Spec.Reclaim.RequireScrub
}

// readNodes reads the nodes of an input.
func readNodes(in Input) []*node { return backendOf(in.Pool).nodes(in) }

// releasingSince reads since when a node is on its way back.
func releasingSince(in Input, obj *corev1.Node) time.Time {
	since, ok := obj.Annotations[foundationv1alpha1.AnnotationDrainingSince]
	if !ok && !hasTaint(obj, foundationv1alpha1.TaintDraining) {
		return time.Time{}
	}
	return parseTime(since, in.Now)
}

// holder reads whose node it is. One mark is enough, and the one that a kubelet cannot forge comes first: a node that
// lost some of its marks still runs the team's pods.
func holder(in Input, obj *corev1.Node) *teamKey {
	name := obj.Labels[foundationv1alpha1.LabelNodeTeam]
	for _, taint := range obj.Spec.Taints {
		if name == "" && taint.Key == foundationv1alpha1.TaintTeam {
			name = taint.Value
		}
	}
	if name == "" {
		name = obj.Labels[foundationv1alpha1.LabelTeam]
	}
	if name == "" {
		return nil
	}
	key := teamKey{name: name, uid: types.UID(obj.Annotations[foundationv1alpha1.AnnotationTeamUID])}.completed(in)
	return &key
}

// completed adds, where somebody took it off, the UID of the team that has a grant under this name, and turns a UID that
// a team had before its manifest was applied again into the one that it has now.
func (k teamKey) completed(in Input) teamKey {
	for _, grant := range in.Pool.Status.Grants {
		if k.uid == "" && grant.TeamName == k.name {
			k.uid = types.UID(grant.UID)
		}
	}
	for _, team := range in.Teams {
		if team.Name == k.name && slices.Contains(team.Status.FormerUIDs, string(k.uid)) {
			k.uid = team.UID
		}
	}
	return k
}

func hasTaint(obj *corev1.Node, key string) bool {
	return slices.ContainsFunc(obj.Spec.Taints, func(taint corev1.Taint) bool {
		return taint.Key == key && taint.Effect == corev1.TaintEffectNoSchedule
	})
}

// parseTime reads an annotation. One that somebody took off, or that is no time, or one to come, counts as now, so that no grace is
// lost by it.
func parseTime(value string, now time.Time) time.Time {
	if at, err := time.Parse(time.RFC3339, value); err == nil && at.Before(now) {
		return at
	}
	return now
}

func healthy(obj *corev1.Node, pool *foundationv1alpha1.GPUPool) bool {
	if obj.Spec.Unschedulable || !obj.DeletionTimestamp.IsZero() {
		return false
	}
	gpus, served := obj.Status.Allocatable[corev1.ResourceName(pool.Spec.ResourceName)]
	// A DRA driver publishes devices instead; a node of which it does is as good.
	byDriver := !served && pool.Spec.DeviceClassName != ""
	return (byDriver || gpus.Value() >= int64(pool.Spec.GPUsPerNode)) &&
		slices.ContainsFunc(obj.Status.Conditions, func(condition corev1.NodeCondition) bool {
			return condition.Type == corev1.NodeReady && condition.Status == corev1.ConditionTrue
		})
}

func place(in Input, n *node) placement.Node {
	var topology []string
	if static := in.Pool.Spec.Static; static != nil {
		for _, key := range static.TopologyKeys {
			topology = append(topology, n.Labels[key])
		}
	}
	return placement.Node{Name: n.Name, Topology: topology}
}

func count[T any](items []T, is func(T) bool) int {
	sum := 0
	for _, item := range items {
		if is(item) {
			sum++
		}
	}
	return sum
}

func gracePeriod(pool *foundationv1alpha1.GPUPool) time.Duration {
	if pool.Spec.Reclaim != nil && pool.Spec.Reclaim.GracePeriod != nil {
		return pool.Spec.Reclaim.GracePeriod.Duration
	}
	return defaultGracePeriod
}
