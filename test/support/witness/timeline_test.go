package witness

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/test/support/builder"
)

// A witness that reports nothing proves something only if it would report a violation.
func TestReplay(t *testing.T) {
	at := func(version string, meta metav1.ObjectMeta) metav1.ObjectMeta {
		meta.ResourceVersion = version
		return meta
	}
	donor, receiver := builder.Team("donor"), builder.Team("receiver")
	pool := builder.Pool("b200", builder.Granted(receiver, 8))
	pool.Status.Capacity = &foundationv1alpha1.PoolCapacity{Total: 8}
	pool.ResourceVersion = "10"
	held := builder.Node("n1", builder.HeldIn("b200", donor))
	held.ResourceVersion = "11"
	free := func(version string) *corev1.Node {
		node := builder.Node("n1", builder.FreeIn("b200"))
		node.ResourceVersion = version
		return node
	}
	granted := func(version string) *foundationv1alpha1.GPUPool {
		changed := pool.DeepCopy()
		changed.ResourceVersion = version
		return changed
	}
	lost := func(version string) *foundationv1alpha1.GPUPool {
		changed := granted(version)
		changed.Status.Grants = nil
		return changed
	}
	quota := func(version, gpus string) *corev1.ResourceQuota {
		return &corev1.ResourceQuota{
			ObjectMeta: at(version, builder.OwnedMeta(receiver, "receiver-train", "foundation-team")),
			Spec:       corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{"requests.nvidia.com/gpu": resource.MustParse(gpus)}},
		}
	}
	tests := map[string]struct {
		happens func(*timeline)
		broken  int
	}{
		"quota raised after the node is free":    {func(tl *timeline) { tl.add(nil, quota("13", "8")); tl.add(held, free("12")) }, 0},
		"quota raised before the node is free":   {func(tl *timeline) { tl.add(nil, quota("12", "8")); tl.add(held, free("13")) }, 1},
		"quota raised after the node is deleted": {func(tl *timeline) { tl.add(nil, quota("13", "8")); tl.add(free("12"), nil) }, 0},
		"the pool was granted, and changed again, while nobody watched": {func(tl *timeline) {
			tl.add(pool, lost("12"))
			tl.add(held, free("13"))
			tl.add(nil, quota("15", "8"))
			tl.listed("gpupools")
			tl.add(lost("12"), granted("16"))
		}, 0},
		"the pool was granted later, which was watched": {func(tl *timeline) {
			tl.listed("gpupools")
			tl.add(pool, lost("12"))
			tl.add(held, free("13"))
			tl.add(nil, quota("15", "8"))
			tl.add(lost("12"), granted("16"))
		}, 1},
		"the node became free while nobody watched": {func(tl *timeline) {
			tl.add(nil, quota("12", "8"))
			tl.listed("nodes")
			tl.add(held, free("13"))
		}, 0},
		"quota lowered while the node is held": {func(tl *timeline) {
			tl.add(nil, quota("9", "0"))
			tl.add(nil, quota("12", "0"))
		}, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tl := timeline{}
			tl.add(nil, pool)
			tl.add(nil, held)
			tt.happens(&tl)
			if broken := tl.replay(); len(broken) != tt.broken {
				t.Errorf("%q, want %d", broken, tt.broken)
			}
		})
	}
}
