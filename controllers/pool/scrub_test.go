package pool

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/gpunode"
	"foundation.team/operator/test/support/builder"
)

// scrubbing is a pool with reclaim.requireScrub.
func scrubbing(gpus int32) *foundationv1alpha1.GPUPool { return granted(gpus, builder.RequireScrub()) }

// awaitingScrub makes it a node that waits to be scrubbed since a time.
func awaitingScrub(at time.Time) builder.NodeMod {
	return func(n *corev1.Node) {
		builder.EnteringIn(b200, at)(n)
		builder.NodeAnnotated(foundationv1alpha1.AnnotationScrubRequest, at.Format(time.RFC3339))(n)
	}
}

func scrubAnswered(at time.Time) builder.NodeMod {
	return builder.NodeAnnotated(foundationv1alpha1.AnnotationScrubbed, at.Format(time.RFC3339))
}

func without(keys ...string) builder.NodeMod {
	return func(n *corev1.Node) {
		for _, key := range keys {
			delete(n.Annotations, key)
			n.Spec.Taints = slices.DeleteFunc(n.Spec.Taints, func(taint corev1.Taint) bool { return taint.Key == key })
		}
	}
}

func scrubRequested(at time.Time) string {
	return entering(at) + " scrub " + at.Format(time.RFC3339)
}

// scrubCase is the metadata of a node after a plan, in a pool that requires scrubbing unless the case says otherwise.
type scrubCase struct {
	pool *foundationv1alpha1.GPUPool
	node *corev1.Node
	pods []corev1.Pod
	want string
	next time.Time
}

func (tt scrubCase) check(t *testing.T) {
	t.Helper()
	if tt.pool == nil {
		tt.pool = scrubbing(0)
	}
	in := input(tt.pool, tt.node, podsOn("n1", tt.pods...), wants(tt.pool.Status.Grants[0].Granted))
	result := BuildPlan(in, Decide(in))
	if got := describeNodes(in, result)["n1"]; got != tt.want {
		t.Errorf("becomes %q, want %q", got, tt.want)
	}
	if !result.RequeueAt.Equal(tt.next) {
		t.Errorf("requeued at %s, want %s", result.RequeueAt, tt.next)
	}
	if len(result.Evictions)+len(result.PodDeletions) > 0 {
		t.Errorf("ends %v, %v", podNames(result.Evictions), podNames(result.PodDeletions))
	}
}

func runScrubCases(t *testing.T, tests map[string]scrubCase) {
	t.Helper()
	for name, tt := range tests {
		t.Run(name, tt.check)
	}
}

// A node becomes free only when the present scrub request was answered.
func TestScrubIsRequestedAndAnswered(t *testing.T) {
	long := now.Add(-time.Hour)
	late := now.Add(-time.Minute)
	back := builder.DrainingIn(b200, hanbit, late)
	work := builder.Pod("hanbit-train", "job", now)
	runScrubCases(t, map[string]scrubCase{
		"a drained node is to be scrubbed": {node: builder.Node("n1", back), want: scrubRequested(now)},
		"a draining node with pods is not to be scrubbed yet": {
			node: builder.Node("n1", back), pods: []corev1.Pod{work}, want: draining(late), next: now.Add(gpunode.InspectInterval),
		},
		"a new node is to be scrubbed once it is empty":                     {node: builder.Node("n1", builder.EnteringIn(b200, late)), want: scrubRequested(now)},
		"a node waits for the scrub to be answered":                         {node: builder.Node("n1", awaitingScrub(late)), want: scrubRequested(late)},
		"a node waits for the scrub to be answered whatever pods are on it": {node: builder.Node("n1", awaitingScrub(late)), pods: []corev1.Pod{work}, want: scrubRequested(late)},
		"the answer makes the node free":                                    {node: builder.Node("n1", awaitingScrub(late), scrubAnswered(late)), want: isFree},
		"the answer does not make the node free while the scrubber's pod is on it": {
			node: builder.Node("n1", awaitingScrub(late), scrubAnswered(late)), pods: []corev1.Pod{work},
			want: scrubRequested(late) + " scrubbed " + late.Format(time.RFC3339), next: now.Add(gpunode.OccupiedInterval),
		},
		"the answer does not make the node free before it has settled": {
			node: builder.Node("n1", awaitingScrub(now.Add(-time.Second)), scrubAnswered(now.Add(-time.Second))),
			want: scrubRequested(now.Add(-time.Second)) + " scrubbed " + now.Add(-time.Second).Format(time.RFC3339), next: now.Add(gpunode.PodBindDelay - time.Second),
		},
		"the answer to an earlier request does not count": {
			node: builder.Node("n1", awaitingScrub(late), scrubAnswered(long)), want: scrubRequested(late) + " scrubbed " + long.Format(time.RFC3339),
		},
		"an answer without a request does not count": {node: builder.Node("n1", builder.EnteringIn(b200, late), scrubAnswered(late)), want: scrubRequested(now)},
	})
}

func TestForgedAndLostScrubMetadata(t *testing.T) {
	late := now.Add(-time.Minute)
	back := builder.DrainingIn(b200, hanbit, late)
	runScrubCases(t, map[string]scrubCase{
		"an answer on a team's node is taken off": {
			node: builder.Node("n1", builder.HeldIn(b200, hanbit), scrubAnswered(late)), pool: scrubbing(8), want: isHeld,
		},
		"a request with its answer on a team's node is taken off": {
			node: builder.Node("n1", builder.HeldIn(b200, hanbit), scrubAnswered(late), builder.NodeAnnotated(foundationv1alpha1.AnnotationScrubRequest, late.Format(time.RFC3339))),
			pool: scrubbing(8), want: isHeld,
		},
		"a request with its answer does not spare a draining node": {
			node: builder.Node("n1", back, scrubAnswered(late), builder.NodeAnnotated(foundationv1alpha1.AnnotationScrubRequest, late.Format(time.RFC3339))),
			want: scrubRequested(now),
		},
		"a request with its answer does not spare a new node": {
			node: builder.Node("n1", builder.Matching(b200), scrubAnswered(late), builder.NodeAnnotated(foundationv1alpha1.AnnotationScrubRequest, late.Format(time.RFC3339))),
			want: entering(now), next: now.Add(gpunode.PodBindDelay),
		},
		"a node that registered again is checked and scrubbed again": {
			node: builder.Node("n1", builder.Matching(b200)), want: entering(now), next: now.Add(gpunode.PodBindDelay),
		},
		"a request that was lost is made again":         {node: builder.Node("n1", awaitingScrub(late), without(foundationv1alpha1.AnnotationScrubRequest)), want: scrubRequested(now)},
		"a lost drain time does not make the node free": {node: builder.Node("n1", awaitingScrub(late), without(foundationv1alpha1.AnnotationDrainingSince)), want: entering(now) + " scrub " + late.Format(time.RFC3339)},
		"a lost taint is restored":                      {node: builder.Node("n1", awaitingScrub(late), without(foundationv1alpha1.TaintDraining)), want: scrubRequested(late)},
		"lost drain time and taint do not make the node free": {
			node: builder.Node("n1", awaitingScrub(late), without(foundationv1alpha1.AnnotationDrainingSince, foundationv1alpha1.TaintDraining)),
			want: entering(now), next: now.Add(gpunode.PodBindDelay),
		},
	})
}

func TestNodesThatAreNotScrubbed(t *testing.T) {
	long := now.Add(-time.Hour)
	late := now.Add(-time.Minute)
	back := builder.DrainingIn(b200, hanbit, late)
	work := builder.Pod("hanbit-train", "job", now)
	runScrubCases(t, map[string]scrubCase{
		"the node becomes free when the pool no longer requires scrubbing":          {node: builder.Node("n1", awaitingScrub(late)), pool: granted(0), want: isFree},
		"a stale answer does not matter when the pool no longer requires scrubbing": {node: builder.Node("n1", awaitingScrub(late), scrubAnswered(long)), pool: granted(0), want: isFree},
		"a node with pods is not free when the pool no longer requires scrubbing": {
			node: builder.Node("n1", awaitingScrub(late)), pool: granted(0), pods: []corev1.Pod{work}, want: entering(late), next: now.Add(gpunode.OccupiedInterval),
		},
		"no scrub is requested in a pool that does not require it": {
			node: builder.Node("n1", builder.FreeIn(b200), builder.NodeAnnotated(foundationv1alpha1.AnnotationScrubRequest, "x")), pool: granted(0), want: isFree,
		},
		"a node that was free before the pool required scrubbing stays free": {node: builder.Node("n1", builder.FreeIn(b200)), want: isFree},
		"a node that left the pool is not scrubbed": {
			node: builder.Node("n1", awaitingScrub(late), builder.Unlabelled(builder.ModelLabel)), want: "",
		},
		"a drained node that left the pool is not scrubbed": {node: builder.Node("n1", back, builder.Unlabelled(builder.ModelLabel)), want: ""},
		"nothing is scrubbed in a pool that is being deleted": {
			node: builder.Node("n1", awaitingScrub(late)), pool: granted(0, builder.RequireScrub(), builder.PoolDeleted()), want: "",
		},
	})
}

// A node that waits to be scrubbed is not free, and other nodes are granted without waiting for it.
func TestScrubHoldsUpNobodyElse(t *testing.T) {
	late := now.Add(-time.Minute)
	in := input(builder.Pool(b200, builder.RequireScrub()), wants(16), builder.Node("n1", awaitingScrub(now)), builder.Node("n2", builder.FreeIn(b200)),
		builder.Node("n3", awaitingScrub(late), scrubAnswered(late)), builder.Node("n4", awaitingScrub(late), scrubAnswered(now)))
	if diff := cmp.Diff(map[string]int32{"hanbit": 8}, grantsOf(in)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"n3"}, NodesToInspect(Decide(in))); diff != "" {
		t.Errorf("looks at %s", diff)
	}
	status := BuildStatus(in, Decide(in))
	if want := "b200: 8 of 16 short, 0 free, 16 wait to be scrubbed"; status.Grants[0].Message != want {
		t.Errorf("%s, want %s", status.Grants[0].Message, want)
	}
	want := "1 node to be assigned, 1 node waiting to be empty before being granted: n3, 2 nodes waiting to be scrubbed before being granted: n1, n4"
	if got := reconcilingCondition(in, Decide(in)); got == nil || got.Message != want {
		t.Errorf("%+v, want %q", got, want)
	}
}
