package pool

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/karpenter"
	"foundation.team/operator/test/support/builder"
)

// noCapacity reports why a NodeClaim is not launched, as Karpenter does.
func noCapacity() builder.NodeClaimMod {
	return builder.Condition(karpenter.ConditionLaunched, metav1.ConditionFalse, "InsufficientCapacity", "no x1.8 in zone-a")
}

// failingNodePool is a NodePool of hanbit's with a condition that is False.
func failingNodePool(nodePool, step, message string) *karpenter.NodePool {
	live := builder.NodePool(nodePool, hanbit)
	live.Status.Conditions = []metav1.Condition{
		{Type: karpenter.ConditionNodeRegistrationHealthy, Status: metav1.ConditionUnknown, Reason: "AwaitingReconciliation"},
		{Type: step, Status: metav1.ConditionFalse, Reason: "Fault", Message: message},
	}
	return live
}

// karpenterMessageCase is the message to a team about nodes that Karpenter provisions for it.
type karpenterMessageCase struct {
	in      Input
	reason  string
	message string
}

func (tt karpenterMessageCase) check(t *testing.T) {
	t.Helper()
	got := BuildStatus(tt.in, Decide(tt.in)).Grants[0]
	if got.Reason != tt.reason || got.Message != tt.message {
		t.Errorf("%s: %s\nwant %s: %s", got.Reason, got.Message, tt.reason, tt.message)
	}
}

func runKarpenterMessageCases(t *testing.T, tests map[string]karpenterMessageCase) {
	t.Helper()
	for name, tt := range tests {
		t.Run(name, tt.check)
	}
}

func TestMessagesAboutProvisioning(t *testing.T) {
	claim := func(name string, mods ...builder.NodeClaimMod) *karpenter.NodeClaim {
		return builder.NodeClaim(name, static, hanbit, mods...)
	}
	unknown := func(step, reason, message string) builder.NodeClaimMod {
		return builder.Condition(step, metav1.ConditionUnknown, reason, message)
	}
	runKarpenterMessageCases(t, map[string]karpenterMessageCase{
		"all nodes are there": {in: input(karpenterPool(16), wants(16), provisionedNode("n1", static, hanbit), provisionedNode("n2", static, hanbit))},
		"no node is provisioned yet": {
			input(karpenterPool(16), wants(16)), foundationv1alpha1.ReasonNodesNotReady,
			"b200: 16 of 16 GPUs not ready: 2 nodes are not provisioned by Karpenter yet",
		},
		"one node is not provisioned, one is being provisioned": {
			input(karpenterPool(16), wants(16), claim("c1", builder.Launched())), foundationv1alpha1.ReasonNodesNotReady,
			"b200: 16 of 16 GPUs not ready: 1 node is being provisioned; 1 node is not provisioned by Karpenter yet",
		},
		"Karpenter has not begun to provision": {
			input(karpenterPool(8), wants(8), claim("c1", unknown(karpenter.ConditionLaunched, awaitingReconciliation, "object is awaiting reconciliation"))),
			foundationv1alpha1.ReasonNodesNotReady, "b200: 8 of 8 GPUs not ready: 1 node is being provisioned",
		},
		"the instance type has no capacity": {
			input(karpenterPool(16), wants(16), claim("c1"), claim("c2", noCapacity())), foundationv1alpha1.ReasonNodesNotReady,
			"b200: 16 of 16 GPUs not ready: 2 nodes are being provisioned, NodeClaim c2 is not Launched (InsufficientCapacity: no x1.8 in zone-a)",
		},
		"Karpenter's message is too long and is cut": {
			input(karpenterPool(16), wants(16), claim("c1", builder.Condition(karpenter.ConditionLaunched, metav1.ConditionFalse, "InsufficientCapacity", strings.Repeat("no ", 500)))),
			foundationv1alpha1.ReasonNodesNotReady,
			"b200: 16 of 16 GPUs not ready: 1 node is being provisioned, NodeClaim c1 is not Launched (InsufficientCapacity: " + strings.Repeat("no ", 133) + "n…); 1 node is not provisioned by Karpenter yet",
		},
		"the instance does not register as a node": {
			input(karpenterPool(8), wants(8), claim("c1", builder.Launched(), unknown(karpenter.ConditionRegistered, "NodeNotFound", "Node not registered with cluster"))),
			foundationv1alpha1.ReasonNodesNotReady,
			"b200: 8 of 8 GPUs not ready: 1 node is being provisioned, NodeClaim c1 is not Registered (NodeNotFound: Node not registered with cluster)",
		},
		"the node lacks its GPUs": {
			input(karpenterPool(8), wants(8), claim("c1", builder.Registered("n1"), unknown(karpenter.ConditionInitialized, "ResourceNotRegistered", "nvidia.com/gpu")),
				builder.Node("n1", builder.RegisteredFor(claim("c1")))),
			foundationv1alpha1.ReasonNodesNotReady,
			"b200: 8 of 8 GPUs not ready: 1 node is being provisioned, NodeClaim c1 is not Initialized (ResourceNotRegistered: nvidia.com/gpu)",
		},
		"one node is unhealthy, one is being provisioned, one is missing": {
			input(karpenterPool(24), wants(24), provisionedNode("n1", static, hanbit, builder.NotReady()), claim("c2")), foundationv1alpha1.ReasonNodesNotReady,
			"b200: 24 of 24 GPUs not ready: 1 node is not healthy: n1 (not Ready); 1 node is being provisioned; 1 node is not provisioned by Karpenter yet",
		},
		"another team's nodes do not count": {
			in: input(karpenterPool(8, builder.Granted(saebit, 8)), wants(8), saebit, provisionedNode("n1", static, hanbit), builder.NodeClaim("c2", static, saebit, noCapacity())),
		},
		"a terminating node is not mentioned": {
			input(karpenterPool(8), wants(8), claim("c1", noCapacity(), builder.ClaimDeleted(now))), foundationv1alpha1.ReasonNodesNotReady,
			"b200: 8 of 8 GPUs not ready: 1 node is not provisioned by Karpenter yet",
		},
	})
}

func TestMessagesAboutDynamicPools(t *testing.T) {
	runKarpenterMessageCases(t, map[string]karpenterMessageCase{
		"Dynamic: nodes that no pod needs are not reported missing": {in: input(karpenterPool(16, builder.Dynamic()), wants(16), nodePoolOfSize(dynamicMode, hanbit, -1, 16), provisionedNode("n1", dynamicMode, hanbit))},
		"Dynamic: nodes beyond the NodePool's limit are reported missing": {
			input(karpenterPool(16, builder.Dynamic()), wants(16), nodePoolOfSize(dynamicMode, hanbit, -1, 8), provisionedNode("n1", dynamicMode, hanbit)), foundationv1alpha1.ReasonNodesNotReady,
			"b200: 8 of 16 GPUs not ready: 1 node is waiting until other teams' nodes are drained",
		},
		"Dynamic: all nodes are reported missing without a NodePool": {
			input(karpenterPool(16, builder.Dynamic()), wants(16)), foundationv1alpha1.ReasonNodesNotReady,
			"b200: 16 of 16 GPUs not ready: 2 nodes are waiting until other teams' nodes are drained",
		},
		"Dynamic: nodes that are being provisioned for pods are reported missing": {
			input(karpenterPool(16, builder.Dynamic()), wants(16), nodePoolOfSize(dynamicMode, hanbit, -1, 16), builder.NodeClaim("c1", dynamicMode, hanbit, noCapacity())), foundationv1alpha1.ReasonNodesNotReady,
			"b200: 8 of 16 GPUs not ready: 1 node is being provisioned, NodeClaim c1 is not Launched (InsufficientCapacity: no x1.8 in zone-a)",
		},
	})
}

func TestMessagesAboutNodePools(t *testing.T) {
	runKarpenterMessageCases(t, map[string]karpenterMessageCase{
		"Karpenter reports a failure of the NodePool": {
			input(karpenterPool(8), wants(8), failingNodePool(static, karpenter.ConditionNodeClassReady, "KWOKNodeClass default not found")),
			foundationv1alpha1.ReasonNodesNotReady,
			"b200: 8 of 8 GPUs not ready: NodePool hanbit.b200.s is not NodeClassReady (Fault: KWOKNodeClass default not found)",
		},
		"Karpenter reports a failure where no pod asks for nodes": {
			input(karpenterPool(16, builder.Dynamic()), wants(16), provisionedNode("n1", dynamicMode, hanbit), failingNodePool(dynamicMode, karpenter.ConditionValidationSucceeded, "bad label")),
			foundationv1alpha1.ReasonNodesNotReady,
			"b200: 8 of 16 GPUs not ready: NodePool hanbit.b200.d is not ValidationSucceeded (Fault: bad label)",
		},
		"what Karpenter has not looked at is no failure": {
			input(karpenterPool(8), wants(8), failingNodePool(static, "Ready", "not yet")), foundationv1alpha1.ReasonNodesNotReady,
			"b200: 8 of 8 GPUs not ready: 1 node is not provisioned by Karpenter yet",
		},
		"all nodes are there whatever Karpenter reports": {
			in: input(karpenterPool(8), wants(8), provisionedNode("n1", static, hanbit), failingNodePool(static, karpenter.ConditionNodeRegistrationHealthy, "slow")),
		},
		"a failure of the other mode's NodePool does not matter": {
			input(karpenterPool(8), wants(8), failingNodePool(dynamicMode, karpenter.ConditionNodeClassReady, "not found")), foundationv1alpha1.ReasonNodesNotReady,
			"b200: 8 of 8 GPUs not ready: 1 node is not provisioned by Karpenter yet",
		},
		"other teams have not drained yet": {
			input(karpenterPool(8, builder.Karpenter(8)), wants(16), provisionedNode("n1", static, hanbit)), foundationv1alpha1.ReasonShortfall,
			"b200: 8 of 16 short, 0 free, none foreseen; shrink or end an award, or name another pool",
		},
	})
}

func TestKarpenterCapacity(t *testing.T) {
	in := input(karpenterPool(24, builder.Granted(saebit, 8)), wants(24), builder.Team("saebit", builder.Award(b200, 40)),
		provisionedNode("n1", static, hanbit), provisionedNode("n2", static, hanbit, builder.NotReady()), provisionedNode("n3", static, saebit, builder.Draining(now)),
		builder.NodeClaim("c4", static, saebit))
	// Of 8 nodes hanbit was granted 3 and saebit has 2; the others are granted to saebit.
	want := &foundationv1alpha1.PoolCapacity{Total: 64, Healthy: 16, Granted: 64, Held: 32, Free: 0}
	if diff := cmp.Diff(want, BuildStatus(in, Decide(in)).Capacity); diff != "" {
		t.Error(diff)
	}
}

// Nodes that a team may already have provisioned are not free before they are granted, and are not counted twice
// afterwards.
func TestKarpenterCapacityThatMayBeProvisioned(t *testing.T) {
	in := input(karpenterPool(8), wants(24), nodePoolOfSize(static, hanbit, 3, 3))
	want := &foundationv1alpha1.PoolCapacity{Total: 64, Granted: 24, Free: 40}
	if diff := cmp.Diff(want, BuildStatus(in, Decide(in)).Capacity); diff != "" {
		t.Error(diff)
	}
}

func TestKarpenterReadyCondition(t *testing.T) {
	ending := builder.NodeClaim("c1", static, hanbit, builder.Initialized("n1"), builder.ClaimDeleted(now))
	missing := input(karpenterPool(8), wants(8))
	missing.KarpenterMissing = true
	tests := map[string]struct {
		in              Input
		status          metav1.ConditionStatus
		reason, message string
		stalled         bool
	}{
		"no nodes are provisioned": {
			in: input(karpenterPool(0)), status: metav1.ConditionTrue, reason: foundationv1alpha1.ReasonAsDeclared, message: "64 GPUs at most, 0 on 0 nodes",
		},
		"some nodes are provisioned": {
			in:     input(karpenterPool(16), wants(16), provisionedNode("n1", static, hanbit), builder.NodeClaim("c2", static, hanbit)),
			status: metav1.ConditionTrue, reason: foundationv1alpha1.ReasonAsDeclared, message: "64 GPUs at most, 16 on 2 nodes",
		},
		"some nodes are unhealthy": {
			in:     input(karpenterPool(16), wants(16), provisionedNode("n1", static, hanbit), provisionedNode("n2", static, hanbit, builder.Cordoned())),
			status: metav1.ConditionFalse, reason: foundationv1alpha1.ReasonNodesUnhealthy, message: "8 of 16 GPUs on nodes that are not healthy: n2 (cordoned)",
		},
		"an unhealthy node is terminating": {
			in:     input(karpenterPool(8), wants(8), ending, builder.Node("n1", builder.RegisteredFor(ending), builder.NotReady())),
			status: metav1.ConditionTrue, reason: foundationv1alpha1.ReasonAsDeclared, message: "64 GPUs at most, 8 on 1 node",
		},
		"deleted, and teams have nodes": {
			in:     input(karpenterPool(8, builder.PoolDeleted()), wants(8), provisionedNode("n1", static, hanbit)),
			status: metav1.ConditionFalse, reason: foundationv1alpha1.ReasonNodesInUse,
			message: "deletion waits for 1 node of teams: n1; end the awards of this pool in their spec.gpus, " + takeBack,
		},
		"Karpenter is not installed": {
			in: missing, status: metav1.ConditionFalse, reason: foundationv1alpha1.ReasonKarpenterMissing, stalled: true,
			message: "spec.karpenter: this cluster serves no NodePools of karpenter.sh/v1: install Karpenter, it is looked for again every 30 seconds",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			conditions := BuildStatus(tt.in, Decide(tt.in)).Conditions
			got := meta.FindStatusCondition(conditions, foundationv1alpha1.ConditionReady)
			if got.Status != tt.status || got.Reason != tt.reason || got.Message != tt.message {
				t.Errorf("%s, %s: %s", got.Status, got.Reason, got.Message)
			}
			if stalled := meta.IsStatusConditionTrue(conditions, foundationv1alpha1.ConditionStalled); stalled != tt.stalled {
				t.Errorf("stalled is %t, want %t: only what a human must mend is", stalled, tt.stalled)
			}
		})
	}
}

func TestKarpenterReconcilingCondition(t *testing.T) {
	ending := builder.NodeClaim("c1", static, hanbit, builder.Initialized("n1"), builder.ClaimDeleted(now))
	gone := builder.Draining(now.Add(-2 * time.Hour))
	tests := map[string]struct {
		in   Input
		want string
	}{
		"no node changes hands":        {input(karpenterPool(8), wants(8), provisionedNode("n1", static, hanbit)), ""},
		"nodes are to be provisioned":  {input(karpenterPool(16), wants(16), provisionedNode("n1", static, hanbit)), "1 node to be provisioned by Karpenter"},
		"nodes are being provisioned":  {input(karpenterPool(16), wants(16), provisionedNode("n1", static, hanbit), builder.NodeClaim("c2", static, hanbit)), "1 node being provisioned by Karpenter"},
		"Dynamic: no nodes are needed": {input(karpenterPool(16, builder.Dynamic()), wants(16)), ""},
		"Dynamic: nodes are being provisioned": {
			input(karpenterPool(16, builder.Dynamic()), wants(16), builder.NodeClaim("c2", dynamicMode, hanbit)), "1 node being provisioned by Karpenter",
		},
		"nodes are to drain": {
			input(karpenterPool(16), wants(0), provisionedNode("n1", static, hanbit), provisionedNode("n2", static, hanbit, builder.Draining(now))), "2 nodes draining",
		},
		"nodes are terminating": {input(karpenterPool(0), ending, builder.Node("n1", builder.RegisteredFor(ending))), "1 node draining"},
		"a pod keeps a node from draining": {
			input(karpenterPool(0), provisionedNode("n1", static, hanbit, gone), podsOn("n1", builder.Pod("hanbit-train", "job", now))),
			"1 node draining (pod hanbit-train/job on n1 is past its grace: a PodDisruptionBudget may hold it, delete that or set spec.reclaim.forceAfter)",
		},
		"a pod on a node that Karpenter drains is not named": {
			input(karpenterPool(0), builder.NodeClaim("c1", static, hanbit, builder.Initialized("n1"), builder.ClaimDeleted(now.Add(-2*time.Hour))),
				builder.Node("n1", builder.RegisteredFor(ending), gone), podsOn("n1", builder.Pod("hanbit-train", "job", now))),
			"1 node draining",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := ""
			if condition := reconcilingCondition(tt.in, Decide(tt.in)); condition != nil {
				got = condition.Message
			}
			if got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

// Quotas follow from the declared resources until nodes exist, and from what those offer afterwards.
func TestKarpenterNodeShape(t *testing.T) {
	known := corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("1")}
	declared := foundationv1alpha1.ResourceList(builder.Pool(b200, builder.Karpenter(8), builder.Dynamic()).Spec.Karpenter.NodeResources)
	offers := corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse("190"), corev1.ResourceMemory: resource.MustParse("2000Gi"), corev1.ResourceEphemeralStorage: resource.MustParse("7Ti"),
	}
	node := provisionedNode("n1", dynamicMode, hanbit, builder.Offers(8, "190", "2000Gi", "7Ti"))
	unfinished := builder.NodeClaim("c1", dynamicMode, hanbit, builder.Registered("n1"))
	tests := map[string]struct {
		known  corev1.ResourceList
		things []any
		mods   []builder.PoolMod
		want   corev1.ResourceList
	}{
		"before there is a node": {mods: []builder.PoolMod{builder.Dynamic()}, want: declared},
		"nothing is declared":    {},
		"a node is there":        {known: declared, things: node, mods: []builder.PoolMod{builder.Dynamic()}, want: offers},
		"what was known stays":   {known: known, mods: []builder.PoolMod{builder.Dynamic()}, want: known},
		"an unfinished one offers nothing yet": {
			things: []any{unfinished, builder.Node("n1", builder.RegisteredFor(unfinished), builder.Offers(8, "1", "1Gi", "1Gi"))},
			mods:   []builder.PoolMod{builder.Dynamic()}, want: declared,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			pool := karpenterPool(8, tt.mods...)
			pool.Status.NodeAllocatable = tt.known
			in := input(pool, tt.things...)
			if diff := cmp.Diff(tt.want, nodeShape(in, Decide(in).Nodes)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
