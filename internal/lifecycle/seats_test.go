package lifecycle_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"foundation.team/operator/internal/lifecycle"
	"foundation.team/operator/test/support/builder"
)

func TestSeats(t *testing.T) {
	one := []builder.ProgramMod{builder.Seats(1), decided("hanbit", selected, "2025-08-04")}
	out := decided("hanbit", eliminated, "2026-01-15", finalAt("2026-01-25"))
	tests := map[string]struct {
		mods []builder.ProgramMod
		// want is the timeline of each team.
		want map[string][]string
	}{
		"as many as there are seats": {
			[]builder.ProgramMod{builder.Seats(2), decided("naru", selected, "2025-08-04"), decided("hanbit", selected, "2025-08-04")},
			map[string][]string{"hanbit": {"2025-08-04 In"}, "naru": {"2025-08-04 In"}},
		},
		"one more, of the same moment: by name": {
			append(one[:1:1], decided("naru", selected, "2025-08-04"), decided("hanbit", selected, "2025-08-04")),
			map[string][]string{"hanbit": {"2025-08-04 In"}, "naru": {"2025-08-04 HeldBack"}},
		},
		"who was decided first": {
			append(one[:1:1], decided("hanbit", selected, "2025-08-02", finalAt("2025-08-14")), decided("naru", selected, "2025-08-01", finalAt("2025-08-14"))),
			map[string][]string{"naru": {"2025-08-01 Pending", "2025-08-14 In"}, "hanbit": {"2025-08-02 Pending", "2025-08-14 HeldBack"}},
		},
		"who takes effect first, though decided last": {
			append(one[:1:1], decided("hanbit", selected, "2025-08-01", finalAt("2025-08-14")), decided("naru", selected, "2025-08-02", finalAt("2025-08-12"))),
			map[string][]string{"naru": {"2025-08-02 Pending", "2025-08-12 In"}, "hanbit": {"2025-08-01 Pending", "2025-08-14 HeldBack"}},
		},
		"who has a seat keeps it": {
			append(one, decided("naru", selected, "2025-08-05")),
			map[string][]string{"hanbit": {"2025-08-04 In"}, "naru": {"2025-08-05 HeldBack"}},
		},
		"a seat is free when an elimination is final": {
			append(one, out, decided("naru", selected, "2025-08-05")),
			map[string][]string{"naru": {"2025-08-05 HeldBack", "2026-01-25 In"}},
		},
		"a seat is free at once by a withdrawal": {
			append(one, decided("hanbit", withdrawn, "2025-12-01"), decided("naru", selected, "2025-08-05")),
			map[string][]string{"naru": {"2025-08-05 HeldBack", "2025-12-01 In"}},
		},
		"a seat is free by a selection overturned": {
			[]builder.ProgramMod{builder.Seats(1), decided("hanbit", selected, "2025-08-04", overturned("2025-09-01")), decided("naru", selected, "2025-08-05")},
			map[string][]string{"hanbit": {"2025-08-04 In", "2025-09-01 None"}, "naru": {"2025-08-05 HeldBack", "2025-09-01 In"}},
		},
		"a selection for the moment a seat is free": {
			append(one, out, decided("naru", selected, "2026-01-20", finalAt("2026-01-25"))),
			map[string][]string{"hanbit": {"2025-08-04 In", "2026-01-15 Objection", "2026-01-25 Eliminated"}, "naru": {"2026-01-20 Pending", "2026-01-25 In"}},
		},
		"an objection upheld takes no seat from anybody": {
			append(one, decided("hanbit", eliminated, "2026-01-15", finalAt("2026-01-25"), overturned("2026-01-24")), decided("naru", selected, "2025-08-05")),
			map[string][]string{"hanbit": {"2025-08-04 In", "2026-01-15 Objection", "2026-01-24 In"}, "naru": {"2025-08-05 HeldBack"}},
		},
		"overturned when the seat is somebody else's": {
			append(one, decided("hanbit", eliminated, "2026-01-15", overturned("2026-03-01")), decided("naru", selected, "2025-08-05"), decided("naru", withdrawn, "2026-05-01")),
			map[string][]string{"hanbit": {"2025-08-04 In", "2026-01-15 Eliminated", "2026-03-01 HeldBack", "2026-05-01 In"}, "naru": {"2025-08-05 HeldBack", "2026-01-15 In", "2026-05-01 Withdrawn"}},
		},
		"the first in the row gets it": {
			append(one, decided("hanbit", withdrawn, "2025-12-01"), decided("saebyeok", selected, "2025-08-05"), decided("naru", selected, "2025-08-06"), decided("mirae", selected, "2025-08-05")),
			map[string][]string{"mirae": {"2025-08-05 HeldBack", "2025-12-01 In"}, "saebyeok": {"2025-08-05 HeldBack"}, "naru": {"2025-08-06 HeldBack"}},
		},
		"the first in the row is who took effect first, though decided last": {
			append(one, decided("hanbit", withdrawn, "2025-12-01"), decided("naru", selected, "2025-08-05", finalAt("2025-08-20")), decided("mirae", selected, "2025-08-06")),
			map[string][]string{"naru": {"2025-08-05 Pending", "2025-08-20 HeldBack"}, "mirae": {"2025-08-06 HeldBack", "2025-12-01 In"}},
		},
		"the position in the queue for a seat is that of the selection that took effect first": {
			append(one, decided("hanbit", withdrawn, "2025-12-01"), decided("naru", selected, "2025-08-05", finalAt("2025-08-20")), decided("naru", selected, "2025-08-06", finalAt("2025-08-10")), decided("mirae", selected, "2025-08-15")),
			map[string][]string{"naru": {"2025-08-05 Pending", "2025-08-10 HeldBack", "2025-12-01 In"}, "mirae": {"2025-08-15 HeldBack"}},
		},
		"a team that is selected again keeps its position in the queue for a seat": {
			append(one, decided("hanbit", withdrawn, "2025-12-01"), decided("naru", selected, "2025-08-05"), decided("mirae", selected, "2025-08-06"), decided("naru", selected, "2025-10-01")),
			map[string][]string{"naru": {"2025-08-05 HeldBack", "2025-12-01 In"}, "mirae": {"2025-08-06 HeldBack"}},
		},
		"and loses it with its first selection": {
			append(one, decided("hanbit", withdrawn, "2025-12-01"), decided("naru", selected, "2025-08-05", overturned("2025-11-01")), decided("mirae", selected, "2025-08-06"), decided("naru", selected, "2025-10-01")),
			map[string][]string{"naru": {"2025-08-05 HeldBack"}, "mirae": {"2025-08-06 HeldBack", "2025-12-01 In"}},
		},
		"or when it gave up in between": {
			append(one, decided("hanbit", withdrawn, "2025-12-01"), decided("naru", selected, "2025-08-05"), decided("naru", withdrawn, "2025-09-01"), decided("mirae", selected, "2025-08-06"), decided("naru", selected, "2025-10-01")),
			map[string][]string{"naru": {"2025-08-05 HeldBack", "2025-09-01 Withdrawn", "2025-10-01 HeldBack"}, "mirae": {"2025-08-06 HeldBack", "2025-12-01 In"}},
		},
		"eliminated while it waits: it has no seat to keep": {
			append(one, decided("naru", selected, "2025-08-05"), decided("naru", eliminated, "2025-09-01", finalAt("2025-09-11")), decided("hanbit", withdrawn, "2025-12-01")),
			map[string][]string{"naru": {"2025-08-05 HeldBack", "2025-09-01 Eliminated"}},
		},
		"two seats at once": {
			append([]builder.ProgramMod{builder.Seats(2)}, decided("hanbit", selected, "2025-08-04"), decided("naru", selected, "2025-08-04"), decided("mirae", selected, "2025-08-05"), decided("onnuri", selected, "2025-08-05"), decided("hanbit", eliminated, "2026-01-15"), decided("naru", eliminated, "2026-01-15")),
			map[string][]string{"mirae": {"2025-08-05 HeldBack", "2026-01-15 In"}, "onnuri": {"2025-08-05 HeldBack", "2026-01-15 In"}},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			program := programOf(tt.mods...)
			for team, want := range tt.want {
				if diff := cmp.Diff(want, timeline(t, program, team)); diff != "" {
					t.Errorf("%s: %s", team, diff)
				}
			}
		})
	}
}

func TestSeatsCount(t *testing.T) {
	program := programOf(builder.Seats(3),
		decided("hanbit", selected, "2025-08-04", finalAt("2025-08-14")), decided("naru", selected, "2025-08-04", finalAt("2025-08-14")),
		decided("mirae", rejected, "2025-08-04", finalAt("2025-08-14")), decided("onnuri", withdrawn, "2025-07-01"),
		decided("hanbit", eliminated, "2026-01-15", finalAt("2026-01-25")), decided("saebyeok", selected, "2026-01-20", finalAt("2026-01-30")),
	)
	for date, want := range map[string][2]int{
		"2025-08-03": {0, 0}, "2025-08-04": {0, 2}, "2025-08-14": {2, 0},
		"2026-01-15": {2, 0}, // who can object has a seat
		"2026-01-20": {2, 1}, "2026-01-25": {1, 1}, "2026-01-30": {2, 0},
	} {
		if filled, pending := program.Seats(kst(date)); filled != want[0] || pending != want[1] {
			t.Errorf("on %s %d are filled and %d pending, want %v", date, filled, pending, want)
		}
	}
	if diff := cmp.Diff([]string{"hanbit", "mirae", "naru", "onnuri", "saebyeok"}, program.Teams()); diff != "" {
		t.Error(diff)
	}
}

func TestHeldBack(t *testing.T) {
	tests := map[string]struct {
		mods []builder.ProgramMod
		want []string
	}{
		"nobody": {[]builder.ProgramMod{decided("hanbit", selected, "2025-08-04")}, nil},
		"a sixth one, for good": {[]builder.ProgramMod{
			decided("hanbit", selected, "2025-08-04"), decided("naru", selected, "2025-08-04"), decided("mirae", selected, "2025-08-04"),
			decided("onnuri", selected, "2025-08-04"), decided("saebyeok", selected, "2025-08-04"), decided("areum", selected, "2025-08-05"),
		}, []string{"areum from 2025-08-05 to , of 5"}},
		"until a seat is free, by team": {[]builder.ProgramMod{
			builder.Seats(1),
			decided("hanbit", selected, "2025-08-04"), decided("onnuri", selected, "2025-08-05"), decided("naru", selected, "2025-08-06"), decided("hanbit", withdrawn, "2025-12-01"),
		}, []string{"naru from 2025-08-06 to , of 1", "onnuri from 2025-08-05 to 2025-12-01, of 1"}},
		"until it gives up": {[]builder.ProgramMod{
			builder.Seats(1),
			decided("hanbit", selected, "2025-08-04"), decided("naru", selected, "2025-08-05", finalAt("2025-08-15")), decided("naru", withdrawn, "2025-09-01"),
		}, []string{"naru from 2025-08-15 to 2025-09-01, of 1"}},
		"each decision": {[]builder.ProgramMod{
			builder.Seats(1),
			decided("hanbit", selected, "2025-08-04"), decided("naru", selected, "2025-08-05"), decided("naru", selected, "2025-10-01"),
		}, []string{"naru from 2025-08-05 to 2025-10-01, of 1", "naru from 2025-10-01 to , of 1"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, held := range programOf(tt.mods...).HeldBack() {
				got = append(got, fmt.Sprintf("%s from %s to %s, of %d", held.Decision.TeamName, dated(held.At), dated(held.Until), held.Seats))
				if held.Decision.Outcome != selected {
					t.Errorf("%s is held back", held.Decision.Outcome)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestALateJoinerTakesAFreeSeat(t *testing.T) {
	program := programOf(builder.InStage("stage-1", kst("2026-01-15"), kst("2026-07-15")),
		decided("hanbit", selected, "2025-08-04"), decided("saebyeok", selected, "2026-02-10", effectiveAt("2026-02-20")))
	if filled, pending := program.Seats(kst("2026-02-10")); filled != 1 || pending != 1 {
		t.Errorf("%d filled, %d pending", filled, pending)
	}
	if got := program.Standing("saebyeok", kst("2026-02-20")).Phase; got != lifecycle.PhaseIn {
		t.Errorf("it stands at %s", got)
	}
}
