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

// A NodePool labels and taints its nodes as the team's, and does not disrupt running work.
func TestNodePoolSpec(t *testing.T) {
	pool := karpenterPool(0, func(pool *foundationv1alpha1.GPUPool) {
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

// A node of a Dynamic pool is deleted when it was empty for as long as the pool says.
func TestConsolidateAfter(t *testing.T) {
	tests := map[string]struct {
		after *metav1.Duration
		want  string
	}{
		"consolidateAfter by default":  {nil, "300s"},
		"consolidateAfter as declared": {&metav1.Duration{Duration: 90 * time.Minute}, "5400s"},
		"consolidateAfter of zero":     {&metav1.Duration{}, "0s"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			pool := karpenterPool(0, builder.Dynamic())
			pool.Spec.Karpenter.ConsolidateAfter = tt.after
			if got := disruption(pool.Spec.Karpenter).ConsolidateAfter; got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
}

// Names of teams and of pools contain hyphens: no two pairs may result in the same NodePool, and each name must be a valid
// label value.
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

// A closed NodePool keeps everything but its size: Karpenter would replace nodes that differ from it.
func TestClosedNodePoolIsOtherwiseUnchanged(t *testing.T) {
	open := input(karpenterPool(16), wants(16))
	config := BuildPlan(open, Decide(open)).NodePools[0]
	live := builder.NodePool(static, hanbit)
	live.Spec = *config.Spec.DeepCopy()

	in := input(karpenterPool(0), live)
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
