package pool

import (
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/conditions"
	"foundation.team/operator/internal/karpenter"
	"foundation.team/operator/test/support/builder"
)

func TestCapacity(t *testing.T) {
	in := input(
		builder.Pool(b200, builder.Granted(hanbit, 16), builder.Granted(saebit, 8)),
		builder.Team("hanbit", builder.Award(b200, 20)), builder.Team("saebit", builder.Award(b200, 8)),
		nodes(builder.HeldIn(b200, hanbit), "n1"), builder.Node("n2", builder.HeldIn(b200, hanbit), builder.NotReady()),
		nodes(builder.FreeIn(b200), "n3", "n4"), builder.Node("n5", builder.FreeIn(b200), builder.Cordoned()),
		nodes(builder.DrainingIn(b200, builder.Team("maru"), now), "n6"), nodes(builder.EnteringIn(b200, now), "n7"),
		builder.Node("n8", builder.FreeIn("h100"), builder.Matching(b200)))
	status := BuildStatus(in, Decide(in))
	want := &foundationv1alpha1.PoolCapacity{Total: 56, Healthy: 40, Granted: 24, Held: 24, Free: 8, Shortfall: 4}
	if diff := cmp.Diff(want, status.Capacity); diff != "" {
		t.Error(diff)
	}
	wantGrants := []foundationv1alpha1.Grant{
		{
			TeamName: "hanbit", UID: "hanbit-uid", Requested: 20, Granted: 16, Held: 16, Ready: 8, Shortfall: 4, Reason: foundationv1alpha1.ReasonNotWholeNodes,
			Message: "b200: 20 requested, 16 granted: nodes have 8 GPUs and are granted whole; ask for 16 or 24",
		},
		{TeamName: "maru", UID: "maru-uid", Held: 8, EvictionTime: builder.MetaTime(now.Add(72 * time.Hour))},
		{TeamName: "saebit", UID: "saebit-uid", Requested: 8, Granted: 8},
	}
	if diff := cmp.Diff(wantGrants, status.Grants); diff != "" {
		t.Error(diff)
	}
}

func TestNodeShape(t *testing.T) {
	known := corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("1")}
	offers := func(cpu, memory, ephemeral string) corev1.ResourceList {
		return corev1.ResourceList{
			corev1.ResourceCPU: resource.MustParse(cpu), corev1.ResourceMemory: resource.MustParse(memory), corev1.ResourceEphemeralStorage: resource.MustParse(ephemeral),
		}
	}
	free := builder.FreeIn(b200)
	tests := map[string]struct {
		nodes []any
		want  corev1.ResourceList
	}{
		"no nodes": {nil, known},
		"one":      {[]any{builder.Node("n1", free, builder.Offers(8, "190", "2000Gi", "7Ti"))}, offers("190", "2000Gi", "7Ti")},
		"the least of each": {[]any{
			builder.Node("n1", free, builder.Offers(8, "190", "2000Gi", "7Ti")), builder.Node("n2", free, builder.Offers(8, "191500m", "1000Gi", "7Ti")),
		}, offers("190", "1000Gi", "7Ti")},
		"of nodes that are no outliers": {[]any{
			builder.Node("n1", free, builder.Offers(8, "190", "2000Gi", "7Ti")), builder.Node("n2", free, builder.Offers(8, "8", "16Gi", "7Ti")),
		}, offers("190", "2000Gi", "7Ti")},
		"of healthy members": {[]any{
			builder.Node("n1", free, builder.Offers(8, "190", "2000Gi", "7Ti")),
			builder.Node("n2", free, builder.Offers(8, "1", "1Gi", "1Gi"), builder.NotReady()),
			builder.Node("n3", free, builder.Offers(8, "1", "1Gi", "1Gi"), builder.Unlabelled(builder.ModelLabel)),
		}, offers("190", "2000Gi", "7Ti")},
		"what was known while none is healthy": {[]any{builder.Node("n1", free, builder.NotReady())}, known},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			pool := builder.Pool(b200)
			pool.Status.NodeAllocatable = known
			in := input(pool, tt.nodes...)
			if diff := cmp.Diff(tt.want, nodeShape(in, Decide(in).Nodes)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestReadyCondition(t *testing.T) {
	no := func(reason, message string) metav1.Condition {
		return conditions.False(foundationv1alpha1.ConditionReady, reason, message)
	}
	tests := map[string]struct {
		in   Input
		want metav1.Condition
	}{
		"as declared": {
			input(builder.Pool(b200), nodes(builder.FreeIn(b200), "n1", "n2")),
			conditions.True(foundationv1alpha1.ConditionReady, foundationv1alpha1.ReasonAsDeclared, "16 GPUs on 2 nodes"),
		},
		"no nodes": {input(builder.Pool(b200)), no(foundationv1alpha1.ReasonNoNodes, "no node with nvidia.com/gpu matches spec.static.nodeSelector; correct it or label nodes")},
		"unhealthy nodes": {
			input(builder.Pool(b200), nodes(builder.FreeIn(b200), "n1"), builder.Node("n2", builder.FreeIn(b200), builder.NotReady())),
			no(foundationv1alpha1.ReasonNodesUnhealthy, "8 of 16 GPUs on nodes that are not healthy: n2 (not Ready)"),
		},
		"many unhealthy nodes of which three are named": {
			input(builder.Pool(b200), builder.Node("n1", builder.FreeIn(b200), builder.NotReady()), builder.Node("n2", builder.FreeIn(b200), builder.NotReady()),
				builder.Node("n3", builder.FreeIn(b200), builder.NotReady()), builder.Node("n4", builder.FreeIn(b200), builder.NotReady())),
			no(foundationv1alpha1.ReasonNodesUnhealthy, "32 of 32 GPUs on nodes that are not healthy: n1 (not Ready), n2 (not Ready) and 2 more"),
		},
		"nodes of another pool match": {
			input(builder.Pool(b200), builder.Node("n1", builder.FreeIn("h100"), builder.Matching(b200)), nodes(builder.FreeIn(b200), "n2")),
			no(foundationv1alpha1.ReasonNodeConflict, "spec.static.nodeSelector matches 1 node of another pool: n1; make the selectors of the pools disjoint"),
		},
		"a node that Karpenter provisioned for a team matches": {
			input(builder.Pool(b200), provisionedNode("n1", "h100.s", hanbit, builder.Matching(b200))[1], nodes(builder.FreeIn(b200), "n2")),
			no(foundationv1alpha1.ReasonNodeConflict, "spec.static.nodeSelector matches 1 node of another pool: n1; make the selectors of the pools disjoint"),
		},
		"deleted, and teams hold nodes": {
			input(builder.Pool(b200, builder.PoolDeleted()), nodes(builder.HeldIn(b200, hanbit), "n1"), nodes(builder.FreeIn(b200), "n2")),
			no(foundationv1alpha1.ReasonNodesInUse, "deletion waits for 1 node of teams: n1; end the awards of this pool in their spec.gpus, "+takeBack),
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := readyCondition(tt.in, Decide(tt.in))
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			stalled := meta.IsStatusConditionTrue(BuildStatus(tt.in, Decide(tt.in)).Conditions, foundationv1alpha1.ConditionStalled)
			if want := got.Reason == foundationv1alpha1.ReasonNodeConflict; stalled != want {
				t.Errorf("stalled is %t, want %t: only what a human must mend is", stalled, want)
			}
		})
	}
}

func TestOversubscribedCondition(t *testing.T) {
	within := conditions.False(foundationv1alpha1.ConditionOversubscribed, foundationv1alpha1.ReasonWithinCapacity, "")
	tests := map[string]struct {
		in   Input
		want metav1.Condition
	}{
		"all granted":                           {input(granted(16), wants(16), nodes(builder.HeldIn(b200, hanbit), "n1", "n2")), within},
		"unhealthy held nodes count as granted": {input(granted(8), wants(8), builder.Node("n1", builder.HeldIn(b200, hanbit), builder.NotReady())), within},
		"a node is gone": {
			input(granted(16), wants(16), nodes(builder.HeldIn(b200, hanbit), "n1")),
			conditions.True(foundationv1alpha1.ConditionOversubscribed, foundationv1alpha1.ReasonCapacityLost,
				"16 GPUs granted, 8 there: no grant is raised until nodes come back or awards end"),
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, oversubscribedCondition(tt.in, Decide(tt.in))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestReconcilingCondition(t *testing.T) {
	tests := map[string]struct {
		in   Input
		want string
	}{
		"no node changes hands": {input(granted(8), wants(8), nodes(builder.HeldIn(b200, hanbit), "n1"), nodes(builder.FreeIn(b200), "n2")), ""},
		"nodes to be assigned":  {input(builder.Pool(b200), wants(16), nodes(builder.FreeIn(b200), "n1", "n2")), "2 nodes to be assigned"},
		"nodes to be drained": {
			input(granted(16), wants(0), nodes(builder.HeldIn(b200, hanbit), "n1"), nodes(builder.DrainingIn(b200, hanbit, now), "n2")),
			"2 nodes draining",
		},
		"new nodes": {input(builder.Pool(b200), nodes(builder.EnteringIn(b200, now), "n1")), "1 node waiting to be empty before being granted: n1"},
		"everything at once": {
			input(builder.Pool(b200), wants(8), nodes(builder.FreeIn(b200), "n1"), nodes(builder.DrainingIn(b200, saebit, now), "n2"), nodes(builder.EnteringIn(b200, now.Add(-time.Minute)), "n3")),
			"1 node to be assigned, 1 node draining, 1 node waiting to be empty before being granted: n3",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := reconcilingCondition(tt.in, Decide(tt.in))
			switch {
			case got == nil && tt.want != "":
				t.Errorf("no condition, want %q", tt.want)
			case got != nil && (got.Message != tt.want || got.Status != metav1.ConditionTrue || got.Reason != foundationv1alpha1.ReasonProgressing):
				t.Errorf("%+v, want %q", got, tt.want)
			}
		})
	}
}

func TestNextTransitionTime(t *testing.T) {
	june := builder.Time("2026-06-01T00:00:00+09:00")
	tests := map[string]struct {
		in   Input
		want time.Time
	}{
		"nothing changes":           {input(builder.Pool(b200), wants(8)), time.Time{}},
		"an award ends":             {input(builder.Pool(b200), builder.Team("hanbit", builder.AwardBetween(b200, 8, time.Time{}, july))), july},
		"an award begins":           {input(builder.Pool(b200), builder.Team("hanbit", builder.AwardBetween(b200, 8, june, july))), june},
		"a term ends":               {input(builder.Pool(b200), builder.Team("hanbit", builder.Term(time.Time{}, june), builder.Award(b200, 8))), june},
		"another pool's award does": {input(builder.Pool(b200), builder.Team("hanbit", builder.AwardBetween("h100", 8, june, july), builder.Award(b200, 8))), time.Time{}},
		"the lease ends":            {input(builder.Pool(b200, builder.Available(time.Time{}, june)), builder.Team("hanbit", builder.AwardBetween(b200, 8, time.Time{}, july))), june},
		"the lease of a pool that nobody uses ends": {input(builder.Pool(b200, builder.Available(time.Time{}, june))), june},
		// The team's message about what it requests and does not get changes then.
		"an award of an ineligible team begins": {
			input(builder.Pool(b200, builder.Ineligible("A")), builder.Team("hanbit", builder.Consortium("A"), builder.AwardBetween(b200, 8, june, july))), june,
		},
		"an award begins after the lease": {
			input(builder.Pool(b200, builder.Available(time.Time{}, now)), builder.Team("hanbit", builder.AwardBetween(b200, 8, june, july))), june,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := BuildStatus(tt.in, Decide(tt.in)).NextTransitionTime
			if (got == nil) != tt.want.IsZero() || got != nil && !got.Time.Equal(tt.want) {
				t.Errorf("next transition %v, want %s", got, tt.want)
			}
		})
	}
}

// A pool with an invalid selector keeps the nodes that it has and reports the error.
func TestInvalidSelector(t *testing.T) {
	in := input(granted(8), hanbit, builder.Node("n1", builder.HeldIn(b200, hanbit)), builder.Node("n2", builder.Matching(b200)))
	in.Invalid = errors.New("bad operator")
	in.Selector = labels.SelectorFromSet(labels.Set{foundationv1alpha1.LabelPool: b200})
	status := BuildStatus(in, Decide(in))
	if status.Grants[0].Granted != 8 || status.Capacity.Total != 8 {
		t.Errorf("grants %+v of %+v", status.Grants, status.Capacity)
	}
	ready := meta.FindStatusCondition(status.Conditions, foundationv1alpha1.ConditionReady)
	if ready == nil || ready.Status != metav1.ConditionFalse || !strings.HasPrefix(ready.Message, "spec.static.nodeSelector: bad operator: correct it") {
		t.Errorf("ready is %+v", ready)
	}
	if !meta.IsStatusConditionTrue(status.Conditions, foundationv1alpha1.ConditionStalled) {
		t.Error("not stalled, although only a human can mend it")
	}
	if changes := BuildPlan(in, Decide(in)).Transitions; len(changes) > 0 {
		t.Errorf("changes %+v", changes)
	}
}

// The API server refuses a status with two grants for one team, or one without a UID; then no node is assigned.
func TestStatusIsAcceptedByTheAPIServer(t *testing.T) {
	tests := map[string]Input{
		"a team was made anew while the earlier one of its name still holds nodes": input(
			granted(8), builder.Team("hanbit", builder.TeamUID("later"), builder.Award(b200, 8)), nodes(builder.HeldIn(b200, hanbit), "n1"), nodes(builder.FreeIn(b200), "n2")),
		"somebody labelled a node as a team's by hand": input(
			builder.Pool(b200), builder.Node("n1", builder.FreeIn(b200), builder.Labelled(foundationv1alpha1.LabelTeam, "hanbit"))),
		"a NodeClaim has a message of Karpenter's that is too long": input(karpenterPool(8), wants(8), builder.NodeClaim("c1", static, hanbit,
			builder.Condition(karpenter.ConditionLaunched, metav1.ConditionFalse, "InsufficientCapacity", "x"+strings.Repeat("ä", 5000)))),
		"a NodePool has a message of Karpenter's that is too long": input(karpenterPool(8), wants(8), failingNodePool(static, karpenter.ConditionNodeClassReady, strings.Repeat("ä", 5000))),
	}
	for name, in := range tests {
		t.Run(name, func(t *testing.T) { checkGrantList(t, BuildStatus(in, Decide(in)).Grants) })
	}
}

// checkGrantList checks what the CRD requires of status.grants.
func checkGrantList(t interface{ Errorf(string, ...any) }, grants []foundationv1alpha1.Grant) {
	seen := map[string]bool{}
	for _, grant := range grants {
		key := grant.TeamName + "/" + grant.UID
		if seen[key] {
			t.Errorf("two lines for team %s", key)
		}
		seen[key] = true
		if grant.TeamName == "" || grant.UID == "" || len(grant.Message) > 1024 || !utf8.ValidString(grant.Message) {
			t.Errorf("a line without a team or a UID, or with too long a message: %+v", grant)
		}
	}
}

// A node with pods from before it came into the pool is nobody's until an admin has moved them. The pool and the team that waits say so, and the
// team is not told to shrink its award.
func TestAnOccupiedNodeIsNamed(t *testing.T) {
	old := map[string][]corev1.Pod{"n1": {builder.Pod("kube-system", "coredns", now)}}
	in := input(builder.Pool(b200), wants(8), builder.Node("n1", builder.EnteringIn(b200, now.Add(-time.Hour))), old)
	decision := Decide(in)
	want := "1 node with pods from before they came into the pool: n1 (kube-system/coredns); move the pods, for example with kubectl drain"
	if got := readyCondition(in, decision); got.Reason != foundationv1alpha1.ReasonNodesOccupied || got.Message != want {
		t.Errorf("the pool is %s: %s", got.Reason, got.Message)
	}
	want = "b200: 8 of 8 short, 0 free, 8 wait for an admin to move pods off n1"
	if got := BuildStatus(in, decision).Grants[0].Message; got != want {
		t.Errorf("the team reads %q, want %q", got, want)
	}
}
