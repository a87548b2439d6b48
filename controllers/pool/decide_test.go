package pool

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/gpunode"
	"foundation.team/operator/test/support/builder"
)

var (
	july   = builder.Time("2026-07-01T00:00:00+09:00")
	hanbit = builder.Team("hanbit", builder.Award(b200, 16))
	saebit = builder.Team("saebit", builder.Award(b200, 16))
)

func TestDecide(t *testing.T) {
	free := builder.FreeIn(b200)
	tests := map[string]struct {
		in   Input
		want map[string]int32
	}{
		"nobody asks":         {input(builder.Pool(b200), nodes(free, "n1")), map[string]int32{}},
		"all of it":           {input(builder.Pool(b200), hanbit, nodes(free, "n1", "n2")), map[string]int32{"hanbit": 16}},
		"as much as there is": {input(builder.Pool(b200), hanbit, nodes(free, "n1")), map[string]int32{"hanbit": 8}},
		"whole nodes": {
			input(builder.Pool(b200), builder.Team("hanbit", builder.Award(b200, 15)), nodes(free, "n1", "n2")),
			map[string]int32{"hanbit": 8},
		},
		"awards add up before they are rounded": {
			input(builder.Pool(b200), builder.Team("hanbit", builder.Award(b200, 4), builder.Award(b200, 4)), nodes(free, "n1")),
			map[string]int32{"hanbit": 8},
		},
		"an award that has not begun": {
			input(builder.Pool(b200), builder.Team("hanbit", builder.AwardBetween(b200, 8, july, time.Time{})), nodes(free, "n1")),
			map[string]int32{},
		},
		"a node that is not known to be empty is not free": {
			input(builder.Pool(b200), hanbit, nodes(builder.EnteringIn(b200, now), "n1"), nodes(builder.Matching(b200), "n2")),
			map[string]int32{"hanbit": 0},
		},
		"a node that is not Ready is not free": {
			input(builder.Pool(b200), hanbit, builder.Node("n1", free, builder.NotReady()), builder.Node("n2", free)),
			map[string]int32{"hanbit": 8},
		},
		"a cordoned node is not free": {input(builder.Pool(b200), hanbit, builder.Node("n1", free, builder.Cordoned())), map[string]int32{"hanbit": 0}},
		"a node that is being deleted is not free": {
			input(builder.Pool(b200), hanbit, builder.Node("n1", free, builder.NodeDeleted())), map[string]int32{"hanbit": 0},
		},
		"a node that lacks a GPU is not free": {
			input(builder.Pool(b200), hanbit, builder.Node("n1", free, builder.Offers(7, "1", "1Gi", "1Gi"))), map[string]int32{"hanbit": 0},
		},
		"a node whose GPUs a DRA driver publishes is free": {
			input(builder.Pool(b200, builder.DeviceClassName("gpu.example.com")), hanbit, builder.Node("n1", free, builder.WithoutGPUs())), map[string]int32{"hanbit": 8},
		},
		"a node without GPUs is not free": {
			input(builder.Pool(b200), hanbit, builder.Node("n1", free, builder.WithoutGPUs())), map[string]int32{"hanbit": 0},
		},
		"a node that lacks a GPU is not free, with DRA beside it": {
			input(builder.Pool(b200, builder.DeviceClassName("gpu.example.com")), hanbit, builder.Node("n1", free, builder.Offers(7, "1", "1Gi", "1Gi"))), map[string]int32{"hanbit": 0},
		},
		"another pool's node is not free": {
			input(builder.Pool(b200), hanbit, builder.Node("n1", builder.FreeIn("h100"), builder.Matching(b200))), map[string]int32{"hanbit": 0},
		},
		"a node that left the pool is not free": {
			input(builder.Pool(b200), hanbit, builder.Node("n1", free, builder.Unlabelled(builder.ModelLabel))), map[string]int32{"hanbit": 0},
		},
		"a node on its way back is not free for others": {
			input(builder.Pool(b200), hanbit, saebit, nodes(builder.DrainingIn(b200, saebit, now), "n1", "n2")),
			map[string]int32{"hanbit": 0, "saebit": 16},
		},
		"what was granted stays": {
			input(builder.Pool(b200, builder.Granted(saebit, 16)), builder.Team("hanbit", builder.Award(b200, 16), builder.Priority(9)), saebit, nodes(free, "n1", "n2")),
			map[string]int32{"hanbit": 0, "saebit": 16},
		},
		"what was granted and not claimed yet is not free": {
			input(builder.Pool(b200, builder.Granted(saebit, 8)), hanbit, builder.Team("saebit", builder.Award(b200, 8)), nodes(free, "n1", "n2")),
			map[string]int32{"hanbit": 8, "saebit": 8},
		},
		"priority decides": {
			input(builder.Pool(b200), hanbit, builder.Team("saebit", builder.Award(b200, 16), builder.Priority(1)), nodes(free, "n1", "n2", "n3")),
			map[string]int32{"hanbit": 8, "saebit": 16},
		},
		"then age": {
			input(builder.Pool(b200), hanbit, builder.Team("saebit", builder.Award(b200, 16), builder.Created(now.AddDate(-1, 0, 0))), nodes(free, "n1", "n2", "n3")),
			map[string]int32{"hanbit": 8, "saebit": 16},
		},
		"lost capacity takes nothing away": {
			input(builder.Pool(b200, builder.Granted(hanbit, 16)), hanbit, nodes(builder.HeldIn(b200, hanbit), "n1")),
			map[string]int32{"hanbit": 16},
		},
		"lost capacity is not given out": {
			input(builder.Pool(b200, builder.Granted(hanbit, 16)), hanbit, saebit, nodes(builder.HeldIn(b200, hanbit), "n1"), nodes(free, "n2")),
			map[string]int32{"hanbit": 16, "saebit": 0},
		},
		"lost capacity does not keep a team from what it still has": {
			input(builder.Pool(b200, builder.Granted(hanbit, 16)), hanbit, builder.Team("saebit", builder.Award(b200, 8)), nodes(builder.HeldIn(b200, hanbit), "n1"),
				builder.Node("n2", free, builder.NotReady()), nodes(builder.DrainingIn(b200, saebit, now), "n3")),
			map[string]int32{"hanbit": 16, "saebit": 8},
		},
		"a node that broke takes nothing away": {
			input(builder.Pool(b200, builder.Granted(hanbit, 8)), builder.Team("hanbit", builder.Award(b200, 8)), builder.Node("n1", builder.HeldIn(b200, hanbit), builder.NotReady())),
			map[string]int32{"hanbit": 8},
		},
		"a smaller award counts at once": {
			input(builder.Pool(b200, builder.Granted(hanbit, 16)), builder.Team("hanbit", builder.Award(b200, 8)), nodes(builder.HeldIn(b200, hanbit), "n1", "n2")),
			map[string]int32{"hanbit": 8},
		},
		"a team that grows again has its own nodes back first": {
			input(builder.Pool(b200, builder.Granted(hanbit, 8)), hanbit, saebit,
				nodes(builder.HeldIn(b200, hanbit), "n1"), nodes(builder.DrainingIn(b200, hanbit, now), "n2"), nodes(free, "n3")),
			map[string]int32{"hanbit": 16, "saebit": 8},
		},
		"a suspended team keeps all": {
			input(builder.Pool(b200, builder.Granted(hanbit, 16)), builder.Team("hanbit", builder.Award(b200, 16), builder.Suspended()), nodes(builder.HeldIn(b200, hanbit), "n1", "n2")),
			map[string]int32{"hanbit": 16},
		},
		"a team that is being deleted has none, and still holds": {
			input(builder.Pool(b200, builder.Granted(hanbit, 16)), builder.Team("hanbit", builder.Award(b200, 16), builder.Deleted()), nodes(builder.HeldIn(b200, hanbit), "n1", "n2")),
			map[string]int32{"hanbit": 0},
		},
		"a team that is gone leaves no line": {input(builder.Pool(b200, builder.Granted(hanbit, 16)), nodes(free, "n1")), map[string]int32{}},
		"without a status the nodes tell what was granted": {
			input(builder.Pool(b200), hanbit, builder.Team("saebit", builder.Award(b200, 16), builder.Priority(9)), nodes(builder.HeldIn(b200, hanbit), "n1", "n2")),
			map[string]int32{"hanbit": 16, "saebit": 0},
		},
		"without a status, lost capacity takes nothing away either": {
			input(builder.Pool(b200), hanbit, nodes(builder.HeldIn(b200, hanbit), "n1"), builder.Node("n2", builder.HeldIn(b200, hanbit), builder.Unlabelled(builder.ModelLabel))),
			map[string]int32{"hanbit": 16},
		},
		"a pool that is not available": {
			input(builder.Pool(b200, builder.Available(july, time.Time{}), builder.Granted(hanbit, 16)), hanbit, nodes(builder.HeldIn(b200, hanbit), "n1", "n2")),
			map[string]int32{"hanbit": 0},
		},
		"a pool that is being deleted raises nothing": {
			input(builder.Pool(b200, builder.PoolDeleted(), builder.Granted(hanbit, 8)), hanbit, saebit, nodes(builder.HeldIn(b200, hanbit), "n1"), nodes(free, "n2")),
			map[string]int32{"hanbit": 8, "saebit": 0},
		},
		"who may not draw loses what it had": {
			input(builder.Pool(b200, builder.Ineligible("Example Telecom"), builder.Granted(hanbit, 16)),
				builder.Team("hanbit", builder.Award(b200, 16), builder.Consortium("Example Telecom")), nodes(builder.HeldIn(b200, hanbit), "n1", "n2")),
			map[string]int32{"hanbit": 0},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, grantsOf(tt.in)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestGrantMessages(t *testing.T) {
	free := builder.FreeIn(b200)
	small := func(mods ...builder.TeamMod) *foundationv1alpha1.FoundationTeam {
		return builder.Team("hanbit", mods...)
	}
	until := func(end time.Time) *foundationv1alpha1.FoundationTeam {
		return builder.Team("saebit", builder.AwardBetween(b200, 16, time.Time{}, end))
	}
	tests := map[string]struct {
		in              Input
		reason, message string
		next            time.Time
		nextCount       int32
	}{
		"all is there":   {in: input(builder.Pool(b200), hanbit, nodes(free, "n1", "n2"))},
		"nothing wanted": {in: input(builder.Pool(b200), small(builder.Award(b200, 0)), nodes(builder.HeldIn(b200, hanbit), "n1"))},
		"short, and nothing comes free": {
			in:      input(builder.Pool(b200), hanbit, nodes(free, "n1")),
			reason:  foundationv1alpha1.ReasonShortfall,
			message: "b200: 8 of 16 short, 0 free, none foreseen; shrink or end an award, or name another pool",
		},
		"short until another award ends": {
			in:      input(builder.Pool(b200, builder.Granted(saebit, 16)), hanbit, until(july), nodes(builder.HeldIn(b200, saebit), "n1", "n2")),
			reason:  foundationv1alpha1.ReasonShortfall,
			message: "b200: 16 of 16 short, 0 free, 16 more by 2026-06-30T15:00Z",
			next:    july, nextCount: 16,
		},
		"short until the pool's nodes are back": {
			in: input(builder.Pool(b200, builder.Grace(time.Hour)), small(builder.Award(b200, 8)),
				nodes(builder.DrainingIn(b200, saebit, now.Add(-time.Minute)), "n1", "n2")),
			reason:  foundationv1alpha1.ReasonShortfall,
			message: "b200: 8 of 8 short, 0 free, 8 more by 2026-04-01T00:59Z",
			next:    now.Add(59 * time.Minute), nextCount: 8,
		},
		"the default grace is three days": {
			in:      input(builder.Pool(b200), small(builder.Award(b200, 8)), nodes(builder.DrainingIn(b200, saebit, now), "n1")),
			reason:  foundationv1alpha1.ReasonShortfall,
			message: "b200: 8 of 8 short, 0 free, 8 more by 2026-04-04T00:00Z",
			next:    now.Add(72 * time.Hour), nextCount: 8,
		},
		"what was just asked back has its whole grace": {
			in: input(builder.Pool(b200, builder.Grace(time.Hour), builder.Granted(saebit, 16)), small(builder.Award(b200, 8)),
				nodes(builder.HeldIn(b200, saebit), "n1", "n2")),
			reason:  foundationv1alpha1.ReasonShortfall,
			message: "b200: 8 of 8 short, 0 free, 8 more by 2026-04-01T01:00Z",
			next:    now.Add(time.Hour), nextCount: 8,
		},
		"a node that is new will be looked into": {
			in:      input(builder.Pool(b200), small(builder.Award(b200, 8)), nodes(builder.Matching(b200), "n1")),
			reason:  foundationv1alpha1.ReasonProgressing,
			message: "b200: 1 node is new in the pool and checked for pods before being granted",
			next:    now.Add(gpunode.Settle), nextCount: 8,
		},
		"a node that is broken is no promise": {
			in: input(builder.Pool(b200), small(builder.Award(b200, 8)),
				builder.Node("n1", builder.DrainingIn(b200, saebit, now), builder.NotReady())),
			reason:  foundationv1alpha1.ReasonShortfall,
			message: "b200: 8 of 8 short, 0 free, none foreseen; shrink or end an award, or name another pool",
		},
		"some are free, for others": {
			in: input(builder.Pool(b200, builder.Granted(hanbit, 8)), small(builder.Award(b200, 24)),
				nodes(builder.HeldIn(b200, hanbit), "n1"), nodes(free, "n2")),
			reason:  foundationv1alpha1.ReasonShortfall,
			message: "b200: 8 of 24 short, 0 free, none foreseen; shrink or end an award, or name another pool",
		},
		"no whole nodes": {
			in:      input(builder.Pool(b200), small(builder.Award(b200, 12)), nodes(free, "n1", "n2")),
			reason:  foundationv1alpha1.ReasonNotWholeNodes,
			message: "b200: 12 requested, 8 granted: nodes have 8 GPUs and are granted whole; ask for 8 or 16",
		},
		"less than a node": {
			in:      input(builder.Pool(b200), small(builder.Award(b200, 4)), nodes(free, "n1", "n2")),
			reason:  foundationv1alpha1.ReasonNotWholeNodes,
			message: "b200: 4 requested, 0 granted: nodes have 8 GPUs and are granted whole; ask for 8",
		},
		"short says more than no whole nodes": {
			in:      input(builder.Pool(b200), small(builder.Award(b200, 12))),
			reason:  foundationv1alpha1.ReasonShortfall,
			message: "b200: 12 of 12 short, 0 free, none foreseen; shrink or end an award, or name another pool",
		},
		"the supplier of a leased pool": {
			in:      input(builder.Pool(b200, builder.Leased("Example Telecom")), small(builder.Award(b200, 8), builder.Consortium("Hanbit AI", "Example Telecom")), nodes(free, "n1")),
			reason:  foundationv1alpha1.ReasonIneligible,
			message: "b200: Example Telecom may not draw from this pool; name another pool in spec.gpus",
		},
		"before the lease": {
			in:      input(builder.Pool(b200, builder.Available(july, time.Time{})), hanbit, nodes(free, "n1", "n2")),
			reason:  foundationv1alpha1.ReasonPoolUnavailable,
			message: "b200: the pool is not available before 2026-06-30T15:00:00Z; move the award or name another pool",
		},
		"after the lease": {
			in:      input(builder.Pool(b200, builder.Available(time.Time{}, now)), hanbit, nodes(free, "n1", "n2")),
			reason:  foundationv1alpha1.ReasonPoolUnavailable,
			message: "b200: the pool is not available since 2026-04-01T00:00:00Z; move the award or name another pool",
		},
		"a pool that is being deleted promises nothing": {
			in:      input(builder.Pool(b200, builder.PoolDeleted(), builder.Granted(saebit, 16)), hanbit, until(july), nodes(builder.HeldIn(b200, saebit), "n1", "n2")),
			reason:  foundationv1alpha1.ReasonShortfall,
			message: "b200: 16 of 16 short, 0 free, none foreseen; shrink or end an award, or name another pool",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var got foundationv1alpha1.Grant
			for _, grant := range BuildStatus(tt.in, Decide(tt.in)).Grants {
				if grant.TeamName == "hanbit" {
					got = grant
				}
			}
			if got.Reason != tt.reason || got.Message != tt.message {
				t.Errorf("%s: %s\nwant %s: %s", got.Reason, got.Message, tt.reason, tt.message)
			}
			if next := got.NextFreeTime; (next == nil) != tt.next.IsZero() || next != nil && !next.Time.Equal(tt.next) || got.NextFreeCount != tt.nextCount {
				t.Errorf("next free %v: %d, want %s: %d", next, got.NextFreeCount, tt.next, tt.nextCount)
			}
		})
	}
}

// A pool of 128 nodes: two teams have 64 each until July, a third asks for 96.
func TestThirdTeamIsToldWhenItsTurnIs(t *testing.T) {
	first := builder.Team("first", builder.AwardBetween(b200, 512, time.Time{}, july))
	second := builder.Team("second", builder.AwardBetween(b200, 512, time.Time{}, july))
	third := builder.Team("third", builder.Award(b200, 768))
	things := []any{first, second, third}
	for i := range 64 {
		things = append(things,
			builder.Node("a"+string(rune('0'+i)), builder.HeldIn(b200, first)),
			builder.Node("b"+string(rune('0'+i)), builder.HeldIn(b200, second)))
	}
	in := input(builder.Pool(b200, builder.Granted(first, 512), builder.Granted(second, 512)), things...)
	got := BuildStatus(in, Decide(in)).Grants[2]
	want := foundationv1alpha1.Grant{
		TeamName: "third", UID: "third-uid", Requested: 768, Shortfall: 768,
		NextFreeTime: builder.MetaTime(july.UTC()), NextFreeCount: 768, Reason: foundationv1alpha1.ReasonShortfall,
		Message: "b200: 768 of 768 short, 0 free, 768 more by 2026-06-30T15:00Z",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Nodes that come into a pool together are given out together: who got the first few that are known to be free would
// have them scattered.
func TestNothingIsGrantedWhileNewNodesSettle(t *testing.T) {
	tests := map[string]struct {
		node *corev1.Node
		want int32
	}{
		"one is new":               {builder.Node("n2", builder.Matching(b200)), 0},
		"one is looked at":         {builder.Node("n2", builder.EnteringIn(b200, now)), 0},
		"one is occupied for long": {builder.Node("n2", builder.EnteringIn(b200, now.Add(-time.Minute))), 8},
		"one is new and broken":    {builder.Node("n2", builder.Matching(b200), builder.NotReady()), 8},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in := input(builder.Pool(b200), wants(8), builder.Node("n1", builder.FreeIn(b200)), tt.node)
			if got := BuildStatus(in, Decide(in)).Grants[0].Granted; got != tt.want {
				t.Errorf("granted %d, want %d", got, tt.want)
			}
		})
	}
}
