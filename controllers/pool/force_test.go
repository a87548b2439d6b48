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

// overdueCase lists the pods to evict and those to delete.
type overdueCase struct {
	in         Input
	evict, end []string
}

func (tt overdueCase) check(t *testing.T) {
	t.Helper()
	result := BuildPlan(tt.in, Decide(tt.in))
	if diff := cmp.Diff(tt.evict, podNames(result.Evictions)); diff != "" {
		t.Errorf("evicted: %s", diff)
	}
	if diff := cmp.Diff(tt.end, podNames(result.PodDeletions)); diff != "" {
		t.Errorf("ended: %s", diff)
	}
}

func runOverdueCases(t *testing.T, tests map[string]overdueCase) {
	t.Helper()
	for name, tt := range tests {
		t.Run(name, tt.check)
	}
}

// Pods are evicted after the grace period and deleted after forceAfter; no pod is in both lists.
func TestOverduePods(t *testing.T) {
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	back := func(name string, since time.Duration) *corev1.Node {
		return builder.Node(name, builder.DrainingIn(b200, hanbit, ago(since)))
	}
	work := podsOn("n1", builder.Pod("x", "old", ago(3*time.Hour)), builder.Pod("x", "new", ago(time.Hour)))
	forced := func(gpus int32, after time.Duration, mods ...builder.PoolMod) *foundationv1alpha1.GPUPool {
		return granted(gpus, append([]builder.PoolMod{builder.Force(after)}, mods...)...)
	}
	newestFirst := []string{"new", "old"}
	runOverdueCases(t, map[string]overdueCase{
		"within the grace period pods are left alone":                      {in: input(forced(0, 2*time.Hour), back("n1", time.Hour-time.Second), work)},
		"after the grace period pods are evicted":                          {in: input(forced(0, 2*time.Hour), back("n1", time.Hour), work), evict: newestFirst},
		"just before forceAfter pods are evicted":                          {in: input(forced(0, 2*time.Hour), back("n1", 2*time.Hour-time.Second), work), evict: newestFirst},
		"after forceAfter pods are deleted":                                {in: input(forced(0, 2*time.Hour), back("n1", 2*time.Hour), work), end: newestFirst},
		"without forceAfter pods are never deleted":                        {in: input(granted(0), back("n1", 1000*time.Hour), work), evict: newestFirst},
		"without spec.reclaim pods are evicted":                            {in: input(builder.Pool(b200), back("n1", 1000*time.Hour), work), evict: newestFirst},
		"forceAfter as long as the grace period: deleted at once":          {in: input(forced(0, time.Hour), back("n1", time.Hour), work), end: newestFirst},
		"neither grace period nor forceAfter: deleted once settled":        {in: input(forced(0, 0, builder.Grace(0)), back("n1", gpunode.PodBindDelay), work), end: newestFirst},
		"neither grace period nor forceAfter: not before the node settled": {in: input(forced(0, 0, builder.Grace(0)), back("n1", gpunode.PodBindDelay-time.Second), work)},
		"each node has its own drain time": {
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
	})
}

func TestPodsThatAreNotOverdue(t *testing.T) {
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	back := func(name string, since time.Duration) *corev1.Node {
		return builder.Node(name, builder.DrainingIn(b200, hanbit, ago(since)))
	}
	work := podsOn("n1", builder.Pod("x", "old", ago(3*time.Hour)), builder.Pod("x", "new", ago(time.Hour)))
	forced := func(gpus int32, after time.Duration, mods ...builder.PoolMod) *foundationv1alpha1.GPUPool {
		return granted(gpus, append([]builder.PoolMod{builder.Force(after)}, mods...)...)
	}
	newestFirst := []string{"new", "old"}
	runOverdueCases(t, map[string]overdueCase{
		"a node that its team keeps":                                       {in: input(forced(8, 2*time.Hour), wants(8), builder.Node("n1", builder.HeldIn(b200, hanbit)), work)},
		"a broken node that its team keeps":                                {in: input(forced(8, 2*time.Hour), wants(8), builder.Node("n1", builder.HeldIn(b200, hanbit), builder.NotReady()), work)},
		"a node that its team reclaims":                                    {in: input(forced(0, 2*time.Hour), wants(8), back("n1", 3*time.Hour), work)},
		"a node that just began to drain":                                  {in: input(forced(8, 0, builder.Grace(0)), wants(0), builder.Node("n1", builder.HeldIn(b200, hanbit)), work)},
		"a node that entered the pool with pods":                           {in: input(forced(0, 2*time.Hour), builder.Node("n1", builder.EnteringIn(b200, ago(9*time.Hour))), work)},
		"a draining node that lost its drain time":                         {in: input(forced(0, 2*time.Hour), builder.Node("n1", builder.DrainingIn(b200, hanbit, now), without(foundationv1alpha1.AnnotationDrainingSince)), work)},
		"a draining node that lost its drain time, without a grace period": {in: input(forced(0, 0, builder.Grace(0)), builder.Node("n1", builder.DrainingIn(b200, hanbit, now), without(foundationv1alpha1.AnnotationDrainingSince)), work)},
		"a node of Karpenter's is overdue too": {
			in: input(karpenterPool(0, builder.Force(2*time.Hour)), provisionedNode("n1", static, hanbit, builder.Draining(ago(2*time.Hour))), work), end: newestFirst,
		},
		"a node of the pool's former mode is overdue too": {
			in: input(karpenterPool(16, builder.Dynamic(), builder.Force(2*time.Hour)), wants(16), provisionedNode("n1", static, hanbit, builder.Draining(ago(2*time.Hour))), work), end: newestFirst,
		},
		"a node that Karpenter terminates": {
			in: input(karpenterPool(0, builder.Force(2*time.Hour)), builder.NodeClaim("c1", static, hanbit, builder.Initialized("n1"), builder.ClaimDeleted(ago(9*time.Hour))),
				provisionedNode("n1", static, hanbit, builder.Draining(ago(9*time.Hour)))[1], work),
		},
	})
}

// A pod that is still there long after its eviction is named, with what helps.
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
		"the pod was evicted just now":                         {past.Add(time.Second), []corev1.Pod{pod}, ""},
		"the pod was evicted some time ago and is still there": {past, []corev1.Pod{pod}, names},
		"the pod is terminating":                               {past, []corev1.Pod{going}, ""},
		"one pod is terminating and another is not":            {past, []corev1.Pod{going, pod}, names},
		"no pod is left":                                       {past, nil, ""},
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
