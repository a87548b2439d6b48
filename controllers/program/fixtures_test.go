package program

import (
	"cmp"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/lifecycle"
	"foundation.team/operator/test/support/builder"
)

const (
	models     = "sovereign-models"
	selected   = foundationv1alpha1.OutcomeSelected
	rejected   = foundationv1alpha1.OutcomeRejected
	eliminated = foundationv1alpha1.OutcomeEliminated
	withdrawn  = foundationv1alpha1.OutcomeWithdrawn
	million    = int64(1_000_000)
)

var now = builder.Now

// day is midnight of a day from now on, in UTC: nine in the morning in Seoul.
func day(n int) time.Time { return now.AddDate(0, 0, n) }

// team is a FoundationTeam that names the programme.
func team(name string, mods ...builder.TeamMod) *foundationv1alpha1.FoundationTeam {
	return builder.Team(name, append([]builder.TeamMod{builder.InProgram(models)}, mods...)...)
}

// granted awards a team millions on a line, due at once.
func granted(name string, line foundationv1alpha1.BudgetLine, millions int64, at time.Time) builder.TeamMod {
	return func(team *foundationv1alpha1.FoundationTeam) {
		team.Spec.Budget = append(team.Spec.Budget, foundationv1alpha1.BudgetAward{
			Name: name, Line: line, Amount: new(millions * million), DueTime: builder.SpecTime(at),
		})
	}
}

// input is a programme's Input with the teams that observe would have found.
func input(program *foundationv1alpha1.FoundationProgram, teams ...*foundationv1alpha1.FoundationTeam) Input {
	in := Input{Program: lifecycle.NewProgram(program), Elsewhere: map[string]bool{}, Now: now}
	for _, team := range teams {
		if team.Spec.ProgramName == program.Name {
			in.Teams = append(in.Teams, lifecycle.NewTeam(team, in.Program))
		} else {
			in.Elsewhere[team.Name] = true
		}
	}
	slices.SortFunc(in.Teams, func(a, b lifecycle.Team) int { return cmp.Compare(a.Name, b.Name) })
	return in
}

func statusOf(in Input) foundationv1alpha1.FoundationProgramStatus {
	return BuildStatus(in, Decide(in))
}

// condition returns a condition without its times; empty if there is none.
func condition(status foundationv1alpha1.FoundationProgramStatus, conditionType string) metav1.Condition {
	found := meta.FindStatusCondition(status.Conditions, conditionType)
	if found == nil {
		return metav1.Condition{}
	}
	return metav1.Condition{Type: found.Type, Status: found.Status, Reason: found.Reason, Message: found.Message}
}
