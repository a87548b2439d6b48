package lifecycle_test

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/lifecycle"
	"foundation.team/operator/test/support/builder"
)

// differ returns how two values differ; empty if they do not. It compares before it formats, because most are equal.
func differ[T any](want, got T) string {
	if reflect.DeepEqual(want, got) {
		return ""
	}
	return cmp.Diff(want, got)
}

// ask returns the results of all methods of a team at a moment, including those about later times.
func ask(team lifecycle.Team, at time.Time) []any {
	filled, pending := team.Program.Seats(at)
	since, out := team.SeatEndTime()
	standing := team.Program.Standing(team.Name, at)
	standing.Decision = standing.Decision.DeepCopy()
	return []any{
		seen(team, at), team.StateSince(at), team.Message(at), team.NextTransition(at), team.Program.NextTransition(at), filled, pending,
		since, out, standing, team.Program.HeldBack(), team.Awards("b200"), team.Excesses(at),
	}
}

func TestResultsDoNotDependOnEarlierCalls(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		team := lives(t)
		manifest, program := team.DeepCopy(), team.Program.DeepCopy()
		all := moments()
		at := rapid.SampledFrom(all).Draw(t, "at")
		for _, earlier := range rapid.SliceOfN(rapid.SampledFrom(all), 0, 8).Draw(t, "asked before") {
			ask(team, earlier)
		}
		fresh := lifecycle.NewTeam(manifest, lifecycle.NewProgram(program))
		if diff := differ(ask(fresh, at), ask(team, at)); diff != "" {
			t.Fatalf("earlier calls change the results: %s", diff)
		}
		if !cmp.Equal(manifest, team.FoundationTeam) || !cmp.Equal(program, team.Program.FoundationProgram) {
			t.Fatal("a question wrote to a manifest")
		}
	})
}

func TestWhatIsDecidedLaterChangesNothingNow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		team := lives(t)
		for _, at := range moments() {
			known := anew(team, knownAt(at))
			if diff := differ(seen(known, at), seen(team, at)); diff != "" {
				t.Fatalf("at %s: %s", at, diff)
			}
			if was, is := known.StateSince(at), team.StateSince(at); !was.Equal(is) {
				t.Fatalf("at %s its state began %s, and by what was decided later %s", at, was, is)
			}
			filled, pending := team.Program.Seats(at)
			if f, p := known.Program.Seats(at); f != filled || p != pending {
				t.Fatalf("at %s %d seats are filled and %d pending, by what was decided later %d and %d", at, f, p, filled, pending)
			}
			was, is := known.Program.Standing(team.Name, at), team.Program.Standing(team.Name, at)
			if !was.Since.Equal(is.Since) {
				t.Fatalf("at %s it stands so since %s, and by what was decided later since %s", at, was.Since, is.Since)
			}
		}
	})
}

func TestSeatsAreNeverExceeded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		program := lifecycle.NewProgram(programmes(t))
		for _, at := range moments() {
			filled, _ := program.Seats(at)
			if filled > int(program.Spec.Seats) {
				t.Fatalf("at %s %d of %d seats are filled", at, filled, program.Spec.Seats)
			}
			for _, team := range cast {
				if program.Standing(team, at).Phase == lifecycle.PhaseHeldBack && filled < int(program.Spec.Seats) {
					t.Fatalf("at %s %s is held back, and only %d of %d seats are filled", at, team, filled, program.Spec.Seats)
				}
			}
		}
	})
}

func TestNothingChangesBeforeTheNextTransition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		team := lives(t)
		if rapid.IntRange(0, 5).Draw(t, "deleted") == 0 {
			builder.Deleted()(team.FoundationTeam)
		}
		all := moments()
		slices.SortFunc(all, time.Time.Compare)
		sights := make([]sight, len(all))
		for i, at := range all {
			sights[i] = seen(team, at)
		}
		for i, at := range all {
			next := team.NextTransition(at)
			if !next.IsZero() && !next.After(at) {
				t.Fatalf("the next transition after %s is %s", at, next)
			}
			change := slices.IndexFunc(sights[i:], func(s sight) bool { return s != sights[i] })
			if change > 0 && (next.IsZero() || next.After(all[i+change])) {
				t.Fatalf("next after %s is %s, and at %s it has changed: %s", at, next, all[i+change], cmp.Diff(sights[i], sights[i+change]))
			}
			if !next.IsZero() {
				if diff := differ(sights[i], seen(team, next.Add(-time.Nanosecond))); diff != "" {
					t.Fatalf("between %s and %s: %s", at, next, diff)
				}
			}
		}
	})
}

func TestTheProgrammeChangesNothingBeforeItsNextTransition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		program := lifecycle.NewProgram(programmes(t))
		look := func(at time.Time) string {
			text := ""
			for _, team := range cast {
				text += string(program.Standing(team, at).Phase) + ";"
			}
			return text
		}
		for _, at := range moments() {
			next := program.NextTransition(at)
			if last := next.Add(-time.Nanosecond); !next.IsZero() && look(last) != look(at) {
				t.Fatalf("from %s to %s teams go from %s to %s", at, next, look(at), look(last))
			}
		}
	})
}

// known are all valid states.
var known = []foundationv1alpha1.TeamState{
	foundationv1alpha1.StateProgramNotFound, foundationv1alpha1.StateNotSelected, foundationv1alpha1.StateNotFinal,
	foundationv1alpha1.StateNotStarted, foundationv1alpha1.StateInTerm, foundationv1alpha1.StateSuspended,
	foundationv1alpha1.StateEnded, foundationv1alpha1.StateEliminated, foundationv1alpha1.StateWithdrawn,
	foundationv1alpha1.StateDeleting,
}

func TestThereIsAlwaysAnAnswer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		team := lives(t)
		switch rapid.IntRange(0, 6).Draw(t, "odd") {
		case 0:
			builder.Deleted()(team.FoundationTeam)
		case 1:
			team.Program = nil
		case 2:
			team.Spec.ProgramName, team.Program = "", nil
		}
		for _, at := range append(moments(), time.Time{}, time.Unix(1<<40, 0)) {
			if !slices.Contains(known, team.State(at)) {
				t.Fatalf("at %s it is %q", at, team.State(at))
			}
			if team.Message(at) == "" {
				t.Fatalf("at %s nothing is said", at)
			}
			retention, over := team.Retention(at)
			if over && (retention.Ended.After(at) || retention.KeptUntil.Before(retention.AccessUntil) || retention.AccessUntil.Before(retention.Ended)) {
				t.Fatalf("at %s %+v", at, retention)
			}
			if over && team.State(at).HoldsAwards() || !over && retention != (lifecycle.Retention{}) {
				t.Fatalf("at %s it is %s, and its time is over: %t, %+v", at, team.State(at), over, retention)
			}
			checkSince(t, team, at)
		}
	})
}

func TestAwardsNeedAStateAndStayWithinCeilings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		team := lives(t)
		unbounded := lifecycle.NewProgram(team.Program.DeepCopy())
		unbounded.Spec.Ceilings = nil
		free := lifecycle.NewTeam(team.FoundationTeam, unbounded)
		more := team.DeepCopy()
		builder.Award(rapid.SampledFrom(pools).Draw(t, "pool of one more"), rapid.Int32Range(0, 64).Draw(t, "one more"))(more)
		supplemented := lifecycle.NewTeam(more, team.Program)
		for _, at := range moments() {
			var sum int32
			for _, pool := range pools {
				awarded, heldBack := team.Demand(pool, at)
				all, _ := free.Demand(pool, at)
				if awarded < 0 || heldBack < 0 || awarded+heldBack != all {
					t.Fatalf("at %s %d of %s are awarded and %d held back, of %d", at, awarded, pool, heldBack, all)
				}
				if all > 0 && !team.State(at).HoldsAwards() {
					t.Fatalf("at %s %d of %s, when it is %s", at, all, pool, team.State(at))
				}
				if later, _ := supplemented.Demand(pool, at); later < awarded {
					t.Fatalf("at %s one more award takes %d of %s away", at, awarded-later, pool)
				}
				sum += awarded
			}
			checkCeilings(t, team, at, sum)
		}
	})
}

func checkCeilings(t *rapid.T, team lifecycle.Team, at time.Time, sum int32) {
	ceilings := team.Program.Spec.Ceilings
	if ceilings == nil {
		return
	}
	if ceilings.GPUs != nil && sum > *ceilings.GPUs {
		t.Fatalf("at %s %d are awarded, and %d are the most", at, sum, *ceilings.GPUs)
	}
	for _, pool := range ceilings.Pools {
		if awarded, _ := team.Demand(pool.PoolName, at); awarded > *pool.Count {
			t.Fatalf("at %s %d of %s are awarded, and %d are the most", at, awarded, pool.PoolName, *pool.Count)
		}
	}
}

func TestTheOrderOfDecisionsDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		team := lives(t)
		shuffled := anew(team, func(list []foundationv1alpha1.Decision) []foundationv1alpha1.Decision {
			return rapid.Permutation(list).Draw(t, "shuffled")
		})
		for _, at := range moments() {
			if diff := differ(ask(team, at), ask(shuffled, at)); diff != "" {
				t.Fatalf("at %s: %s", at, diff)
			}
		}
	})
}

func TestSuspensionKeepsAllAndResumeRestoresIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		team := lives(t)
		team.Spec.Suspend = nil
		manifest := team.DeepCopy()
		manifest.Spec.Suspend = new(true)
		suspended := lifecycle.NewTeam(manifest, team.Program)
		for _, at := range moments() {
			before, while := seen(team, at), seen(suspended, at)
			for _, member := range suspended.Staff(at) {
				if while.State == foundationv1alpha1.StateSuspended && member.Role != foundationv1alpha1.RoleViewer {
					t.Fatalf("at %s %s is %s of a suspended team", at, member.Name, member.Role)
				}
			}
			if len(team.Staff(at)) != len(suspended.Staff(at)) {
				t.Fatalf("at %s access for %s, and while it is suspended for %s", at, before.Staff, while.Staff)
			}
			if before.State == foundationv1alpha1.StateInTerm {
				if while.State != foundationv1alpha1.StateSuspended {
					t.Fatalf("at %s it is %s", at, while.State)
				}
				before.State, before.Staff = while.State, while.Staff
			}
			if diff := differ(before, while); diff != "" {
				t.Fatalf("at %s it has not what it had: %s", at, diff)
			}
		}
		manifest.Spec.Suspend = new(false)
		for _, at := range moments() {
			if diff := differ(ask(team, at), ask(suspended, at)); diff != "" {
				t.Fatalf("at %s, resumed: %s", at, diff)
			}
		}
	})
}

func hasSeat(program *lifecycle.Program, team string, at time.Time) bool {
	phase := program.Standing(team, at).Phase
	return phase == lifecycle.PhaseIn || phase == lifecycle.PhaseObjection
}

// A team that has a seat keeps it during its objection; one without a seat does not get one.
func TestAnOverturnedEliminationIsAsIfNeverMade(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		program := programmes(t)
		name := rapid.SampledFrom(cast).Draw(t, "eliminated")
		builder.Decided(name, selected, halfHour(-1))(program) // most of the time it is in
		unmade := lifecycle.NewProgram(program)
		from := rapid.IntRange(0, hours).Draw(t, "from")
		to := from + rapid.IntRange(1, 8).Draw(t, "for")
		for n := 2*from - 1; n <= 2*to+1; n++ {
			if !hasSeat(unmade, name, halfHour(n)) {
				return
			}
		}
		// On the half hour, when nothing else is decided.
		begins, overturns := halfHour(2*from+1), halfHour(2*to+1)
		final := overturns.Add(time.Duration(rapid.IntRange(0, 4).Draw(t, "longer")) * time.Hour)
		made := program.DeepCopy()
		builder.Decided(name, eliminated, begins, builder.FinalAt(final), builder.Overturned(overturns))(made)
		withIt := lifecycle.NewProgram(made)
		manifest := members(t, name)
		was, is := lifecycle.NewTeam(manifest, unmade), lifecycle.NewTeam(manifest, withIt)
		for _, at := range moments() {
			checkOthers(t, unmade, withIt, name, at)
			if before, after := at.Before(begins), !at.Before(overturns); !before && !after {
				if !hasSeat(withIt, name, at) {
					t.Fatalf("at %s it stands at %+v", at, withIt.Standing(name, at))
				}
				continue
			}
			if diff := differ(seen(was, at), seen(is, at)); diff != "" {
				t.Fatalf("at %s: %s", at, diff)
			}
		}
		for _, pool := range pools {
			if diff := cmp.Diff(was.Awards(pool), is.Awards(pool)); diff != "" {
				t.Fatalf("awards of %s: %s", pool, diff)
			}
		}
		if diff := cmp.Diff(unmade.HeldBack(), withIt.HeldBack()); diff != "" {
			t.Fatalf("held back: %s", diff)
		}
	})
}

// checkOthers fails the test if a decision on one team changes anything for the others.
func checkOthers(t *rapid.T, without, with *lifecycle.Program, team string, at time.Time) {
	for _, other := range cast {
		a, b := without.Standing(other, at), with.Standing(other, at)
		if other != team && (a.Phase != b.Phase || !a.Since.Equal(b.Since) || !a.Next.Equal(b.Next)) {
			t.Fatalf("at %s %s stands at %+v, and would at %+v", at, other, b, a)
		}
	}
}
