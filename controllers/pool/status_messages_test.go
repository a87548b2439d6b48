package pool

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/gpunode"
	"foundation.team/operator/test/support/builder"
)

// takeBack is how the deletion of the pool is taken back.
const takeBack = `or take it back: kubectl patch gpool b200 --type=merge -p '{"metadata":{"finalizers":null}}', then apply its manifest again: nodes and pods stay`

// messageCase is the message in hanbit's grant.
type messageCase struct {
	in              Input
	reason, message string
	next            time.Time
	nextCount       int32
}

func (tt messageCase) check(t *testing.T) {
	t.Helper()
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
}

func runMessageCases(t *testing.T, tests map[string]messageCase) {
	t.Helper()
	for name, tt := range tests {
		t.Run(name, tt.check)
	}
}

func TestShortfallMessages(t *testing.T) {
	free := builder.FreeIn(b200)
	small := func(mods ...builder.TeamMod) *foundationv1alpha1.FoundationTeam {
		return builder.Team("hanbit", mods...)
	}
	runMessageCases(t, map[string]messageCase{
		"a team with all GPUs has no message":  {in: input(builder.Pool(b200), hanbit, nodes(free, "n1", "n2"))},
		"a team without demand has no message": {in: input(builder.Pool(b200), small(builder.Award(b200, 0)), nodes(builder.HeldIn(b200, hanbit), "n1"))},
		"short, and nothing comes free": {
			in:      input(builder.Pool(b200), hanbit, nodes(free, "n1")),
			reason:  foundationv1alpha1.ReasonShortfall,
			message: "b200: 8 of 16 short, 0 free, none foreseen; shrink or end an award, or name another pool",
		},
	})
}

func TestNextFreeMessages(t *testing.T) {
	free := builder.FreeIn(b200)
	small := func(mods ...builder.TeamMod) *foundationv1alpha1.FoundationTeam {
		return builder.Team("hanbit", mods...)
	}
	until := func(end time.Time) *foundationv1alpha1.FoundationTeam {
		return builder.Team("saebit", builder.AwardBetween(b200, 16, time.Time{}, end))
	}
	runMessageCases(t, map[string]messageCase{
		"short until another award ends": {
			in:      input(builder.Pool(b200, builder.Granted(saebit, 16)), hanbit, until(july), nodes(builder.HeldIn(b200, saebit), "n1", "n2")),
			reason:  foundationv1alpha1.ReasonShortfall,
			message: "b200: 16 of 16 short, 0 free, 16 more by 2026-06-30T15:00Z",
			next:    july, nextCount: 16,
		},
		"short until draining nodes are free": {
			in: input(builder.Pool(b200, builder.Grace(time.Hour)), small(builder.Award(b200, 8)),
				nodes(builder.DrainingIn(b200, saebit, now.Add(-time.Minute)), "n1", "n2")),
			reason:  foundationv1alpha1.ReasonShortfall,
			message: "b200: 8 of 8 short, 0 free, 8 more by 2026-04-01T00:59Z",
			next:    now.Add(59 * time.Minute), nextCount: 8,
		},
		"the default grace period is three days": {
			in:      input(builder.Pool(b200), small(builder.Award(b200, 8)), nodes(builder.DrainingIn(b200, saebit, now), "n1")),
			reason:  foundationv1alpha1.ReasonShortfall,
			message: "b200: 8 of 8 short, 0 free, 8 more by 2026-04-04T00:00Z",
			next:    now.Add(72 * time.Hour), nextCount: 8,
		},
		"a node that just began to drain has its whole grace period": {
			in: input(builder.Pool(b200, builder.Grace(time.Hour), builder.Granted(saebit, 16)), small(builder.Award(b200, 8)),
				nodes(builder.HeldIn(b200, saebit), "n1", "n2")),
			reason:  foundationv1alpha1.ReasonShortfall,
			message: "b200: 8 of 8 short, 0 free, 8 more by 2026-04-01T01:00Z",
			next:    now.Add(time.Hour), nextCount: 8,
		},
		"a node that is new is checked first": {
			in:      input(builder.Pool(b200), small(builder.Award(b200, 8)), nodes(builder.Matching(b200), "n1")),
			reason:  foundationv1alpha1.ReasonProgressing,
			message: "b200: 1 node is new in the pool and checked for pods before being granted",
			next:    now.Add(gpunode.PodBindDelay), nextCount: 8,
		},
		"an unhealthy draining node is not foreseen as free": {
			in: input(builder.Pool(b200), small(builder.Award(b200, 8)),
				builder.Node("n1", builder.DrainingIn(b200, saebit, now), builder.NotReady())),
			reason:  foundationv1alpha1.ReasonShortfall,
			message: "b200: 8 of 8 short, 0 free, none foreseen; shrink or end an award, or name another pool",
		},
		"a free node is granted and no longer reported as free": {
			in: input(builder.Pool(b200, builder.Granted(hanbit, 8)), small(builder.Award(b200, 24)),
				nodes(builder.HeldIn(b200, hanbit), "n1"), nodes(free, "n2")),
			reason:  foundationv1alpha1.ReasonShortfall,
			message: "b200: 8 of 24 short, 0 free, none foreseen; shrink or end an award, or name another pool",
		},
	})
}

func TestMessagesAboutOtherReasons(t *testing.T) {
	free := builder.FreeIn(b200)
	small := func(mods ...builder.TeamMod) *foundationv1alpha1.FoundationTeam {
		return builder.Team("hanbit", mods...)
	}
	until := func(end time.Time) *foundationv1alpha1.FoundationTeam {
		return builder.Team("saebit", builder.AwardBetween(b200, 16, time.Time{}, end))
	}
	runMessageCases(t, map[string]messageCase{
		"an award that fills no whole nodes": {
			in:      input(builder.Pool(b200), small(builder.Award(b200, 12)), nodes(free, "n1", "n2")),
			reason:  foundationv1alpha1.ReasonNotWholeNodes,
			message: "b200: 12 requested, 8 granted: nodes have 8 GPUs and are granted whole; ask for 8 or 16",
		},
		"an award of less than a node": {
			in:      input(builder.Pool(b200), small(builder.Award(b200, 4)), nodes(free, "n1", "n2")),
			reason:  foundationv1alpha1.ReasonNotWholeNodes,
			message: "b200: 4 requested, 0 granted: nodes have 8 GPUs and are granted whole; ask for 8",
		},
		"a shortfall is reported rather than partial nodes": {
			in:      input(builder.Pool(b200), small(builder.Award(b200, 12))),
			reason:  foundationv1alpha1.ReasonShortfall,
			message: "b200: 12 of 12 short, 0 free, none foreseen; shrink or end an award, or name another pool",
		},
		"the supplier of a leased pool is ineligible": {
			in:      input(builder.Pool(b200, builder.Leased("Example Telecom")), small(builder.Award(b200, 8), builder.Consortium("Hanbit AI", "Example Telecom")), nodes(free, "n1")),
			reason:  foundationv1alpha1.ReasonIneligible,
			message: "b200: Example Telecom may not draw from this pool; name another pool in spec.gpus",
		},
		"before the pool is available": {
			in:      input(builder.Pool(b200, builder.Available(july, time.Time{})), hanbit, nodes(free, "n1", "n2")),
			reason:  foundationv1alpha1.ReasonPoolUnavailable,
			message: "b200: the pool is not available before 2026-06-30T15:00:00Z; move the award or name another pool",
		},
		"after the pool was available": {
			in:      input(builder.Pool(b200, builder.Available(time.Time{}, now)), hanbit, nodes(free, "n1", "n2")),
			reason:  foundationv1alpha1.ReasonPoolUnavailable,
			message: "b200: the pool is not available since 2026-04-01T00:00:00Z; move the award or name another pool",
		},
		"a pool that is being deleted promises nothing": {
			in:      input(builder.Pool(b200, builder.PoolDeleted(), builder.Granted(saebit, 16)), hanbit, until(july), nodes(builder.HeldIn(b200, saebit), "n1", "n2")),
			reason:  foundationv1alpha1.ReasonPoolDeleting,
			message: "b200: 16 of 16 short: the pool is being deleted, and grants no more; name another pool, " + takeBack,
		},
	})
}

// In a pool of 128 nodes two teams have 64 each until July, and a third demands 96.
func TestThirdTeamIsToldWhenGPUsAreFree(t *testing.T) {
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
