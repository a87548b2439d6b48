package lifecycle_test

import (
	"testing"

	"foundation.team/operator/internal/lifecycle"
	"foundation.team/operator/test/support/builder"
)

func TestMessage(t *testing.T) {
	term := builder.Term(kst("2025-08-20"), kst("2026-07-01"))
	open := builder.Term(kst("2025-08-20"), never)
	in := decided("hanbit", selected, "2025-08-04", finalAt("2025-08-14"))
	out := decided("hanbit", eliminated, "2026-01-15", finalAt("2026-01-25"))
	const data = "; GPUs are taken back, staff may read and copy data until "
	tests := map[string]struct {
		decisions []builder.ProgramMod
		mods      []builder.TeamMod
		at        string
		want      string
	}{
		"nothing decided": {nil, nil, "2025-08-01", "sovereign has not selected the team"},
		"rejected":        {[]builder.ProgramMod{decided("hanbit", rejected, "2025-08-04", because("the plan has no data"))}, nil, "2025-08-05", "rejected by sovereign: the plan has no data"},
		"not final":       {[]builder.ProgramMod{in}, nil, "2025-08-05", "selected by sovereign, which is final 2025-08-14T00:00:00+09:00"},
		"not in effect": {
			[]builder.ProgramMod{decided("hanbit", selected, "2025-08-04", finalAt("2025-08-14"), effectiveAt("2025-09-01"))},
			nil, "2025-08-05",
			"selected by sovereign, which takes effect 2025-09-01T00:00:00+09:00",
		},
		"held back": {
			[]builder.ProgramMod{builder.Seats(1), decided("naru", selected, "2025-08-04"), in},
			nil, "2025-08-15",
			"selected by sovereign, but no seat of 1 is free: the team gets the next one that becomes free",
		},
		"not started": {[]builder.ProgramMod{in}, []builder.TeamMod{term}, "2025-08-15", "the term starts 2025-08-20T00:00:00+09:00"},
		"in term":     {[]builder.ProgramMod{in}, []builder.TeamMod{term}, "2025-09-01", "in term until 2026-07-01T00:00:00+09:00"},
		"no end":      {[]builder.ProgramMod{in}, []builder.TeamMod{open}, "2025-09-01", "in term, without an end"},
		"until an elimination": {
			[]builder.ProgramMod{in, out},
			[]builder.TeamMod{term},
			"2025-09-01",
			"in term until 2026-01-15T00:00:00+09:00, when a decision of sovereign takes effect",
		},
		"until an elimination, without a term": {
			[]builder.ProgramMod{in, out},
			[]builder.TeamMod{open},
			"2025-09-01",
			"in term until 2026-01-15T00:00:00+09:00, when a decision of sovereign takes effect",
		},
		"a decision again is no end": {[]builder.ProgramMod{in, decided("hanbit", selected, "2026-01-15")}, []builder.TeamMod{open}, "2025-09-01", "in term, without an end"},
		"the term ends first":        {[]builder.ProgramMod{in, decided("hanbit", eliminated, "2026-07-01")}, []builder.TeamMod{term}, "2025-09-01", "in term until 2026-07-01T00:00:00+09:00"},
		"in the time to object": {
			[]builder.ProgramMod{in, out},
			[]builder.TeamMod{term},
			"2026-01-15",
			"eliminated by sovereign: as the panel saw it; until that is final, 2026-01-25T00:00:00+09:00, nothing new starts and staff may only read, awards are kept",
		},
		"suspended": {
			[]builder.ProgramMod{in},
			[]builder.TeamMod{term, builder.Suspended()},
			"2026-01-15",
			"suspended: nothing new starts and staff may only read, awards are kept; set spec.suspend to false to resume",
		},
		"eliminated": {
			[]builder.ProgramMod{in, out},
			[]builder.TeamMod{term},
			"2026-01-25",
			"eliminated by sovereign on 2026-01-25T00:00:00+09:00: as the panel saw it" + data + "2026-02-24T00:00:00+09:00",
		},
		"eliminated, locked": {
			[]builder.ProgramMod{in, out},
			[]builder.TeamMod{term},
			"2026-02-24",
			"eliminated by sovereign on 2026-01-25T00:00:00+09:00: as the panel saw it; GPUs are taken back, data is locked and kept at least until 2026-04-25T00:00:00+09:00",
		},
		"eliminated, kept for long enough": {
			[]builder.ProgramMod{in, out},
			[]builder.TeamMod{term},
			"2026-04-25",
			"eliminated by sovereign on 2026-01-25T00:00:00+09:00: as the panel saw it; GPUs are taken back, data is locked and need not be kept since 2026-04-25T00:00:00+09:00",
		},
		"withdrawn": {
			[]builder.ProgramMod{in, decided("hanbit", withdrawn, "2025-12-01", because("a merger"))},
			[]builder.TeamMod{term},
			"2025-12-02",
			"withdrawn from sovereign on 2025-12-01T00:00:00+09:00: a merger" + data + "2025-12-31T00:00:00+09:00",
		},
		"withdrawn before it had anything": {
			[]builder.ProgramMod{decided("hanbit", withdrawn, "2025-07-25")},
			[]builder.TeamMod{term},
			"2025-09-01",
			"withdrawn from sovereign on 2025-07-25T00:00:00+09:00: as the panel saw it",
		},
		"rejected after it was in": {
			[]builder.ProgramMod{in, out, decided("hanbit", rejected, "2026-02-10")},
			[]builder.TeamMod{term},
			"2026-02-11",
			"rejected by sovereign: as the panel saw it; it was in before: staff may read and copy data until 2026-02-24T00:00:00+09:00",
		},
		"ended": {
			[]builder.ProgramMod{in},
			[]builder.TeamMod{term},
			"2026-07-01",
			"the term ended 2026-07-01T00:00:00+09:00" + data + "2026-07-31T00:00:00+09:00; move spec.term.endTime to go on",
		},
		"ended, where a later term would not help": {
			[]builder.ProgramMod{in, decided("hanbit", withdrawn, "2026-07-10")},
			[]builder.TeamMod{term},
			"2026-07-15",
			"the term ended 2026-07-01T00:00:00+09:00" + data + "2026-07-31T00:00:00+09:00",
		},
		"deleted": {[]builder.ProgramMod{in}, []builder.TeamMod{builder.Deleted()}, "2025-09-01", "the team is being deleted"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := takesPart(programOf(tt.decisions...), "hanbit", tt.mods...).Message(kst(tt.at)); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
	if got := lifecycle.NewTeam(builder.Team("hanbit", term), nil).Message(kst("2025-09-01")); got != "in term until 2026-06-30T15:00:00Z" {
		t.Errorf("without a programme times are in UTC: %s", got)
	}
}
