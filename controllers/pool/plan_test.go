package pool

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/gpunode"
	"foundation.team/operator/test/support/builder"
)

const (
	isFree   = "b200 +unassigned="
	isHeld   = "b200 hanbit/hanbit@hanbit-uid +team=hanbit"
	isSaebit = "b200 saebit/saebit@saebit-uid +team=saebit"
)

func entering(since time.Time) string {
	return "b200 +draining= +unassigned= since " + since.UTC().Format(time.RFC3339)
}

func draining(since time.Time) string {
	return "b200 hanbit/hanbit@hanbit-uid +draining= +team=hanbit since " + since.UTC().Format(time.RFC3339)
}

// a granted pool has hanbit's 8 GPUs in its status.
func granted(gpus int32, mods ...builder.PoolMod) *foundationv1alpha1.GPUPool {
	return builder.Pool(b200, append([]builder.PoolMod{builder.Granted(hanbit, gpus), builder.Grace(time.Hour)}, mods...)...)
}

func wants(gpus int32) *foundationv1alpha1.FoundationTeam {
	return builder.Team("hanbit", builder.Award(b200, gpus))
}

func podsOn(node string, pods ...corev1.Pod) map[string][]corev1.Pod {
	return map[string][]corev1.Pod{node: pods}
}

func TestBuildPlan(t *testing.T) {
	held, free, matching := builder.HeldIn(b200, hanbit), builder.FreeIn(b200), builder.Matching(b200)
	work := builder.Pod("hanbit-train", "job", now.Add(-time.Hour))
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	back := func(since time.Time) builder.NodeMod { return builder.DrainingIn(b200, hanbit, since) }
	stripped := func(mod builder.NodeMod, undo func(*corev1.Node)) *corev1.Node { return builder.Node("n1", mod, undo) }
	tests := map[string]struct {
		in   Input
		want map[string]string
		// changes is how many nodes are written to.
		changes int
		next    time.Time
		evicted []string
	}{
		"nothing to do":                      {in: input(granted(8), wants(8), nodes(held, "n1"), nodes(free, "n2")), want: map[string]string{"n1": isHeld, "n2": isFree}},
		"a free node is made the team's":     {in: input(builder.Pool(b200), wants(8), nodes(free, "n1", "n2")), want: map[string]string{"n1": isHeld, "n2": isFree}, changes: 1},
		"what was granted before is claimed": {in: input(granted(8), wants(8), nodes(free, "n1")), want: map[string]string{"n1": isHeld}, changes: 1},
		"a sick node is not claimed": {
			in:   input(granted(8), wants(8), builder.Node("n1", free, builder.NotReady()), builder.Node("n2", free)),
			want: map[string]string{"n1": isFree, "n2": isHeld}, changes: 1,
		},
		"a node that is new in the pool is closed first": {
			in: input(builder.Pool(b200), wants(8), nodes(matching, "n1")), want: map[string]string{"n1": entering(now)}, changes: 1, next: now.Add(gpunode.Settle),
		},
		"an entering node must settle": {
			in:   input(builder.Pool(b200), wants(8), nodes(builder.EnteringIn(b200, ago(gpunode.Settle-time.Second)), "n1")),
			want: map[string]string{"n1": entering(ago(gpunode.Settle - time.Second))}, next: now.Add(time.Second),
		},
		"and is free when it is empty": {
			in: input(builder.Pool(b200), wants(8), nodes(builder.EnteringIn(b200, ago(gpunode.Settle)), "n1")), want: map[string]string{"n1": isFree}, changes: 1,
		},
		"and is not while somebody's pods are on it, whom nobody evicts": {
			in:   input(builder.Pool(b200), wants(8), nodes(builder.EnteringIn(b200, ago(1000*time.Hour)), "n1"), podsOn("n1", work)),
			want: map[string]string{"n1": entering(ago(1000 * time.Hour))}, next: now.Add(gpunode.OccupiedInterval),
		},
		"a team that shrinks gives an idle node back": {
			in:   input(granted(16), wants(8), nodes(held, "n1", "n2"), podsOn("n2", work)),
			want: map[string]string{"n1": draining(now), "n2": isHeld}, changes: 1, next: now.Add(gpunode.Settle),
		},
		"and one that left the pool before": {
			in:   input(granted(16), wants(8), builder.Node("n1", held), builder.Node("n2", held, builder.Unlabelled(builder.ModelLabel)), podsOn("n2", work)),
			want: map[string]string{"n1": isHeld, "n2": draining(now)}, changes: 1, next: now.Add(gpunode.Settle),
		},
		"it stays the team's until it has settled": {
			in: input(granted(0), nodes(back(ago(gpunode.Settle-time.Second)), "n1")), want: map[string]string{"n1": draining(ago(gpunode.Settle - time.Second))}, next: now.Add(time.Second),
		},
		"it becomes free when it is empty": {in: input(granted(0), nodes(back(ago(gpunode.Settle)), "n1")), want: map[string]string{"n1": isFree}, changes: 1},
		"it stays the team's while a pod of theirs runs": {
			in:   input(granted(0), nodes(back(ago(time.Minute)), "n1"), podsOn("n1", work)),
			want: map[string]string{"n1": draining(ago(time.Minute))}, next: now.Add(gpunode.InspectInterval),
		},
		"just before the end of the grace nothing is evicted": {
			in:   input(granted(0), nodes(back(ago(time.Hour-time.Second)), "n1"), podsOn("n1", work)),
			want: map[string]string{"n1": draining(ago(time.Hour - time.Second))}, next: now.Add(gpunode.InspectInterval),
		},
		"at the end of the grace pods are evicted, and the node stays theirs until they are gone": {
			in:   input(granted(0), nodes(back(ago(time.Hour)), "n1"), podsOn("n1", work)),
			want: map[string]string{"n1": draining(ago(time.Hour))}, next: now.Add(gpunode.InspectInterval), evicted: []string{"job"},
		},
		"without a grace period pods are evicted once it has settled": {
			in:   input(granted(0, builder.Grace(0)), nodes(back(ago(gpunode.Settle)), "n1"), podsOn("n1", work)),
			want: map[string]string{"n1": draining(ago(gpunode.Settle))}, next: now.Add(gpunode.InspectInterval), evicted: []string{"job"},
		},
		"it goes to nobody in the step in which it becomes free": {
			in: input(builder.Pool(b200), saebit, nodes(back(ago(gpunode.Settle)), "n1")), want: map[string]string{"n1": isFree}, changes: 1,
		},
		"a team that grows again has its own back": {
			in:   input(granted(0), wants(8), nodes(back(ago(time.Minute)), "n1"), nodes(free, "n2"), podsOn("n1", work)),
			want: map[string]string{"n1": isHeld, "n2": isFree}, changes: 1, next: now.Add(gpunode.InspectInterval),
		},
		"and its pods are left alone even if the grace was over": {
			in:   input(granted(0), wants(8), nodes(back(ago(2*time.Hour)), "n1"), podsOn("n1", work)),
			want: map[string]string{"n1": isHeld}, changes: 1, next: now.Add(gpunode.InspectInterval),
		},
		"an empty one too": {
			in: input(granted(0), wants(8), nodes(back(ago(time.Minute)), "n1")), want: map[string]string{"n1": isHeld}, changes: 1,
		},
		"a free node that left the pool is let go": {
			in: input(builder.Pool(b200), builder.Node("n1", free, builder.Unlabelled(builder.ModelLabel))), want: map[string]string{"n1": ""}, changes: 1,
		},
		"so is one that was just entering": {
			in: input(builder.Pool(b200), builder.Node("n1", builder.EnteringIn(b200, now), builder.Unlabelled(builder.ModelLabel))), want: map[string]string{"n1": ""}, changes: 1, next: now.Add(gpunode.Settle),
		},
		"a held node that left the pool stays the team's": {
			in: input(granted(8), wants(8), builder.Node("n1", held, builder.Unlabelled(builder.ModelLabel))), want: map[string]string{"n1": isHeld},
		},
		"and is nobody's when it is given back": {
			in: input(granted(0), builder.Node("n1", back(ago(gpunode.Settle)), builder.Unlabelled(builder.ModelLabel))), want: map[string]string{"n1": ""}, changes: 1,
		},
		"another pool's node is left alone": {
			in: input(builder.Pool(b200), wants(8), builder.Node("n1", builder.FreeIn("h100"), matching)), want: map[string]string{"n1": "h100 +unassigned="},
		},
		"also one that is a team's": {
			in: input(builder.Pool(b200), wants(8), builder.Node("n1", builder.HeldIn("h100", hanbit), matching)), want: map[string]string{"n1": "h100 hanbit/hanbit@hanbit-uid +team=hanbit"},
		},
		"a deleted pool lets free nodes go and keeps the others": {
			in:   input(granted(8, builder.PoolDeleted()), wants(8), nodes(held, "n1"), nodes(free, "n2"), nodes(matching, "n3"), nodes(builder.EnteringIn(b200, now), "n4")),
			want: map[string]string{"n1": isHeld, "n2": "", "n3": "", "n4": ""}, changes: 2, next: now.Add(gpunode.Settle),
		},
		"a deleted pool's nodes are nobody's when they are given back": {
			in: input(granted(0, builder.PoolDeleted()), nodes(back(ago(gpunode.Settle)), "n1")), want: map[string]string{"n1": ""}, changes: 1,
		},
		"the node label was taken off": {
			in: input(granted(8), wants(8), stripped(held, builder.Unlabelled(foundationv1alpha1.LabelNodeTeam))), want: map[string]string{"n1": isHeld}, changes: 1,
		},
		"the team label was taken off": {
			in: input(granted(8), wants(8), stripped(held, builder.Unlabelled(foundationv1alpha1.LabelTeam))), want: map[string]string{"n1": isHeld}, changes: 1,
		},
		"both labels were": {
			in: input(granted(8), wants(8), stripped(held, builder.Unlabelled(foundationv1alpha1.LabelTeam, foundationv1alpha1.LabelNodeTeam))), want: map[string]string{"n1": isHeld}, changes: 1,
		},
		"the pool label was": {
			in: input(granted(8), wants(8), stripped(held, builder.Unlabelled(foundationv1alpha1.LabelPool))), want: map[string]string{"n1": isHeld}, changes: 1,
		},
		"the taint was": {
			in: input(granted(8), wants(8), stripped(held, func(n *corev1.Node) { n.Spec.Taints = nil })), want: map[string]string{"n1": isHeld}, changes: 1,
		},
		"the UID was": {
			in: input(granted(8), wants(8), stripped(held, func(n *corev1.Node) { delete(n.Annotations, foundationv1alpha1.AnnotationTeamUID) })), want: map[string]string{"n1": isHeld}, changes: 1,
		},
		"somebody changed the taint's value": {
			in: input(granted(8), wants(8), stripped(held, func(n *corev1.Node) { n.Spec.Taints[0].Value = "saebit" })), want: map[string]string{"n1": isHeld}, changes: 1,
		},
		"somebody changed the taint's effect": {
			in: input(granted(8), wants(8), stripped(held, func(n *corev1.Node) { n.Spec.Taints[0].Effect = corev1.TaintEffectPreferNoSchedule })), want: map[string]string{"n1": isHeld}, changes: 1,
		},
		"somebody changed the label that a kubelet may write": {
			in: input(granted(8), wants(8), stripped(held, builder.Labelled(foundationv1alpha1.LabelTeam, "saebit"))), want: map[string]string{"n1": isHeld}, changes: 1,
		},
		"the taint was taken off a node on its way back": {
			in: input(granted(0), stripped(back(now), func(n *corev1.Node) { n.Spec.Taints = nil })), want: map[string]string{"n1": draining(now)}, changes: 1, next: now.Add(gpunode.Settle),
		},
		"somebody wrote nonsense into the time of a node on its way back": {
			in:   input(granted(0), stripped(back(now), builder.NodeAnnotated(foundationv1alpha1.AnnotationDrainingSince, "soon")), podsOn("n1", work)),
			want: map[string]string{"n1": draining(now)}, changes: 1, next: now.Add(gpunode.Settle),
		},
		"a free node whose taint was taken off may not be empty any more": {
			in: input(builder.Pool(b200), wants(8), stripped(free, func(n *corev1.Node) { n.Spec.Taints = nil })), want: map[string]string{"n1": entering(now)}, changes: 1, next: now.Add(gpunode.Settle),
		},
		"a held node that lost all but the pool's label may not be empty": {
			in:   input(granted(8), wants(8), saebit, builder.Node("n1", matching, builder.Labelled(foundationv1alpha1.LabelPool, b200)), podsOn("n1", work)),
			want: map[string]string{"n1": entering(now)}, changes: 1, next: now.Add(gpunode.Settle),
		},
		"a held node that lost all marks may not be empty": {
			in:   input(granted(8), wants(8), saebit, builder.Node("n1", matching), podsOn("n1", work)),
			want: map[string]string{"n1": entering(now)}, changes: 1, next: now.Add(gpunode.Settle),
		},
		"a node that Karpenter made for a team is no other pool's": {
			in:   input(builder.Pool(b200), wants(8), made("n1", "x1.s", hanbit, matching)[1]),
			want: map[string]string{"n1": "x1 hanbit/hanbit@hanbit-uid +team=hanbit"},
		},
		"nor that of a later pool of the same name": {
			in:   input(builder.Pool(b200), wants(8), made("n1", static, saebit)[1], made("n2", static, saebit, matching)[1]),
			want: map[string]string{"n1": isSaebit, "n2": isSaebit},
		},
		"other labels, annotations and taints stay": {
			in:   input(builder.Pool(b200), wants(8), builder.Node("n1", free, builder.Tainted("example.com/slow", "yes"), builder.Labelled("app", "x"), builder.NodeAnnotated("note", "y"))),
			want: map[string]string{"n1": "b200 hanbit/hanbit@hanbit-uid +example.com/slow=yes +team=hanbit"}, changes: 1,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			before := asJSON(t, tt.in.Nodes)
			result := BuildPlan(tt.in, Decide(tt.in))
			if diff := cmp.Diff(tt.want, look(tt.in, result)); diff != "" {
				t.Error(diff)
			}
			if len(result.Transitions) != tt.changes {
				t.Errorf("%d nodes are written to, want %d", len(result.Transitions), tt.changes)
			}
			if !result.RequeueAt.Equal(tt.next) {
				t.Errorf("requeued at %s, want %s", result.RequeueAt, tt.next)
			}
			if diff := cmp.Diff(tt.evicted, podNames(result.Evictions)); diff != "" {
				t.Errorf("evicted: %s", diff)
			}
			if after := asJSON(t, tt.in.Nodes); after != before {
				t.Error("the nodes that were read are changed")
			}
			for _, transition := range result.Transitions {
				for key, value := range transition.Before.Labels {
					if !slices.Contains([]string{foundationv1alpha1.LabelPool, foundationv1alpha1.LabelTeam, foundationv1alpha1.LabelNodeTeam}, key) && transition.After.Labels[key] != value {
						t.Errorf("label %s is lost", key)
					}
				}
			}
		})
	}
}

func TestEvictNewestFirst(t *testing.T) {
	long := now.Add(-2 * time.Hour)
	in := input(granted(0), nodes(builder.DrainingIn(b200, hanbit, long), "n1", "n2"), map[string][]corev1.Pod{
		"n1": {builder.Pod("x", "old", long), builder.Pod("x", "newest", now)},
		"n2": {builder.Pod("x", "b", long.Add(time.Hour)), builder.Pod("x", "a", long.Add(time.Hour))},
	})
	if diff := cmp.Diff([]string{"newest", "a", "b", "old"}, podNames(BuildPlan(in, Decide(in)).Evictions)); diff != "" {
		t.Error(diff)
	}
}

func TestDrainTheNewestWorkFirst(t *testing.T) {
	in := input(granted(24), wants(16), nodes(builder.HeldIn(b200, hanbit), "n1", "n2", "n3"), map[string][]corev1.Pod{
		"n1": {builder.Pod("x", "a", now), builder.Pod("x", "b", now.Add(-3*time.Hour))},
		"n2": {builder.Pod("x", "c", now.Add(-time.Hour))},
		"n3": {builder.Pod("x", "d", now.Add(-2*time.Hour))},
	})
	want := map[string]string{"n1": isHeld, "n2": draining(now), "n3": isHeld}
	if diff := cmp.Diff(want, look(in, BuildPlan(in, Decide(in)))); diff != "" {
		t.Error(diff)
	}
}

func TestAssignCloseTogether(t *testing.T) {
	rack := func(name, rack string, mod builder.NodeMod) *corev1.Node {
		return builder.Node(name, mod, builder.Labelled("rack", rack))
	}
	in := input(granted(8, builder.TopologyKeys("rack")), wants(24),
		rack("n1", "r1", builder.FreeIn(b200)), rack("n2", "r2", builder.FreeIn(b200)), rack("n3", "r2", builder.FreeIn(b200)),
		rack("n4", "r2", builder.HeldIn(b200, hanbit)))
	want := map[string]string{"n1": isFree, "n2": isHeld, "n3": isHeld, "n4": isHeld}
	if diff := cmp.Diff(want, look(in, BuildPlan(in, Decide(in)))); diff != "" {
		t.Error(diff)
	}
}

// Two teams that are served at once have different nodes, those served first before the others.
func TestNoNodeIsAssignedTwice(t *testing.T) {
	in := input(builder.Pool(b200), wants(8), builder.Team("saebit", builder.Award(b200, 8), builder.Priority(1)), nodes(builder.FreeIn(b200), "n1", "n2"))
	want := map[string]string{"n1": isSaebit, "n2": isHeld}
	if diff := cmp.Diff(want, look(in, BuildPlan(in, Decide(in)))); diff != "" {
		t.Error(diff)
	}
}

func TestNodesToInspect(t *testing.T) {
	held := builder.HeldIn(b200, hanbit)
	all := []any{
		nodes(held, "n1", "n2"), nodes(builder.FreeIn(b200), "n3"), nodes(builder.HeldIn(b200, saebit), "n4", "n5"),
		nodes(builder.DrainingIn(b200, builder.Team("maru"), now), "n6"), nodes(builder.EnteringIn(b200, now), "n7"), nodes(builder.Matching(b200), "n8"),
	}
	tests := map[string]struct {
		team *foundationv1alpha1.FoundationTeam
		want []string
	}{
		"what is on its way to be free":  {wants(16), []string{"n6", "n7"}},
		"and all of a team that shrinks": {wants(8), []string{"n1", "n2", "n6", "n7"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in := input(builder.Pool(b200, builder.Granted(hanbit, 16), builder.Granted(saebit, 16)), append(slices.Clone(all), tt.team, saebit)...)
			if diff := cmp.Diff(tt.want, NodesToInspect(Decide(in))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestUnused(t *testing.T) {
	tests := map[string]struct {
		node *corev1.Node
		want bool
	}{
		"held":           {builder.Node("n1", builder.HeldIn(b200, hanbit)), false},
		"free":           {builder.Node("n1", builder.FreeIn(b200)), false},
		"left":           {builder.Node("n1", builder.FreeIn(b200), builder.Unlabelled(builder.ModelLabel)), false},
		"without marks":  {builder.Node("n1", builder.Matching(b200)), true},
		"another pool's": {builder.Node("n1", builder.FreeIn("h100"), builder.Matching(b200)), true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in := input(builder.Pool(b200, builder.PoolDeleted()), tt.node)
			if got := Unused(in, Decide(in)); got != tt.want {
				t.Errorf("Unused = %t", got)
			}
		})
	}
}

func TestKeepsBusy(t *testing.T) {
	pod := func(mods ...func(*corev1.Pod)) *corev1.Pod {
		p := builder.Pod("x", "p", now)
		for _, mod := range mods {
			mod(&p)
		}
		return &p
	}
	phase := func(phase corev1.PodPhase) func(*corev1.Pod) { return func(p *corev1.Pod) { p.Status.Phase = phase } }
	owned := func(kind string) func(*corev1.Pod) {
		return func(p *corev1.Pod) { p.OwnerReferences = []metav1.OwnerReference{{Kind: kind, Controller: new(true)}} }
	}
	tests := map[string]struct {
		pod  *corev1.Pod
		want bool
	}{
		"a running one":                       {pod(phase(corev1.PodRunning)), true},
		"one that starts":                     {pod(phase(corev1.PodPending)), true},
		"one that has ended":                  {pod(phase(corev1.PodSucceeded)), false},
		"one that has failed":                 {pod(phase(corev1.PodFailed)), false},
		"one of a job":                        {pod(owned("Job")), true},
		"one of a daemon set":                 {pod(owned("DaemonSet")), false},
		"one of the node's":                   {pod(func(p *corev1.Pod) { p.Annotations = map[string]string{corev1.MirrorPodAnnotationKey: "x"} }), false},
		"one that is deleted and still there": {pod(func(p *corev1.Pod) { p.DeletionTimestamp = new(metav1.NewTime(now)) }), true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := keepsBusy(tt.pod, false); got != tt.want {
				t.Errorf("keepsBusy = %t", got)
			}
			// What a team's pod says of its owner is what its maker wrote.
			running := tt.pod.Status.Phase != corev1.PodSucceeded && tt.pod.Status.Phase != corev1.PodFailed
			if got := keepsBusy(tt.pod, true); got != running {
				t.Errorf("keepsBusy = %t for a team's", got)
			}
		})
	}
}

// A node that is new in the pool and has somebody's pods stays out of reach when its time is taken off.
func TestEnteringNodeThatLostItsTimeIsNotFree(t *testing.T) {
	in := input(builder.Pool(b200), wants(8), nodes(builder.Matching(b200), "n1"))
	entering := BuildPlan(in, Decide(in)).Transitions[0].After
	delete(entering.Annotations, foundationv1alpha1.AnnotationDrainingSince)

	in = input(builder.Pool(b200), wants(8), entering)
	if diff := cmp.Diff(map[string]int32{"hanbit": 0}, grantsOf(in)); diff != "" {
		t.Error(diff)
	}
	again := BuildPlan(in, Decide(in)).Transitions
	if len(again) != 1 || again[0].After.Annotations[foundationv1alpha1.AnnotationDrainingSince] != now.Format(time.RFC3339) {
		t.Errorf("changes are %+v, want that it waits anew", again)
	}
}
