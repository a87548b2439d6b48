package lifecycle_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/lifecycle"
	"foundation.team/operator/test/support/builder"
)

// The term in the tables begins and ends at midnight in Seoul.
var (
	begin  = builder.Time("2026-01-01T00:00:00+09:00")
	end    = builder.Time("2026-07-01T00:00:00+09:00")
	middle = builder.Time("2026-04-01T00:00:00+09:00")
	never  = time.Time{}
)

func TestState(t *testing.T) {
	term := builder.Term(begin, end)
	tests := map[string]struct {
		mods []builder.TeamMod
		now  time.Time
		want foundationv1alpha1.TeamState
	}{
		"without a term":                  {nil, middle, foundationv1alpha1.StateInTerm},
		"just before the term":            {[]builder.TeamMod{term}, begin.Add(-time.Nanosecond), foundationv1alpha1.StateNotStarted},
		"the start is in the term":        {[]builder.TeamMod{term}, begin, foundationv1alpha1.StateInTerm},
		"the start in another time zone":  {[]builder.TeamMod{term}, builder.Time("2025-12-31T15:00:00Z"), foundationv1alpha1.StateInTerm},
		"UTC midnight is nine hours late": {[]builder.TeamMod{term}, builder.Time("2026-07-01T00:00:00Z"), foundationv1alpha1.StateEnded},
		"just before the end":             {[]builder.TeamMod{term}, end.Add(-time.Nanosecond), foundationv1alpha1.StateInTerm},
		"the end is not in the term":      {[]builder.TeamMod{term}, end, foundationv1alpha1.StateEnded},
		"open start":                      {[]builder.TeamMod{builder.Term(never, end)}, begin.AddDate(-10, 0, 0), foundationv1alpha1.StateInTerm},
		"open end":                        {[]builder.TeamMod{builder.Term(begin, never)}, end.AddDate(10, 0, 0), foundationv1alpha1.StateInTerm},
		"suspended in term":               {[]builder.TeamMod{term, builder.Suspended()}, middle, foundationv1alpha1.StateSuspended},
		"suspended before the term":       {[]builder.TeamMod{term, builder.Suspended()}, begin.Add(-time.Second), foundationv1alpha1.StateNotStarted},
		"suspended after the term":        {[]builder.TeamMod{term, builder.Suspended()}, end, foundationv1alpha1.StateEnded},
		"deleted in term":                 {[]builder.TeamMod{term, builder.Deleted()}, middle, foundationv1alpha1.StateDeleting},
		"deleted before the term":         {[]builder.TeamMod{term, builder.Deleted()}, begin.Add(-time.Hour), foundationv1alpha1.StateDeleting},
		"deleted while suspended":         {[]builder.TeamMod{builder.Suspended(), builder.Deleted()}, middle, foundationv1alpha1.StateDeleting},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := lifecycle.NewTeam(builder.Team("hanbit", tt.mods...), nil).State(tt.now); got != tt.want {
				t.Errorf("State = %s, want %s", got, tt.want)
			}
		})
	}
}

func TestHoldsAwards(t *testing.T) {
	for state, want := range map[foundationv1alpha1.TeamState]bool{
		foundationv1alpha1.StateNotStarted: false,
		foundationv1alpha1.StateInTerm:     true,
		foundationv1alpha1.StateSuspended:  true,
		foundationv1alpha1.StateEnded:      false,
		foundationv1alpha1.StateDeleting:   false,
	} {
		if got := state.HoldsAwards(); got != want {
			t.Errorf("HoldsAwards(%s) = %t", state, got)
		}
	}
}

func TestAwards(t *testing.T) {
	early, late := begin.AddDate(0, -1, 0), end.AddDate(0, 1, 0)
	tests := map[string]struct {
		mods []builder.TeamMod
		want []lifecycle.Span
	}{
		"none":                             {nil, nil},
		"of another pool":                  {[]builder.TeamMod{builder.Award("h100", 8)}, nil},
		"without windows":                  {[]builder.TeamMod{builder.Award("b200", 8)}, []lifecycle.Span{{GPUs: 8}}},
		"for the term":                     {[]builder.TeamMod{builder.Term(begin, end), builder.Award("b200", 8)}, []lifecycle.Span{{begin, end, 8}}},
		"the award's window in the term":   {[]builder.TeamMod{builder.Term(begin, end), builder.AwardBetween("b200", 8, middle, middle.AddDate(0, 1, 0))}, []lifecycle.Span{{middle, middle.AddDate(0, 1, 0), 8}}},
		"clipped on both sides":            {[]builder.TeamMod{builder.Term(begin, end), builder.AwardBetween("b200", 8, early, late)}, []lifecycle.Span{{begin, end, 8}}},
		"clipped by a term with one bound": {[]builder.TeamMod{builder.Term(never, end), builder.AwardBetween("b200", 8, early, never)}, []lifecycle.Span{{early, end, 8}}},
		"over before the term":             {[]builder.TeamMod{builder.Term(begin, end), builder.AwardBetween("b200", 8, early, begin)}, nil},
		"begins when the term ends":        {[]builder.TeamMod{builder.Term(begin, end), builder.AwardBetween("b200", 8, end, late)}, nil},
		"several, in order":                {[]builder.TeamMod{builder.Award("b200", 8), builder.Award("h100", 3), builder.AwardBetween("b200", 16, middle, never)}, []lifecycle.Span{{GPUs: 8}, {Start: middle, GPUs: 16}}},
		"suspended keeps them":             {[]builder.TeamMod{builder.Award("b200", 8), builder.Suspended()}, []lifecycle.Span{{GPUs: 8}}},
		"deleted has none":                 {[]builder.TeamMod{builder.Award("b200", 8), builder.Deleted()}, nil},
		"an award that has no count yet":   {[]builder.TeamMod{builder.Award("b200", 8), func(team *foundationv1alpha1.FoundationTeam) { team.Spec.GPUs[0].Count = nil }}, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, lifecycle.NewTeam(builder.Team("hanbit", tt.mods...), nil).Awards("b200")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDemand(t *testing.T) {
	spans := []lifecycle.Span{{Start: begin, End: middle, GPUs: 8}, {Start: middle, End: end, GPUs: 16}, {Start: middle.Add(time.Hour), GPUs: 1}}
	tests := map[string]struct {
		at   time.Time
		want int32
	}{
		"before all":                   {begin.Add(-1), 0},
		"at a start":                   {begin, 8},
		"an end that is a start":       {middle, 16},
		"overlapping ones add up":      {middle.Add(time.Hour), 17},
		"at an end":                    {end, 1},
		"the same moment, seen in UTC": {end.UTC(), 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := lifecycle.Demand(spans, tt.at); got != tt.want {
				t.Errorf("Demand = %d, want %d", got, tt.want)
			}
		})
	}
}

func TestStaff(t *testing.T) {
	mods := []builder.TeamMod{
		builder.Term(begin, end),
		builder.Staff("lee", foundationv1alpha1.RoleEngineer),
		builder.StaffBetween("kim", foundationv1alpha1.RoleLead, middle, never),
		builder.StaffBetween("guest", foundationv1alpha1.RoleViewer, never, middle),
	}
	tests := map[string]struct {
		mods []builder.TeamMod
		now  time.Time
		want []string
	}{
		"before the term":          {nil, begin.Add(-1), nil},
		"at the start":             {nil, begin, []string{"lee", "guest"}},
		"just before a handover":   {nil, middle.Add(-1), []string{"lee", "guest"}},
		"at the handover":          {nil, middle, []string{"lee", "kim"}},
		"just before the end":      {nil, end.Add(-1), []string{"lee", "kim"}},
		"at the end, for data":     {nil, end, []string{"lee", "kim"}},
		"data access ends":         {nil, end.Add(lifecycle.DefaultDataAccess), nil},
		"suspended, they may read": {[]builder.TeamMod{builder.Suspended()}, middle, []string{"lee", "kim"}},
		"deleted":                  {[]builder.TeamMod{builder.Deleted()}, middle, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, staffAt(builder.Team("hanbit", slices.Concat(mods, tt.mods)...), tt.now)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestNextStaffExpiry(t *testing.T) {
	tests := map[string]struct {
		mods []builder.TeamMod
		want time.Time
	}{
		"nobody":       {nil, never},
		"without ends": {[]builder.TeamMod{builder.Staff("kim", foundationv1alpha1.RoleLead)}, never},
		"the earliest": {[]builder.TeamMod{
			builder.Staff("kim", foundationv1alpha1.RoleLead),
			builder.StaffBetween("late", foundationv1alpha1.RoleViewer, never, end),
			builder.StaffBetween("early", foundationv1alpha1.RoleViewer, never, middle),
		}, middle},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := lifecycle.NextStaffExpiry(builder.Team("hanbit", tt.mods...).Spec.Staff); !got.Equal(tt.want) {
				t.Errorf("NextStaffExpiry = %s, want %s", got, tt.want)
			}
		})
	}
}

func TestNextTransition(t *testing.T) {
	tests := map[string]struct {
		mods []builder.TeamMod
		now  time.Time
		want time.Time
	}{
		"nothing ever changes":    {[]builder.TeamMod{builder.Award("b200", 8)}, middle, never},
		"the term begins":         {[]builder.TeamMod{builder.Term(begin, end)}, begin.Add(-1), begin},
		"the term ends":           {[]builder.TeamMod{builder.Term(begin, end)}, begin, end},
		"data access ends":        {[]builder.TeamMod{builder.Term(begin, end)}, end, end.Add(lifecycle.DefaultDataAccess)},
		"data need not be kept":   {[]builder.TeamMod{builder.Term(begin, end)}, end.Add(lifecycle.DefaultDataAccess), end.Add(lifecycle.DefaultKeep)},
		"after all that":          {[]builder.TeamMod{builder.Term(begin, end)}, end.Add(lifecycle.DefaultKeep), never},
		"an award begins":         {[]builder.TeamMod{builder.Term(begin, end), builder.AwardBetween("b200", 8, middle, never)}, begin, middle},
		"an award ends":           {[]builder.TeamMod{builder.Term(begin, end), builder.AwardBetween("b200", 8, never, middle)}, begin, middle},
		"somebody begins":         {[]builder.TeamMod{builder.Term(begin, end), builder.StaffBetween("kim", foundationv1alpha1.RoleLead, middle, never)}, begin, middle},
		"somebody leaves soon":    {[]builder.TeamMod{builder.Term(begin, end), builder.StaffBetween("kim", foundationv1alpha1.RoleLead, never, middle)}, begin, middle.AddDate(0, 0, -30)},
		"somebody leaves":         {[]builder.TeamMod{builder.Term(begin, end), builder.StaffBetween("kim", foundationv1alpha1.RoleLead, never, middle)}, middle.Add(-1), middle},
		"what is now is not next": {[]builder.TeamMod{builder.Term(begin, end), builder.AwardBetween("b200", 8, middle, never)}, middle, end},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := lifecycle.NewTeam(builder.Team("hanbit", tt.mods...), nil).NextTransition(tt.now); !got.Equal(tt.want) {
				t.Errorf("NextTransition = %s, want %s", got, tt.want)
			}
		})
	}
}

// hours are moments of the properties: boundaries are on the full hour, and half hours are checked too.
const hours = 24

func halfHour(n int) time.Time { return begin.Add(time.Duration(n) * 30 * time.Minute) }

func windows(t *rapid.T, label string) (from, to time.Time) {
	if start := rapid.IntRange(-1, hours-2).Draw(t, label+" start"); start >= 0 {
		from = halfHour(2 * start)
		if length := rapid.IntRange(0, hours-start).Draw(t, label+" length"); length > 0 {
			to = halfHour(2 * (start + length))
		}
	} else if length := rapid.IntRange(0, hours).Draw(t, label+" end"); length > 0 {
		to = halfHour(2 * length)
	}
	return from, to
}

func teams(t *rapid.T) *foundationv1alpha1.FoundationTeam {
	var mods []builder.TeamMod
	if rapid.Bool().Draw(t, "term") {
		mods = append(mods, builder.Term(windows(t, "term")))
	}
	for i := range rapid.IntRange(0, 4).Draw(t, "awards") {
		from, to := windows(t, fmt.Sprint("award ", i))
		pool := rapid.SampledFrom([]string{"b200", "h100"}).Draw(t, "pool")
		mods = append(mods, builder.AwardBetween(pool, rapid.Int32Range(0, 64).Draw(t, "count"), from, to))
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "staff") {
		from, to := windows(t, fmt.Sprint("staff ", i))
		mods = append(mods, builder.StaffBetween(fmt.Sprint("kim-", i), foundationv1alpha1.RoleLead, from, to))
	}
	if rapid.Bool().Draw(t, "suspended") {
		mods = append(mods, builder.Suspended())
	}
	return builder.Team("hanbit", mods...)
}

func TestDemandChangesOnlyAtBoundaries(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		team := teams(t)
		spans := lifecycle.NewTeam(team, nil).Awards("b200")
		boundaries := lifecycle.Boundaries(spans)
		for n := -1; n <= 2*hours; n++ {
			before, at := lifecycle.Demand(spans, halfHour(n-1)), lifecycle.Demand(spans, halfHour(n))
			if before != at && !slices.ContainsFunc(boundaries, halfHour(n).Equal) {
				t.Fatalf("demand goes from %d to %d at %s, which is no boundary", before, at, halfHour(n))
			}
			if at > 0 && !lifecycle.NewTeam(team, nil).State(halfHour(n)).HoldsAwards() {
				t.Fatalf("demand %d at %s, when the team is %s", at, halfHour(n), lifecycle.NewTeam(team, nil).State(halfHour(n)))
			}
		}
	})
}

func TestAwardsCountWhatIsInForce(t *testing.T) {
	inside := func(start, end, at time.Time) bool { return !at.Before(start) && (end.IsZero() || at.Before(end)) }
	rapid.Check(t, func(t *rapid.T) {
		team := teams(t)
		for n := -1; n <= 2*hours; n++ {
			var want int32
			for _, award := range team.Spec.GPUs {
				inTerm := team.Spec.Term == nil || inside(orZero(team.Spec.Term.StartTime), orZero(team.Spec.Term.EndTime), halfHour(n))
				if award.PoolName == "b200" && inTerm && inside(orZero(award.StartTime), orZero(award.EndTime), halfHour(n)) {
					want += *award.Count
				}
			}
			if got := lifecycle.Demand(lifecycle.NewTeam(team, nil).Awards("b200"), halfHour(n)); got != want {
				t.Fatalf("demand at %s is %d, want %d", halfHour(n), got, want)
			}
		}
	})
}

func TestNextTransitionIsTheEarliestChange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		team := teams(t)
		start := rapid.IntRange(-1, 2*hours).Draw(t, "now")
		next := lifecycle.NewTeam(team, nil).NextTransition(halfHour(start))
		if !next.IsZero() && !next.After(halfHour(start)) {
			t.Fatalf("next transition %s is not after now, %s", next, halfHour(start))
		}
		was := snapshot(team, halfHour(start))
		for n := start + 1; n <= 2*hours+1; n++ {
			if is := snapshot(team, halfHour(n)); is != was && (next.IsZero() || halfHour(n).Before(next)) {
				t.Fatalf("at %s, before the next transition at %s, it goes from\n%s to\n%s", halfHour(n), next, was, is)
			}
		}
		if !next.IsZero() && !slices.ContainsFunc(declared(team), next.Equal) {
			t.Fatalf("nothing is declared for the next transition at %s", next)
		}
	})
}

func snapshot(team *foundationv1alpha1.FoundationTeam, at time.Time) string {
	return fmt.Sprint(lifecycle.NewTeam(team, nil).State(at), lifecycle.Demand(lifecycle.NewTeam(team, nil).Awards("b200"), at),
		lifecycle.Demand(lifecycle.NewTeam(team, nil).Awards("h100"), at), staffAt(team, at))
}

func declared(team *foundationv1alpha1.FoundationTeam) []time.Time {
	var times []time.Time
	if term := team.Spec.Term; term != nil {
		times = append(times, orZero(term.StartTime), orZero(term.EndTime))
		if term.EndTime != nil {
			times = append(times, term.EndTime.Add(lifecycle.DefaultDataAccess), term.EndTime.Add(lifecycle.DefaultKeep))
		}
	}
	for _, award := range team.Spec.GPUs {
		times = append(times, orZero(award.StartTime), orZero(award.EndTime))
	}
	for _, member := range team.Spec.Staff {
		times = append(times, orZero(member.StartTime), orZero(member.EndTime))
		if member.EndTime != nil {
			times = append(times, member.EndTime.AddDate(0, 0, -30), member.EndTime.AddDate(0, 0, -7))
		}
	}
	return times
}

func staffAt(team *foundationv1alpha1.FoundationTeam, at time.Time) []string {
	var names []string
	for _, member := range lifecycle.NewTeam(team, nil).Staff(at) {
		names = append(names, member.Name)
	}
	return names
}

func orZero(t *foundationv1alpha1.Timestamp) time.Time {
	if t == nil {
		return never
	}
	return t.Time
}
