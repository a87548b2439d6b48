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

// scrubbing is a pool that gives nodes to nobody before they were scrubbed.
func scrubbing(gpus int32) *foundationv1alpha1.GPUPool { return granted(gpus, builder.RequireScrub()) }

// asked makes it a node that waits for being scrubbed since then, answered with an answer of then.
func asked(at time.Time) builder.NodeMod {
	return func(n *corev1.Node) {
		builder.EnteringIn(b200, at)(n)
		builder.NodeAnnotated(foundationv1alpha1.AnnotationScrubRequest, at.Format(time.RFC3339))(n)
	}
}

func answered(at time.Time) builder.NodeMod {
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

func isAsked(at time.Time) string {
	return entering(at) + " scrub " + at.Format(time.RFC3339)
}

// scrubCase is what becomes of a node in a pool that scrubs its nodes, unless it is told otherwise.
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
	if got := look(in, result)["n1"]; got != tt.want {
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

// A node is free only when who scrubs answered the very request of this hand-over.
func TestScrubIsRequestedAndAnswered(t *testing.T) {
	long := now.Add(-time.Hour)
	late := now.Add(-time.Minute)
	back := builder.DrainingIn(b200, hanbit, late)
	work := builder.Pod("hanbit-train", "job", now)
	runScrubCases(t, map[string]scrubCase{
		"a drained node is to be scrubbed": {node: builder.Node("n1", back), want: isAsked(now)},
		"a draining node with pods is not to be scrubbed yet": {
			node: builder.Node("n1", back), pods: []corev1.Pod{work}, want: draining(late), next: now.Add(gpunode.InspectInterval),
		},
		"a new node is to be scrubbed once it is empty": {node: builder.Node("n1", builder.EnteringIn(b200, late)), want: isAsked(now)},
		"a node waits for the answer":                   {node: builder.Node("n1", asked(late)), want: isAsked(late)},
		"a node waits for the answer whoever is on it":  {node: builder.Node("n1", asked(late)), pods: []corev1.Pod{work}, want: isAsked(late)},
		"the answer makes it free":                      {node: builder.Node("n1", asked(late), answered(late)), want: isFree},
		"the answer does not make it free while who scrubs is on it": {
			node: builder.Node("n1", asked(late), answered(late)), pods: []corev1.Pod{work},
			want: isAsked(late) + " scrubbed " + late.Format(time.RFC3339), next: now.Add(gpunode.OccupiedInterval),
		},
		"the answer does not make it free before it has settled": {
			node: builder.Node("n1", asked(now.Add(-time.Second)), answered(now.Add(-time.Second))),
			want: isAsked(now.Add(-time.Second)) + " scrubbed " + now.Add(-time.Second).Format(time.RFC3339), next: now.Add(gpunode.Settle - time.Second),
		},
		"the answer to an earlier request is none": {
			node: builder.Node("n1", asked(late), answered(long)), want: isAsked(late) + " scrubbed " + long.Format(time.RFC3339),
		},
		"an answer without a request is none": {node: builder.Node("n1", builder.EnteringIn(b200, late), answered(late)), want: isAsked(now)},
	})
}

func TestForgedAndLostScrubMetadata(t *testing.T) {
	late := now.Add(-time.Minute)
	back := builder.DrainingIn(b200, hanbit, late)
	runScrubCases(t, map[string]scrubCase{
		"an answer on a team's node is taken off": {
			node: builder.Node("n1", builder.HeldIn(b200, hanbit), answered(late)), pool: scrubbing(8), want: isHeld,
		},
		"a request with its answer on a team's node is taken off": {
			node: builder.Node("n1", builder.HeldIn(b200, hanbit), answered(late), builder.NodeAnnotated(foundationv1alpha1.AnnotationScrubRequest, late.Format(time.RFC3339))),
			pool: scrubbing(8), want: isHeld,
		},
		"a request with its answer does not spare a draining node": {
			node: builder.Node("n1", back, answered(late), builder.NodeAnnotated(foundationv1alpha1.AnnotationScrubRequest, late.Format(time.RFC3339))),
			want: isAsked(now),
		},
		"a request with its answer does not spare a new node": {
			node: builder.Node("n1", builder.Matching(b200), answered(late), builder.NodeAnnotated(foundationv1alpha1.AnnotationScrubRequest, late.Format(time.RFC3339))),
			want: entering(now), next: now.Add(gpunode.Settle),
		},
		"a node that registered anew is looked at and scrubbed anew": {
			node: builder.Node("n1", builder.Matching(b200)), want: entering(now), next: now.Add(gpunode.Settle),
		},
		"a request that was lost is made again": {node: builder.Node("n1", asked(late), without(foundationv1alpha1.AnnotationScrubRequest)), want: isAsked(now)},
		"a time that was lost does not free it": {node: builder.Node("n1", asked(late), without(foundationv1alpha1.AnnotationDrainingSince)), want: entering(now) + " scrub " + late.Format(time.RFC3339)},
		"a taint that was lost is put back":     {node: builder.Node("n1", asked(late), without(foundationv1alpha1.TaintDraining)), want: isAsked(late)},
		"time and taint that were lost do not free it": {
			node: builder.Node("n1", asked(late), without(foundationv1alpha1.AnnotationDrainingSince, foundationv1alpha1.TaintDraining)),
			want: entering(now), next: now.Add(gpunode.Settle),
		},
	})
}

func TestNodesThatAreNotScrubbed(t *testing.T) {
	long := now.Add(-time.Hour)
	late := now.Add(-time.Minute)
	back := builder.DrainingIn(b200, hanbit, late)
	work := builder.Pod("hanbit-train", "job", now)
	runScrubCases(t, map[string]scrubCase{
		"when nobody wants it scrubbed any more it is free":                     {node: builder.Node("n1", asked(late)), pool: granted(0), want: isFree},
		"when nobody wants it scrubbed any more a stale answer does not matter": {node: builder.Node("n1", asked(late), answered(long)), pool: granted(0), want: isFree},
		"when nobody wants it scrubbed any more it is not free with pods": {
			node: builder.Node("n1", asked(late)), pool: granted(0), pods: []corev1.Pod{work}, want: entering(late), next: now.Add(gpunode.OccupiedInterval),
		},
		"nobody asks in a pool that wants nothing scrubbed": {
			node: builder.Node("n1", builder.FreeIn(b200), builder.NodeAnnotated(foundationv1alpha1.AnnotationScrubRequest, "x")), pool: granted(0), want: isFree,
		},
		"what was free before anybody wanted it scrubbed stays so": {node: builder.Node("n1", builder.FreeIn(b200)), want: isFree},
		"what left the pool is not scrubbed": {
			node: builder.Node("n1", asked(late), builder.Unlabelled(builder.ModelLabel)), want: "",
		},
		"what drained and left the pool is not scrubbed": {node: builder.Node("n1", back, builder.Unlabelled(builder.ModelLabel)), want: ""},
		"nothing is scrubbed in a pool that is being deleted": {
			node: builder.Node("n1", asked(late)), pool: granted(0, builder.RequireScrub(), builder.PoolDeleted()), want: "",
		},
	})
}

// A node that waits to be scrubbed is in nobody's way: it is not free, and others are given out without it.
func TestScrubHoldsUpNobodyElse(t *testing.T) {
	late := now.Add(-time.Minute)
	in := input(builder.Pool(b200, builder.RequireScrub()), wants(16), builder.Node("n1", asked(now)), builder.Node("n2", builder.FreeIn(b200)),
		builder.Node("n3", asked(late), answered(late)), builder.Node("n4", asked(late), answered(now)))
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
