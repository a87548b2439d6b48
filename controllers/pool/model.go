package pool

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/allocation"
	"foundation.team/operator/internal/gpunode"
	"foundation.team/operator/internal/guards"
	"foundation.team/operator/internal/karpenter"
	"foundation.team/operator/internal/lifecycle"
)

// defaultGracePeriod is the CRD's default, for pools whose spec.reclaim was left out altogether.
const defaultGracePeriod = 72 * time.Hour

// defaultReplaceAfter is the CRD's default, for pools whose spec.repair was left out altogether. A reboot of a GPU server takes
// about five minutes.
const defaultReplaceAfter = 10 * time.Minute

// Input is everything that a pool's decisions are made from.
type Input struct {
	Pool *foundationv1alpha1.GPUPool
	// Selector is the pool's node selector. If it is invalid, Invalid says why, and Selector matches the nodes that the
	// pool already has.
	Selector labels.Selector
	Invalid  error
	// Guards is whether the admission policies are in place; without them no grant is raised.
	Guards guards.Result
	// Teams are the teams with awards of this pool, and those that have something of it, with their programmes.
	Teams []lifecycle.Team
	// Nodes match the pool's selector or carry its label. They are sorted by name.
	Nodes []*corev1.Node
	// NodePools and NodeClaims are Karpenter's objects for this pool. KarpenterMissing is true if the cluster does not
	// serve their kinds.
	NodePools        []*karpenter.NodePool
	NodeClaims       []*karpenter.NodeClaim
	KarpenterMissing bool
	// Devices are those that DRA drivers publish, of the pool's DeviceClass, by node. It is nil if the pool has no class, or if
	// nothing is known of its devices: then nodes count as having all of them. DevicesUnknown says why, if an admin can mend that.
	Devices        map[string]gpunode.Devices
	DevicesUnknown string
	// Pods are those that keep a node from becoming free, by node name, for the nodes that NodesToInspect named.
	Pods map[string][]corev1.Pod
	// PodsUnread are the nodes whose pods could not be listed.
	PodsUnread map[string]bool
	// SeenClosed is when closed nodes were first seen so, by name.
	SeenClosed map[string]time.Time
	// DebounceUntil is until when no grant is raised because more demands may come; zero or past if they are stable.
	DebounceUntil time.Time
	Now           time.Time
}

// Decision is how many GPUs each team is granted, and the classified nodes that this was decided from.
type Decision struct {
	// Nodes are sorted by name. They are classified once, because a pool may have thousands.
	Nodes    []gpunode.Node
	Grants   allocation.Result
	Forecast allocation.Forecast
}

func (in *Input) perNode() allocation.GPUs { return allocation.GPUs(in.Pool.Spec.GPUsPerNode) }

func (in *Input) deleting() bool { return !in.Pool.DeletionTimestamp.IsZero() }

func (in *Input) debouncing() bool { return in.Now.Before(in.DebounceUntil) }

// podsOn returns how many pods keep a node from becoming free. A node whose pods could not be listed counts as busy.
func (in *Input) podsOn(node string) int {
	if in.PodsUnread[node] {
		return 1
	}
	return len(in.Pods[node])
}

// policy returns how the pool's nodes change hands.
func (in *Input) policy() gpunode.Policy {
	policy := gpunode.Policy{
		GracePeriod: defaultGracePeriod, RequireScrub: requireScrub(in.Pool),
		Terminate: in.Pool.Spec.Karpenter != nil, Deleting: in.deleting(),
	}
	policy.ReplaceAfter = defaultReplaceAfter
	if repair := in.Pool.Spec.Repair; repair != nil && repair.ReplaceAfter != nil {
		policy.ReplaceAfter = repair.ReplaceAfter.Duration
	}
	if reclaim := in.Pool.Spec.Reclaim; reclaim != nil && reclaim.GracePeriod != nil {
		policy.GracePeriod = reclaim.GracePeriod.Duration
	}
	return policy
}

// classifier returns what reads a node's state from its labels, taints and annotations.
func (in *Input) classifier() gpunode.Classifier {
	return gpunode.Classifier{Pool: in.Pool.Name, RequireScrub: requireScrub(in.Pool), Resolve: in.ownerResolver(), Now: in.Now}
}

// nodeRequirements returns what a node of the pool must offer to be healthy.
func (in *Input) nodeRequirements() gpunode.Requirements {
	spec := &in.Pool.Spec
	required := gpunode.Requirements{
		Resource: corev1.ResourceName(spec.ResourceName), GPUs: int64(spec.GPUsPerNode),
		DeviceClass: spec.DeviceClassName, Devices: in.Devices,
	}
	var tolerated []foundationv1alpha1.NodeTaint
	if spec.Karpenter != nil {
		tolerated = spec.Karpenter.Taints
	} else if spec.Static != nil {
		tolerated = spec.Static.Taints
	}
	for _, taint := range tolerated {
		required.Tolerated = append(required.Tolerated, corev1.Taint{Key: taint.Key, Value: taint.Value, Effect: taint.Effect})
	}
	return required
}

// ownerResolver returns a function that completes an owner. An owner whose UID was lost gets the one that its name has in
// the grants; one whose manifest was removed and applied again gets its present UID.
func (in *Input) ownerResolver() func(gpunode.Owner) gpunode.Owner {
	granted, renewed := map[string]gpunode.Owner{}, map[gpunode.Owner]gpunode.Owner{}
	for _, grant := range in.Pool.Status.Grants {
		if _, known := granted[grant.TeamName]; !known {
			granted[grant.TeamName] = ownerOfGrant(grant)
		}
	}
	for _, team := range in.Teams {
		for _, former := range team.Status.FormerUIDs {
			renewed[newOwner(team.Name, former)] = newOwner(team.Name, string(team.UID))
		}
	}
	return func(owner gpunode.Owner) gpunode.Owner {
		if known, ok := granted[owner.Name]; ok && owner.UID == "" {
			owner = known
		}
		if now, ok := renewed[owner]; ok {
			owner = now
		}
		return owner
	}
}

func requireScrub(pool *foundationv1alpha1.GPUPool) bool {
	return pool.Spec.Reclaim != nil && pool.Spec.Reclaim.RequireScrub
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

// selectNodes returns the nodes that satisfy a condition.
func selectNodes(nodes []gpunode.Node, is func(*gpunode.Node) bool) []*gpunode.Node {
	var some []*gpunode.Node
	for i := range nodes {
		if is(&nodes[i]) {
			some = append(some, &nodes[i])
		}
	}
	return some
}

func awaitsScrub(n *gpunode.Node) bool { return n.Member && n.State == gpunode.AwaitingScrub }

func countNodes(nodes []gpunode.Node, are func(*gpunode.Node) bool) allocation.Nodes {
	var sum allocation.Nodes
	for i := range nodes {
		if are(&nodes[i]) {
			sum++
		}
	}
	return sum
}
