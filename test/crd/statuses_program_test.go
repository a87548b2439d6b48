package crd

import (
	"testing"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	programcontroller "foundation.team/operator/controllers/program"
	"foundation.team/operator/internal/lifecycle"
	"foundation.team/operator/test/support/builder"
)

// programInput is a programme with a team for each decision, and more that name it.
func programInput(t *testing.T, manifest string, teams int, mods ...builder.TeamMod) programcontroller.Input {
	t.Helper()
	program := decoded(t, manifest, &foundationv1alpha1.FoundationProgram{})
	program.Generation = 1
	in := programcontroller.Input{Program: lifecycle.NewProgram(program), Elsewhere: map[string]bool{}, Now: within}
	for i := range teams {
		named := numbered(40, i)
		if decided := in.Program.Teams(); i < len(decided) {
			named = decided[i]
		}
		team := builder.Team(named, append([]builder.TeamMod{builder.InProgram(program.Name)}, mods...)...)
		team.Generation = 1_000_000
		in.Teams = append(in.Teams, lifecycle.NewTeam(team, in.Program))
	}
	return in
}

// muchMoney are as many awards of money as a team can have, each of as much as can be, on two lines.
func muchMoney(team *foundationv1alpha1.FoundationTeam) {
	for i := range 64 {
		line := foundationv1alpha1.BudgetStaff
		if i%2 == 0 {
			line = foundationv1alpha1.BudgetData
		}
		team.Spec.Budget = append(team.Spec.Budget, foundationv1alpha1.BudgetAward{
			Name: name63(i), Line: line, Amount: new(int64(1_000_000_000_000_000)), DueTime: builder.SpecTime(within.AddDate(0, 0, i)),
		})
	}
}

// manyGPUs are as many GPUs as a team can be awarded, of one pool.
func manyGPUs(team *foundationv1alpha1.FoundationTeam) {
	for range 32 {
		builder.Award(name63(0), 100_000)(team)
	}
}

// everybodyIn has seats for all who were decided on.
func everybodyIn(in programcontroller.Input) programcontroller.Input {
	program := in.Program.FoundationProgram
	program.Spec.Seats = 1000
	for i := range program.Spec.Decisions {
		program.Spec.Decisions[i].Outcome, program.Spec.Decisions[i].OverturnTime = foundationv1alpha1.OutcomeSelected, nil
	}
	in.Program = lifecycle.NewProgram(program)
	for i := range in.Teams {
		in.Teams[i] = lifecycle.NewTeam(in.Teams[i].FoundationTeam, in.Program)
	}
	return in
}

// One after the other: the API server takes long to check the largest programme.
func TestLargestProgramStatusIsStored(t *testing.T) {
	tests := map[string]struct {
		manifest string
		input    func(t *testing.T, manifest string) programcontroller.Input
	}{
		"nobody takes part": {largestProgram(), func(t *testing.T, manifest string) programcontroller.Input {
			t.Helper()
			return programInput(t, manifest, 0)
		}},
		"thousands of teams": {largestProgram(), func(t *testing.T, manifest string) programcontroller.Input {
			t.Helper()
			return programInput(t, manifest, 3000)
		}},
		"no result of anybody": {wordyProgram(), func(t *testing.T, manifest string) programcontroller.Input {
			t.Helper()
			return programInput(t, manifest, 0)
		}},
		"no money for anybody": {wordyProgram(), func(t *testing.T, manifest string) programcontroller.Input {
			t.Helper()
			in := everybodyIn(programInput(t, manifest, 500, muchMoney, manyGPUs))
			in.Program.Spec.Currency = "KRW"
			in.Program.Spec.Budget = []foundationv1alpha1.BudgetTotal{{Line: foundationv1alpha1.BudgetStaff, Amount: new(int64(1))}}
			return in
		}},
		"more money than there is in the world": {largestProgram(), func(t *testing.T, manifest string) programcontroller.Input {
			t.Helper()
			in := everybodyIn(programInput(t, manifest, 1000, muchMoney, manyGPUs))
			in.Program.Spec.Budget = nil
			return in
		}},
		"it is being deleted": {wordyProgram(), func(t *testing.T, manifest string) programcontroller.Input {
			t.Helper()
			in := everybodyIn(programInput(t, manifest, 3000, muchMoney))
			deleted(in.Program.FoundationProgram)
			return in
		}},
	}
	n := 0
	for name, tt := range tests {
		n++
		named := numbered(63, n)
		if hardest := name == "no money for anybody"; !hardest && !full {
			continue
		}
		t.Run(name, func(t *testing.T) {
			in := tt.input(t, tt.manifest)
			status := programcontroller.BuildStatus(in, programcontroller.Decide(in))
			storeStatus(t, programs, tt.manifest, named, &status)
		})
	}
}
