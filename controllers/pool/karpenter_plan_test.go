package pool

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/gpunode"
	"foundation.team/operator/internal/karpenter"
	"foundation.team/operator/test/support/builder"
)

// karpenterPool is a Karpenter pool of 64 GPUs, of which hanbit was granted some.
func karpenterPool(gpus int32, mods ...builder.PoolMod) *foundationv1alpha1.GPUPool {
	return granted(gpus, append([]builder.PoolMod{builder.Karpenter(64)}, mods...)...)
}

// karpenterPlanCase lists the writes for nodes that Karpenter has provisioned or is provisioning.
type karpenterPlanCase struct {
	in      Input
	want    []string
	next    time.Time
	evicted []string
}

func (tt karpenterPlanCase) check(t *testing.T) {
	t.Helper()
	before := asJSON(t, tt.in)
	result := BuildPlan(tt.in, Decide(tt.in))
	if diff := cmp.Diff(tt.want, describeWrites(result)); diff != "" {
		t.Error(diff)
	}
	if !result.RequeueAt.Equal(tt.next) {
		t.Errorf("requeued at %s, want %s", result.RequeueAt, tt.next)
	}
	if diff := cmp.Diff(tt.evicted, podNames(result.Evictions)); diff != "" {
		t.Errorf("evicted: %s", diff)
	}
	if after := asJSON(t, tt.in); after != before {
		t.Error("what was read is changed")
	}
}

func runKarpenterPlanCases(t *testing.T, tests map[string]karpenterPlanCase) {
	t.Helper()
	for name, tt := range tests {
		t.Run(name, tt.check)
	}
}

func TestKarpenterProvisions(t *testing.T) {
	launching := builder.NodeClaim("c1", static, hanbit)
	registered := builder.NodeClaim("c1", static, hanbit, builder.Registered("n1"))
	bare := func(n *corev1.Node) { n.Spec.Taints = nil }
	runKarpenterPlanCases(t, map[string]karpenterPlanCase{
		"no team demands any GPUs": {in: input(karpenterPool(0))},
		"a grant is provisioned by a NodePool": {
			in: input(karpenterPool(0), wants(16)), want: []string{"NodePool hanbit.b200.s keeps 2 of 2 nodes"},
		},
		"a node that is being provisioned counts for its team": {
			in: input(karpenterPool(16), wants(16), launching), want: []string{"NodePool hanbit.b200.s keeps 2 of 2 nodes"},
		},
		"a node that is being provisioned is not written to": {
			in:   input(karpenterPool(8), wants(8), registered, builder.Node("n1", builder.RegisteredFor(registered), bare)),
			want: []string{"NodePool hanbit.b200.s keeps 1 of 1 nodes"},
		},
		"a draining node that is being provisioned has its metadata written again": {
			in:   input(karpenterPool(8), wants(0), registered, builder.Node("n1", builder.RegisteredFor(registered), builder.Tainted(foundationv1alpha1.TaintDraining, ""))),
			want: []string{"NodePool hanbit.b200.s keeps 1 of 0 nodes", "n1: " + draining(now)}, next: now.Add(gpunode.PodBindDelay),
		},
		"a provisioned node has its metadata written again": {
			in:   input(karpenterPool(8), wants(8), provisionedNode("n1", static, hanbit, bare)),
			want: []string{"NodePool hanbit.b200.s keeps 1 of 1 nodes", "n1: " + ofHanbit},
		},
		"a provisioned node as it should be is left alone": {
			in: input(karpenterPool(8), wants(8), provisionedNode("n1", static, hanbit)), want: []string{"NodePool hanbit.b200.s keeps 1 of 1 nodes"},
		},
	})
}

func TestKarpenterNodesDrain(t *testing.T) {
	launching := builder.NodeClaim("c1", static, hanbit)
	registered := builder.NodeClaim("c1", static, hanbit, builder.Registered("n1"))
	work := builder.Pod("hanbit-train", "job", now.Add(-time.Hour))
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	runKarpenterPlanCases(t, map[string]karpenterPlanCase{
		"a surplus node drains first, and Karpenter does not choose which": {
			in:   input(karpenterPool(16), wants(8), provisionedNode("n1", static, hanbit), provisionedNode("n2", static, hanbit), podsOn("n2", work)),
			want: []string{"NodePool hanbit.b200.s keeps 2 of 1 nodes", "n1: " + draining(now)}, next: now.Add(gpunode.PodBindDelay),
		},
		"a surplus node that is not launched is deleted first and at once": {
			in:   input(karpenterPool(16), wants(8), provisionedNode("n1", static, hanbit), builder.NodeClaim("c2", static, hanbit, builder.Launched())),
			want: []string{"NodePool hanbit.b200.s keeps 2 of 1 nodes", "c2 is ended"},
		},
		"a surplus node that just registered may have pods": {
			in:   input(karpenterPool(8), wants(0), registered, builder.Node("n1", builder.RegisteredFor(registered))),
			want: []string{"NodePool hanbit.b200.s keeps 1 of 0 nodes", "n1: " + draining(now)}, next: now.Add(gpunode.PodBindDelay),
		},
		"a surplus node that its NodeClaim does not name yet may have pods": {
			in:   input(karpenterPool(8), wants(0), launching, builder.Node("n1", builder.RegisteredFor(launching))),
			want: []string{"NodePool hanbit.b200.s keeps 1 of 0 nodes", "n1: " + draining(now)}, next: now.Add(gpunode.PodBindDelay),
		},
		"a surplus node that the cache does not have is left alone": {
			in:   input(karpenterPool(8), wants(0), builder.NodeClaim("c1", static, hanbit, builder.Initialized("n1"))),
			want: []string{"NodePool hanbit.b200.s keeps 1 of 0 nodes"},
		},
		"a node of Karpenter's that drains has to settle": {
			in:   input(karpenterPool(0), provisionedNode("n1", static, hanbit, builder.Draining(ago(gpunode.PodBindDelay-time.Second)))),
			want: []string{"NodePool hanbit.b200.s keeps 1 of 0 nodes"}, next: now.Add(time.Second),
		},
		"a draining node of Karpenter's is deleted when it is empty": {
			in:   input(karpenterPool(0), provisionedNode("n1", static, hanbit, builder.Draining(ago(gpunode.PodBindDelay)))),
			want: []string{"NodePool hanbit.b200.s keeps 1 of 0 nodes", "c-n1 is ended"},
		},
		"a draining node of Karpenter's is not deleted while a pod runs": {
			in:   input(karpenterPool(0), provisionedNode("n1", static, hanbit, builder.Draining(ago(time.Minute))), podsOn("n1", work)),
			want: []string{"NodePool hanbit.b200.s keeps 1 of 0 nodes"}, next: now.Add(gpunode.InspectInterval),
		},
		"a draining node of Karpenter's is not deleted after the grace period: its pods are evicted": {
			in:   input(karpenterPool(0), provisionedNode("n1", static, hanbit, builder.Draining(ago(time.Hour))), podsOn("n1", work)),
			want: []string{"NodePool hanbit.b200.s keeps 1 of 0 nodes"}, next: now.Add(gpunode.InspectInterval), evicted: []string{"job"},
		},
	})
}

func TestKarpenterNodesTerminateOrComeBack(t *testing.T) {
	ending := builder.NodeClaim("c1", static, hanbit, builder.Initialized("n1"), builder.ClaimDeleted(now))
	work := builder.Pod("hanbit-train", "job", now.Add(-time.Hour))
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	bare := func(n *corev1.Node) { n.Spec.Taints = nil }
	runKarpenterPlanCases(t, map[string]karpenterPlanCase{
		"a terminating node is Karpenter's": {
			in: input(karpenterPool(8), wants(8), ending, builder.Node("n1", builder.RegisteredFor(ending), bare, builder.Draining(ago(2*time.Hour))),
				podsOn("n1", work)),
			want: []string{"NodePool hanbit.b200.s keeps 1 of 1 nodes"}, next: now.Add(time.Hour),
		},
		"a terminating node is Karpenter's however long that takes": {
			in:   input(karpenterPool(8), wants(8), builder.NodeClaim("c1", static, hanbit, builder.Initialized("n1"), builder.ClaimDeleted(ago(time.Hour)))),
			want: []string{"NodePool hanbit.b200.s keeps 1 of 1 nodes"},
		},
		"a team that grows again reclaims its draining node": {
			in:   input(karpenterPool(0), wants(8), provisionedNode("n1", static, hanbit, builder.Draining(ago(time.Minute))), podsOn("n1", work)),
			want: []string{"NodePool hanbit.b200.s keeps 1 of 1 nodes", "n1: " + ofHanbit}, next: now.Add(gpunode.InspectInterval),
		},
		"a node is reclaimed that was just found to be empty": {
			in:   input(karpenterPool(0), wants(8), provisionedNode("n1", static, hanbit, builder.Draining(ago(time.Minute)))),
			want: []string{"NodePool hanbit.b200.s keeps 1 of 1 nodes", "n1: " + ofHanbit},
		},
		"a terminating node is not reclaimed": {
			in:   input(karpenterPool(0), wants(16), ending, builder.Node("n1", builder.RegisteredFor(ending))),
			want: []string{"NodePool hanbit.b200.s keeps 2 of 2 nodes"}, next: now.Add(time.Hour),
		},
		"of two nodes the one is reclaimed that does not terminate": {
			in:   input(karpenterPool(8), wants(16), ending, builder.Node("n1", builder.RegisteredFor(ending)), provisionedNode("n2", static, hanbit, builder.Draining(ago(gpunode.PodBindDelay)))),
			want: []string{"NodePool hanbit.b200.s keeps 2 of 2 nodes", "n2: " + ofHanbit}, next: now.Add(time.Hour),
		},
		"what was provisioned beyond the grant drains": {
			in:   input(karpenterPool(8, builder.Dynamic()), wants(8), provisionedNode("n1", dynamicMode, hanbit), provisionedNode("n2", dynamicMode, hanbit), podsOn("n1", work)),
			want: []string{"NodePool hanbit.b200.d of 8 nvidia.com/gpu", "n2: " + draining(now)}, next: now.Add(gpunode.PodBindDelay),
		},
	})
}

// Pods are not listed for nodes that do not exist yet or that Karpenter is terminating.
func TestNodesToInspectOfKarpenter(t *testing.T) {
	ending := builder.NodeClaim("c3", static, hanbit, builder.Initialized("n3"), builder.ClaimDeleted(now))
	in := input(karpenterPool(32), wants(0), provisionedNode("n1", static, hanbit), provisionedNode("n2", static, hanbit, builder.Draining(now)),
		ending, builder.Node("n3", builder.RegisteredFor(ending), builder.Draining(now)),
		builder.NodeClaim("c4", static, hanbit), builder.NodeClaim("c5", static, hanbit, builder.Initialized("n5")))
	if diff := cmp.Diff([]string{"n1", "n2"}, NodesToInspect(Decide(in))); diff != "" {
		t.Error(diff)
	}
}

// A node is owned by the team whose NodePool it came from, whatever somebody wrote on it or on its NodeClaim.
func TestKarpenterNodesHaveOneOwner(t *testing.T) {
	claim := func(mod func(*karpenter.NodeClaim)) []any {
		things := provisionedNode("n1", static, hanbit)
		if claim, ok := things[0].(*karpenter.NodeClaim); ok {
			mod(claim)
		}
		return things
	}
	tests := map[string][]any{
		"the NodeClaim is as Karpenter created it": claim(func(*karpenter.NodeClaim) {}),
		"the NodeClaim was labelled with another team": claim(func(c *karpenter.NodeClaim) {
			c.Labels[foundationv1alpha1.LabelTeam] = "saebit"
		}),
		"the NodeClaim lost the UID": claim(func(c *karpenter.NodeClaim) { c.Annotations = nil }),
		"the NodeClaim and the node lost the UID": {
			builder.NodeClaim("c-n1", static, hanbit, builder.Initialized("n1"), func(c *karpenter.NodeClaim) { c.Annotations = nil }),
			builder.Node("n1", builder.RegisteredFor(builder.NodeClaim("c-n1", static, hanbit)), func(n *corev1.Node) { n.Annotations = nil }),
		},
		"the node was labelled with another team": provisionedNode("n1", static, hanbit,
			builder.Labelled(foundationv1alpha1.LabelNodeTeam, "saebit"), builder.Labelled(foundationv1alpha1.LabelTeam, "saebit")),
	}
	for name, things := range tests {
		t.Run(name, func(t *testing.T) {
			pool := karpenterPool(8)
			pool.Status.Grants = append([]foundationv1alpha1.Grant{{TeamName: "aleph", UID: "aleph-uid"}}, pool.Status.Grants...)
			in := input(pool, wants(8), saebit, things)
			nodes := Decide(in).Nodes
			if len(nodes) != 1 || !nodes[0].OwnedBy(ownerOfTeam(hanbit)) {
				t.Fatalf("nodes are %+v, want one of %s", nodes, ownerOfTeam(hanbit))
			}
			for _, transition := range BuildPlan(in, Decide(in)).Transitions {
				if got := describe(transition.After); got != ofHanbit {
					t.Errorf("becomes %s, want %s", got, ofHanbit)
				}
			}
		})
	}
}

// Nodes are sorted by name, in whatever order they were read.
func TestKarpenterNodesAreInOrder(t *testing.T) {
	in := input(karpenterPool(24), wants(24), provisionedNode("n3", static, hanbit), provisionedNode("n1", static, hanbit), builder.NodeClaim("c2", static, hanbit))
	if got := namesOf(selectNodes(Decide(in).Nodes, func(*gpunode.Node) bool { return true })); got != "c2, n1, n3" {
		t.Errorf("nodes are %s", got)
	}
}

// Objects without the operator's names are ignored, whoever labelled them.
func TestKarpenterObjectsOfOthers(t *testing.T) {
	called := func(name string) func(*karpenter.NodeClaim) {
		return func(c *karpenter.NodeClaim) { c.Labels[karpenter.LabelNodePool] = name }
	}
	for _, name := range []string{"", "default", "hanbit.b200", "hanbit.b200.x", "hanbit.b200.s.s", "hanbit.h100.s", "Hanbit.b200.s", "9.b200.s", "b200.s"} {
		t.Run(name, func(t *testing.T) {
			nodePool := nodePoolOfSize(static, hanbit, 300, 300)
			nodePool.Name = name
			empty := nodePoolOfSize(static, hanbit, 0, 0)
			empty.Name, empty.UID = name, "empty"
			claim := builder.NodeClaim("c1", static, hanbit, builder.Initialized("n1"), called(name))
			in := input(karpenterPool(8), wants(64), nodePool, empty, claim, builder.Node("n1", builder.RegisteredFor(claim)))
			if diff := cmp.Diff([]string{"NodePool hanbit.b200.s keeps 8 of 8 nodes"}, describeWrites(BuildPlan(in, Decide(in)))); diff != "" {
				t.Error(diff)
			}
			if status := BuildStatus(in, Decide(in)); status.Capacity.Held != 0 || status.Capacity.Granted != 64 {
				t.Errorf("capacity is %+v, want none held", status.Capacity)
			}
		})
	}
}

// While Karpenter's kinds are not served nothing is written and no grant is lowered.
func TestKarpenterMissing(t *testing.T) {
	in := input(karpenterPool(16), wants(24), saebit)
	in.KarpenterMissing = true
	grants := Decide(in)
	if got := describeWrites(BuildPlan(in, grants)); got != nil {
		t.Errorf("writes %q", got)
	}
	if diff := cmp.Diff(map[string]int32{"hanbit": 16, "saebit": 0}, grantsOf(in)); diff != "" {
		t.Error(diff)
	}
	if at := requeueAt(in, grants); !at.Equal(now.Add(optionalProbeInterval)) {
		t.Errorf("looks for it again at %s", at)
	}
}
