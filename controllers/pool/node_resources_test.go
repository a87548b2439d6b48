package pool

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/test/support/builder"
)

// What spec.karpenter.nodeResources is edited to counts while the pool has no healthy node; what nodes had counts on if something
// else is edited of a pool that declares nothing.
func TestEditedNodeResourcesCount(t *testing.T) {
	declared := func(cpu string) map[corev1.ResourceName]foundationv1alpha1.Quantity {
		return map[corev1.ResourceName]foundationv1alpha1.Quantity{corev1.ResourceCPU: {Quantity: resource.MustParse(cpu)}}
	}
	pool := builder.Pool(b200, builder.Karpenter(64))
	pool.Generation, pool.Spec.Karpenter.NodeResources = 1, declared("190")
	for _, tt := range []struct {
		name, cpu, want string
		generation      int64
	}{
		{"declared", "190", "190", 1}, {"edited", "100", "100", 2}, {"nothing edited", "100", "100", 2},
	} {
		pool.Generation, pool.Spec.Karpenter.NodeResources = tt.generation, declared(tt.cpu)
		in := input(pool)
		pool.Status = BuildStatus(in, Decide(in))
		if got := pool.Status.NodeAllocatable[corev1.ResourceCPU]; got.String() != tt.want {
			t.Errorf("%s: %s cpu, want %s", tt.name, got.String(), tt.want)
		}
	}
	pool.Generation, pool.Spec.Karpenter.NodeResources = 3, nil
	in := input(pool)
	if got := BuildStatus(in, Decide(in)).NodeAllocatable[corev1.ResourceCPU]; got.String() != "100" {
		t.Errorf("not declared any more: %s cpu, want what was known", got.String())
	}
}
