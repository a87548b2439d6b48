package lifecycle_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/lifecycle"
	"foundation.team/operator/test/support/builder"
)

// seatsAfter returns seats as they are after looks at a programme as it was then.
func seatsAfter(program *foundationv1alpha1.FoundationProgram, at ...time.Time) *foundationv1alpha1.ProgramSeats {
	program = program.DeepCopy()
	for _, now := range at {
		program.Status.Seats = &foundationv1alpha1.ProgramSeats{Held: lifecycle.NewProgram(program).ObserveSeats(now)}
	}
	return program.Status.Seats
}

// Nobody loses a seat by a decision on another team that was written later.
func TestASeatIsNotTakenByAnEditOfThePast(t *testing.T) {
	one, in := builder.Seats(1), decided("hanbit", selected, "2025-08-04")
	leaves := decided("naru", withdrawn, "2025-08-02", effectiveAt("2026-12-01"))
	tests := map[string]struct {
		seen, edited []builder.ProgramMod
		at           string
		want         map[string][]string
	}{
		"another selection, dated back": {
			[]builder.ProgramMod{one, in},
			[]builder.ProgramMod{one, in, decided("naru", selected, "2025-08-01"), leaves},
			"2026-01-01",
			map[string][]string{"hanbit": {"2025-08-04 In"}, "naru": {"2025-08-01 In", "2025-08-04 HeldBack", "2026-12-01 Withdrawn"}},
		},
		"another selection of the same day": {
			[]builder.ProgramMod{one, in},
			[]builder.ProgramMod{one, in, decided("areum", selected, "2025-08-04")},
			"2026-01-01",
			map[string][]string{"hanbit": {"2025-08-04 In"}, "areum": {"2025-08-04 HeldBack"}},
		},
		"its own selection is dated later": {
			[]builder.ProgramMod{one, in},
			[]builder.ProgramMod{one, decided("hanbit", selected, "2025-12-01"), decided("naru", selected, "2025-09-01")},
			"2026-01-01",
			map[string][]string{"hanbit": {"2025-12-01 In"}, "naru": {"2025-09-01 In", "2025-12-01 HeldBack"}},
		},
		"fewer seats, while one that was eliminated can object": {
			[]builder.ProgramMod{builder.Seats(2), in, decided("areum", selected, "2025-08-03"), decided("areum", eliminated, "2025-12-20", finalAt("2026-01-20"))},
			[]builder.ProgramMod{one, in, decided("areum", selected, "2025-08-03"), decided("areum", eliminated, "2025-12-20", finalAt("2026-01-20"))},
			"2026-01-01",
			map[string][]string{"hanbit": {"2025-08-04 In"}, "areum": {"2025-08-03 In", "2025-12-20 Objection", "2026-01-20 Eliminated"}},
		},
		"a withdrawal is put off after it took effect": {
			[]builder.ProgramMod{one, decided("areum", selected, "2025-01-01"), decided("areum", withdrawn, "2025-09-01"), in},
			[]builder.ProgramMod{one, decided("areum", selected, "2025-01-01"), decided("areum", withdrawn, "2025-09-01", effectiveAt("2026-06-01")), in},
			"2026-01-01",
			map[string][]string{"hanbit": {"2025-08-04 HeldBack", "2025-09-01 In"}, "areum": {"2025-01-01 In", "2025-09-01 HeldBack", "2026-06-01 Withdrawn"}},
		},
		"its own decision ends its seat all the same": {
			[]builder.ProgramMod{one, in},
			[]builder.ProgramMod{one, in, decided("hanbit", eliminated, "2025-10-01"), decided("areum", selected, "2025-08-05")},
			"2026-01-01",
			map[string][]string{"hanbit": {"2025-08-04 In", "2025-10-01 Eliminated"}, "areum": {"2025-08-05 HeldBack", "2025-10-01 In"}},
		},
		"who left has no claim to come back": {
			[]builder.ProgramMod{one, in, decided("hanbit", withdrawn, "2025-10-01"), decided("naru", selected, "2025-09-01")},
			[]builder.ProgramMod{one, in, decided("hanbit", withdrawn, "2025-10-01"), decided("naru", selected, "2025-09-01"), decided("hanbit", selected, "2025-11-01")},
			"2026-01-01",
			map[string][]string{"hanbit": {"2025-08-04 In", "2025-10-01 Withdrawn", "2025-11-01 HeldBack"}, "naru": {"2025-09-01 HeldBack", "2025-10-01 In"}},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			at := kst(tt.at)
			program := builder.Program("sovereign", tt.edited...)
			program.Status.Seats = seatsAfter(builder.Program("sovereign", tt.seen...), kst("2025-08-05"), kst("2025-09-05"), at)
			for _, now := range []time.Time{at, kst("2027-01-01")} { // what is seen of the edit changes nothing either
				for team, want := range tt.want {
					if diff := cmp.Diff(want, timeline(t, lifecycle.NewProgram(program), team)); diff != "" {
						t.Errorf("%s: %s", team, diff)
					}
				}
				program.Status.Seats = seatsAfter(program, now)
			}
		})
	}
}

func TestObserveSeats(t *testing.T) {
	one, in := builder.Seats(1), decided("hanbit", selected, "2025-08-04")
	out := decided("hanbit", eliminated, "2026-01-15", finalAt("2026-01-25"))
	had := builder.SeenIn(builder.HeldSeat("hanbit", kst("2025-08-04"), never))
	left := builder.SeenIn(builder.HeldSeat("hanbit", kst("2025-08-04"), kst("2026-01-25")))
	tests := map[string]struct {
		mods []builder.ProgramMod
		at   string
		want []string
	}{
		"nobody is in yet":                 {[]builder.ProgramMod{in}, "2025-08-03", nil},
		"a team is in":                     {[]builder.ProgramMod{in}, "2025-09-01", []string{"hanbit 2025-08-04 "}},
		"and is still":                     {[]builder.ProgramMod{in, had}, "2026-01-01", []string{"hanbit 2025-08-04 "}},
		"it can object":                    {[]builder.ProgramMod{in, out, had}, "2026-01-20", []string{"hanbit 2025-08-04 "}},
		"it is out, and another one in":    {[]builder.ProgramMod{one, in, out, had, decided("naru", selected, "2026-01-20")}, "2026-02-01", []string{"hanbit 2025-08-04 2026-01-25", "naru 2026-01-25 "}},
		"it is in again":                   {[]builder.ProgramMod{in, out, left, decided("hanbit", selected, "2026-03-01")}, "2026-04-01", []string{"hanbit 2025-08-04 2026-01-25", "hanbit 2026-03-01 "}},
		"its elimination is taken out":     {[]builder.ProgramMod{in, left}, "2026-04-01", []string{"hanbit 2025-08-04 2026-01-25", "hanbit 2026-01-25 "}},
		"its elimination is dated back":    {[]builder.ProgramMod{in, decided("hanbit", eliminated, "2025-10-01"), had}, "2026-04-01", []string{"hanbit 2025-08-04 2025-10-01"}},
		"its selection is overturned now":  {[]builder.ProgramMod{decided("hanbit", selected, "2025-08-04", overturned("2025-08-04")), had}, "2026-04-01", []string{"hanbit 2025-08-04 2026-04-01"}},
		"all decisions on it are gone":     {[]builder.ProgramMod{had}, "2026-04-01", nil},
		"its selection is dated back more": {[]builder.ProgramMod{decided("hanbit", selected, "2025-07-01"), had}, "2026-04-01", []string{"hanbit 2025-08-04 "}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, seat := range programOf(tt.mods...).ObserveSeats(kst(tt.at)) {
				end := time.Time{}
				if seat.EndTime != nil {
					end = seat.EndTime.Time
				}
				got = append(got, seat.TeamName+" "+dated(seat.StartTime.Time)+" "+dated(end))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Whatever is decided on other teams, at whatever date, and however many seats there are: a team that was seen with a seat keeps
// it as long as its own decisions stay. And what was seen changes nothing of a programme that nobody edits.
func TestSeatsThatWereSeenAreKept(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before, now := programmes(t), halfHour(rapid.IntRange(0, 2*hours).Draw(t, "now"))
		before.Status.Seats = seatsAfter(before, halfHour(0), now)
		was, plain := lifecycle.NewProgram(before), before.DeepCopy()
		plain.Status.Seats = nil
		for _, team := range was.Teams() {
			for n := range 2*hours + 2 {
				at := halfHour(n)
				if diff := cmp.Diff(lifecycle.NewProgram(plain).Standing(team, at).Phase, was.Standing(team, at).Phase); diff != "" {
					t.Fatalf("%s at %s, by what was seen: %s", team, at, diff)
				}
			}
		}
		kept := rapid.SampledFrom(cast).Draw(t, "the team")
		after := programmes(t)
		after.Status = before.Status
		other := func(d foundationv1alpha1.Decision) bool { return d.TeamName != kept }
		after.Spec.Decisions = slices.Concat(slices.DeleteFunc(slices.Clone(before.Spec.Decisions), other), slices.DeleteFunc(after.Spec.Decisions, func(d foundationv1alpha1.Decision) bool { return !other(d) }))
		is, had := lifecycle.NewProgram(after).Standing(kept, now).Phase, was.Standing(kept, now).Phase
		if (had == lifecycle.PhaseIn || had == lifecycle.PhaseObjection) && is != had {
			t.Fatalf("at %s %s is %q and was %q", now, kept, is, had)
		}
	})
}
