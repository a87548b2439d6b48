package lifecycle_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/lifecycle"
	"foundation.team/operator/test/support/builder"
)

// The programme's dates, midnight in Seoul: selected, final ten days later; two teams dropped after the first stage.
const (
	decidedOn = "2025-08-04"
	finalOn   = "2025-08-14"
	droppedOn = "2026-01-15"
	outOn     = "2026-01-25"
	nextCall  = "2026-02-15"
)

// stages are about six months each.
func stages(passed ...string) []builder.ProgramMod {
	return []builder.ProgramMod{
		builder.InStage("stage-1", kst(finalOn), kst(droppedOn), passed...),
		builder.InStage("stage-2", kst(droppedOn), kst("2026-07-15")),
	}
}

func choose(team string) builder.ProgramMod {
	return decided(team, selected, decidedOn, finalAt(finalOn))
}

func drop(team string, mods ...builder.DecisionMod) builder.ProgramMod {
	return decided(team, eliminated, droppedOn, append(mods, finalAt(outOn))...)
}

func crew(team *foundationv1alpha1.FoundationTeam) {
	builder.Staff("kim", foundationv1alpha1.RoleLead)(team)
	builder.Staff("lee", foundationv1alpha1.RoleEngineer)(team)
}

// glance returns a summary of what a team has at a moment.
func glance(team lifecycle.Team, date string) string {
	b200, _ := team.Demand("b200", kst(date))
	retention, _ := team.Retention(kst(date))
	return fmt.Sprintf("%s: %d B200; %s%s", team.State(kst(date)), b200, roles(team, kst(date)), retention.Phase)
}

func expectGlances(t *testing.T, team lifecycle.Team, want map[string]string) {
	t.Helper()
	for date, then := range want {
		if got := glance(team, date); got != then {
			t.Errorf("%s on %s: %s, want %s", team.Name, date, got, then)
		}
	}
}

func TestStories(t *testing.T) {
	t.Run("1: selection to access", selectionToAccess)
	t.Run("7: elimination", elimination)
	t.Run("8: top score but a failed gate", failedGate)
	t.Run("9: objection upheld on day nine", objectionUpheld)
	t.Run("10: a late joiner", lateJoiner)
	t.Run("14: a researcher's contract ends", contractEnds)
	t.Run("16: suspension for misuse", suspension)
	t.Run("18: a second stage only if the first was passed", secondStage)
	t.Run("20: nobody is selected", nobodySelected)
}

func selectionToAccess(t *testing.T) {
	var decisions []builder.ProgramMod
	in := []string{"naver-cloud", "upstage", "sk-telecom", "nc-ai", "lg-ai-research"}
	others := []string{"kt", "kakao", "lunit", "konan-technology", "motif-technologies", "sionic-ai", "junction-med", "pioncorporation", "bionexus", "kaist"}
	for _, team := range in {
		decisions = append(decisions, choose(team))
	}
	for _, team := range others {
		decisions = append(decisions, decided(team, rejected, decidedOn, finalAt(finalOn)))
	}
	program := programOf(decisions...)
	for date, want := range map[string][2]int{"2025-08-03": {0, 0}, decidedOn: {0, 5}, "2025-08-13": {0, 5}, finalOn: {5, 0}} {
		if filled, pending := program.Seats(kst(date)); filled != want[0] || pending != want[1] {
			t.Errorf("on %s %d are in and %d not final, want %v", date, filled, pending, want)
		}
	}
	if program.HeldBack() != nil || len(program.Teams()) != 15 {
		t.Errorf("%d teams, %v held back", len(program.Teams()), program.HeldBack())
	}
	for _, team := range others {
		if got := program.Standing(team, kst(finalOn)).Phase; got != lifecycle.PhaseRejected {
			t.Errorf("%s stands at %s", team, got)
		}
	}
	hanbit := takesPart(programOf(choose("hanbit")), "hanbit", builder.Term(kst("2025-08-20"), kst("2026-07-01")), builder.Award("b200", 512), crew)
	expectGlances(t, hanbit, map[string]string{
		"2025-08-03":       "NotSelected: 0 B200; ",
		"2025-08-13 23:59": "NotFinal: 0 B200; ",
		finalOn:            "NotStarted: 0 B200; ",
		"2025-08-19 23:59": "NotStarted: 0 B200; ",
		"2025-08-20":       "InTerm: 512 B200; kim Lead; lee Engineer; ",
		"2026-07-01":       "Ended: 0 B200; kim DataSteward; lee DataSteward; DataAccess",
	})
}

func elimination(t *testing.T) {
	program := programOf(append(stages(), choose("hanbit"), choose("naru"), choose("mirae"), drop("hanbit"))...)
	term := builder.Term(kst(finalOn), kst("2026-07-15"))
	expectGlances(t, takesPart(program, "hanbit", term, builder.Award("b200", 512), crew), map[string]string{
		"2026-01-14 23:59": "InTerm: 512 B200; kim Lead; lee Engineer; ",
		droppedOn:          "Suspended: 512 B200; kim Viewer; lee Viewer; ",
		outOn:              "Eliminated: 0 B200; kim DataSteward; lee DataSteward; DataAccess",
		"2026-02-24":       "Eliminated: 0 B200; Locked",
		"2026-04-25":       "Eliminated: 0 B200; Expired",
		"2026-12-01":       "Eliminated: 0 B200; Expired", // its term would have ended meanwhile
	})
	for _, receiver := range []string{"naru", "mirae"} {
		expectGlances(t, takesPart(program, receiver, term, builder.Award("b200", 256), builder.AwardBetween("b200", 256, kst(outOn), never)), map[string]string{
			"2026-01-24 23:59": "InTerm: 256 B200; ", outOn: "InTerm: 512 B200; ",
		})
	}
}

func failedGate(t *testing.T) {
	program := programOf(choose("hanbit"), choose("naru"), builder.Criteria("technology", 40, "strategy", 30, "impact", 30), builder.GateOf("originality"),
		builder.Evaluated("after-stage-1", kst("2026-01-14"),
			builder.Scored("hanbit", map[string]string{"technology": "39", "strategy": "29", "impact": "29"}, "originality"),
			builder.Scored("naru", map[string]string{"technology": "30", "strategy": "20", "impact": "20"})),
		drop("hanbit", builder.On("after-stage-1"), because("originality: the weights are another model's")))
	if got := program.Standing("naru", kst(outOn)).Phase; got != lifecycle.PhaseIn {
		t.Errorf("naru, with fewer points, stands at %s", got)
	}
	standing := program.Standing("hanbit", kst(outOn))
	if standing.Phase != lifecycle.PhaseEliminated || standing.Decision.Reason != "originality: the weights are another model's" || standing.Decision.Evaluation != "after-stage-1" {
		t.Errorf("hanbit stands at %+v", standing)
	}
	if got, want := takesPart(program, "hanbit").Message(kst(droppedOn)), "eliminated by sovereign: originality: the weights are another model's; until that is final, 2026-01-25T00:00:00+09:00, nothing new starts and staff may only read, awards are kept"; got != want {
		t.Errorf("message: %s", got)
	}
}

func objectionUpheld(t *testing.T) {
	const dayNine = "2026-01-24"
	others := append(stages("hanbit"), choose("hanbit"), choose("naru"), choose("mirae"), builder.Seats(3), decided("onnuri", selected, "2026-01-10"))
	before := programOf(others...)
	after := programOf(append(others, drop("hanbit", overturned(dayNine)))...)
	mods := []builder.TeamMod{builder.Term(kst(finalOn), kst("2026-07-15")), builder.Award("b200", 512), builder.StageAward("b200", 256, "stage-2", "stage-1"), crew}
	was, is := takesPart(before, "hanbit", mods...), takesPart(after, "hanbit", mods...)
	expectGlances(t, is, map[string]string{
		droppedOn:          "Suspended: 768 B200; kim Viewer; lee Viewer; ",
		"2026-01-23 23:59": "Suspended: 768 B200; kim Viewer; lee Viewer; ",
		dayNine:            "InTerm: 768 B200; kim Lead; lee Engineer; ",
		outOn:              "InTerm: 768 B200; kim Lead; lee Engineer; ",
	})
	for _, date := range []string{"2026-01-14", dayNine, outOn, "2026-06-01", "2026-07-15", "2026-09-01", "2027-01-01"} {
		if diff := cmp.Diff(seen(was, kst(date)), seen(is, kst(date))); diff != "" {
			t.Errorf("on %s: %s", date, diff)
		}
	}
	if diff := cmp.Diff(was.Awards("b200"), is.Awards("b200")); diff != "" {
		t.Errorf("awards, the time to object included: %s", diff)
	}
	if _, out := is.SeatEndTime(); out {
		t.Error("money is stopped")
	}
	// Who waited for a seat got none, not even for nine days.
	if diff := cmp.Diff([]string{"2026-01-10 HeldBack"}, timeline(t, after, "onnuri")); diff != "" {
		t.Error(diff)
	}
}

func lateJoiner(t *testing.T) {
	program := programOf(append(stages(), choose("hanbit"),
		decided("saebyeok", selected, nextCall, builder.On("additional")))...)
	hanbit := takesPart(program, "hanbit", builder.Term(kst(finalOn), kst("2026-07-15")), builder.StageAward("b200", 512, "stage-2", ""))
	saebyeok := takesPart(program, "saebyeok", builder.Term(kst(nextCall), kst("2026-08-01")), builder.StageAward("b200", 512, "stage-2", ""))
	if diff := cmp.Diff([]string{"512 from 2026-01-15 to 2026-07-15"}, spanned(hanbit.Awards("b200"))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"512 from 2026-02-15 to 2026-07-15"}, spanned(saebyeok.Awards("b200"))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"NotSelected", "2026-02-15 InTerm", "2026-08-01 Ended"}, states(t, saebyeok)); diff != "" {
		t.Error(diff)
	}
}

func contractEnds(t *testing.T) {
	const working = "kim Lead; lee Engineer; "
	program := programOf(choose("hanbit"), choose("naru"))
	hanbit := takesPart(program, "hanbit", builder.Award("b200", 512), crew, builder.StaffBetween("park", foundationv1alpha1.RoleEngineer, never, kst("2026-02-01")))
	naru := takesPart(program, "naru", builder.StaffBetween("park", foundationv1alpha1.RoleEngineer, never, kst("2026-03-01")))
	expectGlances(t, hanbit, map[string]string{
		"2026-01-31 23:59": "InTerm: 512 B200; " + working + "park Engineer; ",
		"2026-02-01":       "InTerm: 512 B200; " + working,
	})
	expectGlances(t, naru, map[string]string{"2026-02-01": "InTerm: 0 B200; park Engineer; ", "2026-03-01": "InTerm: 0 B200; "})
	if at := hanbit.NextTransition(kst("2026-01-31 23:59")); !at.Equal(builder.Time("2026-01-31T15:00:00Z")) {
		t.Errorf("access ends %s", at)
	}
}

func suspension(t *testing.T) {
	program := programOf(append(stages("hanbit"), choose("hanbit"), builder.Ceiling(600))...)
	mods := []builder.TeamMod{builder.Term(kst(finalOn), kst("2026-07-15")), builder.Award("b200", 512), builder.StageAward("h100", 512, "stage-2", "stage-1"), crew}
	works := takesPart(program, "hanbit", mods...)
	held := takesPart(program, "hanbit", append(mods, builder.Suspended())...)
	expectGlances(t, held, map[string]string{"2025-10-01": "Suspended: 512 B200; kim Viewer; lee Viewer; "})
	for _, pool := range []string{"b200", "h100"} {
		if diff := cmp.Diff(works.Awards(pool), held.Awards(pool)); diff != "" {
			t.Errorf("awards of %s: %s", pool, diff)
		}
	}
	resumed := held.DeepCopy()
	resumed.Spec.Suspend = nil
	if diff := cmp.Diff(seen(works, kst("2025-10-01")), seen(lifecycle.NewTeam(resumed, program), kst("2025-10-01"))); diff != "" {
		t.Error(diff)
	}
}

func secondStage(t *testing.T) {
	for team, want := range map[string]string{"hanbit": "InTerm: 512 B200; ", "naru": "InTerm: 0 B200; "} {
		second := takesPart(programOf(append(stages("hanbit"), choose("hanbit"), choose("naru"))...), team, builder.StageAward("b200", 512, "stage-2", "stage-1"))
		expectGlances(t, second, map[string]string{"2026-01-14": "InTerm: 0 B200; ", droppedOn: want, "2026-07-15": "InTerm: 0 B200; "})
	}
}

func nobodySelected(t *testing.T) {
	program := programOf(decided("hanbit", rejected, decidedOn, finalAt(finalOn)), decided("naru", rejected, decidedOn, finalAt(finalOn)))
	for _, at := range []time.Time{kst("2025-01-01"), kst(decidedOn), kst(finalOn), kst("2030-01-01")} {
		if filled, pending := program.Seats(at); filled != 0 || pending != 0 {
			t.Errorf("on %s %d seats are filled, %d pending", dated(at), filled, pending)
		}
	}
	if held := program.HeldBack(); held != nil {
		t.Errorf("%v is held back", held)
	}
	for _, name := range []string{"hanbit", "mirae"} {
		team := takesPart(program, name, builder.Award("b200", 512), crew)
		if diff := cmp.Diff([]string{"NotSelected"}, states(t, team)); diff != "" || team.Awards("b200") != nil {
			t.Errorf("%s may draw %v: %s", name, team.Awards("b200"), diff)
		}
	}
}
