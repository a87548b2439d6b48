package program

import (
	"fmt"
	"math"
	"testing"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/test/support/builder"
)

// A team of whose money not all that is held back has room in the status must not take the rest for due: nothing of it is decided.
func TestMoneyWithoutRoomIsNotDecided(t *testing.T) {
	var teams []*foundationv1alpha1.FoundationTeam
	mods := []builder.ProgramMod{builder.Seats(100), builder.Money(foundationv1alpha1.BudgetData, 1)}
	for i := range 70 {
		name := fmt.Sprintf("t%02d", i)
		var grants []builder.TeamMod
		for j := range 64 {
			grants = append(grants, granted(fmt.Sprintf("g%d", j), foundationv1alpha1.BudgetData, 1, day(-1)))
		}
		teams = append(teams, team(name, grants...))
		teams[i].Generation = 7
		mods = append(mods, builder.Decided(name, selected, day(-2)))
	}
	status := statusOf(input(builder.Program(models, mods...), teams...))
	if len(status.HeldBack) != maxHeldBack {
		t.Fatalf("%d awards are held back, want %d of %d", len(status.HeldBack), maxHeldBack, 70*64)
	}
	for i, entry := range status.Teams {
		want := int64(7)
		if i >= maxHeldBack/64 {
			want = 0
		}
		if entry.ObservedGeneration != want {
			t.Errorf("%s is decided on for generation %d, want %d", entry.Name, entry.ObservedGeneration, want)
		}
	}
}

// Awards that the API accepts can add up to more than a number in status can be.
func TestSumsDoNotOverflow(t *testing.T) {
	var teams []*foundationv1alpha1.FoundationTeam
	mods := []builder.ProgramMod{builder.Seats(1000)}
	for i := range 700 {
		name := fmt.Sprintf("t%03d", i)
		var awards []builder.TeamMod
		for range 32 {
			awards = append(awards, builder.Award("b200", 100_000))
		}
		teams = append(teams, team(name, awards...))
		mods = append(mods, builder.Decided(name, selected, day(-2)))
	}
	status := statusOf(input(builder.Program(models, mods...), teams...))
	if len(status.GPUs) != 1 || status.GPUs[0].Awarded != math.MaxInt32 {
		t.Errorf("awarded: %v", status.GPUs)
	}
}
