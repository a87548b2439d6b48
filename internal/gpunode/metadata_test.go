package gpunode_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/gpunode"
)

// Classify(Metadata(o)) returns o for every ownership.
func TestClassifyReadsWhatMetadataWrites(t *testing.T) {
	for _, state := range gpunode.States() {
		t.Run(string(state), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				want := drawOwnership(t, state)
				node := want.Metadata(pool).AppliedTo(bare())
				if !want.Metadata(pool).IsOn(node) {
					t.Fatalf("%+v is not found on %+v", want, node)
				}
				got := classifier().Classify(gpunode.MetadataOf(node))
				if state == gpunode.Provisioning || state == gpunode.Terminating {
					got = classifier().ClassifyProvisioned(claimOf(want), gpunode.MetadataOf(node))
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Fatal(diff)
				}
			})
		})
	}
}

// A node that Karpenter provisioned has the states Held and Draining too.
func TestClassifyProvisionedReadsWhatMetadataWrites(t *testing.T) {
	for _, state := range []gpunode.State{gpunode.Held, gpunode.Draining} {
		rapid.Check(t, func(t *rapid.T) {
			want := drawOwnership(t, state)
			if diff := cmp.Diff(want, classifier().ClassifyProvisioned(claimOf(want), want.Metadata(pool))); diff != "" {
				t.Fatal(diff)
			}
		})
	}
}

// Writing a state removes all metadata of the previous one and leaves other keys unchanged.
func TestWrittenOnReplacesOwnershipMetadataOnly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		first := drawOwnership(t, rapid.SampledFrom(gpunode.States()).Draw(t, "first"))
		second := drawOwnership(t, rapid.SampledFrom(gpunode.States()).Draw(t, "second"))
		before := first.Metadata(pool).AppliedTo(bare())
		unchanged := before.DeepCopy()
		after := second.Metadata(pool).AppliedTo(before)
		if diff := cmp.Diff(unchanged, before); diff != "" {
			t.Fatalf("the node that was read is changed: %s", diff)
		}
		if diff := cmp.Diff(second.Metadata(pool).AppliedTo(bare()), after); diff != "" {
			t.Fatalf("something of %s is left: %s", first.State, diff)
		}
		if diff := cmp.Diff(bare(), gpunode.Ownership{State: gpunode.Outside}.Metadata(pool).AppliedTo(after)); diff != "" {
			t.Fatalf("other people's metadata: %s", diff)
		}
	})
}

func TestIsOnSeesWhatDiffers(t *testing.T) {
	held := gpunode.Hold(hanbit).Metadata(pool)
	tests := map[string]struct {
		change func(*corev1.Node)
		want   bool
	}{
		"nothing is changed":        {func(*corev1.Node) {}, true},
		"another label is changed":  {func(n *corev1.Node) { n.Labels["app"] = "z" }, true},
		"another taint is added":    {func(n *corev1.Node) { n.Spec.Taints = append(n.Spec.Taints, corev1.Taint{Key: "other"}) }, true},
		"the API server says when":  {func(n *corev1.Node) { n.Spec.Taints[1].TimeAdded = new(metav1.NewTime(now)) }, true},
		"the pool label is lost":    {func(n *corev1.Node) { delete(n.Labels, foundationv1alpha1.LabelPool) }, false},
		"the team label is changed": {func(n *corev1.Node) { n.Labels[foundationv1alpha1.LabelTeam] = "saebit" }, false},
		"the UID is lost":           {func(n *corev1.Node) { delete(n.Annotations, foundationv1alpha1.AnnotationTeamUID) }, false},
		"a scrub answer is forged":  {func(n *corev1.Node) { n.Annotations[foundationv1alpha1.AnnotationScrubbed] = "x" }, false},
		"the taint is lost":         {func(n *corev1.Node) { n.Spec.Taints = n.Spec.Taints[:1] }, false},
		"the taint's effect is weakened": {func(n *corev1.Node) {
			n.Spec.Taints[1].Effect = corev1.TaintEffectPreferNoSchedule
		}, false},
		"a taint of another state is added": {func(n *corev1.Node) {
			n.Spec.Taints = append(n.Spec.Taints, corev1.Taint{Key: foundationv1alpha1.TaintDraining, Effect: corev1.TaintEffectNoSchedule})
		}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			node := held.AppliedTo(bare())
			tt.change(node)
			if got := held.IsOn(node); got != tt.want {
				t.Errorf("IsOn = %t, want %t", got, tt.want)
			}
		})
	}
}
