package pool

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/karpenter"
	"foundation.team/operator/test/support/builder"
)

// How large NodePools are, while grants rise and fall, the mode changes, and when nobody wants them any more.
func TestNodePools(t *testing.T) {
	later := builder.Team("hanbit", builder.TeamUID("later"), builder.Award(b200, 8))
	back := builder.Draining(now.Add(-time.Minute))
	work := map[string][]corev1.Pod{"n1": {builder.Pod("x", "p", now)}, "n2": {builder.Pod("x", "q", now)}}
	tests := map[string]struct {
		in   Input
		want []string
	}{
		"Dynamic: no nodes, only how many there may be": {
			input(given(0, builder.Dynamic()), wants(16)), []string{"NodePool hanbit.b200.d of 16 nvidia.com/gpu"},
		},
		"a team that wants none has none": {input(given(0), wants(0)), nil},
		"each team has its own": {
			input(given(0), wants(8), saebit), []string{"NodePool hanbit.b200.s keeps 1 of 1 nodes", "NodePool saebit.b200.s keeps 2 of 2 nodes"},
		},
		"a raise": {
			input(given(8), wants(24), made("n1", static, hanbit), sized(static, hanbit, 1, 1)), []string{"NodePool hanbit.b200.s keeps 3 of 3 nodes"},
		},
		"a shrink of what is not there yet": {
			input(given(24), wants(8), made("n1", static, hanbit), sized(static, hanbit, 3, 3)), []string{"NodePool hanbit.b200.s keeps 1 of 1 nodes"},
		},
		"a shrink of what is there": {
			input(given(16), wants(8), made("n1", static, hanbit), made("n2", static, hanbit, back), sized(static, hanbit, 2, 2), work),
			[]string{"NodePool hanbit.b200.s keeps 2 of 1 nodes"},
		},
		"what Karpenter takes away is there until it is gone": {
			input(given(8), wants(8), made("n1", static, hanbit), builder.NodeClaim("c2", static, hanbit, builder.ClaimDeleted(now)), sized(static, hanbit, 2, 1)),
			[]string{"NodePool hanbit.b200.s keeps 2 of 1 nodes"},
		},
		"the end": {
			input(given(16), wants(0), made("n1", static, hanbit, back), made("n2", static, hanbit, back), sized(static, hanbit, 2, 2), work),
			[]string{"NodePool hanbit.b200.s keeps 2 of 0 nodes"},
		},
		"after the end it is shut": {
			input(given(0), sized(static, hanbit, 2, 2)), []string{"NodePool hanbit.b200.s keeps 0 of 0 nodes"},
		},
		"and only then ended": {input(given(0), sized(static, hanbit, 0, 0)), []string{"NodePool hanbit.b200.s is ended"}},
		"so is a Dynamic one": {
			input(given(0, builder.Dynamic()), sized(dynamicMode, hanbit, -1, 16)), []string{"NodePool hanbit.b200.d of 0 nvidia.com/gpu"},
		},
		"and then ended": {input(given(0, builder.Dynamic()), sized(dynamicMode, hanbit, -1, 0)), []string{"NodePool hanbit.b200.d is ended"}},
		"one without a limit is not shut": {
			input(given(0, builder.Dynamic()), builder.NodePool(dynamicMode, hanbit)), []string{"NodePool hanbit.b200.d of 0 nvidia.com/gpu"},
		},
		"nor is a static one": {
			input(given(0), builder.NodePool(static, hanbit), made("n1", static, hanbit, back), work),
			[]string{"NodePool hanbit.b200.s keeps 1 of 0 nodes"},
		},
		"one whose nodes are going is kept": {
			input(given(0, builder.Dynamic()), sized(static, hanbit, 1, 0), builder.NodeClaim("c1", static, hanbit, builder.ClaimDeleted(now))),
			[]string{"NodePool hanbit.b200.s keeps 1 of 0 nodes"},
		},
		"to Dynamic: the nodes that are there count until they are gone": {
			input(given(24, builder.Dynamic()), wants(24), made("n1", static, hanbit), made("n2", static, hanbit, back), sized(static, hanbit, 3, 3), work),
			[]string{"NodePool hanbit.b200.d of 8 nvidia.com/gpu", "NodePool hanbit.b200.s keeps 2 of 0 nodes", "n1: " + draining(now)},
		},
		"to Dynamic, when all are gone": {
			input(given(24, builder.Dynamic()), wants(24), sized(static, hanbit, 2, 0)),
			[]string{"NodePool hanbit.b200.d of 24 nvidia.com/gpu", "NodePool hanbit.b200.s is ended"},
		},
		"to Dynamic, while none was made yet": {
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
		"a later team of the same name waits for the nodes of the earlier": {
			input(given(8), later, made("n1", static, hanbit, back), podsOn("n1", work["n1"]...), sized(static, hanbit, 1, 1)),
			[]string{"NodePool hanbit.b200.s keeps 1 of 0 nodes"},
		},
		"also where the earlier's NodePool is gone": {
			input(given(8), later, made("n1", static, hanbit, back), podsOn("n1", work["n1"]...)), []string{"NodePool hanbit.b200.s keeps 1 of 0 nodes"},
		},
		"and for its NodePool to be shut": {
			input(given(0), later, sized(static, hanbit, 1, 1)), []string{"NodePool hanbit.b200.s keeps 0 of 0 nodes"},
		},
		"and ended":             {input(given(0), later, sized(static, hanbit, 0, 0)), []string{"NodePool hanbit.b200.s is ended"}},
		"before it has its own": {input(given(0), later), []string{"NodePool hanbit.b200.s keeps 1 of 1 nodes"}},
		"a team gets what another lets go when that one's NodePool is seen to be smaller": {
			input(given(64, builder.Dynamic()), wants(32), builder.Team("saebit", builder.Award(b200, 48)), sized(dynamicMode, hanbit, -1, 64)),
			[]string{"NodePool hanbit.b200.d of 32 nvidia.com/gpu"},
		},
		"a Static one too": {
			input(given(64), wants(32), builder.Team("saebit", builder.Award(b200, 48)), sized(static, hanbit, 8, 8)),
			[]string{"NodePool hanbit.b200.s keeps 4 of 4 nodes"},
		},
		"and then it does": {
			input(given(32, builder.Dynamic(), builder.Granted(saebit, 32)), wants(32), builder.Team("saebit", builder.Award(b200, 48)), sized(dynamicMode, hanbit, -1, 32)),
			[]string{"NodePool hanbit.b200.d of 32 nvidia.com/gpu", "NodePool saebit.b200.d of 32 nvidia.com/gpu"},
		},
		"those served first get what there is": {
			input(given(48, builder.Dynamic()), wants(0), builder.Team("maru", builder.Award(b200, 24)), builder.Team("saebit", builder.Award(b200, 24), builder.Priority(1)),
				sized(dynamicMode, hanbit, -1, 48)),
			[]string{"NodePool hanbit.b200.d of 0 nvidia.com/gpu", "NodePool saebit.b200.d of 16 nvidia.com/gpu"},
		},
		"what is beyond a limit is in others' way": {
			input(given(8, builder.Dynamic(), builder.Karpenter(16), builder.Dynamic(), builder.Granted(saebit, 8)), wants(8), builder.Team("saebit", builder.Award(b200, 8)),
				made("n1", dynamicMode, hanbit), made("n2", dynamicMode, hanbit), podsOn("n1", work["n1"]...), sized(dynamicMode, hanbit, -1, 8)),
			[]string{"NodePool hanbit.b200.d of 8 nvidia.com/gpu", "n2: " + draining(now)},
		},
		"what was granted before less was declared is replaced": {
			input(given(16, builder.Karpenter(8)), wants(16), made("n1", static, hanbit), sized(static, hanbit, 1, 1)),
			[]string{"NodePool hanbit.b200.s keeps 2 of 2 nodes"},
		},
		"one that is there is kept while there is no room": {
			input(given(8, builder.Karpenter(8)), wants(8), sized(static, hanbit, 0, 0), sized(dynamicMode, hanbit, -1, 8)),
			[]string{"NodePool hanbit.b200.d of 0 nvidia.com/gpu", "NodePool hanbit.b200.s keeps 0 of 0 nodes"},
		},
		"one that somebody deletes is gone first": {
			input(given(8), wants(8), made("n1", static, hanbit), deleted(sized(static, hanbit, 1, 1))), nil,
		},
		"also if nobody wants it": {input(given(0), deleted(sized(static, hanbit, 1, 1))), nil},
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
		"one that lost its UID is its team's": {
			input(given(8), wants(8), made("n1", static, hanbit), unmarked(sized(static, hanbit, 1, 1))), []string{"NodePool hanbit.b200.s keeps 1 of 1 nodes"},
		},
		"of whom nobody knows who it is none is made": {
			input(builder.Pool(b200, builder.Karpenter(64)), unmarkedClaim("c1"), unmarked(sized(static, hanbit, 1, 1))),
			[]string{"NodePool hanbit.b200.s keeps 1 of 0 nodes", "c1 is ended"},
		},
		"nor any NodePool": {input(builder.Pool(b200, builder.Karpenter(64)), unmarkedClaim("c1")), []string{"c1 is ended"}},
		"a pool that is being deleted makes no more": {
			input(given(24, builder.PoolDeleted()), wants(24), made("n1", static, hanbit), sized(static, hanbit, 3, 3)),
			[]string{"NodePool hanbit.b200.s keeps 1 of 1 nodes"},
		},
		"and ends what nobody has": {
			input(given(24, builder.PoolDeleted(), builder.Dynamic()), wants(24), sized(dynamicMode, hanbit, -1, 24)),
			[]string{"NodePool hanbit.b200.d of 0 nvidia.com/gpu"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, outcome(BuildPlan(tt.in, Decide(tt.in)))); diff != "" {
				t.Error(diff)
			}
		})
	}
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

// A NodePool says whose its nodes are, and leaves running work alone.
func TestNodePoolSpec(t *testing.T) {
	pool := given(0, func(pool *foundationv1alpha1.GPUPool) {
		pool.Spec.Karpenter.Labels = map[string]string{"example.com/fabric": "ib"}
		pool.Spec.Karpenter.Taints = []foundationv1alpha1.NodeTaint{{Key: "nvidia.com/gpu", Value: "yes", Effect: corev1.TaintEffectNoExecute}}
	})
	config := BuildPlan(input(pool, wants(16)), Decide(input(pool, wants(16)))).NodePools[0]
	marks := map[string]string{foundationv1alpha1.LabelPool: b200, foundationv1alpha1.LabelTeam: "hanbit"}
	if diff := cmp.Diff([]map[string]string{marks, {foundationv1alpha1.AnnotationTeamUID: "hanbit-uid"}}, []map[string]string{config.Labels, config.Annotations}); diff != "" {
		t.Errorf("marks: %s", diff)
	}
	want := &karpenter.NodePoolSpec{
		Replicas: new(int64(2)),
		Limits:   corev1.ResourceList{"nodes": resource.MustParse("2")},
		Template: &karpenter.Template{
			Metadata: &karpenter.TemplateMeta{
				Labels: map[string]string{
					foundationv1alpha1.LabelPool: b200, foundationv1alpha1.LabelTeam: "hanbit", foundationv1alpha1.LabelNodeTeam: "hanbit", "example.com/fabric": "ib",
				},
				Annotations: map[string]string{foundationv1alpha1.AnnotationTeamUID: "hanbit-uid"},
			},
			Spec: &karpenter.TemplateSpec{
				Taints: []karpenter.Taint{
					{Key: foundationv1alpha1.TaintTeam, Value: "hanbit", Effect: corev1.TaintEffectNoSchedule},
					{Key: "nvidia.com/gpu", Value: "yes", Effect: corev1.TaintEffectNoExecute},
				},
				Requirements: []karpenter.Requirement{{Key: corev1.LabelInstanceTypeStable, Operator: corev1.NodeSelectorOpIn, Values: []string{"x1.8"}}},
				NodeClassRef: &karpenter.NodeClassRef{Group: "karpenter.kwok.sh", Kind: "KWOKNodeClass", Name: "default"},
				ExpireAfter:  "Never",
			},
		},
		Disruption: &karpenter.Disruption{
			ConsolidationPolicy: "WhenEmpty", ConsolidateAfter: "Never",
			Budgets: []karpenter.Budget{{Nodes: "0", Reasons: []string{"Drifted", "Underutilized"}}, {Nodes: "100%", Reasons: []string{"Empty"}}},
		},
	}
	if diff := cmp.Diff(want, config.Spec); diff != "" {
		t.Error(diff)
	}
}

// A node of a Dynamic pool goes when it was empty for as long as the pool says.
func TestConsolidateAfter(t *testing.T) {
	tests := map[string]struct {
		after *metav1.Duration
		want  string
	}{
		"unless told otherwise": {nil, "300s"},
		"as told":               {&metav1.Duration{Duration: 90 * time.Minute}, "5400s"},
		"at once":               {&metav1.Duration{}, "0s"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			pool := given(0, builder.Dynamic())
			pool.Spec.Karpenter.ConsolidateAfter = tt.after
			if got := disruption(pool.Spec.Karpenter).ConsolidateAfter; got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
}

// Names of teams and of pools have hyphens: no two of them make one NodePool, and each name is one that labels can have.
func TestNodePoolsHaveNamesOfTheirOwn(t *testing.T) {
	seen := map[string]string{}
	longest := strings.Repeat("t", 40)
	for _, team := range []string{"a", "a-b", "a-b-c", "s", longest} {
		for _, name := range []string{"c", "b-c", "b", "d", strings.Repeat("p", 20)} {
			for _, mods := range [][]builder.PoolMod{{builder.Karpenter(8)}, {builder.Karpenter(8), builder.Dynamic()}} {
				pool := builder.Pool(name, mods...)
				got, whose := nodePoolName(team, pool), fmt.Sprint(team, " and ", name, " in ", pool.Spec.Karpenter.Mode)
				if other := seen[got]; other != "" {
					t.Errorf("%s is the NodePool of %s, and of %s", got, whose, other)
				}
				seen[got] = whose
				if problems := validation.IsValidLabelValue(got); len(problems) > 0 {
					t.Errorf("%s: %s", got, problems)
				}
				if found, ours := teamOfNodePool(got, pool); !ours || found != team {
					t.Errorf("%s is not known to be %s's", got, team)
				}
			}
		}
	}
}

// What a closed NodePool is otherwise stays as it is: its nodes must not be found to differ from it.
func TestShutNodePoolIsOtherwiseUnchanged(t *testing.T) {
	open := input(given(16), wants(16))
	config := BuildPlan(open, Decide(open)).NodePools[0]
	live := builder.NodePool(static, hanbit)
	live.Spec = *config.Spec.DeepCopy()

	in := input(given(0), live)
	got := BuildPlan(in, Decide(in)).NodePools
	if len(got) != 1 || sizeOf(got[0].Spec) != " keeps 0 of 0 nodes" {
		t.Fatalf("NodePools are %+v, want it shut", got)
	}
	if diff := cmp.Diff(config.Spec.Template, got[0].Spec.Template); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(config.Spec.Disruption, got[0].Spec.Disruption); diff != "" {
		t.Error(diff)
	}
	if got[0].Spec.Template == live.Spec.Template {
		t.Error("shares what was read")
	}
}
