package team

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/test/support/builder"
)

func TestGPUsCondition(t *testing.T) {
	asks := builder.Award("b200", 16)
	grant := func(mod func(*foundationv1alpha1.Grant)) *foundationv1alpha1.GPUPool {
		g := foundationv1alpha1.Grant{TeamName: "hanbit", UID: "hanbit-uid", Requested: 16, Granted: 16, Held: 16, Ready: 16}
		mod(&g)
		return builder.Pool("b200", builder.WithGrant(g))
	}
	short := grant(func(g *foundationv1alpha1.Grant) {
		g.Granted, g.Held, g.Ready, g.Reason, g.Message = 8, 8, 8, foundationv1alpha1.ReasonShortfall, "b200: 8 of 16 short"
	})
	tests := map[string]struct {
		in   Input
		want string
	}{
		"all GPUs are there":     {input(twoNamespaces(asks), grant(func(*foundationv1alpha1.Grant) {})), "True AsDeclared: 16 GPUs"},
		"no awards":              {input(twoNamespaces()), "True NothingDeclared: no award in force"},
		"no award in force":      {input(twoNamespaces(builder.AwardBetween("b200", 8, july, time.Time{})), builder.Pool("b200")), "True NothingDeclared: no award in force"},
		"a team before its term": {input(twoNamespaces(asks, builder.Term(july, time.Time{})), builder.Pool("b200")), "True NotActive: no GPUs"},
		"no such pool":           {input(twoNamespaces(asks)), "False PoolNotFound: b200: no such GPUPool: create it, or name another pool in spec.gpus"},
		"no such pool, and no award of it in force": {input(twoNamespaces(builder.AwardBetween("b200", 8, july, time.Time{}))), "True NothingDeclared: no award in force"},
		"the pool has not decided yet":              {input(twoNamespaces(asks), builder.Pool("b200")), "False Progressing: b200: waits for the pool's decision"},
		"the pool decided on an earlier request":    {input(twoNamespaces(asks), grant(func(g *foundationv1alpha1.Grant) { g.Requested = 8 })), "False Progressing: b200: waits for the pool's decision"},
		"decided for an earlier team of this name": {
			input(twoNamespaces(asks), grant(func(g *foundationv1alpha1.Grant) { g.UID = "earlier" })), "False Progressing: b200: waits for the pool's decision",
		},
		"short, as the pool says": {input(twoNamespaces(asks), short), "False Shortfall: b200: 8 of 16 short"},
		"nodes are not ready": {
			input(twoNamespaces(asks), grant(func(g *foundationv1alpha1.Grant) { g.Ready = 8 })),
			"False NodesNotReady: b200: 8 of 16 GPUs not ready: their nodes are not assigned yet, not Ready, or cordoned",
		},
		"GPUs beyond the grant are being drained": {
			input(twoNamespaces(asks), grant(func(g *foundationv1alpha1.Grant) { g.Held, g.EvictionTime = 24, builder.MetaTime(july) })),
			"True AsDeclared: 16 GPUs; b200: 8 GPUs beyond the grant are being drained, and pods on their nodes are evicted from 2026-06-30T15:00:00Z on",
		},
		"all GPUs are being drained": {
			input(twoNamespaces(), grant(func(g *foundationv1alpha1.Grant) {
				g.Requested, g.Granted, g.Ready, g.EvictionTime = 0, 0, 0, builder.MetaTime(july)
			})),
			"True NothingDeclared: no award in force; b200: 16 GPUs beyond the grant are being drained, and pods on their nodes are evicted from 2026-06-30T15:00:00Z on",
		},
		"no such pool, and another one keeps what there is": {
			input(twoNamespaces(builder.Award("b2o0", 16)), grant(func(g *foundationv1alpha1.Grant) {
				g.Requested, g.Reason, g.Message = 0, foundationv1alpha1.ReasonPoolNotFound, "b200: 16 GPUs are kept, and no more granted, while spec.gpus names GPUPool b2o0, which does not exist: correct spec.gpus, or create the pool"
			})),
			"False PoolNotFound: b200: 16 GPUs are kept, and no more granted, while spec.gpus names GPUPool b2o0, which does not exist: correct spec.gpus, or create the pool",
		},
		"two pools, two problems": {input(twoNamespaces(builder.Award("a100", 8), asks), short), "False PoolNotFound: a100: no such GPUPool: create it, or name another pool in spec.gpus; b200: 8 of 16 short"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, conditionLine(gpusCondition(NewModel(tt.in)))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAwardsCoveredCondition(t *testing.T) {
	now := builder.Award("b200", 8)
	later := builder.AwardBetween("h100", 8, july, time.Time{})
	over := builder.AwardBetween("h100", 8, july.AddDate(-1, 0, 0), july.AddDate(0, 0, -200))
	told := func(pool, reason, message string) *foundationv1alpha1.GPUPool {
		return builder.Pool(pool, builder.WithGrant(foundationv1alpha1.Grant{
			TeamName: "hanbit", UID: "hanbit-uid", Requested: 8, Granted: 8, Held: 8, Ready: 8, ForecastReason: reason, ForecastMessage: message,
		}))
	}
	tests := map[string]struct {
		in   Input
		want string
	}{
		"all awards are covered":           {input(twoNamespaces(now), told("b200", "", "")), "True AsDeclared: "},
		"no awards":                        {input(twoNamespaces()), "True AsDeclared: "},
		"one award will not be covered":    {input(twoNamespaces(now), told("b200", "Overcommitted", "b200: 8 short")), "False Overcommitted: b200: 8 short"},
		"two awards will not be covered":   {input(twoNamespaces(now, later), told("b200", "Overcommitted", "b200: 8 short"), told("h100", "PoolEnds", "h100: ends")), "False Overcommitted: b200: 8 short; h100: ends"},
		"a later award of no pool":         {input(twoNamespaces(now, later), told("b200", "", "")), "False PoolNotFound: h100: no such GPUPool: create it before the award begins, or name another pool in spec.gpus"},
		"an award of no pool that is over": {input(twoNamespaces(over)), "True AsDeclared: "},
		"a missing pool is no forecast":    {input(twoNamespaces(now)), "True AsDeclared: "},
		"another team's forecast":          {input(builder.Team("saebit", now), told("b200", "Overcommitted", "b200: 8 short")), "True AsDeclared: "},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, conditionLine(awardsCoveredCondition(NewModel(tt.in)))); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("a team that is Ready says so too", func(t *testing.T) {
		in := input(twoNamespaces(now), told("b200", "Overcommitted", "b200: 8 short"))
		if got, want := readyMessage(NewModel(in)), "8 GPUs, 2 namespaces; later: b200: 8 short"; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	})
}

func TestDynamicPoolsNeedNoReadyNodes(t *testing.T) {
	pool := builder.Pool("b200", builder.WithGrant(foundationv1alpha1.Grant{TeamName: "hanbit", UID: "hanbit-uid", Requested: 8, Granted: 8}))
	pool.Spec.Static, pool.Spec.Karpenter = nil, &foundationv1alpha1.KarpenterNodes{Mode: foundationv1alpha1.KarpenterDynamic}
	in := input(twoNamespaces(builder.Award("b200", 8)), pool)
	if diff := cmp.Diff("True AsDeclared: 8 GPUs", conditionLine(gpusCondition(NewModel(in)))); diff != "" {
		t.Error(diff)
	}
	pool.Spec.Karpenter.Mode = foundationv1alpha1.KarpenterStatic
	if got := conditionLine(gpusCondition(NewModel(in))); !strings.HasPrefix(got, "False NodesNotReady") {
		t.Errorf("in mode Static: %s", got)
	}
}

func TestGPUStatus(t *testing.T) {
	hanbit := twoNamespaces(builder.Award("b200", 24), builder.Award("h100", 8))
	next := metav1.NewTime(july)
	grant := func(pool string, g foundationv1alpha1.Grant) *foundationv1alpha1.GPUPool {
		g.TeamName, g.UID = "hanbit", "hanbit-uid"
		return builder.Pool(pool, builder.WithGrant(g))
	}
	in := input(hanbit,
		grant("b200", foundationv1alpha1.Grant{Requested: 24, Granted: 16, Held: 16, Ready: 8, NextFreeTime: &next, Reason: foundationv1alpha1.ReasonShortfall, Message: "8 short"}),
		grant("old", foundationv1alpha1.Grant{Held: 8}), builder.Pool("other"))
	used := func(gpus string) corev1.ResourceList {
		return corev1.ResourceList{"requests.nvidia.com/gpu": quantity(gpus), "pods": quantity("100"), "nvidia.com/gpu": quantity("100")}
	}
	in.Quotas["hanbit-train"] = &corev1.ResourceQuota{Status: corev1.ResourceQuotaStatus{Used: used("5")}}
	in.Quotas["hanbit-eval"] = &corev1.ResourceQuota{Status: corev1.ResourceQuotaStatus{Used: used("2")}}
	want := &foundationv1alpha1.TeamGPUStatus{
		Summary: "16/32", NodeSummary: "1/2", Requested: 32, Granted: 16, Ready: 8, Used: 7,
		Pools: []foundationv1alpha1.TeamPoolStatus{
			{Name: "b200", Requested: 24, Granted: 16, Held: 16, Ready: 8, Shortfall: 8, NextFreeTime: &next, Message: "8 short"},
			{Name: "h100", Requested: 8, Granted: 0, Held: 0, Ready: 0, Shortfall: 8, Message: "h100: no such GPUPool: create it, or name another pool in spec.gpus"},
			{Name: "old", Requested: 0, Granted: 0, Held: 8, Ready: 0, Shortfall: 0},
		},
	}
	if diff := cmp.Diff(want, gpuStatus(NewModel(in))); diff != "" {
		t.Error(diff)
	}
}
