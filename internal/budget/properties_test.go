package budget_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/budget"
	"foundation.team/operator/test/support/builder"
)

// drawnSpec is a programme with some totals and ceilings.
func drawnSpec(t *rapid.T) *foundationv1alpha1.FoundationProgramSpec {
	spec := has(nil)
	for _, name := range budget.Lines {
		if rapid.Bool().Draw(t, "listed") {
			spec.Budget = append(spec.Budget, foundationv1alpha1.BudgetTotal{Line: name, Amount: new(rapid.Int64Range(0, 40).Draw(t, "total") * million)})
		}
		if rapid.Bool().Draw(t, "capped") {
			capped(spec, name, rapid.Int64Range(0, 15).Draw(t, "ceiling"))
		}
	}
	return spec
}

// drawnTime is a moment of a few around the turn of a year.
func drawnTime(t *rapid.T) time.Time {
	return now.AddDate(0, rapid.IntRange(-6, 12).Draw(t, "month"), 0)
}

func drawnGrants(t *rapid.T) []foundationv1alpha1.BudgetAward {
	awards := make([]foundationv1alpha1.BudgetAward, rapid.IntRange(0, 4).Draw(t, "awards"))
	for i := range awards {
		at := make([]time.Time, rapid.IntRange(1, 3).Draw(t, "instalments"))
		for j := range at {
			at[j] = drawnTime(t)
		}
		awards[i] = split(fmt.Sprint(i), rapid.SampledFrom(budget.Lines).Draw(t, "line"), rapid.Int64Range(0, 10).Draw(t, "each"), at...)
	}
	return awards
}

func drawnTeams(t *rapid.T) []budget.Team {
	teams := make([]budget.Team, rapid.IntRange(0, 5).Draw(t, "teams"))
	for i := range teams {
		teams[i] = budget.Team{Name: fmt.Sprintf("team-%d", i), Awards: drawnGrants(t), SelectionTime: now.AddDate(0, 0, rapid.IntRange(-2, 0).Draw(t, "served"))}
		if rapid.Bool().Draw(t, "out") {
			teams[i].EndTime = drawnTime(t)
		}
	}
	return teams
}

// sums are what a line's awards add up to, counted anew from the teams and from what is held back.
type sums struct {
	promised, heldBack, committed, due int64
}

// recount counts by line, and what is committed by team, line and year.
func recount(plan budget.Plan, teams []budget.Team) (lines map[foundationv1alpha1.BudgetLine]*sums, years map[string]int64) {
	lines, years = map[foundationv1alpha1.BudgetLine]*sums{}, map[string]int64{}
	for _, name := range budget.Lines {
		lines[name] = &sums{}
	}
	for _, team := range teams {
		for _, award := range team.Awards {
			for _, instalment := range award.Instalments {
				heldBack := slices.ContainsFunc(plan.HeldBack, func(h foundationv1alpha1.HeldBackAward) bool {
					return h.TeamName == team.Name && h.Award == award.Name && !instalment.DueTime.Before(h.DueTime.Time)
				})
				if !team.EndTime.IsZero() && !instalment.DueTime.Time.Before(team.EndTime) {
					continue
				}
				line, amount := lines[award.Line], *instalment.Amount
				line.promised += amount
				if heldBack {
					line.heldBack += amount
					continue
				}
				line.committed += amount
				years[fmt.Sprint(team.Name, award.Line, instalment.DueTime.In(kst).Year())] += amount
				if !instalment.DueTime.After(now) {
					line.due += amount
				}
			}
		}
	}
	return lines, years
}

func TestCommitKeepsItsPromises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spec, teams := drawnSpec(t), drawnTeams(t)
		plan := budget.Commit(spec, kst, now, teams, nil)
		counted, years := recount(plan, teams)
		for _, line := range plan.Lines {
			want := *counted[line.Line]
			if got := (sums{line.Committed + line.HeldBack, line.HeldBack, line.Committed, line.Due}); got != want {
				t.Fatalf("%s is %+v, want %+v", line.Line, got, want)
			}
			if len(spec.Budget) > 0 && line.Committed > line.Total || line.Free != max(line.Total-line.Committed, 0) {
				t.Fatalf("%+v", line)
			}
			delete(counted, line.Line)
		}
		for name, line := range counted {
			if line.promised > 0 {
				t.Fatalf("%s is left out: %+v", name, line)
			}
		}
		checkCeilings(t, spec, teams, years)
		checkTeams(t, plan)
	})
}

func checkCeilings(t *rapid.T, spec *foundationv1alpha1.FoundationProgramSpec, teams []budget.Team, years map[string]int64) {
	if spec.Ceilings == nil {
		return
	}
	for _, ceiling := range spec.Ceilings.Budget {
		for _, team := range teams {
			for year := 2025; year <= 2027; year++ {
				if got := years[fmt.Sprint(team.Name, ceiling.Line, year)]; got > *ceiling.PerYear {
					t.Fatalf("%s has %d in %d on %s of %d", team.Name, got, year, ceiling.Line, *ceiling.PerYear)
				}
			}
		}
	}
}

// checkTeams checks that the teams' own sums are the lines', and that the next money is the next.
func checkTeams(t *rapid.T, plan budget.Plan) {
	due, heldBack := map[foundationv1alpha1.BudgetLine]int64{}, map[foundationv1alpha1.BudgetLine]int64{}
	var next time.Time
	for _, lines := range plan.Teams {
		for _, line := range lines {
			due[line.Line] += line.Due
			heldBack[line.Line] += line.HeldBack
			if (line.NextDueTime == nil) != (line.NextAmount == 0) {
				t.Fatalf("%+v", line)
			}
			if line.NextDueTime != nil && (next.IsZero() || line.NextDueTime.Time.Before(next)) {
				next = line.NextDueTime.Time
			}
		}
	}
	for _, line := range plan.Lines {
		if due[line.Line] != line.Due || heldBack[line.Line] != line.HeldBack {
			t.Fatalf("%+v, and teams have %d due and %d held back", line, due[line.Line], heldBack[line.Line])
		}
	}
	if !plan.NextDue().Equal(next) || !next.IsZero() && !next.After(now) {
		t.Fatalf("next due %s, and by team %s", plan.NextDue(), next)
	}
}

func TestCommitTakesNoNoticeOfTheOrderOfTeams(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spec, teams := drawnSpec(t), drawnTeams(t)
		want := budget.Commit(spec, kst, now, teams, nil)
		if diff := cmp.Diff(want, budget.Commit(spec, kst, now, rapid.Permutation(teams).Draw(t, "shuffled"), nil)); diff != "" {
			t.Fatal(diff)
		}
	})
}

// dueOf returns what is due at a moment, by team.
func dueOf(spec *foundationv1alpha1.FoundationProgramSpec, at time.Time, teams []budget.Team) map[string]map[foundationv1alpha1.BudgetLine]int64 {
	due := map[string]map[foundationv1alpha1.BudgetLine]int64{}
	for team, lines := range budget.Commit(spec, kst, at, teams, nil).Teams {
		due[team] = map[foundationv1alpha1.BudgetLine]int64{}
		for _, line := range lines {
			if line.Due > 0 {
				due[team][line.Line] = line.Due
			}
		}
	}
	return due
}

// An award that is added or edited for later, or the later instalments of one, change nothing of what was due before.
func TestWhatIsEditedForLaterChangesNothingOfWhatWasDue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spec, teams, at := drawnSpec(t), drawnTeams(t), drawnTime(t)
		for i := range teams {
			teams[i].Awards = append(teams[i].Awards, split("none", data, 0, at))
		}
		before := dueOf(spec, at, teams)
		for i := range teams {
			for j := range teams[i].Awards {
				award := &teams[i].Awards[j]
				if rapid.Bool().Draw(t, "kept") {
					continue
				}
				award.Instalments = slices.DeleteFunc(slices.Clone(award.Instalments), func(p foundationv1alpha1.Instalment) bool { return p.DueTime.After(at) })
				for range rapid.IntRange(0, 3).Draw(t, "new instalments") {
					award.Instalments = append(award.Instalments, later(t, at))
				}
			}
			more := split("more", rapid.SampledFrom(budget.Lines).Draw(t, "line"), 0, at)
			more.Instalments = []foundationv1alpha1.Instalment{later(t, at)}
			teams[i].Awards = append([]foundationv1alpha1.BudgetAward{more}, teams[i].Awards...)
		}
		if diff := cmp.Diff(before, dueOf(spec, at, teams)); diff != "" {
			t.Fatal(diff)
		}
	})
}

// later is an instalment that is due after a moment.
func later(t *rapid.T, at time.Time) foundationv1alpha1.Instalment {
	return foundationv1alpha1.Instalment{
		DueTime: builder.SpecTime(at.AddDate(0, rapid.IntRange(1, 6).Draw(t, "months later"), 0)),
		Amount:  new(rapid.Int64Range(0, 20).Draw(t, "amount") * million),
	}
}

// settled are the teams with what is due to them now.
func settled(plan budget.Plan, teams []budget.Team) []budget.Team {
	after := slices.Clone(teams)
	for i, team := range teams {
		after[i].Settled = team.Settle(kst, now, plan.HeldBack)
	}
	return after
}

// What a team is told by its own awards and by what is held back of them is what its programme decided.
func TestATeamsLinesAreThoseOfThePlan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spec, teams := drawnSpec(t), drawnTeams(t)
		plan := budget.Commit(spec, kst, now, teams, nil)
		for _, team := range teams {
			if diff := cmp.Diff(plan.Teams[team.Name], team.Status(kst, now, plan.HeldBack)); diff != "" {
				t.Fatalf("%s: %s", team.Name, diff)
			}
		}
	})
}

// To remember what is due changes nothing while nobody edits anything.
func TestSettlingChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spec, teams := drawnSpec(t), drawnTeams(t)
		before := budget.Commit(spec, kst, now, teams, nil)
		remembered := settled(before, teams)
		after := budget.Commit(spec, kst, now, remembered, before.HeldBack)
		for _, plan := range []*budget.Plan{&before, &after} {
			for i := range plan.HeldBack {
				plan.HeldBack[i].Message = "" // says how much was committed before it
			}
		}
		if diff := cmp.Diff(before, after); diff != "" {
			t.Fatal(diff)
		}
		for i, team := range settled(after, remembered) {
			if diff := cmp.Diff(remembered[i].Settled, team.Settled); diff != "" {
				t.Fatalf("%s is settled twice: %s", team.Name, diff)
			}
		}
	})
}

// What was due stays due, by line, whatever is edited: totals, ceilings, dates, new awards, awards that are taken out. Only an
// award of less than was due takes something back.
func TestWhatWasDueStaysDue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spec, teams := drawnSpec(t), drawnTeams(t)
		teams = settled(budget.Commit(spec, kst, now, teams, nil), teams)
		before := dueOf(spec, now, teams)
		for i := range teams {
			teams[i].Awards = slices.DeleteFunc(teams[i].Awards, func(foundationv1alpha1.BudgetAward) bool { return rapid.Bool().Draw(t, "taken out") })
			for j := range teams[i].Awards {
				award := &teams[i].Awards[j]
				*award = once(award.Name, award.Line, *award.Amount/million+rapid.Int64Range(0, 9).Draw(t, "more"), drawnTime(t))
			}
			added := once("added", rapid.SampledFrom(budget.Lines).Draw(t, "line"), rapid.Int64Range(0, 30).Draw(t, "amount"), drawnTime(t))
			teams[i].Awards = append([]foundationv1alpha1.BudgetAward{added}, teams[i].Awards...)
			teams[i].EndTime = drawnTime(t)
		}
		after := dueOf(drawnSpec(t), now, teams)
		for team, lines := range before {
			for line, amount := range lines {
				if after[team][line] < amount {
					t.Fatalf("%s had %d due on %s and has %d", team, amount, line, after[team][line])
				}
			}
		}
	})
}
