package budget_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/budget"
	"foundation.team/operator/test/support/builder"
)

const (
	gpu   = foundationv1alpha1.BudgetGPU
	data  = foundationv1alpha1.BudgetData
	staff = foundationv1alpha1.BudgetStaff
	// million is what money is counted in here.
	million = int64(1_000_000)
)

var (
	now  = builder.Now
	kst  = zone("Asia/Seoul")
	past = now.AddDate(0, -1, 0)
	soon = now.AddDate(0, 1, 0)
)

func zone(name string) *time.Location {
	location, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	return location
}

// has is a programme with totals by line.
func has(totals map[foundationv1alpha1.BudgetLine]int64) *foundationv1alpha1.FoundationProgramSpec {
	spec := &foundationv1alpha1.FoundationProgramSpec{Currency: "KRW"}
	for line, total := range totals {
		spec.Budget = append(spec.Budget, foundationv1alpha1.BudgetTotal{Line: line, Amount: new(total * million)})
	}
	return spec
}

func capped(spec *foundationv1alpha1.FoundationProgramSpec, line foundationv1alpha1.BudgetLine, perYear int64) *foundationv1alpha1.FoundationProgramSpec {
	if spec.Ceilings == nil {
		spec.Ceilings = &foundationv1alpha1.Ceilings{}
	}
	spec.Ceilings.Budget = append(spec.Ceilings.Budget, foundationv1alpha1.BudgetCeiling{Line: line, PerYear: new(perYear * million)})
	return spec
}

func team(name string, awards ...foundationv1alpha1.BudgetAward) budget.Team {
	return budget.Team{Name: name, Awards: awards, SelectionTime: past}
}

// once is an award of millions that is due at once.
func once(name string, line foundationv1alpha1.BudgetLine, millions int64, at time.Time) foundationv1alpha1.BudgetAward {
	return foundationv1alpha1.BudgetAward{Name: name, Line: line, Amount: new(millions * million), DueTime: builder.SpecTime(at)}
}

// split is an award in instalments of the same size.
func split(name string, line foundationv1alpha1.BudgetLine, each int64, at ...time.Time) foundationv1alpha1.BudgetAward {
	award := foundationv1alpha1.BudgetAward{Name: name, Line: line, Amount: new(each * million * int64(len(at)))}
	for _, due := range at {
		award.Instalments = append(award.Instalments, foundationv1alpha1.Instalment{DueTime: builder.SpecTime(due), Amount: new(each * million)})
	}
	return award
}

// line is a line's status in millions.
func line(name foundationv1alpha1.BudgetLine, total, committed, due, heldBack, free int64) foundationv1alpha1.BudgetStatus {
	return foundationv1alpha1.BudgetStatus{
		Line: name, Total: total * million, Committed: committed * million, Due: due * million, HeldBack: heldBack * million, Free: free * million,
	}
}

// own is a team's status on a line in millions; nothing is due next without a time.
func own(name foundationv1alpha1.BudgetLine, granted, due, heldBack int64, next time.Time, amount int64) foundationv1alpha1.TeamBudgetStatus {
	status := foundationv1alpha1.TeamBudgetStatus{
		Line: name, Awarded: granted * million, Due: due * million, HeldBack: heldBack * million, NextAmount: amount * million,
	}
	if !next.IsZero() {
		status.NextDueTime = &metav1.Time{Time: next.UTC()}
	}
	return status
}

func held(team, award string, line foundationv1alpha1.BudgetLine, millions int64, due time.Time, reason, message string) foundationv1alpha1.HeldBackAward {
	return foundationv1alpha1.HeldBackAward{
		TeamName: team, Award: award, Line: line, Amount: millions * million, DueTime: &metav1.Time{Time: due.UTC()}, Reason: reason, Message: message,
	}
}

// Five times 2.8 billion fit into 15 billion, a sixth does not.
func TestSixthDoesNotFit(t *testing.T) {
	var teams []budget.Team
	for i, name := range []string{"saebyeok", "hanbit", "naru", "mirae", "onnuri", "garam"} {
		teams = append(teams, budget.Team{
			Name: name, SelectionTime: past.Add(-time.Duration(i) * time.Hour), Awards: []foundationv1alpha1.BudgetAward{once("data-2026", data, 2800, past)},
		})
	}
	plan := budget.Commit(has(map[foundationv1alpha1.BudgetLine]int64{data: 15000}), kst, now, teams, nil)
	want := budget.Plan{
		Lines: []foundationv1alpha1.BudgetStatus{line(data, 15000, 14000, 14000, 2800, 1000)},
		HeldBack: []foundationv1alpha1.HeldBackAward{held("saebyeok", "data-2026", data, 2800, past, foundationv1alpha1.ReasonBudgetExceeded,
			"saebyeok data-2026: 2,800,000,000 KRW do not fit: 14,000,000,000 of 15,000,000,000 KRW are committed on line Data; raise spec.budget or shrink awards")},
		Teams: map[string][]foundationv1alpha1.TeamBudgetStatus{"saebyeok": {own(data, 2800, 0, 2800, time.Time{}, 0)}},
	}
	for _, name := range []string{"hanbit", "naru", "mirae", "onnuri", "garam"} {
		want.Teams[name] = []foundationv1alpha1.TeamBudgetStatus{own(data, 2800, 2800, 0, time.Time{}, 0)}
	}
	if diff := cmp.Diff(want, plan); diff != "" {
		t.Error(diff)
	}
}

// One award for staff is split over quarters: each quarter more of it is due.
func TestQuarters(t *testing.T) {
	quarters := []time.Time{
		builder.Time("2026-01-01T00:00:00+09:00"), builder.Time("2026-04-01T00:00:00+09:00"),
		builder.Time("2026-07-01T00:00:00+09:00"), builder.Time("2026-10-01T00:00:00+09:00"),
	}
	spec := capped(has(map[foundationv1alpha1.BudgetLine]int64{staff: 10000}), staff, 2000)
	teams := []budget.Team{team("hanbit", split("staff-2026", staff, 500, quarters...))}
	for due := range len(quarters) + 1 {
		at := quarters[0].Add(-time.Second)
		if due > 0 {
			at = quarters[due-1]
		}
		want := own(staff, 2000, int64(due)*500, 0, time.Time{}, 0)
		if due < len(quarters) {
			want = own(staff, 2000, int64(due)*500, 0, quarters[due], 500)
		}
		plan := budget.Commit(spec, kst, at, teams, nil)
		if diff := cmp.Diff([]foundationv1alpha1.TeamBudgetStatus{want}, plan.Teams["hanbit"]); diff != "" {
			t.Errorf("at %s: %s", at, diff)
		}
		if diff := cmp.Diff([]foundationv1alpha1.BudgetStatus{line(staff, 10000, 2000, int64(due)*500, 0, 8000)}, plan.Lines); diff != "" {
			t.Errorf("at %s: %s", at, diff)
		}
		if next := plan.NextDue(); due < len(quarters) && !next.Equal(quarters[due]) || due == len(quarters) && !next.IsZero() {
			t.Errorf("at %s: next due %s", at, next)
		}
	}
}

// A year begins at midnight of the programme's time zone.
func TestYearsAreTheZones(t *testing.T) {
	lastOfYear, firstOfYear := builder.Time("2026-12-31T23:59:59+09:00"), builder.Time("2027-01-01T00:00:00+09:00")
	spec := capped(has(nil), staff, 1500)
	tests := map[string]struct {
		zone *time.Location
		at   []time.Time
		held string
	}{
		"over the turn of the year": {kst, []time.Time{lastOfYear, firstOfYear}, ""},
		"both before it":            {kst, []time.Time{lastOfYear, lastOfYear}, "hanbit staff: 2,000,000,000 KRW in 2026 on line Staff, at most 1,500,000,000 KRW a year; shrink it or raise ceilings.budget"},
		"both after it":             {kst, []time.Time{firstOfYear, firstOfYear}, "hanbit staff: 2,000,000,000 KRW in 2027 on line Staff, at most 1,500,000,000 KRW a year; shrink it or raise ceilings.budget"},
		"the same year elsewhere":   {time.UTC, []time.Time{lastOfYear, firstOfYear}, "hanbit staff: 1,000,000,000 KRW due 2026-12-31 on top of 1,000,000,000 KRW in 2026 on line Staff, at most 1,500,000,000 KRW a year; shrink it or raise ceilings.budget"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			plan := budget.Commit(spec, tt.zone, now, []budget.Team{team("hanbit", split("staff", staff, 1000, tt.at...))}, nil)
			var got string
			for _, award := range plan.HeldBack {
				got += award.Message
			}
			if diff := cmp.Diff(tt.held, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCommit(t *testing.T) {
	totals := map[foundationv1alpha1.BudgetLine]int64{data: 100}
	over, exceeded := foundationv1alpha1.ReasonCeilingExceeded, foundationv1alpha1.ReasonBudgetExceeded
	tests := map[string]struct {
		spec     *foundationv1alpha1.FoundationProgramSpec
		teams    []budget.Team
		lines    []foundationv1alpha1.BudgetStatus
		heldBack []foundationv1alpha1.HeldBackAward
		own      map[string][]foundationv1alpha1.TeamBudgetStatus
		nextDue  time.Time
	}{
		"nobody": {
			spec:  has(map[foundationv1alpha1.BudgetLine]int64{staff: 3, gpu: 1, data: 2}),
			lines: []foundationv1alpha1.BudgetStatus{line(gpu, 1, 0, 0, 0, 1), line(data, 2, 0, 0, 0, 2), line(staff, 3, 0, 0, 0, 3)},
			own:   map[string][]foundationv1alpha1.TeamBudgetStatus{},
		},
		"a line that the programme does not have has nothing": {
			spec:     has(totals),
			teams:    []budget.Team{team("hanbit", once("people", staff, 5, soon))},
			lines:    []foundationv1alpha1.BudgetStatus{line(data, 100, 0, 0, 0, 100), line(staff, 0, 0, 0, 5, 0)},
			heldBack: []foundationv1alpha1.HeldBackAward{held("hanbit", "people", staff, 5, soon, exceeded, "hanbit people: 5,000,000 KRW do not fit: spec.budget has no line Staff; add it there or take the award out")},
			own:      map[string][]foundationv1alpha1.TeamBudgetStatus{"hanbit": {own(staff, 5, 0, 5, time.Time{}, 0)}},
		},
		"a programme without totals has none to exceed": {
			spec:    has(nil),
			teams:   []budget.Team{team("hanbit", once("people", staff, 5, soon))},
			lines:   []foundationv1alpha1.BudgetStatus{line(staff, 0, 5, 0, 0, 0)},
			own:     map[string][]foundationv1alpha1.TeamBudgetStatus{"hanbit": {own(staff, 5, 0, 0, soon, 5)}},
			nextDue: soon,
		},
		"exactly all of it": {
			spec:  has(totals),
			teams: []budget.Team{team("hanbit", once("corpus", data, 100, past))},
			lines: []foundationv1alpha1.BudgetStatus{line(data, 100, 100, 100, 0, 0)},
			own:   map[string][]foundationv1alpha1.TeamBudgetStatus{"hanbit": {own(data, 100, 100, 0, time.Time{}, 0)}},
		},
		"an award that does not fit holds up no smaller one": {
			spec:  has(totals),
			teams: []budget.Team{team("hanbit", once("huge", data, 101, past)), team("naru", once("corpus", data, 40, past), once("more", data, 70, past), once("rest", data, 60, soon))},
			lines: []foundationv1alpha1.BudgetStatus{line(data, 100, 100, 40, 171, 0)},
			heldBack: []foundationv1alpha1.HeldBackAward{
				held("hanbit", "huge", data, 101, past, exceeded, "hanbit huge: 101,000,000 KRW do not fit: 0 of 100,000,000 KRW are committed on line Data; raise spec.budget or shrink awards"),
				held("naru", "more", data, 70, past, exceeded, "naru more: 70,000,000 KRW do not fit: 40,000,000 of 100,000,000 KRW are committed on line Data; raise spec.budget or shrink awards"),
			},
			own: map[string][]foundationv1alpha1.TeamBudgetStatus{
				"hanbit": {own(data, 101, 0, 101, time.Time{}, 0)}, "naru": {own(data, 170, 40, 70, soon, 60)},
			},
			nextDue: soon,
		},
		"who was selected first is served first": {
			spec: has(totals),
			teams: []budget.Team{
				{Name: "a", SelectionTime: now, Awards: []foundationv1alpha1.BudgetAward{once("corpus", data, 60, past)}},
				{Name: "b", SelectionTime: past, Awards: []foundationv1alpha1.BudgetAward{once("corpus", data, 60, past)}},
			},
			lines:    []foundationv1alpha1.BudgetStatus{line(data, 100, 60, 60, 60, 40)},
			heldBack: []foundationv1alpha1.HeldBackAward{held("a", "corpus", data, 60, past, exceeded, "a corpus: 60,000,000 KRW do not fit: 60,000,000 of 100,000,000 KRW are committed on line Data; raise spec.budget or shrink awards")},
			own: map[string][]foundationv1alpha1.TeamBudgetStatus{
				"a": {own(data, 60, 0, 60, time.Time{}, 0)}, "b": {own(data, 60, 60, 0, time.Time{}, 0)},
			},
		},
		"more than a team may have in a year": {
			spec:  capped(has(map[foundationv1alpha1.BudgetLine]int64{data: 20000}), data, 5000),
			teams: []budget.Team{team("hanbit", once("data-2026", data, 5500, past))},
			lines: []foundationv1alpha1.BudgetStatus{line(data, 20000, 0, 0, 5500, 20000)},
			heldBack: []foundationv1alpha1.HeldBackAward{held("hanbit", "data-2026", data, 5500, past, over,
				"hanbit data-2026: 5,500,000,000 KRW in 2026 on line Data, at most 5,000,000,000 KRW a year; shrink it or raise ceilings.budget")},
			own: map[string][]foundationv1alpha1.TeamBudgetStatus{"hanbit": {own(data, 5500, 0, 5500, time.Time{}, 0)}},
		},
		"together they are more": {
			spec:  capped(has(map[foundationv1alpha1.BudgetLine]int64{data: 20000}), data, 5000),
			teams: []budget.Team{team("hanbit", once("first", data, 3000, past), once("second", data, 2500, soon), once("third", data, 2000, soon))},
			lines: []foundationv1alpha1.BudgetStatus{line(data, 20000, 5000, 3000, 2500, 15000)},
			heldBack: []foundationv1alpha1.HeldBackAward{held("hanbit", "second", data, 2500, soon, over,
				"hanbit second: 2,500,000,000 KRW on top of 3,000,000,000 KRW in 2026 on line Data, at most 5,000,000,000 KRW a year; shrink it or raise ceilings.budget")},
			own:     map[string][]foundationv1alpha1.TeamBudgetStatus{"hanbit": {own(data, 7500, 3000, 2500, soon, 2000)}},
			nextDue: soon,
		},
		"a year's ceiling comes before the line's total, and lines have their own": {
			spec:     capped(has(map[foundationv1alpha1.BudgetLine]int64{data: 1, gpu: 9}), data, 2),
			teams:    []budget.Team{team("hanbit", once("corpus", data, 3, past), once("lease", gpu, 9, past))},
			lines:    []foundationv1alpha1.BudgetStatus{line(gpu, 9, 9, 9, 0, 0), line(data, 1, 0, 0, 3, 1)},
			heldBack: []foundationv1alpha1.HeldBackAward{held("hanbit", "corpus", data, 3, past, over, "hanbit corpus: 3,000,000 KRW in 2026 on line Data, at most 2,000,000 KRW a year; shrink it or raise ceilings.budget")},
			own:      map[string][]foundationv1alpha1.TeamBudgetStatus{"hanbit": {own(gpu, 9, 9, 0, time.Time{}, 0), own(data, 3, 0, 3, time.Time{}, 0)}},
		},
		"what is due when the team is out is void": {
			spec: has(totals),
			teams: []budget.Team{
				{Name: "hanbit", SelectionTime: past, EndTime: soon, Awards: []foundationv1alpha1.BudgetAward{
					split("corpus", data, 30, past, soon.Add(-time.Second), soon, soon.Add(time.Hour)), once("late", staff, 10, soon),
				}},
				{Name: "naru", SelectionTime: now, Awards: []foundationv1alpha1.BudgetAward{once("corpus", data, 40, soon)}},
			},
			lines: []foundationv1alpha1.BudgetStatus{line(data, 100, 100, 30, 0, 0)},
			own: map[string][]foundationv1alpha1.TeamBudgetStatus{
				"hanbit": {own(data, 120, 30, 0, soon.Add(-time.Second), 30), own(staff, 10, 0, 0, time.Time{}, 0)}, "naru": {own(data, 40, 0, 0, soon, 40)},
			},
			nextDue: soon.Add(-time.Second),
		},
		"what is due together is one sum": {
			spec:    has(totals),
			teams:   []budget.Team{team("hanbit", split("a", data, 10, soon, soon.Add(time.Hour)), once("b", data, 5, soon), once("nothing", data, 0, now.Add(time.Minute)))},
			lines:   []foundationv1alpha1.BudgetStatus{line(data, 100, 25, 0, 0, 75)},
			own:     map[string][]foundationv1alpha1.TeamBudgetStatus{"hanbit": {own(data, 25, 0, 0, soon, 15)}},
			nextDue: soon,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			plan := budget.Commit(tt.spec, kst, now, tt.teams, nil)
			nextDue := plan.NextDue()
			plan.Due = nil
			if diff := cmp.Diff(budget.Plan{Lines: tt.lines, HeldBack: tt.heldBack, Teams: tt.own}, plan); diff != "" {
				t.Error(diff)
			}
			if !nextDue.Equal(tt.nextDue) {
				t.Errorf("next due %s, want %s", nextDue, tt.nextDue)
			}
		})
	}
}

func TestMoney(t *testing.T) {
	tests := map[string]struct {
		amount   int64
		currency string
	}{
		"0 KRW": {0, "KRW"}, "999 KRW": {999, "KRW"}, "1,000 KRW": {1000, "KRW"}, "15,000,000,000 KRW": {15_000_000_000, "KRW"}, "28,000": {28_000, ""}, "280,000 EUR": {280_000, "EUR"},
	}
	for want, tt := range tests {
		if got := budget.Money(tt.amount, tt.currency); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// More money than a number holds is the most that it holds, not less than nothing.
func TestHugeSums(t *testing.T) {
	var teams []budget.Team
	for i := range 200 {
		var awards []foundationv1alpha1.BudgetAward
		for j := range 64 {
			awards = append(awards, once(fmt.Sprint(j), data, 1_000_000_000, past))
		}
		teams = append(teams, team(fmt.Sprintf("team-%d", i), awards...))
	}
	if got := budget.Commit(has(nil), kst, now, teams, nil).Lines[0]; got.Committed != math.MaxInt64 || got.Due != math.MaxInt64 || got.Free != 0 {
		t.Errorf("%+v", got)
	}
	if got := budget.Commit(has(map[foundationv1alpha1.BudgetLine]int64{data: 1}), kst, now, teams, nil).Lines[0]; got.Committed != 0 || got.HeldBack != math.MaxInt64 {
		t.Errorf("%+v", got)
	}
}
