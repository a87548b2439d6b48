package lifecycle_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/test/support/builder"
)

func TestAwardsInAProgramme(t *testing.T) {
	term := builder.Term(kst("2025-08-20"), kst("2026-07-01"))
	in := decided("hanbit", selected, "2025-08-04", finalAt("2025-08-14"))
	first := builder.InStage("stage-1", kst("2025-08-20"), kst("2026-01-15"), "hanbit")
	second := builder.InStage("stage-2", kst("2026-01-15"), kst("2026-07-15"))
	tests := map[string]struct {
		decisions []builder.ProgramMod
		mods      []builder.TeamMod
		want      []string
	}{
		"not selected":          {nil, []builder.TeamMod{term, builder.Award("b200", 512)}, nil},
		"held back":             {[]builder.ProgramMod{builder.Seats(1), decided("naru", selected, "2025-08-04"), in}, []builder.TeamMod{builder.Award("b200", 512)}, nil},
		"for the term":          {[]builder.ProgramMod{in}, []builder.TeamMod{term, builder.Award("b200", 512)}, []string{"512 from 2025-08-20 to 2026-07-01"}},
		"from when it is final": {[]builder.ProgramMod{in}, []builder.TeamMod{builder.Award("b200", 512)}, []string{"512 from 2025-08-14 to "}},
		"deleted":               {[]builder.ProgramMod{in}, []builder.TeamMod{term, builder.Award("b200", 512), builder.Deleted()}, nil},
		"until an elimination is final": {
			[]builder.ProgramMod{in, decided("hanbit", eliminated, "2026-01-15", finalAt("2026-01-25"))},
			[]builder.TeamMod{term, builder.Award("b200", 512)},
			[]string{"512 from 2025-08-20 to 2026-01-25"},
		},
		"as if never eliminated": {
			[]builder.ProgramMod{in, decided("hanbit", eliminated, "2026-01-15", finalAt("2026-01-25"), overturned("2026-01-24"))},
			[]builder.TeamMod{term, builder.Award("b200", 512)},
			[]string{"512 from 2025-08-20 to 2026-07-01"},
		},
		"in, out and in again": {
			[]builder.ProgramMod{in, decided("hanbit", withdrawn, "2025-12-01"), decided("hanbit", selected, "2026-02-01")},
			[]builder.TeamMod{term, builder.Award("b200", 512)},
			[]string{"512 from 2025-08-20 to 2025-12-01", "512 from 2026-02-01 to 2026-07-01"},
		},
		"out before it begins": {
			[]builder.ProgramMod{in, decided("hanbit", withdrawn, "2025-12-01")},
			[]builder.TeamMod{term, builder.AwardBetween("b200", 512, kst("2026-01-01"), never)},
			nil,
		},

		"for a stage":             {[]builder.ProgramMod{in, first}, []builder.TeamMod{term, builder.StageAward("b200", 512, "stage-1", "")}, []string{"512 from 2025-08-20 to 2026-01-15"}},
		"a stage beyond the term": {[]builder.ProgramMod{in, second}, []builder.TeamMod{term, builder.StageAward("b200", 512, "stage-2", "")}, []string{"512 from 2026-01-15 to 2026-07-01"}},
		"a stage that was moved": {
			[]builder.ProgramMod{in, builder.InStage("stage-1", kst("2025-09-20"), kst("2026-02-15"))},
			[]builder.TeamMod{term, builder.StageAward("b200", 512, "stage-1", "")},
			[]string{"512 from 2025-09-20 to 2026-02-15"},
		},
		"a part of a stage, the late joiner's": {
			[]builder.ProgramMod{in, second},
			[]builder.TeamMod{term, stageBetween("stage-2", "2026-02-20", "")},
			[]string{"512 from 2026-02-20 to 2026-07-01"},
		},
		"beyond its stage": {
			[]builder.ProgramMod{in, first},
			[]builder.TeamMod{term, stageBetween("stage-1", "", "2026-03-01")},
			[]string{"512 from 2025-08-20 to 2026-01-15"},
		},
		"outside its stage":         {[]builder.ProgramMod{in, first}, []builder.TeamMod{term, stageBetween("stage-1", "2026-02-01", "2026-03-01")}, nil},
		"a stage that is not there": {[]builder.ProgramMod{in}, []builder.TeamMod{term, builder.StageAward("b200", 512, "stage-1", ""), builder.Award("b200", 8)}, []string{"8 from 2025-08-20 to 2026-07-01"}},

		"if passed":                  {[]builder.ProgramMod{in, first, second}, []builder.TeamMod{term, builder.StageAward("b200", 512, "stage-2", "stage-1")}, []string{"512 from 2026-01-15 to 2026-07-01"}},
		"if passed, for no stage":    {[]builder.ProgramMod{in, first}, []builder.TeamMod{term, builder.StageAward("b200", 512, "", "stage-1")}, []string{"512 from 2025-08-20 to 2026-07-01"}},
		"not passed":                 {[]builder.ProgramMod{in, first, second}, []builder.TeamMod{term, builder.StageAward("b200", 512, "stage-2", "stage-2")}, nil},
		"passed by another team":     {[]builder.ProgramMod{in, builder.InStage("stage-1", begin, end, "naru"), second}, []builder.TeamMod{term, builder.StageAward("b200", 512, "stage-2", "stage-1")}, nil},
		"if passed, and not there":   {[]builder.ProgramMod{in, second}, []builder.TeamMod{term, builder.StageAward("b200", 512, "stage-2", "stage-1")}, nil},
		"passed, and the stage gone": {[]builder.ProgramMod{in, first}, []builder.TeamMod{term, builder.StageAward("b200", 512, "stage-2", "stage-1")}, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, spanned(takesPart(programOf(tt.decisions...), "hanbit", tt.mods...).Awards("b200"))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// stageBetween is an award for a part of a stage.
func stageBetween(stage, start, end string) builder.TeamMod {
	return func(team *foundationv1alpha1.FoundationTeam) {
		builder.StageAward("b200", 512, stage, "")(team)
		award := &team.Spec.GPUs[len(team.Spec.GPUs)-1]
		if start != "" {
			award.StartTime = builder.SpecTime(kst(start))
		}
		if end != "" {
			award.EndTime = builder.SpecTime(kst(end))
		}
	}
}

func TestMissingStages(t *testing.T) {
	program := programOf(builder.InStage("stage-1", begin, end))
	stages, awards := takesPart(program, "hanbit", builder.StageAward("b200", 8, "stage-1", ""), builder.StageAward("b200", 8, "stage-2", "stage-1"),
		builder.Award("b200", 8), builder.StageAward("b200", 8, "stage-3", "stage-4")).MissingStages()
	if diff := cmp.Diff([]string{"stage-2", "stage-3", "stage-4"}, stages); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"award-1", "award-3", "award-3"}, awards); diff != "" {
		t.Error(diff)
	}
	if program.Stage("stage-1") == nil || program.Stage("stage-2") != nil {
		t.Error("a stage is found by its name only")
	}
}

func TestCeilings(t *testing.T) {
	in := decided("hanbit", selected, "2025-08-14")
	spring, summer := kst("2026-04-01"), kst("2026-07-01")
	tests := map[string]struct {
		ceilings []builder.ProgramMod
		mods     []builder.TeamMod
		// want is b200, then h100.
		want [2][]string
	}{
		"none": {nil, []builder.TeamMod{builder.Award("b200", 512)}, [2][]string{{"512 from 2025-08-14 to "}, nil}},
		"of money only": {
			[]builder.ProgramMod{builder.YearlyCeiling(foundationv1alpha1.BudgetStaff, 2_000_000_000)},
			[]builder.TeamMod{builder.Award("b200", 512)},
			[2][]string{{"512 from 2025-08-14 to "}, nil},
		},
		"in all": {
			[]builder.ProgramMod{builder.Ceiling(1000)},
			[]builder.TeamMod{builder.Award("b200", 512), builder.Award("h100", 512)},
			[2][]string{{"512 from 2025-08-14 to "}, {"488 from 2025-08-14 to "}},
		},
		"in all, the other way round": {
			[]builder.ProgramMod{builder.Ceiling(1000)},
			[]builder.TeamMod{builder.Award("h100", 512), builder.Award("b200", 512)},
			[2][]string{{"488 from 2025-08-14 to "}, {"512 from 2025-08-14 to "}},
		},
		"in all, nothing left": {
			[]builder.ProgramMod{builder.Ceiling(512)},
			[]builder.TeamMod{builder.Award("b200", 512), builder.Award("h100", 512)},
			[2][]string{{"512 from 2025-08-14 to "}, nil},
		},
		"nothing at all": {[]builder.ProgramMod{builder.Ceiling(0)}, []builder.TeamMod{builder.Award("b200", 512)}, [2][]string{}},
		"of a pool": {
			[]builder.ProgramMod{builder.PoolCeiling("b200", 256)},
			[]builder.TeamMod{builder.Award("b200", 512), builder.Award("h100", 512)},
			[2][]string{{"256 from 2025-08-14 to "}, {"512 from 2025-08-14 to "}},
		},
		"of a pool, which is taken up award by award": {
			[]builder.ProgramMod{builder.PoolCeiling("b200", 600)},
			[]builder.TeamMod{builder.Award("b200", 512), builder.Award("b200", 512)},
			[2][]string{{"512 from 2025-08-14 to ", "88 from 2025-08-14 to "}, nil},
		},
		"of both: what a pool holds back is left for the other": {
			[]builder.ProgramMod{builder.PoolCeiling("b200", 256), builder.Ceiling(512)},
			[]builder.TeamMod{builder.Award("b200", 512), builder.Award("h100", 512)},
			[2][]string{{"256 from 2025-08-14 to "}, {"256 from 2025-08-14 to "}},
		},
		"of both, and of all first": {
			[]builder.ProgramMod{builder.PoolCeiling("h100", 300), builder.Ceiling(600)},
			[]builder.TeamMod{builder.Award("b200", 512), builder.Award("h100", 512)},
			[2][]string{{"512 from 2025-08-14 to "}, {"88 from 2025-08-14 to "}},
		},
		"an award added later takes from none before it": {
			[]builder.ProgramMod{builder.Ceiling(600)},
			[]builder.TeamMod{builder.AwardBetween("b200", 512, spring, never), builder.Award("h100", 512)},
			[2][]string{{"512 from 2026-04-01 to "}, {"512 from 2025-08-14 to 2026-04-01", "88 from 2026-04-01 to "}},
		},
		"only while they overlap": {
			[]builder.ProgramMod{builder.Ceiling(600)},
			[]builder.TeamMod{builder.AwardBetween("b200", 512, spring, summer), builder.Award("h100", 512)},
			[2][]string{{"512 from 2026-04-01 to 2026-07-01"}, {"512 from 2025-08-14 to 2026-04-01", "88 from 2026-04-01 to 2026-07-01", "512 from 2026-07-01 to "}},
		},
		"one after the other": {
			[]builder.ProgramMod{builder.Ceiling(512)},
			[]builder.TeamMod{builder.AwardBetween("b200", 512, never, spring), builder.AwardBetween("h100", 512, spring, never)},
			[2][]string{{"512 from 2025-08-14 to 2026-04-01"}, {"512 from 2026-04-01 to "}},
		},
		"an award that is not in force takes up nothing": {
			[]builder.ProgramMod{builder.Ceiling(512)},
			[]builder.TeamMod{builder.StageAward("b200", 512, "stage-9", ""), builder.Award("h100", 512)},
			[2][]string{nil, {"512 from 2025-08-14 to "}},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			team := takesPart(programOf(append(tt.ceilings, in)...), "hanbit", tt.mods...)
			if diff := cmp.Diff(tt.want, [2][]string{spanned(team.Awards("b200")), spanned(team.Awards("h100"))}); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestHeldBackGPUs(t *testing.T) {
	team := takesPart(programOf(builder.Ceiling(600), builder.PoolCeiling("b200", 500),
		decided("hanbit", selected, "2025-08-14"), decided("hanbit", withdrawn, "2026-08-01")), "hanbit",
		builder.Award("b200", 512), builder.AwardBetween("h100", 512, kst("2026-04-01"), kst("2026-07-01")))
	for date, want := range map[string]string{
		"2025-08-01": "b200 0+0, h100 0+0", "2025-08-14": "b200 500+12, h100 0+0", "2026-04-01": "b200 500+12, h100 100+412",
		"2026-07-01": "b200 500+12, h100 0+0", "2026-08-01": "b200 0+0, h100 0+0",
	} {
		b200, heldB200 := team.Demand("b200", kst(date))
		h100, heldH100 := team.Demand("h100", kst(date))
		if got := fmt.Sprintf("b200 %d+%d, h100 %d+%d", b200, heldB200, h100, heldH100); got != want {
			t.Errorf("on %s %s, want %s", date, got, want)
		}
	}
	for date, want := range map[string]string{
		"2025-08-01": "b200 on 2025-08-14 500+12; h100 on 2026-04-01 100+412; ",
		"2025-09-01": "b200 on 2025-09-01 500+12; h100 on 2026-04-01 100+412; ",
		"2026-07-01": "b200 on 2026-07-01 500+12; ",
		"2026-08-01": "",
	} {
		got := ""
		for _, excess := range team.Excesses(kst(date)) {
			got += fmt.Sprintf("%s on %s %d+%d; ", excess.Pool, dated(excess.At), excess.Awarded, excess.HeldBack)
		}
		if got != want {
			t.Errorf("on %s %s, want %s", date, got, want)
		}
	}
	if got := takesPart(programOf(decided("hanbit", selected, "2025-08-14")), "hanbit", builder.Award("b200", 512)).Excesses(begin); got != nil {
		t.Errorf("without ceilings %v is beyond them", got)
	}
}
