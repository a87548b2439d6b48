package pool

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/gpunode"
	"foundation.team/operator/test/support/builder"
)

// planCase lists the metadata of a static pool's nodes after a plan, and its writes.
type planCase struct {
	in   Input
	want map[string]string
	// changes is how many nodes are patched.
	changes int
	next    time.Time
	evicted []string
}

func (tt planCase) check(t *testing.T) {
	t.Helper()
	before := asJSON(t, tt.in.Nodes)
	result := BuildPlan(tt.in, Decide(tt.in))
	if diff := cmp.Diff(tt.want, describeNodes(tt.in, result)); diff != "" {
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
}

func runPlanCases(t *testing.T, tests map[string]planCase) {
	t.Helper()
	for name, tt := range tests {
		t.Run(name, tt.check)
	}
}

func TestNodesAreAssigned(t *testing.T) {
	held := builder.HeldIn(b200, hanbit)
	free := builder.FreeIn(b200)
	runPlanCases(t, map[string]planCase{
		"nodes as they should be are not written to":   {in: input(granted(8), wants(8), nodes(held, "n1"), nodes(free, "n2")), want: map[string]string{"n1": isHeld, "n2": isFree}},
		"a free node is assigned to the team":          {in: input(builder.Pool(b200), wants(8), nodes(free, "n1", "n2")), want: map[string]string{"n1": isHeld, "n2": isFree}, changes: 1},
		"a free node is assigned for an earlier grant": {in: input(granted(8), wants(8), nodes(free, "n1")), want: map[string]string{"n1": isHeld}, changes: 1},
		"an unhealthy node is not assigned": {
			in:   input(granted(8), wants(8), builder.Node("n1", free, builder.NotReady()), builder.Node("n2", free)),
			want: map[string]string{"n1": isFree, "n2": isHeld}, changes: 1,
		},
	})
}

func TestNodesEnter(t *testing.T) {
	matching := builder.Matching(b200)
	work := builder.Pod("hanbit-train", "job", now.Add(-time.Hour))
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	runPlanCases(t, map[string]planCase{
		"a node that is new in the pool is closed first": {
			in: input(builder.Pool(b200), wants(8), nodes(matching, "n1")), want: map[string]string{"n1": entering(now)}, changes: 1, next: now.Add(gpunode.PodBindDelay),
		},
		"an entering node must settle": {
			in:   input(builder.Pool(b200), wants(8), nodes(builder.EnteringIn(b200, ago(gpunode.PodBindDelay-time.Second)), "n1")),
			want: map[string]string{"n1": entering(ago(gpunode.PodBindDelay - time.Second))}, next: now.Add(time.Second),
		},
		"an entering node is free when it is empty": {
			in: input(builder.Pool(b200), wants(8), nodes(builder.EnteringIn(b200, ago(gpunode.PodBindDelay)), "n1")), want: map[string]string{"n1": isFree}, changes: 1,
		},
		"an entering node with pods is not free, and they are not evicted": {
			in:   input(builder.Pool(b200), wants(8), nodes(builder.EnteringIn(b200, ago(1000*time.Hour)), "n1"), podsOn("n1", work)),
			want: map[string]string{"n1": entering(ago(1000 * time.Hour))}, next: now.Add(gpunode.OccupiedInterval),
		},
	})
}

func TestNodesDrain(t *testing.T) {
	held := builder.HeldIn(b200, hanbit)
	free := builder.FreeIn(b200)
	work := builder.Pod("hanbit-train", "job", now.Add(-time.Hour))
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	back := func(since time.Time) builder.NodeMod { return builder.DrainingIn(b200, hanbit, since) }
	runPlanCases(t, map[string]planCase{
		"an idle node drains first when a team shrinks": {
			in:   input(granted(16), wants(8), nodes(held, "n1", "n2"), podsOn("n2", work)),
			want: map[string]string{"n1": draining(now), "n2": isHeld}, changes: 1, next: now.Add(gpunode.PodBindDelay),
		},
		"a node that left the pool drains before an idle one when a team shrinks": {
			in:   input(granted(16), wants(8), builder.Node("n1", held), builder.Node("n2", held, builder.Unlabelled(builder.ModelLabel)), podsOn("n2", work)),
			want: map[string]string{"n1": isHeld, "n2": draining(now)}, changes: 1, next: now.Add(gpunode.PodBindDelay),
		},
		"a draining node is the team's until it has settled": {
			in: input(granted(0), nodes(back(ago(gpunode.PodBindDelay-time.Second)), "n1")), want: map[string]string{"n1": draining(ago(gpunode.PodBindDelay - time.Second))}, next: now.Add(time.Second),
		},
		"a draining node becomes free when it is empty": {in: input(granted(0), nodes(back(ago(gpunode.PodBindDelay)), "n1")), want: map[string]string{"n1": isFree}, changes: 1},
		"a draining node is the team's while a pod of theirs runs": {
			in:   input(granted(0), nodes(back(ago(time.Minute)), "n1"), podsOn("n1", work)),
			want: map[string]string{"n1": draining(ago(time.Minute))}, next: now.Add(gpunode.InspectInterval),
		},
		"just before the end of the grace period nothing is evicted": {
			in:   input(granted(0), nodes(back(ago(time.Hour-time.Second)), "n1"), podsOn("n1", work)),
			want: map[string]string{"n1": draining(ago(time.Hour - time.Second))}, next: now.Add(time.Second),
		},
		"at the end of the grace period pods are evicted, and the node is the team's until they are gone": {
			in:   input(granted(0), nodes(back(ago(time.Hour)), "n1"), podsOn("n1", work)),
			want: map[string]string{"n1": draining(ago(time.Hour))}, next: now.Add(gpunode.InspectInterval), evicted: []string{"job"},
		},
		"without a grace period pods are evicted once the node has settled": {
			in:   input(granted(0, builder.Grace(0)), nodes(back(ago(gpunode.PodBindDelay)), "n1"), podsOn("n1", work)),
			want: map[string]string{"n1": draining(ago(gpunode.PodBindDelay))}, next: now.Add(gpunode.InspectInterval), evicted: []string{"job"},
		},
		"a node is assigned to nobody in the step in which it becomes free": {
			in: input(builder.Pool(b200), saebit, nodes(back(ago(gpunode.PodBindDelay)), "n1")), want: map[string]string{"n1": isFree}, changes: 1,
		},
		"a team that grows again reclaims its draining node": {
			in:   input(granted(0), wants(8), nodes(back(ago(time.Minute)), "n1"), nodes(free, "n2"), podsOn("n1", work)),
			want: map[string]string{"n1": isHeld, "n2": isFree}, changes: 1, next: now.Add(gpunode.InspectInterval),
		},
		"pods on a reclaimed node are not evicted even if the grace period was over": {
			in:   input(granted(0), wants(8), nodes(back(ago(2*time.Hour)), "n1"), podsOn("n1", work)),
			want: map[string]string{"n1": isHeld}, changes: 1, next: now.Add(gpunode.LongestInspectInterval),
		},
		"an empty draining node is reclaimed too": {
			in: input(granted(0), wants(8), nodes(back(ago(time.Minute)), "n1")), want: map[string]string{"n1": isHeld}, changes: 1,
		},
	})
}

func TestNodesLeaveThePool(t *testing.T) {
	held := builder.HeldIn(b200, hanbit)
	free := builder.FreeIn(b200)
	matching := builder.Matching(b200)
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	back := func(since time.Time) builder.NodeMod { return builder.DrainingIn(b200, hanbit, since) }
	runPlanCases(t, map[string]planCase{
		"a free node that left the pool loses its metadata": {
			in: input(builder.Pool(b200), builder.Node("n1", free, builder.Unlabelled(builder.ModelLabel))), want: map[string]string{"n1": ""}, changes: 1,
		},
		"an entering node that left the pool loses its metadata": {
			in: input(builder.Pool(b200), builder.Node("n1", builder.EnteringIn(b200, now), builder.Unlabelled(builder.ModelLabel))), want: map[string]string{"n1": ""}, changes: 1, next: now.Add(gpunode.PodBindDelay),
		},
		"a held node that left the pool stays the team's": {
			in: input(granted(8), wants(8), builder.Node("n1", held, builder.Unlabelled(builder.ModelLabel))), want: map[string]string{"n1": isHeld},
		},
		"a drained node that left the pool loses its metadata": {
			in: input(granted(0), builder.Node("n1", back(ago(gpunode.PodBindDelay)), builder.Unlabelled(builder.ModelLabel))), want: map[string]string{"n1": ""}, changes: 1,
		},
		"another pool's node is left alone": {
			in: input(builder.Pool(b200), wants(8), builder.Node("n1", builder.FreeIn("h100"), matching)), want: map[string]string{"n1": "h100 +unassigned="},
		},
		"another pool's node that is a team's is left alone": {
			in: input(builder.Pool(b200), wants(8), builder.Node("n1", builder.HeldIn("h100", hanbit), matching)), want: map[string]string{"n1": "h100 hanbit/hanbit@hanbit-uid +team=hanbit"},
		},
		"a deleted pool removes its metadata from free nodes and keeps the others": {
			in:   input(granted(8, builder.PoolDeleted()), wants(8), nodes(held, "n1"), nodes(free, "n2"), nodes(matching, "n3"), nodes(builder.EnteringIn(b200, now), "n4")),
			want: map[string]string{"n1": isHeld, "n2": "", "n3": "", "n4": ""}, changes: 2, next: now.Add(gpunode.PodBindDelay),
		},
		"a deleted pool removes its metadata from a drained node": {
			in: input(granted(0, builder.PoolDeleted()), nodes(back(ago(gpunode.PodBindDelay)), "n1")), want: map[string]string{"n1": ""}, changes: 1,
		},
		"a deleted pool leaves the taint of a node that has not its label, which a kubelet may have registered": {
			in:   input(builder.Pool(b200, builder.PoolDeleted()), builder.Node("n1", free, builder.Unlabelled(foundationv1alpha1.LabelPool))),
			want: map[string]string{"n1": "+unassigned="},
		},
		"a deleted pool leaves an entering node without its label closed before it is known to be empty": {
			in:   input(builder.Pool(b200, builder.PoolDeleted()), builder.Node("n1", builder.EnteringIn(b200, now), builder.Unlabelled(foundationv1alpha1.LabelPool))),
			want: map[string]string{"n1": strings.TrimPrefix(entering(now), "b200 ")}, next: now.Add(gpunode.PodBindDelay),
		},
		"a deleted pool leaves an entering node without its label closed while pods are on it": {
			in: input(builder.Pool(b200, builder.PoolDeleted()), podsOn("n1", builder.Pod("hanbit-train", "job", now.Add(-time.Hour))),
				builder.Node("n1", builder.EnteringIn(b200, ago(time.Minute)), builder.Unlabelled(foundationv1alpha1.LabelPool))),
			want: map[string]string{"n1": strings.TrimPrefix(entering(ago(time.Minute)), "b200 ")}, next: now.Add(gpunode.OccupiedInterval),
		},
		"a deleted pool opens an entering node without its label when it is empty": {
			in:   input(builder.Pool(b200, builder.PoolDeleted()), builder.Node("n1", builder.EnteringIn(b200, ago(gpunode.PodBindDelay)), builder.Unlabelled(foundationv1alpha1.LabelPool))),
			want: map[string]string{"n1": ""}, changes: 1,
		},
	})
}

// One piece of ownership metadata is enough to know a node's owner; without any it counts as occupied.
func TestLostMetadataIsWrittenAgain(t *testing.T) {
	held := builder.HeldIn(b200, hanbit)
	free := builder.FreeIn(b200)
	matching := builder.Matching(b200)
	work := builder.Pod("hanbit-train", "job", now.Add(-time.Hour))
	back := func(since time.Time) builder.NodeMod { return builder.DrainingIn(b200, hanbit, since) }
	stripped := func(mod builder.NodeMod, undo func(*corev1.Node)) *corev1.Node { return builder.Node("n1", mod, undo) }
	runPlanCases(t, map[string]planCase{
		"the node label was lost": {
			in: input(granted(8), wants(8), stripped(held, builder.Unlabelled(foundationv1alpha1.LabelNodeTeam))), want: map[string]string{"n1": isHeld}, changes: 1,
		},
		"the team label was lost": {
			in: input(granted(8), wants(8), stripped(held, builder.Unlabelled(foundationv1alpha1.LabelTeam))), want: map[string]string{"n1": isHeld}, changes: 1,
		},
		"both team labels were lost": {
			in: input(granted(8), wants(8), stripped(held, builder.Unlabelled(foundationv1alpha1.LabelTeam, foundationv1alpha1.LabelNodeTeam))), want: map[string]string{"n1": isHeld}, changes: 1,
		},
		"the pool label was lost": {
			in: input(granted(8), wants(8), stripped(held, builder.Unlabelled(foundationv1alpha1.LabelPool))), want: map[string]string{"n1": isHeld}, changes: 1,
		},
		"the team taint was lost": {
			in: input(granted(8), wants(8), stripped(held, func(n *corev1.Node) { n.Spec.Taints = nil })), want: map[string]string{"n1": isHeld}, changes: 1,
		},
		"the UID was lost": {
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
		"the taint of a draining node was lost": {
			in: input(granted(0), stripped(back(now), func(n *corev1.Node) { n.Spec.Taints = nil })), want: map[string]string{"n1": draining(now)}, changes: 1, next: now.Add(gpunode.PodBindDelay),
		},
		"the drain time of a node cannot be parsed": {
			in:   input(granted(0), stripped(back(now), builder.NodeAnnotated(foundationv1alpha1.AnnotationDrainingSince, "soon")), podsOn("n1", work)),
			want: map[string]string{"n1": draining(now)}, changes: 1, next: now.Add(gpunode.PodBindDelay),
		},
		"a free node that lost its taint may not be empty": {
			in: input(builder.Pool(b200), wants(8), stripped(free, func(n *corev1.Node) { n.Spec.Taints = nil })), want: map[string]string{"n1": entering(now)}, changes: 1, next: now.Add(gpunode.PodBindDelay),
		},
		"a held node that lost all but the pool's label may not be empty": {
			in:   input(granted(8), wants(8), saebit, builder.Node("n1", matching, builder.Labelled(foundationv1alpha1.LabelPool, b200)), podsOn("n1", work)),
			want: map[string]string{"n1": entering(now)}, changes: 1, next: now.Add(gpunode.PodBindDelay),
		},
		"a held node that lost all metadata may not be empty": {
			in:   input(granted(8), wants(8), saebit, builder.Node("n1", matching), podsOn("n1", work)),
			want: map[string]string{"n1": entering(now)}, changes: 1, next: now.Add(gpunode.PodBindDelay),
		},
	})
}

func TestOtherPeoplesMetadataStays(t *testing.T) {
	free := builder.FreeIn(b200)
	matching := builder.Matching(b200)
	runPlanCases(t, map[string]planCase{
		"a node that Karpenter provisioned for a team does not enter another pool": {
			in:   input(builder.Pool(b200), wants(8), provisionedNode("n1", "x1.s", hanbit, matching)[1]),
			want: map[string]string{"n1": "x1 hanbit/hanbit@hanbit-uid +team=hanbit"},
		},
		"a node that Karpenter provisioned for a team does not enter a later static pool of the same name": {
			in:   input(builder.Pool(b200), wants(8), provisionedNode("n1", static, saebit)[1], provisionedNode("n2", static, saebit, matching)[1]),
			want: map[string]string{"n1": isSaebit, "n2": isSaebit},
		},
		"other labels, annotations and taints stay": {
			in:   input(builder.Pool(b200), wants(8), builder.Node("n1", free, builder.TaintedAs("example.com/slow", "yes", corev1.TaintEffectPreferNoSchedule), builder.Labelled("app", "x"), builder.NodeAnnotated("note", "y"))),
			want: map[string]string{"n1": "b200 hanbit/hanbit@hanbit-uid +example.com/slow=yes:PreferNoSchedule +team=hanbit"}, changes: 1,
		},
	})
}
