package program

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/conditions"
	"foundation.team/operator/test/support/builder"
)

func TestSeats(t *testing.T) {
	tests := map[string]struct {
		mods []builder.ProgramMod
		want foundationv1alpha1.ProgramSeats
	}{
		"nobody is selected": {nil, foundationv1alpha1.ProgramSeats{Summary: "0/5", Free: 5}},
		"teams are in, pending and eliminated": {
			[]builder.ProgramMod{
				builder.Decided("hanbit", selected, day(-2)), builder.Decided("naru", selected, day(-2)), builder.Decided("naru", eliminated, day(-1), builder.FinalAt(day(9))),
				builder.Decided("mirae", selected, day(-2), builder.FinalAt(day(8))), builder.Decided("onnuri", selected, day(-2)), builder.Decided("onnuri", withdrawn, day(-1)),
			},
			foundationv1alpha1.ProgramSeats{Summary: "2/5", Filled: 2, Pending: 1, Free: 2, Held: []foundationv1alpha1.HeldSeat{builder.HeldSeat("hanbit", day(-2), time.Time{}), builder.HeldSeat("naru", day(-2), time.Time{})}},
		},
		"more selections than seats": {
			[]builder.ProgramMod{builder.Seats(1), builder.Decided("hanbit", selected, day(-2)), builder.Decided("naru", selected, day(-2), builder.FinalAt(day(1)))},
			foundationv1alpha1.ProgramSeats{Summary: "1/1", Filled: 1, Pending: 1, Held: []foundationv1alpha1.HeldSeat{builder.HeldSeat("hanbit", day(-2), time.Time{})}},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(&tt.want, statusOf(input(builder.Program(models, tt.mods...))).Seats); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTeams(t *testing.T) {
	program := builder.Program(models, builder.Seats(3),
		builder.Decided("hanbit", selected, day(-9)),
		builder.Decided("garam", selected, day(-8)),
		builder.Decided("naru", selected, day(-2), builder.FinalAt(day(8))),
		builder.Decided("mirae", rejected, day(-2)),
		builder.Decided("saebyeok", selected, day(-3)),
		builder.Decided("elsewhere", rejected, day(-2)))
	in := input(program,
		team("hanbit"), team("mirae"), team("onnuri"), builder.Team("elsewhere"))
	want := []foundationv1alpha1.ProgramTeam{
		{Name: "elsewhere", Outcome: rejected, State: "NoManifest", Message: "FoundationTeam elsewhere does not take part: set its spec.programName to sovereign-models"},
		{Name: "garam", Outcome: selected, State: "NoManifest", Message: "selected, and there is no FoundationTeam garam: create it with spec.programName sovereign-models"},
		{Name: "hanbit", ObservedGeneration: 1, Outcome: selected, State: foundationv1alpha1.StateInTerm},
		{Name: "mirae", ObservedGeneration: 1, Outcome: rejected, State: foundationv1alpha1.StateNotSelected},
		{Name: "naru", Outcome: selected, State: "NoManifest", Message: "selected, and there is no FoundationTeam naru: create it with spec.programName sovereign-models"},
		{Name: "onnuri", ObservedGeneration: 1, State: foundationv1alpha1.StateNotSelected},
		{Name: "saebyeok", Outcome: selected, State: "NoManifest", Message: "selected, and there is no FoundationTeam saebyeok: create it with spec.programName sovereign-models"},
	}
	for i, entry := range want {
		for _, team := range in.Teams {
			if team.Name == entry.Name {
				want[i].Message = team.Message(now) // as the team itself tells it
			}
		}
	}
	status := statusOf(in)
	if diff := cmp.Diff(want, status.Teams); diff != "" {
		t.Error(diff)
	}
	ready := conditions.True(foundationv1alpha1.ConditionReady, foundationv1alpha1.ReasonAsDeclared,
		"3 of 3 seats filled, 1 selection not final, 7 teams; selected, and no FoundationTeam yet: garam, naru, saebyeok")
	if diff := cmp.Diff(foundationv1alpha1.ReasonSeatsExceeded, condition(status, foundationv1alpha1.ConditionReady).Reason); diff != "" {
		t.Error("naru finds no seat when its selection is final: ", diff)
	}
	if diff := cmp.Diff(ready.Message, readyMessage(in)); diff != "" {
		t.Error(diff)
	}
}

func TestNoManifestOfATeamThatNeedsNone(t *testing.T) {
	status := statusOf(input(builder.Program(models, builder.Decided("naru", rejected, day(-1)))))
	want := []foundationv1alpha1.ProgramTeam{{Name: "naru", Outcome: rejected, State: "NoManifest", Message: "there is no FoundationTeam naru"}}
	if diff := cmp.Diff(want, status.Teams); diff != "" {
		t.Error(diff)
	}
}

func TestCommitments(t *testing.T) {
	in := input(builder.Program(models, builder.PoolCeiling("b200", 512), builder.Decided("hanbit", selected, day(-2)), builder.Decided("naru", selected, day(-2)), builder.Decided("mirae", rejected, day(-2))),
		team("hanbit", builder.Award("b200", 512), builder.AwardBetween("b200", 256, time.Time{}, day(3)), builder.Award("h100", 64)),
		team("naru", builder.Award("b200", 8), builder.AwardBetween("later", 8, day(1), time.Time{})),
		team("mirae", builder.Award("b200", 1024)))
	want := []foundationv1alpha1.PoolCommitment{{PoolName: "b200", Awarded: 520, HeldBack: 256}, {PoolName: "h100", Awarded: 64}}
	status := statusOf(in)
	if diff := cmp.Diff(want, status.GPUs); diff != "" {
		t.Error(diff)
	}
	wantCondition := conditions.False(foundationv1alpha1.ConditionWithinCeilings, foundationv1alpha1.ReasonCeilingExceeded,
		"hanbit: 256 of 768 GPUs of b200 are beyond spec.ceilings and held back; shrink its awards or raise the ceiling")
	if diff := cmp.Diff(wantCondition, condition(status, foundationv1alpha1.ConditionWithinCeilings)); diff != "" {
		t.Error(diff)
	}
}

func TestConditions(t *testing.T) {
	const (
		decisions = foundationv1alpha1.ConditionDecisionsConsistent
		ceilings  = foundationv1alpha1.ConditionWithinCeilings
		money     = foundationv1alpha1.ConditionWithinBudget
	)
	in := []builder.ProgramMod{builder.Decided("hanbit", selected, day(-2)), builder.Decided("naru", selected, day(-1))}
	data := foundationv1alpha1.BudgetData
	tests := map[string]struct {
		mods  []builder.ProgramMod
		teams []*foundationv1alpha1.FoundationTeam
		want  metav1.Condition
	}{
		"no decisions":               {want: conditions.True(decisions, "NothingDeclared", "")},
		"every selection has a seat": {mods: in, want: conditions.True(decisions, "AsDeclared", "2 decisions, none held back")},
		"a selection finds no seat": {
			mods: append(in, builder.Seats(1)),
			want: conditions.False(decisions, "SeatsExceeded", "naru is selected and held back from 2026-03-31 09:00 KST on, no seat of 1 is free: decide otherwise on a team that is in, or raise spec.seats"),
		},
		"several later selections find no seat": {
			mods: []builder.ProgramMod{builder.Seats(1), builder.Decided("hanbit", selected, day(-2)), builder.Decided("naru", selected, day(-1), builder.FinalAt(day(1))), builder.Decided("mirae", selected, day(-1), builder.FinalAt(day(1)))},
			want: conditions.False(decisions, "SeatsExceeded", "mirae is selected and held back from 2026-04-02 09:00 KST on, no seat of 1 is free: decide otherwise on a team that is in, or raise spec.seats; also held back: naru"),
		},
		"a selection found no seat in the past": {
			mods: []builder.ProgramMod{builder.Seats(1), builder.Decided("hanbit", selected, day(-3)), builder.Decided("naru", selected, day(-2)), builder.Decided("hanbit", withdrawn, day(-1))},
			want: conditions.True(decisions, "AsDeclared", "3 decisions, none held back"),
		},
		"no ceilings":     {mods: in, teams: []*foundationv1alpha1.FoundationTeam{team("hanbit", builder.Award("b200", 1024))}, want: conditions.True(ceilings, "NothingDeclared", "")},
		"within ceilings": {mods: append(in, builder.Ceiling(1024)), teams: []*foundationv1alpha1.FoundationTeam{team("hanbit", builder.Award("b200", 1024))}, want: conditions.True(ceilings, "AsDeclared", "no team has more than spec.ceilings")},
		"awards of an eliminated team do not count against the ceilings": {mods: append(in, builder.Ceiling(8)), teams: []*foundationv1alpha1.FoundationTeam{team("onnuri", builder.Award("b200", 1024))}, want: conditions.True(ceilings, "AsDeclared", "no team has more than spec.ceilings")},
		"an award is beyond the ceiling later": {
			mods:  append(in, builder.Ceiling(8)),
			teams: []*foundationv1alpha1.FoundationTeam{team("hanbit", builder.AwardBetween("b200", 16, day(3), time.Time{}))},
			want:  conditions.False(ceilings, "CeilingExceeded", "hanbit: 8 of 16 GPUs of b200 are beyond spec.ceilings from 2026-04-04 09:00 KST on and held back; shrink its awards or raise the ceiling"),
		},
		"GPUs and money are beyond the ceilings": {
			mods: append(in, builder.Ceiling(8), builder.YearlyCeiling(data, 5000*million)),
			teams: []*foundationv1alpha1.FoundationTeam{
				team("hanbit", builder.Award("b200", 16), granted("corpus", data, 5500, day(1))), team("naru", builder.Award("b200", 24)),
			},
			want: conditions.False(ceilings, "CeilingExceeded", "hanbit: 8 of 16 GPUs of b200 are beyond spec.ceilings and held back; shrink its awards or raise the ceiling (and 2 more)"),
		},
		"money of one year is beyond the ceiling": {
			mods:  append(in, builder.YearlyCeiling(data, 5000*million)),
			teams: []*foundationv1alpha1.FoundationTeam{team("hanbit", granted("data-2026", data, 5500, day(1)))},
			want:  conditions.False(ceilings, "CeilingExceeded", "hanbit data-2026: 5,500,000,000 KRW in 2026 on line Data, at most 5,000,000,000 KRW a year; shrink it or raise ceilings.budget"),
		},
		"no budget": {mods: in, teams: []*foundationv1alpha1.FoundationTeam{team("hanbit", granted("corpus", data, 1, day(1)))}, want: conditions.True(money, "NothingDeclared", "")},
		"within the budget": {
			mods:  append(in, builder.Money(data, 15000*million), builder.Money(foundationv1alpha1.BudgetGPU, 1)),
			teams: []*foundationv1alpha1.FoundationTeam{team("hanbit", granted("corpus", data, 2800, day(1)))},
			want:  conditions.True(money, "AsDeclared", "committed on GPU: 0 of 1 KRW, Data: 2,800,000,000 of 15,000,000,000 KRW"),
		},
		"beyond the budget": {
			mods:  append(in, builder.Money(data, 3000*million)),
			teams: []*foundationv1alpha1.FoundationTeam{team("hanbit", granted("corpus", data, 2800, day(1))), team("naru", granted("corpus", data, 2800, day(1)))},
			want: conditions.False(money, "BudgetExceeded",
				"naru corpus: 2,800,000,000 KRW do not fit: 2,800,000,000 of 3,000,000,000 KRW are committed on line Data; raise spec.budget or shrink awards"),
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			status := statusOf(input(builder.Program(models, tt.mods...), tt.teams...))
			if diff := cmp.Diff(tt.want, condition(status, tt.want.Type)); diff != "" {
				t.Error(diff)
			}
			if tt.want.Status == metav1.ConditionTrue {
				return
			}
			ready, stalled := condition(status, foundationv1alpha1.ConditionReady), condition(status, foundationv1alpha1.ConditionStalled)
			if ready.Status != metav1.ConditionFalse || ready.Reason != tt.want.Reason || stalled.Status != metav1.ConditionTrue || stalled.Reason != tt.want.Reason {
				t.Errorf("ready %+v, stalled %+v", ready, stalled)
			}
		})
	}
}

func TestReady(t *testing.T) {
	five := []string{"hanbit", "naru", "mirae", "onnuri", "saebyeok"}
	var mods []builder.ProgramMod
	var teams []*foundationv1alpha1.FoundationTeam
	for _, name := range five {
		mods, teams = append(mods, builder.Decided(name, selected, day(-2))), append(teams, team(name))
	}
	for i := range 10 {
		mods = append(mods, builder.Decided(fmt.Sprintf("team-%d", i), rejected, day(-2)))
	}
	deleted := func(program *foundationv1alpha1.FoundationProgram) {
		program.DeletionTimestamp = new(metav1.NewTime(now))
	}
	ready := func(message string) metav1.Condition {
		return conditions.True(foundationv1alpha1.ConditionReady, "AsDeclared", message)
	}
	remain := func(message string) metav1.Condition {
		return conditions.False(foundationv1alpha1.ConditionReady, "TeamsRemain", message)
	}
	tests := map[string]struct {
		program *foundationv1alpha1.FoundationProgram
		teams   []*foundationv1alpha1.FoundationTeam
		want    metav1.Condition
	}{
		"all seats are filled":    {builder.Program(models, mods...), teams, ready("5 of 5 seats filled, 15 teams")},
		"no team is selected yet": {builder.Program(models, builder.Seats(1)), nil, ready("0 of 1 seat filled, 0 teams")},
		"manifests are missing": {
			builder.Program(models, mods...), nil,
			ready("5 of 5 seats filled, 15 teams; selected, and no FoundationTeam yet: hanbit, mirae and 3 more"),
		},
		"deleted, and teams name it": {
			builder.Program(models, append(mods, deleted)...), teams,
			remain("deletion waits: 5 teams name this programme (hanbit, mirae and 3 more): take spec.programName out of them or delete them; until then all stays as it is"),
		},
		"deleted, and a team names it": {
			builder.Program(models, deleted), teams[:1],
			remain("deletion waits: 1 team names this programme (hanbit): take spec.programName out of it or delete it; until then all stays as it is"),
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			status := statusOf(input(tt.program, tt.teams...))
			if diff := cmp.Diff(tt.want, condition(status, foundationv1alpha1.ConditionReady)); diff != "" {
				t.Error(diff)
			}
			if stalled := condition(status, foundationv1alpha1.ConditionStalled); stalled.Type != "" {
				t.Errorf("stalled: %+v", stalled)
			}
		})
	}
}

func TestNext(t *testing.T) {
	tests := map[string]struct {
		mods  []builder.ProgramMod
		teams []*foundationv1alpha1.FoundationTeam
		at    time.Time
		want  string
	}{
		"nothing": {mods: []builder.ProgramMod{builder.Decided("hanbit", selected, day(-1))}},
		"a selection is final": {
			mods: []builder.ProgramMod{builder.Decided("hanbit", selected, day(-1), builder.FinalAt(day(1)))},
			at:   day(1), want: "2026-04-02 09:00 KST: the selection of hanbit is final",
		},
		"a selection takes effect after it is final": {
			mods: []builder.ProgramMod{builder.Decided("hanbit", selected, day(-2), builder.FinalAt(day(-1)), builder.EffectiveAt(day(1)))},
			at:   day(1), want: "2026-04-02 09:00 KST: the selection of hanbit takes effect",
		},
		"an elimination takes effect": {
			mods: []builder.ProgramMod{builder.Decided("naru", selected, day(-2)), builder.Decided("naru", eliminated, day(-1), builder.EffectiveAt(day(1)), builder.FinalAt(day(9)))},
			at:   day(1), want: "2026-04-02 09:00 KST: the elimination of naru takes effect",
		},
		"an elimination is final": {
			mods: []builder.ProgramMod{builder.Decided("naru", selected, day(-2)), builder.Decided("naru", eliminated, day(-1), builder.FinalAt(day(9)))},
			at:   day(9), want: "2026-04-10 09:00 KST: the elimination of naru is final",
		},
		"an elimination is overturned": {
			mods: []builder.ProgramMod{builder.Decided("naru", selected, day(-2)), builder.Decided("naru", eliminated, day(-1), builder.FinalAt(day(9)), builder.Overturned(day(8)))},
			at:   day(8), want: "2026-04-09 09:00 KST: the elimination of naru is overturned",
		},
		"a selection is overturned": {
			mods: []builder.ProgramMod{builder.Decided("naru", selected, day(-2), builder.Overturned(day(1)))},
			at:   day(1), want: "2026-04-02 09:00 KST: the selection of naru is overturned",
		},
		"a seat is found": {
			mods: []builder.ProgramMod{builder.Seats(1), builder.Decided("naru", selected, day(-2)), builder.Decided("hanbit", selected, day(-1)), builder.Decided("naru", withdrawn, day(2))},
			at:   day(2), want: "2026-04-03 09:00 KST: hanbit gets a seat that becomes free, the withdrawal of naru takes effect",
		},
		"a seat is not found": {
			mods: []builder.ProgramMod{builder.Seats(1), builder.Decided("naru", selected, day(-2)), builder.Decided("hanbit", selected, day(-1), builder.FinalAt(day(2)))},
			at:   day(2), want: "2026-04-03 09:00 KST: the selection of hanbit finds no seat",
		},
		"a decision is dated in the future": {
			mods: []builder.ProgramMod{builder.Decided("naru", selected, day(1), builder.FinalAt(day(2))), builder.Decided("hanbit", rejected, day(1))},
			at:   day(1), want: "2026-04-02 09:00 KST: the rejection of hanbit takes effect, naru is selected",
		},
		"an evaluation is closed": {
			mods: []builder.ProgramMod{builder.Evaluated("written", day(1)), builder.Evaluated("presentation", day(2))},
			at:   day(1), want: "2026-04-02 09:00 KST: evaluation written is closed",
		},
		"one stage ends as another begins": {
			mods: []builder.ProgramMod{builder.InStage("stage-1", day(-9), day(3)), builder.InStage("stage-2", day(3), day(9))},
			at:   day(3), want: "2026-04-04 09:00 KST: stage stage-1 ends, stage stage-2 begins",
		},
		"what happens now is not next": {
			mods: []builder.ProgramMod{builder.InStage("stage-1", now, day(3))},
			at:   day(3), want: "2026-04-04 09:00 KST: stage stage-1 ends",
		},
		"a term begins": {
			mods:  []builder.ProgramMod{builder.Decided("hanbit", selected, day(-1))},
			teams: []*foundationv1alpha1.FoundationTeam{team("hanbit", builder.Term(day(1), day(9)), builder.Award("b200", 8)), team("onnuri", builder.Term(day(0).Add(time.Hour), day(9)))},
			at:    day(1), want: "2026-04-02 09:00 KST: the term of hanbit begins",
		},
		"an award ends": {
			mods:  []builder.ProgramMod{builder.Decided("hanbit", selected, day(-1))},
			teams: []*foundationv1alpha1.FoundationTeam{team("hanbit", builder.Term(day(-1), day(9)), builder.AwardBetween("b200", 8, time.Time{}, day(4)))},
			at:    day(4), want: "2026-04-05 09:00 KST: what hanbit is awarded of b200 changes",
		},
		"money is due": {
			mods:  []builder.ProgramMod{builder.Decided("hanbit", selected, day(-1))},
			teams: []*foundationv1alpha1.FoundationTeam{team("hanbit", granted("corpus", foundationv1alpha1.BudgetData, 2800, day(4)))},
			at:    day(4), want: "2026-04-05 09:00 KST: 2,800,000,000 KRW on line Data are due to hanbit",
		},
		"more things happen at once than are named": {
			mods: []builder.ProgramMod{
				builder.Decided("hanbit", selected, day(-1), builder.FinalAt(day(1))), builder.Decided("mirae", selected, day(-1), builder.FinalAt(day(1))), builder.Decided("naru", selected, day(-1), builder.FinalAt(day(1))),
				builder.InStage("stage-1", day(1), day(3)),
			},
			at: day(1), want: "2026-04-02 09:00 KST: the selection of hanbit is final, the selection of mirae is final and 2 more",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			status := statusOf(input(builder.Program(models, tt.mods...), tt.teams...))
			if diff := cmp.Diff(tt.want, status.Next); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(builder.MetaTime(tt.at), status.NextTransitionTime); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// The API server would refuse the whole status if a list or message were too long.
func TestStatusFitsTheCRD(t *testing.T) {
	mods := []builder.ProgramMod{builder.Seats(512)}
	var teams []*foundationv1alpha1.FoundationTeam
	for i := range 2100 {
		name := fmt.Sprintf("team-%d", i)
		if i < 512 {
			mods = append(mods, builder.Decided(name, selected, day(-1), func(d *foundationv1alpha1.Decision) { d.Reason = strings.Repeat("까", 512) }))
		}
		awards := []builder.TeamMod{}
		if i < 100 {
			awards = append(awards, builder.Award(fmt.Sprintf("pool-%d", i), 8))
		}
		teams = append(teams, team(name, awards...))
	}
	status := statusOf(input(builder.Program(models, mods...), teams...))
	if len(status.Teams) != 2048 || len(status.GPUs) != 64 {
		t.Errorf("%d teams, %d pools", len(status.Teams), len(status.GPUs))
	}
}
