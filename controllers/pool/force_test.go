package pool

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/gpunode"
	"foundation.team/operator/test/support/builder"
)

// Pods are evicted after the grace, and ended after the force, each of them only by one of the two.
func TestForce(t *testing.T) {
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	back := func(name string, since time.Duration) *corev1.Node {
		return builder.Node(name, builder.DrainingIn(b200, hanbit, ago(since)))
	}
	work := podsOn("n1", builder.Pod("x", "old", ago(3*time.Hour)), builder.Pod("x", "new", ago(time.Hour)))
	forced := func(gpus int32, after time.Duration, mods ...builder.PoolMod) *foundationv1alpha1.GPUPool {
		return granted(gpus, append([]builder.PoolMod{builder.Force(after)}, mods...)...)
	}
	newestFirst := []string{"new", "old"}
	tests := map[string]struct {
		in         Input
		evict, end []string
	}{
		"within the grace neither":            {in: input(forced(0, 2*time.Hour), back("n1", time.Hour-time.Second), work)},
		"after it they are evicted":           {in: input(forced(0, 2*time.Hour), back("n1", time.Hour), work), evict: newestFirst},
		"until just before the force":         {in: input(forced(0, 2*time.Hour), back("n1", 2*time.Hour-time.Second), work), evict: newestFirst},
		"then they are ended":                 {in: input(forced(0, 2*time.Hour), back("n1", 2*time.Hour), work), end: newestFirst},
		"without a force they never are":      {in: input(granted(0), back("n1", 1000*time.Hour), work), evict: newestFirst},
		"without any word they are evicted":   {in: input(builder.Pool(b200), back("n1", 1000*time.Hour), work), evict: newestFirst},
		"as long as the grace: ended at once": {in: input(forced(0, time.Hour), back("n1", time.Hour), work), end: newestFirst},
		"no grace and no force, once settled": {in: input(forced(0, 0, builder.Grace(0)), back("n1", gpunode.Settle), work), end: newestFirst},
		"and not before":                      {in: input(forced(0, 0, builder.Grace(0)), back("n1", gpunode.Settle-time.Second), work)},
		"each node has its own time": {
			in: input(forced(0, 2*time.Hour), back("n1", 90*time.Minute), back("n2", 2*time.Hour), back("n3", time.Minute), map[string][]corev1.Pod{
				"n1": {builder.Pod("x", "evicted", now)}, "n2": {builder.Pod("x", "ended", now)}, "n3": {builder.Pod("x", "kept", now)},
			}),
			evict: []string{"evicted"}, end: []string{"ended"},
		},
		"pods are told apart by their namespaces": {
			in: input(forced(0, 2*time.Hour), back("n1", 90*time.Minute), back("n2", 2*time.Hour), map[string][]corev1.Pod{
				"n1": {builder.Pod("x", "job-0", now)}, "n2": {builder.Pod("y", "job-0", now)},
			}),
			evict: []string{"job-0"}, end: []string{"job-0"},
		},
		"a node that its team keeps":             {in: input(forced(8, 2*time.Hour), wants(8), builder.Node("n1", builder.HeldIn(b200, hanbit)), work)},
		"a broken one that its team keeps":       {in: input(forced(8, 2*time.Hour), wants(8), builder.Node("n1", builder.HeldIn(b200, hanbit), builder.NotReady()), work)},
		"one that its team has back":             {in: input(forced(0, 2*time.Hour), wants(8), back("n1", 3*time.Hour), work)},
		"one that was just asked back":           {in: input(forced(8, 0, builder.Grace(0)), wants(0), builder.Node("n1", builder.HeldIn(b200, hanbit)), work)},
		"one that came into the pool with pods":  {in: input(forced(0, 2*time.Hour), builder.Node("n1", builder.EnteringIn(b200, ago(9*time.Hour))), work)},
		"one whose time was taken off":           {in: input(forced(0, 2*time.Hour), builder.Node("n1", builder.DrainingIn(b200, hanbit, now), without(foundationv1alpha1.AnnotationDrainingSince)), work)},
		"one whose time was taken off, no grace": {in: input(forced(0, 0, builder.Grace(0)), builder.Node("n1", builder.DrainingIn(b200, hanbit, now), without(foundationv1alpha1.AnnotationDrainingSince)), work)},
		"one of Karpenter's": {
			in: input(given(0, builder.Force(2*time.Hour)), made("n1", static, hanbit, builder.Draining(ago(2*time.Hour))), work), end: newestFirst,
		},
		"one of the mode that the pool had": {
			in: input(given(16, builder.Dynamic(), builder.Force(2*time.Hour)), wants(16), made("n1", static, hanbit, builder.Draining(ago(2*time.Hour))), work), end: newestFirst,
		},
		"one that Karpenter is taking away": {
			in: input(given(0, builder.Force(2*time.Hour)), builder.NodeClaim("c1", static, hanbit, builder.Initialized("n1"), builder.ClaimDeleted(ago(9*time.Hour))),
				made("n1", static, hanbit, builder.Draining(ago(9*time.Hour)))[1], work),
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			result := BuildPlan(tt.in, Decide(tt.in))
			if diff := cmp.Diff(tt.evict, podNames(result.Evictions)); diff != "" {
				t.Errorf("evicted: %s", diff)
			}
			if diff := cmp.Diff(tt.end, podNames(result.PodDeletions)); diff != "" {
				t.Errorf("ended: %s", diff)
			}
		})
	}
}

// Work that is still there although it was evicted is named, with what helps.
func TestStuckPod(t *testing.T) {
	past := now.Add(-time.Hour - gpunode.InspectInterval)
	pod := builder.Pod("hanbit-train", "job", past)
	going := *pod.DeepCopy()
	going.Name, going.DeletionTimestamp = "going", new(metav1.NewTime(now))
	names := " (pod hanbit-train/job on n1 is past its grace: a PodDisruptionBudget may hold it, delete that or set spec.reclaim.forceAfter)"
	tests := map[string]struct {
		since time.Time
		pods  []corev1.Pod
		want  string
	}{
		"it was just evicted":  {past.Add(time.Second), []corev1.Pod{pod}, ""},
		"it was, and is there": {past, []corev1.Pod{pod}, names},
		"it is going":          {past, []corev1.Pod{going}, ""},
		"another one is":       {past, []corev1.Pod{going, pod}, names},
		"no pod is left":       {past, nil, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in := input(granted(0), builder.Node("n1", builder.DrainingIn(b200, hanbit, tt.since)), podsOn("n1", tt.pods...))
			if got, want := reconcilingCondition(in, Decide(in)).Message, "1 node draining"+tt.want; got != want {
				t.Errorf("%q, want %q", got, want)
			}
		})
	}
}
