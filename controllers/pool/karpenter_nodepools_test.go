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

// nodePoolCase is what is written of NodePools, NodeClaims and Nodes.
type nodePoolCase struct {
	in   Input
	want []string
}

func (tt nodePoolCase) check(t *testing.T) {
	t.Helper()
	if diff := cmp.Diff(tt.want, outcome(BuildPlan(tt.in, Decide(tt.in)))); diff != "" {
		t.Error(diff)
	}
}

func runNodePoolCases(t *testing.T, tests map[string]nodePoolCase) {
	t.Helper()
	for name, tt := range tests {
		t.Run(name, tt.check)
	}
}

// How large NodePools are while grants rise and fall.
func TestNodePoolsFollowGrants(t *testing.T) {
	back := builder.Draining(now.Add(-time.Minute))
	work := map[string][]corev1.Pod{"n1": {builder.Pod("x", "p", now)}, "n2": {builder.Pod("x", "q", now)}}
	runNodePoolCases(t, map[string]nodePoolCase{
		"Dynamic: no nodes, only how many there may be": {
			input(given(0, builder.Dynamic()), wants(16)), []string{"NodePool hanbit.b200.d of 16 nvidia.com/gpu"},
		},
		"a team that wants none has none": {input(given(0), wants(0)), nil},
		"each team has its own": {
			input(given(0), wants(8), saebit), []string{"NodePool hanbit.b200.s keeps 1 of 1 nodes", "NodePool saebit.b200.s keeps 2 of 2 nodes"},
		},
		"a grant is raised": {
			input(given(8), wants(24), made("n1", static, hanbit), sized(static, hanbit, 1, 1)), []string{"NodePool hanbit.b200.s keeps 3 of 3 nodes"},
		},
		"a grant is lowered to what is there": {
			input(given(24), wants(8), made("n1", static, hanbit), sized(static, hanbit, 3, 3)), []string{"NodePool hanbit.b200.s keeps 1 of 1 nodes"},
		},
		"a grant is lowered below what is there": {
			input(given(16), wants(8), made("n1", static, hanbit), made("n2", static, hanbit, back), sized(static, hanbit, 2, 2), work),
			[]string{"NodePool hanbit.b200.s keeps 2 of 1 nodes"},
		},
		"a terminating node counts until it is gone": {
			input(given(8), wants(8), made("n1", static, hanbit), builder.NodeClaim("c2", static, hanbit, builder.ClaimDeleted(now)), sized(static, hanbit, 2, 1)),
			[]string{"NodePool hanbit.b200.s keeps 2 of 1 nodes"},
		},
	})
}

func TestNodePoolsThatNobodyWants(t *testing.T) {
	back := builder.Draining(now.Add(-time.Minute))
	work := map[string][]corev1.Pod{"n1": {builder.Pod("x", "p", now)}, "n2": {builder.Pod("x", "q", now)}}
	runNodePoolCases(t, map[string]nodePoolCase{
		"when the award ends the NodePool is closed": {
			input(given(16), wants(0), made("n1", static, hanbit, back), made("n2", static, hanbit, back), sized(static, hanbit, 2, 2), work),
			[]string{"NodePool hanbit.b200.s keeps 2 of 0 nodes"},
		},
		"an empty NodePool that nobody wants is closed": {
			input(given(0), sized(static, hanbit, 2, 2)), []string{"NodePool hanbit.b200.s keeps 0 of 0 nodes"},
		},
		"a closed NodePool without nodes is deleted": {input(given(0), sized(static, hanbit, 0, 0)), []string{"NodePool hanbit.b200.s is ended"}},
		"an empty Dynamic NodePool that nobody wants is closed": {
			input(given(0, builder.Dynamic()), sized(dynamicMode, hanbit, -1, 16)), []string{"NodePool hanbit.b200.d of 0 nvidia.com/gpu"},
		},
		"a closed Dynamic NodePool without nodes is deleted": {input(given(0, builder.Dynamic()), sized(dynamicMode, hanbit, -1, 0)), []string{"NodePool hanbit.b200.d is ended"}},
		"a NodePool without a limit is not closed yet": {
			input(given(0, builder.Dynamic()), builder.NodePool(dynamicMode, hanbit)), []string{"NodePool hanbit.b200.d of 0 nvidia.com/gpu"},
		},
		"a static NodePool without a limit is not closed yet": {
			input(given(0), builder.NodePool(static, hanbit), made("n1", static, hanbit, back), work),
			[]string{"NodePool hanbit.b200.s keeps 1 of 0 nodes"},
		},
		"a NodePool whose nodes terminate is kept": {
			input(given(0, builder.Dynamic()), sized(static, hanbit, 1, 0), builder.NodeClaim("c1", static, hanbit, builder.ClaimDeleted(now))),
			[]string{"NodePool hanbit.b200.s keeps 1 of 0 nodes"},
		},
	})
}

func TestNodePoolsOfAnotherMode(t *testing.T) {
	back := builder.Draining(now.Add(-time.Minute))
	work := map[string][]corev1.Pod{"n1": {builder.Pod("x", "p", now)}, "n2": {builder.Pod("x", "q", now)}}
	runNodePoolCases(t, map[string]nodePoolCase{
		"to Dynamic: the nodes that are there count until they are gone": {
			input(given(24, builder.Dynamic()), wants(24), made("n1", static, hanbit), made("n2", static, hanbit, back), sized(static, hanbit, 3, 3), work),
			[]string{"NodePool hanbit.b200.d of 8 nvidia.com/gpu", "NodePool hanbit.b200.s keeps 2 of 0 nodes", "n1: " + draining(now)},
		},
		"to Dynamic, when all nodes are gone": {
			input(given(24, builder.Dynamic()), wants(24), sized(static, hanbit, 2, 0)),
			[]string{"NodePool hanbit.b200.d of 24 nvidia.com/gpu", "NodePool hanbit.b200.s is ended"},
		},
		"to Dynamic, while no node was launched": {
			input(given(8, builder.Dynamic()), wants(8), builder.NodeClaim("c1", static, hanbit), sized(static, hanbit, 1, 1)),
			[]string{"NodePool hanbit.b200.s keeps 1 of 0 nodes", "c1 is ended"},
		},
		"to Dynamic, two teams, and room for one beside what might still be made: who is served first": {
			input(given(8, builder.Karpenter(24), builder.Dynamic(), builder.Granted(saebit, 8)), wants(8), builder.Team("saebit", builder.Award(b200, 8), builder.Priority(1)),
				sized(static, hanbit, 1, 1), sized(static, saebit, 1, 1)),
			[]string{"NodePool hanbit.b200.s keeps 0 of 0 nodes", "NodePool saebit.b200.d of 8 nvidia.com/gpu", "NodePool saebit.b200.s keeps 0 of 0 nodes"},
		},
		"to Static: the nodes that are there count until they are gone": {
			input(given(24), wants(24), made("n1", dynamicMode, hanbit), sized(dynamicMode, hanbit, -1, 24), podsOn("n1", work["n1"]...)),
			[]string{"NodePool hanbit.b200.d of 0 nvidia.com/gpu", "NodePool hanbit.b200.s keeps 2 of 2 nodes", "n1: " + draining(now)},
		},
		"to Static, and less than there are": {
			input(given(24), wants(8), made("n1", dynamicMode, hanbit), made("n2", dynamicMode, hanbit, back), sized(dynamicMode, hanbit, -1, 24), work),
			[]string{"NodePool hanbit.b200.d of 0 nvidia.com/gpu", "n1: " + draining(now)},
		},
		"to Static, and less than there are of both": {
			input(given(8), wants(8), made("n1", dynamicMode, hanbit), made("n2", dynamicMode, hanbit, back), made("n3", static, hanbit), sized(dynamicMode, hanbit, -1, 24), work),
			[]string{"NodePool hanbit.b200.d of 0 nvidia.com/gpu", "NodePool hanbit.b200.s keeps 1 of 0 nodes", "n1: " + draining(now)},
		},
		"to Dynamic, and less: one of its own goes too": {
			input(given(16, builder.Dynamic()), wants(8), made("n1", dynamicMode, hanbit), made("n2", dynamicMode, hanbit), made("n3", static, hanbit), work, sized(static, hanbit, 1, 1)),
			[]string{"NodePool hanbit.b200.d of 0 nvidia.com/gpu", "NodePool hanbit.b200.s keeps 1 of 0 nodes", "n2: " + draining(now), "n3: " + draining(now)},
		},
		"there and back again: the other mode's node goes, and only that; what was on its way stays": {
			input(given(16), wants(16), made("n1", static, hanbit), made("n2", dynamicMode, hanbit), made("n3", static, hanbit, back), work,
				sized(static, hanbit, 2, 0), sized(dynamicMode, hanbit, -1, 8)),
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
			input(given(8), later, made("n1", static, hanbit, back), podsOn("n1", work["n1"]...), sized(static, hanbit, 1, 1)),
			[]string{"NodePool hanbit.b200.s keeps 1 of 0 nodes"},
		},
		"a later team waits for the nodes also where the earlier's NodePool is gone": {
			input(given(8), later, made("n1", static, hanbit, back), podsOn("n1", work["n1"]...)), []string{"NodePool hanbit.b200.s keeps 1 of 0 nodes"},
		},
		"a later team waits for the earlier's NodePool to be closed": {
			input(given(0), later, sized(static, hanbit, 1, 1)), []string{"NodePool hanbit.b200.s keeps 0 of 0 nodes"},
		},
		"a later team waits for the earlier's NodePool to be deleted": {input(given(0), later, sized(static, hanbit, 0, 0)), []string{"NodePool hanbit.b200.s is ended"}},
		"a later team has its own NodePool":                           {input(given(0), later), []string{"NodePool hanbit.b200.s keeps 1 of 1 nodes"}},
	})
}

func TestNodePoolsShareTheCapacity(t *testing.T) {
	work := map[string][]corev1.Pod{"n1": {builder.Pod("x", "p", now)}, "n2": {builder.Pod("x", "q", now)}}
	runNodePoolCases(t, map[string]nodePoolCase{
		"a team gets what another lets go when that one's NodePool is seen to be smaller": {
			input(given(64, builder.Dynamic()), wants(32), builder.Team("saebit", builder.Award(b200, 48)), sized(dynamicMode, hanbit, -1, 64)),
			[]string{"NodePool hanbit.b200.d of 32 nvidia.com/gpu"},
		},
		"a static NodePool is seen to be smaller first, too": {
			input(given(64), wants(32), builder.Team("saebit", builder.Award(b200, 48)), sized(static, hanbit, 8, 8)),
			[]string{"NodePool hanbit.b200.s keeps 4 of 4 nodes"},
		},
		"when the NodePool is seen to be smaller the other team gets what it gave back": {
			input(given(32, builder.Dynamic(), builder.Granted(saebit, 32)), wants(32), builder.Team("saebit", builder.Award(b200, 48)), sized(dynamicMode, hanbit, -1, 32)),
			[]string{"NodePool hanbit.b200.d of 32 nvidia.com/gpu", "NodePool saebit.b200.d of 32 nvidia.com/gpu"},
		},
		"teams that are served first get what headroom there is": {
			input(given(48, builder.Dynamic()), wants(0), builder.Team("maru", builder.Award(b200, 24)), builder.Team("saebit", builder.Award(b200, 24), builder.Priority(1)),
				sized(dynamicMode, hanbit, -1, 48)),
			[]string{"NodePool hanbit.b200.d of 0 nvidia.com/gpu", "NodePool saebit.b200.d of 16 nvidia.com/gpu"},
		},
		"what is beyond a limit counts against others": {
			input(given(8, builder.Dynamic(), builder.Karpenter(16), builder.Dynamic(), builder.Granted(saebit, 8)), wants(8), builder.Team("saebit", builder.Award(b200, 8)),
				made("n1", dynamicMode, hanbit), made("n2", dynamicMode, hanbit), podsOn("n1", work["n1"]...), sized(dynamicMode, hanbit, -1, 8)),
			[]string{"NodePool hanbit.b200.d of 8 nvidia.com/gpu", "n2: " + draining(now)},
		},
		"what was granted before less was declared is replaced": {
			input(given(16, builder.Karpenter(8)), wants(16), made("n1", static, hanbit), sized(static, hanbit, 1, 1)),
			[]string{"NodePool hanbit.b200.s keeps 2 of 2 nodes"},
		},
		"a NodePool that is there is kept while there is no headroom": {
			input(given(8, builder.Karpenter(8)), wants(8), sized(static, hanbit, 0, 0), sized(dynamicMode, hanbit, -1, 8)),
			[]string{"NodePool hanbit.b200.d of 0 nvidia.com/gpu", "NodePool hanbit.b200.s keeps 0 of 0 nodes"},
		},
	})
}

func TestNodePoolsThatSomebodyElseChanged(t *testing.T) {
	back := builder.Draining(now.Add(-time.Minute))
	work := map[string][]corev1.Pod{"n1": {builder.Pod("x", "p", now)}, "n2": {builder.Pod("x", "q", now)}}
	runNodePoolCases(t, map[string]nodePoolCase{
		"a NodePool that somebody deletes is gone first": {
			input(given(8), wants(8), made("n1", static, hanbit), deleted(sized(static, hanbit, 1, 1))), nil,
		},
		"a NodePool that somebody deletes is gone first also if nobody wants it": {input(given(0), deleted(sized(static, hanbit, 1, 1))), nil},
		"a team that grows again may have its node replaced": {
			input(given(8, builder.Karpenter(16)), wants(16), made("n1", static, hanbit), made("n2", static, hanbit, back), sized(static, hanbit, 2, 1), work),
			[]string{"NodePool hanbit.b200.s keeps 2 of 2 nodes", "n2: " + ofHanbit},
		},
		"what is beyond a limit takes nothing from others": {
			input(given(16, builder.Karpenter(16)), wants(16), made("n1", static, hanbit), sized(static, hanbit, 1, 1),
				made("n2", static, saebit, back), made("n3", static, saebit, back), sized(static, saebit, 2, 0), work,
				map[string][]corev1.Pod{"n2": {builder.Pod("x", "p", now)}, "n3": {builder.Pod("x", "q", now)}}),
			[]string{"NodePool hanbit.b200.s keeps 1 of 1 nodes", "NodePool saebit.b200.s keeps 2 of 0 nodes"},
		},
		"a NodePool that lost its UID is its team's": {
			input(given(8), wants(8), made("n1", static, hanbit), unmarked(sized(static, hanbit, 1, 1))), []string{"NodePool hanbit.b200.s keeps 1 of 1 nodes"},
		},
		"for a team without a UID the NodePool is closed": {
			input(builder.Pool(b200, builder.Karpenter(64)), unmarkedClaim("c1"), unmarked(sized(static, hanbit, 1, 1))),
			[]string{"NodePool hanbit.b200.s keeps 1 of 0 nodes", "c1 is ended"},
		},
		"for a team without a UID no NodePool is made": {input(builder.Pool(b200, builder.Karpenter(64)), unmarkedClaim("c1")), []string{"c1 is ended"}},
		"a pool that is being deleted provisions no more": {
			input(given(24, builder.PoolDeleted()), wants(24), made("n1", static, hanbit), sized(static, hanbit, 3, 3)),
			[]string{"NodePool hanbit.b200.s keeps 1 of 1 nodes"},
		},
		"a pool that is being deleted closes what nobody has": {
			input(given(24, builder.PoolDeleted(), builder.Dynamic()), wants(24), sized(dynamicMode, hanbit, -1, 24)),
			[]string{"NodePool hanbit.b200.d of 0 nvidia.com/gpu"},
		},
	})
}

func deleted(nodePool *karpenter.NodePool) *karpenter.NodePool {
	nodePool.DeletionTimestamp = new(metav1.NewTime(now))
	return nodePool
}

func unmarked(nodePool *karpenter.NodePool) *karpenter.NodePool {
	nodePool.Annotations = nil
	return nodePool
}

func unmarkedClaim(name string) *karpenter.NodeClaim {
	return builder.NodeClaim(name, static, hanbit, func(claim *karpenter.NodeClaim) { claim.Annotations = nil })
}
