package pool

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"foundation.team/operator/internal/karpenter"
	"foundation.team/operator/test/support/builder"
)

// nodePoolCase lists the writes of NodePools, NodeClaims and Nodes.
type nodePoolCase struct {
	in   Input
	want []string
}

func (tt nodePoolCase) check(t *testing.T) {
	t.Helper()
	if diff := cmp.Diff(tt.want, describeWrites(BuildPlan(tt.in, Decide(tt.in)))); diff != "" {
		t.Error(diff)
	}
}

func runNodePoolCases(t *testing.T, tests map[string]nodePoolCase) {
	t.Helper()
	for name, tt := range tests {
		t.Run(name, tt.check)
	}
}

// The size of NodePools while grants rise and fall.
func TestNodePoolsFollowGrants(t *testing.T) {
	back := builder.Draining(now.Add(-time.Minute))
	work := map[string][]corev1.Pod{"n1": {builder.Pod("x", "p", now)}, "n2": {builder.Pod("x", "q", now)}}
	runNodePoolCases(t, map[string]nodePoolCase{
		"Dynamic: no nodes, only how many there may be": {
			input(karpenterPool(0, builder.Dynamic()), wants(16)), []string{"NodePool hanbit.b200.d of 16 nvidia.com/gpu"},
		},
		"a team without demand has no NodePool": {input(karpenterPool(0), wants(0)), nil},
		"each team has its own NodePool": {
			input(karpenterPool(0), wants(8), saebit), []string{"NodePool hanbit.b200.s keeps 1 of 1 nodes", "NodePool saebit.b200.s keeps 2 of 2 nodes"},
		},
		"a grant is raised": {
			input(karpenterPool(8), wants(24), provisionedNode("n1", static, hanbit), nodePoolOfSize(static, hanbit, 1, 1)), []string{"NodePool hanbit.b200.s keeps 3 of 3 nodes"},
		},
		"a grant is lowered to the present nodes": {
			input(karpenterPool(24), wants(8), provisionedNode("n1", static, hanbit), nodePoolOfSize(static, hanbit, 3, 3)), []string{"NodePool hanbit.b200.s keeps 1 of 1 nodes"},
		},
		"a grant is lowered below the present nodes": {
			input(karpenterPool(16), wants(8), provisionedNode("n1", static, hanbit), provisionedNode("n2", static, hanbit, back), nodePoolOfSize(static, hanbit, 2, 2), work),
			[]string{"NodePool hanbit.b200.s keeps 2 of 1 nodes"},
		},
		"a terminating node counts until it is gone": {
			input(karpenterPool(8), wants(8), provisionedNode("n1", static, hanbit), builder.NodeClaim("c2", static, hanbit, builder.ClaimDeleted(now)), nodePoolOfSize(static, hanbit, 2, 1)),
			[]string{"NodePool hanbit.b200.s keeps 2 of 1 nodes"},
		},
	})
}

func TestUnneededNodePools(t *testing.T) {
	back := builder.Draining(now.Add(-time.Minute))
	work := map[string][]corev1.Pod{"n1": {builder.Pod("x", "p", now)}, "n2": {builder.Pod("x", "q", now)}}
	runNodePoolCases(t, map[string]nodePoolCase{
		"when the award ends the NodePool is closed": {
			input(karpenterPool(16), wants(0), provisionedNode("n1", static, hanbit, back), provisionedNode("n2", static, hanbit, back), nodePoolOfSize(static, hanbit, 2, 2), work),
			[]string{"NodePool hanbit.b200.s keeps 2 of 0 nodes"},
		},
		"an empty NodePool that no team needs is closed": {
			input(karpenterPool(0), nodePoolOfSize(static, hanbit, 2, 2)), []string{"NodePool hanbit.b200.s keeps 0 of 0 nodes"},
		},
		"a closed NodePool without nodes is deleted": {input(karpenterPool(0), nodePoolOfSize(static, hanbit, 0, 0)), []string{"NodePool hanbit.b200.s is ended"}},
		"an empty Dynamic NodePool that no team needs is closed": {
			input(karpenterPool(0, builder.Dynamic()), nodePoolOfSize(dynamicMode, hanbit, -1, 16)), []string{"NodePool hanbit.b200.d of 0 nvidia.com/gpu"},
		},
		"a closed Dynamic NodePool without nodes is deleted": {input(karpenterPool(0, builder.Dynamic()), nodePoolOfSize(dynamicMode, hanbit, -1, 0)), []string{"NodePool hanbit.b200.d is ended"}},
		"a NodePool without a limit is not closed yet": {
			input(karpenterPool(0, builder.Dynamic()), builder.NodePool(dynamicMode, hanbit)), []string{"NodePool hanbit.b200.d of 0 nvidia.com/gpu"},
		},
		"a static NodePool without a limit is not closed yet": {
			input(karpenterPool(0), builder.NodePool(static, hanbit), provisionedNode("n1", static, hanbit, back), work),
			[]string{"NodePool hanbit.b200.s keeps 1 of 0 nodes"},
		},
		"a NodePool whose nodes terminate is kept": {
			input(karpenterPool(0, builder.Dynamic()), nodePoolOfSize(static, hanbit, 1, 0), builder.NodeClaim("c1", static, hanbit, builder.ClaimDeleted(now))),
			[]string{"NodePool hanbit.b200.s keeps 1 of 0 nodes"},
		},
	})
}

func TestNodePoolsOfAnotherMode(t *testing.T) {
	back := builder.Draining(now.Add(-time.Minute))
	work := map[string][]corev1.Pod{"n1": {builder.Pod("x", "p", now)}, "n2": {builder.Pod("x", "q", now)}}
	runNodePoolCases(t, map[string]nodePoolCase{
		"Static to Dynamic: present nodes count until they are gone": {
			input(karpenterPool(24, builder.Dynamic()), wants(24), provisionedNode("n1", static, hanbit), provisionedNode("n2", static, hanbit, back), nodePoolOfSize(static, hanbit, 3, 3), work),
			[]string{"NodePool hanbit.b200.d of 8 nvidia.com/gpu", "NodePool hanbit.b200.s keeps 2 of 0 nodes", "n1: " + draining(now)},
		},
		"Static to Dynamic: all nodes are gone": {
			input(karpenterPool(24, builder.Dynamic()), wants(24), nodePoolOfSize(static, hanbit, 2, 0)),
			[]string{"NodePool hanbit.b200.d of 24 nvidia.com/gpu", "NodePool hanbit.b200.s is ended"},
		},
		"Static to Dynamic: no node is launched yet": {
			input(karpenterPool(8, builder.Dynamic()), wants(8), builder.NodeClaim("c1", static, hanbit), nodePoolOfSize(static, hanbit, 1, 1)),
			[]string{"NodePool hanbit.b200.s keeps 1 of 0 nodes", "c1 is ended"},
		},
		"to Dynamic, two teams, and room for one beside what might still be made: who is served first": {
			input(karpenterPool(8, builder.Karpenter(24), builder.Dynamic(), builder.Granted(saebit, 8)), wants(8), builder.Team("saebit", builder.Award(b200, 8), builder.Priority(1)),
				nodePoolOfSize(static, hanbit, 1, 1), nodePoolOfSize(static, saebit, 1, 1)),
			[]string{"NodePool hanbit.b200.s keeps 0 of 0 nodes", "NodePool saebit.b200.d of 8 nvidia.com/gpu", "NodePool saebit.b200.s keeps 0 of 0 nodes"},
		},
		"Dynamic to Static: present nodes count until they are gone": {
			input(karpenterPool(24), wants(24), provisionedNode("n1", dynamicMode, hanbit), nodePoolOfSize(dynamicMode, hanbit, -1, 24), podsOn("n1", work["n1"]...)),
			[]string{"NodePool hanbit.b200.d of 0 nvidia.com/gpu", "NodePool hanbit.b200.s keeps 2 of 2 nodes", "n1: " + draining(now)},
		},
		"Dynamic to Static with a grant below the present nodes": {
			input(karpenterPool(24), wants(8), provisionedNode("n1", dynamicMode, hanbit), provisionedNode("n2", dynamicMode, hanbit, back), nodePoolOfSize(dynamicMode, hanbit, -1, 24), work),
			[]string{"NodePool hanbit.b200.d of 0 nvidia.com/gpu", "n1: " + draining(now)},
		},
		"Dynamic to Static with a grant below the present nodes of both modes": {
			input(karpenterPool(8), wants(8), provisionedNode("n1", dynamicMode, hanbit), provisionedNode("n2", dynamicMode, hanbit, back), provisionedNode("n3", static, hanbit), nodePoolOfSize(dynamicMode, hanbit, -1, 24), work),
			[]string{"NodePool hanbit.b200.d of 0 nvidia.com/gpu", "NodePool hanbit.b200.s keeps 1 of 0 nodes", "n1: " + draining(now)},
		},
		"Static to Dynamic with a smaller grant: a Dynamic node drains too": {
			input(karpenterPool(16, builder.Dynamic()), wants(8), provisionedNode("n1", dynamicMode, hanbit), provisionedNode("n2", dynamicMode, hanbit), provisionedNode("n3", static, hanbit), work, nodePoolOfSize(static, hanbit, 1, 1)),
			[]string{"NodePool hanbit.b200.d of 0 nvidia.com/gpu", "NodePool hanbit.b200.s keeps 1 of 0 nodes", "n2: " + draining(now), "n3: " + draining(now)},
		},
		"there and back again: the other mode's node goes, and only that; what was on its way stays": {
			input(karpenterPool(16), wants(16), provisionedNode("n1", static, hanbit), provisionedNode("n2", dynamicMode, hanbit), provisionedNode("n3", static, hanbit, back), work,
				nodePoolOfSize(static, hanbit, 2, 0), nodePoolOfSize(dynamicMode, hanbit, -1, 8)),
			[]string{"NodePool hanbit.b200.d of 0 nvidia.com/gpu", "NodePool hanbit.b200.s keeps 2 of 1 nodes", "n2: " + draining(now), "n3: " + ofHanbit},
		},
	})
}

func TestNodePoolsOfALaterTeam(t *testing.T) {
	later := builder.Team("hanbit", builder.TeamUID("later"), builder.Award(b200, 8))
	back := builder.Draining(now.Add(-time.Minute))
	work := map[string][]corev1.Pod{"n1": {builder.Pod("x", "p", now)}, "n2": {builder.Pod("x", "q", now)}}
	runNodePoolCases(t, map[string]nodePoolCase{
		"a later team of the same name waits for the nodes of the earlier": {
			input(karpenterPool(8), later, provisionedNode("n1", static, hanbit, back), podsOn("n1", work["n1"]...), nodePoolOfSize(static, hanbit, 1, 1)),
			[]string{"NodePool hanbit.b200.s keeps 1 of 0 nodes"},
		},
		"a later team waits for the nodes also where the earlier's NodePool is gone": {
			input(karpenterPool(8), later, provisionedNode("n1", static, hanbit, back), podsOn("n1", work["n1"]...)), []string{"NodePool hanbit.b200.s keeps 1 of 0 nodes"},
		},
		"a later team waits for the earlier's NodePool to be closed": {
			input(karpenterPool(0), later, nodePoolOfSize(static, hanbit, 1, 1)), []string{"NodePool hanbit.b200.s keeps 0 of 0 nodes"},
		},
		"a later team waits for the earlier's NodePool to be deleted": {input(karpenterPool(0), later, nodePoolOfSize(static, hanbit, 0, 0)), []string{"NodePool hanbit.b200.s is ended"}},
		"a later team has its own NodePool":                           {input(karpenterPool(0), later), []string{"NodePool hanbit.b200.s keeps 1 of 1 nodes"}},
	})
}

func TestNodePoolsShareTheCapacity(t *testing.T) {
	work := map[string][]corev1.Pod{"n1": {builder.Pod("x", "p", now)}, "n2": {builder.Pod("x", "q", now)}}
	runNodePoolCases(t, map[string]nodePoolCase{
		"a NodePool grows only when the cache shows the other one smaller": {
			input(karpenterPool(64, builder.Dynamic()), wants(32), builder.Team("saebit", builder.Award(b200, 48)), nodePoolOfSize(dynamicMode, hanbit, -1, 64)),
			[]string{"NodePool hanbit.b200.d of 32 nvidia.com/gpu"},
		},
		"a static NodePool grows only when the cache shows the other one smaller": {
			input(karpenterPool(64), wants(32), builder.Team("saebit", builder.Award(b200, 48)), nodePoolOfSize(static, hanbit, 8, 8)),
			[]string{"NodePool hanbit.b200.s keeps 4 of 4 nodes"},
		},
		"a NodePool grows when the cache shows the other one smaller": {
			input(karpenterPool(32, builder.Dynamic(), builder.Granted(saebit, 32)), wants(32), builder.Team("saebit", builder.Award(b200, 48)), nodePoolOfSize(dynamicMode, hanbit, -1, 32)),
			[]string{"NodePool hanbit.b200.d of 32 nvidia.com/gpu", "NodePool saebit.b200.d of 32 nvidia.com/gpu"},
		},
		"teams that are served first get what headroom there is": {
			input(karpenterPool(48, builder.Dynamic()), wants(0), builder.Team("maru", builder.Award(b200, 24)), builder.Team("saebit", builder.Award(b200, 24), builder.Priority(1)),
				nodePoolOfSize(dynamicMode, hanbit, -1, 48)),
			[]string{"NodePool hanbit.b200.d of 0 nvidia.com/gpu", "NodePool saebit.b200.d of 16 nvidia.com/gpu"},
		},
		"nodes beyond a NodePool's limit count against the others": {
			input(karpenterPool(8, builder.Dynamic(), builder.Karpenter(16), builder.Dynamic(), builder.Granted(saebit, 8)), wants(8), builder.Team("saebit", builder.Award(b200, 8)),
				provisionedNode("n1", dynamicMode, hanbit), provisionedNode("n2", dynamicMode, hanbit), podsOn("n1", work["n1"]...), nodePoolOfSize(dynamicMode, hanbit, -1, 8)),
			[]string{"NodePool hanbit.b200.d of 8 nvidia.com/gpu", "n2: " + draining(now)},
		},
		"nodes granted before less was declared are replaced when lost": {
			input(karpenterPool(16, builder.Karpenter(8)), wants(16), provisionedNode("n1", static, hanbit), nodePoolOfSize(static, hanbit, 1, 1)),
			[]string{"NodePool hanbit.b200.s keeps 2 of 2 nodes"},
		},
		"an existing NodePool is kept while there is no headroom": {
			input(karpenterPool(8, builder.Karpenter(8)), wants(8), nodePoolOfSize(static, hanbit, 0, 0), nodePoolOfSize(dynamicMode, hanbit, -1, 8)),
			[]string{"NodePool hanbit.b200.d of 0 nvidia.com/gpu", "NodePool hanbit.b200.s keeps 0 of 0 nodes"},
		},
	})
}

func TestNodePoolsThatSomebodyElseChanged(t *testing.T) {
	back := builder.Draining(now.Add(-time.Minute))
	work := map[string][]corev1.Pod{"n1": {builder.Pod("x", "p", now)}, "n2": {builder.Pod("x", "q", now)}}
	runNodePoolCases(t, map[string]nodePoolCase{
		"a NodePool that is being deleted is not applied": {
			input(karpenterPool(8), wants(8), provisionedNode("n1", static, hanbit), deleted(nodePoolOfSize(static, hanbit, 1, 1))), nil,
		},
		"a NodePool that is being deleted is not closed": {input(karpenterPool(0), deleted(nodePoolOfSize(static, hanbit, 1, 1))), nil},
		"a team that grows again may have its node replaced": {
			input(karpenterPool(8, builder.Karpenter(16)), wants(16), provisionedNode("n1", static, hanbit), provisionedNode("n2", static, hanbit, back), nodePoolOfSize(static, hanbit, 2, 1), work),
			[]string{"NodePool hanbit.b200.s keeps 2 of 2 nodes", "n2: " + ofHanbit},
		},
		"nodes beyond a NodePool's limit take nothing from other teams": {
			input(karpenterPool(16, builder.Karpenter(16)), wants(16), provisionedNode("n1", static, hanbit), nodePoolOfSize(static, hanbit, 1, 1),
				provisionedNode("n2", static, saebit, back), provisionedNode("n3", static, saebit, back), nodePoolOfSize(static, saebit, 2, 0), work,
				map[string][]corev1.Pod{"n2": {builder.Pod("x", "p", now)}, "n3": {builder.Pod("x", "q", now)}}),
			[]string{"NodePool hanbit.b200.s keeps 1 of 1 nodes", "NodePool saebit.b200.s keeps 2 of 0 nodes"},
		},
		"a NodePool that lost its UID is its team's": {
			input(karpenterPool(8), wants(8), provisionedNode("n1", static, hanbit), withoutOwnerMetadata(nodePoolOfSize(static, hanbit, 1, 1))), []string{"NodePool hanbit.b200.s keeps 1 of 1 nodes"},
		},
		"the NodePool of a team without a UID is closed": {
			input(builder.Pool(b200, builder.Karpenter(64)), claimWithoutOwnerMetadata("c1"), withoutOwnerMetadata(nodePoolOfSize(static, hanbit, 1, 1))),
			[]string{"NodePool hanbit.b200.s keeps 1 of 0 nodes", "c1 is ended"},
		},
		"no NodePool is created for a team without a UID": {input(builder.Pool(b200, builder.Karpenter(64)), claimWithoutOwnerMetadata("c1")), []string{"c1 is ended"}},
		"a pool that is being deleted provisions no more": {
			input(karpenterPool(24, builder.PoolDeleted()), wants(24), provisionedNode("n1", static, hanbit), nodePoolOfSize(static, hanbit, 3, 3)),
			[]string{"NodePool hanbit.b200.s keeps 1 of 1 nodes"},
		},
		"a pool that is being deleted closes NodePools without nodes": {
			input(karpenterPool(24, builder.PoolDeleted(), builder.Dynamic()), wants(24), nodePoolOfSize(dynamicMode, hanbit, -1, 24)),
			[]string{"NodePool hanbit.b200.d of 0 nvidia.com/gpu"},
		},
	})
}

func deleted(nodePool *karpenter.NodePool) *karpenter.NodePool {
	nodePool.DeletionTimestamp = new(metav1.NewTime(now))
	return nodePool
}

func withoutOwnerMetadata(nodePool *karpenter.NodePool) *karpenter.NodePool {
	nodePool.Annotations = nil
	return nodePool
}

func claimWithoutOwnerMetadata(name string) *karpenter.NodeClaim {
	return builder.NodeClaim(name, static, hanbit, func(claim *karpenter.NodeClaim) { claim.Annotations = nil })
}
