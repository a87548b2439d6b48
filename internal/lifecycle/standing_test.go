package lifecycle_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/lifecycle"
	"foundation.team/operator/test/support/builder"
)

func TestStanding(t *testing.T) {
	in := decided("hanbit", selected, "2025-08-04")
	tests := map[string]struct {
		decisions []builder.ProgramMod
		want      []string
	}{
		"nothing decided":         {nil, nil},
		"another team's decision": {[]builder.ProgramMod{decided("naru", selected, "2025-08-04")}, nil},
		"selected, at once":       {[]builder.ProgramMod{in}, []string{"2025-08-04 In"}},
		"selected, final later": {
			[]builder.ProgramMod{decided("hanbit", selected, "2025-08-04", finalAt("2025-08-14"))},
			[]string{"2025-08-04 Pending", "2025-08-14 In"},
		},
		"selected, in effect later": {
			[]builder.ProgramMod{decided("hanbit", selected, "2025-08-04", effectiveAt("2025-09-01"))},
			[]string{"2025-08-04 Pending", "2025-09-01 In"},
		},
		"selected, in effect before it is final": {
			[]builder.ProgramMod{decided("hanbit", selected, "2025-08-04", effectiveAt("2025-08-10"), finalAt("2025-08-14"))},
			[]string{"2025-08-04 Pending", "2025-08-14 In"},
		},
		"selected, final before it is in effect": {
			[]builder.ProgramMod{decided("hanbit", selected, "2025-08-04", finalAt("2025-08-14"), effectiveAt("2025-09-01"))},
			[]string{"2025-08-04 Pending", "2025-09-01 In"},
		},
		"a selection overturned before it is final": {
			[]builder.ProgramMod{decided("hanbit", selected, "2025-08-04", finalAt("2025-08-14"), overturned("2025-08-10"))},
			[]string{"2025-08-04 Pending", "2025-08-10 None"},
		},
		"a selection overturned when it would be final": {
			[]builder.ProgramMod{decided("hanbit", selected, "2025-08-04", finalAt("2025-08-14"), overturned("2025-08-14"))},
			[]string{"2025-08-04 Pending", "2025-08-14 None"},
		},
		"a selection overturned later": {
			[]builder.ProgramMod{decided("hanbit", selected, "2025-08-04", overturned("2025-10-01"))},
			[]string{"2025-08-04 In", "2025-10-01 None"},
		},
		"overturned as soon as it was made": {[]builder.ProgramMod{decided("hanbit", selected, "2025-08-04", overturned("2025-08-04"))}, nil},

		"rejected": {[]builder.ProgramMod{decided("hanbit", rejected, "2025-08-04", finalAt("2025-08-14"))}, []string{"2025-08-04 Rejected"}},
		"rejected, in effect later": {
			[]builder.ProgramMod{decided("hanbit", rejected, "2025-08-04", effectiveAt("2025-08-14"))},
			[]string{"2025-08-14 Rejected"},
		},
		"rejected then selected": {
			[]builder.ProgramMod{decided("hanbit", rejected, "2025-07-20"), decided("hanbit", selected, "2026-01-20", finalAt("2026-01-30"))},
			[]string{"2025-07-20 Rejected", "2026-01-20 Pending", "2026-01-30 In"},
		},
		"a rejection overturned": {
			[]builder.ProgramMod{decided("hanbit", rejected, "2025-08-04", finalAt("2025-08-14"), overturned("2025-08-12")), decided("hanbit", selected, "2025-08-13")},
			[]string{"2025-08-04 Rejected", "2025-08-12 None", "2025-08-13 In"},
		},
		"rejected while its selection is not final": {
			[]builder.ProgramMod{decided("hanbit", selected, "2025-08-04", finalAt("2025-08-14")), decided("hanbit", rejected, "2025-08-08")},
			[]string{"2025-08-04 Pending", "2025-08-08 Rejected"},
		},
		"rejected while in": {
			[]builder.ProgramMod{in, decided("hanbit", rejected, "2026-01-15")},
			[]string{"2025-08-04 In", "2026-01-15 Rejected"},
		},

		"eliminated, at once": {
			[]builder.ProgramMod{in, decided("hanbit", eliminated, "2026-01-15")},
			[]string{"2025-08-04 In", "2026-01-15 Eliminated"},
		},
		"eliminated with a time to object": {
			[]builder.ProgramMod{in, decided("hanbit", eliminated, "2026-01-15", finalAt("2026-01-25"))},
			[]string{"2025-08-04 In", "2026-01-15 Objection", "2026-01-25 Eliminated"},
		},
		"eliminated, in effect later, then a time to object": {
			[]builder.ProgramMod{in, decided("hanbit", eliminated, "2026-01-15", effectiveAt("2026-02-01"), finalAt("2026-02-10"))},
			[]string{"2025-08-04 In", "2026-02-01 Objection", "2026-02-10 Eliminated"},
		},
		"eliminated, final before it is in effect": {
			[]builder.ProgramMod{in, decided("hanbit", eliminated, "2026-01-15", finalAt("2026-01-25"), effectiveAt("2026-02-01"))},
			[]string{"2025-08-04 In", "2026-02-01 Eliminated"},
		},
		"overturned on day nine": {
			[]builder.ProgramMod{in, decided("hanbit", eliminated, "2026-01-15", finalAt("2026-01-25"), overturned("2026-01-24"))},
			[]string{"2025-08-04 In", "2026-01-15 Objection", "2026-01-24 In"},
		},
		"overturned when it would be final": {
			[]builder.ProgramMod{in, decided("hanbit", eliminated, "2026-01-15", finalAt("2026-01-25"), overturned("2026-01-25"))},
			[]string{"2025-08-04 In", "2026-01-15 Objection", "2026-01-25 In"},
		},
		"overturned after it was final": {
			[]builder.ProgramMod{in, decided("hanbit", eliminated, "2026-01-15", finalAt("2026-01-25"), overturned("2026-03-01"))},
			[]string{"2025-08-04 In", "2026-01-15 Objection", "2026-01-25 Eliminated", "2026-03-01 In"},
		},
		"eliminated before its selection was final": {
			[]builder.ProgramMod{decided("hanbit", selected, "2025-08-04", finalAt("2025-08-14")), decided("hanbit", eliminated, "2025-08-08", finalAt("2025-08-18"))},
			[]string{"2025-08-04 Pending", "2025-08-08 Eliminated"},
		},
		"eliminated before its selection was final, and overturned": {
			[]builder.ProgramMod{decided("hanbit", selected, "2025-08-04", finalAt("2025-08-14")), decided("hanbit", eliminated, "2025-08-08", overturned("2025-08-12"))},
			[]string{"2025-08-04 Pending", "2025-08-08 Eliminated", "2025-08-12 Pending", "2025-08-14 In"},
		},
		"eliminated twice": {
			[]builder.ProgramMod{in, decided("hanbit", eliminated, "2026-01-15", finalAt("2026-01-25")), decided("hanbit", eliminated, "2026-01-20", finalAt("2026-01-30"))},
			[]string{"2025-08-04 In", "2026-01-15 Objection", "2026-01-30 Eliminated"},
		},
		"eliminated then selected": {
			[]builder.ProgramMod{in, decided("hanbit", eliminated, "2026-01-15"), decided("hanbit", selected, "2026-02-01", finalAt("2026-02-10"))},
			[]string{"2025-08-04 In", "2026-01-15 Eliminated", "2026-02-10 In"},
		},
		"eliminated then rejected": {
			[]builder.ProgramMod{in, decided("hanbit", eliminated, "2026-01-15"), decided("hanbit", rejected, "2026-02-01")},
			[]string{"2025-08-04 In", "2026-01-15 Eliminated", "2026-02-01 Rejected"},
		},
		"selected anew in the time to object": {
			[]builder.ProgramMod{in, decided("hanbit", eliminated, "2026-01-15", finalAt("2026-01-25")), decided("hanbit", selected, "2026-01-20")},
			[]string{"2025-08-04 In", "2026-01-15 Objection", "2026-01-20 In"},
		},
		"selected anew from when the elimination is final": {
			[]builder.ProgramMod{in, decided("hanbit", eliminated, "2026-01-15", finalAt("2026-01-25")), decided("hanbit", selected, "2026-01-20", finalAt("2026-01-25"))},
			[]string{"2025-08-04 In", "2026-01-15 Objection", "2026-01-25 In"},
		},
		"selected anew before an elimination takes effect": {
			[]builder.ProgramMod{in, decided("hanbit", eliminated, "2026-01-15", effectiveAt("2026-07-01")), decided("hanbit", selected, "2026-02-01")},
			[]string{"2025-08-04 In"},
		},

		"withdrawn": {
			[]builder.ProgramMod{in, decided("hanbit", withdrawn, "2025-12-01")},
			[]string{"2025-08-04 In", "2025-12-01 Withdrawn"},
		},
		"withdrawn, in effect later": {
			[]builder.ProgramMod{in, decided("hanbit", withdrawn, "2025-12-01", effectiveAt("2026-01-01"))},
			[]string{"2025-08-04 In", "2026-01-01 Withdrawn"},
		},
		"withdrawn before it was selected": {[]builder.ProgramMod{decided("hanbit", withdrawn, "2025-07-25")}, []string{"2025-07-25 Withdrawn"}},
		"withdrawn before its selection was final": {
			[]builder.ProgramMod{decided("hanbit", selected, "2025-08-04", finalAt("2025-08-14")), decided("hanbit", withdrawn, "2025-08-08")},
			[]string{"2025-08-04 Pending", "2025-08-08 Withdrawn"},
		},
		"withdrawn when its selection is final": {
			[]builder.ProgramMod{decided("hanbit", selected, "2025-08-04", finalAt("2025-08-14")), decided("hanbit", withdrawn, "2025-08-14")},
			[]string{"2025-08-04 Pending", "2025-08-14 Withdrawn"},
		},
		"withdrawn in the time to object": {
			[]builder.ProgramMod{in, decided("hanbit", eliminated, "2026-01-15", finalAt("2026-01-25")), decided("hanbit", withdrawn, "2026-01-20")},
			[]string{"2025-08-04 In", "2026-01-15 Objection", "2026-01-20 Withdrawn"},
		},
		"withdrawn before an elimination takes effect": {
			[]builder.ProgramMod{in, decided("hanbit", eliminated, "2026-01-15", effectiveAt("2026-02-01")), decided("hanbit", withdrawn, "2026-01-20")},
			[]string{"2025-08-04 In", "2026-01-20 Withdrawn"},
		},
		"withdrawn, then selected again": {
			[]builder.ProgramMod{in, decided("hanbit", withdrawn, "2025-12-01"), decided("hanbit", selected, "2026-02-01")},
			[]string{"2025-08-04 In", "2025-12-01 Withdrawn", "2026-02-01 In"},
		},

		"decided again": {
			[]builder.ProgramMod{in, decided("hanbit", selected, "2026-01-15", finalAt("2026-01-25"))},
			[]string{"2025-08-04 In"},
		},
		"decided again before it was final": {
			[]builder.ProgramMod{decided("hanbit", selected, "2025-08-04", finalAt("2025-08-14")), decided("hanbit", selected, "2025-08-08", finalAt("2025-08-18"))},
			[]string{"2025-08-04 Pending", "2025-08-14 In"},
		},
		"decided again, and the first overturned": {
			[]builder.ProgramMod{decided("hanbit", selected, "2025-08-04", overturned("2026-02-01")), decided("hanbit", selected, "2026-01-15")},
			[]string{"2025-08-04 In"},
		},
		"decided again, and the second overturned": {
			[]builder.ProgramMod{in, decided("hanbit", selected, "2026-01-15", overturned("2026-02-01"))},
			[]string{"2025-08-04 In"},
		},
		"two decisions take effect together, the later one counts": {
			[]builder.ProgramMod{decided("hanbit", withdrawn, "2025-12-01", effectiveAt("2026-01-01")), in, decided("hanbit", eliminated, "2025-12-02", effectiveAt("2026-01-01"))},
			[]string{"2025-08-04 In", "2026-01-01 Eliminated"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, timeline(t, programOf(tt.decisions...), "hanbit")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestStandingNamesTheDecisionThatCounts(t *testing.T) {
	program := programOf(
		decided("hanbit", selected, "2025-08-04", finalAt("2025-08-20"), because("first")),
		decided("hanbit", selected, "2025-08-06", finalAt("2025-08-14"), because("second")),
		decided("hanbit", selected, "2026-01-15", finalAt("2026-01-25"), because("third"), overturned("2026-03-01")),
	)
	for date, want := range map[string]string{
		"2025-08-04": "first", "2025-08-06": "second", // which is what lets it in first
		"2025-08-14": "second", "2025-08-20": "second", "2026-01-24": "second", "2026-01-25": "third", "2026-03-01": "second",
	} {
		if got := program.Standing("hanbit", kst(date)).Decision; got == nil || got.Reason != want {
			t.Errorf("on %s %+v counts, want the %s", date, got, want)
		}
	}
}

func TestStandingIsTheSameInEachTimeZone(t *testing.T) {
	at, final := kst("2025-08-04"), kst("2025-08-14")
	want := timeline(t, programOf(builder.Decided("hanbit", selected, at, builder.FinalAt(final)),
		builder.Decided("naru", selected, at, builder.FinalAt(final))), "hanbit")
	for name, zone := range map[string]*time.Location{"UTC": time.UTC, "west": time.FixedZone("PDT", -7*60*60)} {
		t.Run(name, func(t *testing.T) {
			program := programOf(builder.Seats(1), builder.Decided("hanbit", selected, at.In(zone), builder.FinalAt(final.In(zone))),
				builder.Decided("naru", selected, at, builder.FinalAt(final)))
			if diff := cmp.Diff(want, timeline(t, program, "hanbit")); diff != "" {
				t.Error(diff)
			}
			if got := program.Standing("hanbit", final.In(zone)).Phase; got != lifecycle.PhaseIn {
				t.Errorf("at the moment itself, seen from there, it stands at %s", got)
			}
			if got := timeline(t, program, "naru"); got[len(got)-1] != "2025-08-14 HeldBack" {
				t.Errorf("two selections of one moment are not of one moment: %s", got)
			}
		})
	}
}

func TestProgramNextTransition(t *testing.T) {
	program := programOf(
		decided("hanbit", selected, "2025-08-04", finalAt("2025-08-14")),
		decided("hanbit", eliminated, "2026-01-15", finalAt("2026-01-25"), overturned("2026-01-24")),
		builder.Evaluated("written", kst("2025-07-25")), builder.Evaluated("under-way", never),
		builder.InStage("stage-1", kst("2025-08-20"), kst("2026-01-10")),
	)
	var got []string
	for at := program.NextTransition(kst("2025-01-01")); !at.IsZero(); at = program.NextTransition(at) {
		got = append(got, dated(at))
	}
	want := []string{"2025-07-25", "2025-08-04", "2025-08-14", "2025-08-20", "2026-01-10", "2026-01-15", "2026-01-24"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestNoProgram(t *testing.T) {
	if lifecycle.NewProgram(nil) != nil {
		t.Error("no programme became one")
	}
	var none *lifecycle.Program
	if none.Location() != time.UTC {
		t.Error("without a programme times are not told in UTC")
	}
	unknown := programOf(func(program *foundationv1alpha1.FoundationProgram) { program.Spec.TimeZone = "Asia/Nowhere" })
	if unknown.Location() != time.UTC {
		t.Error("an unknown time zone is not UTC")
	}
}
