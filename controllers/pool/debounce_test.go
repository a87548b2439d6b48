package pool

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

// Each event is a demand, the time at which it is seen and the time until which it is debounced, in milliseconds.
func TestDebouncer(t *testing.T) {
	type seen struct {
		requests string
		at, want int
	}
	tests := map[string][]seen{
		"a first demand": {{"a", 0, 1000}},
		"reconciling again does not prolong the debounce": {{"a", 0, 1000}, {"a", 500, 1000}, {"a", 999, 1000}, {"a", 5000, 1000}},
		"a second change within the debounce period":      {{"a", 0, 1000}, {"b", 400, 1400}, {"b", 1400, 1400}},
		"many changes in succession, for five periods at most": {
			{"a", 0, 1000}, {"b", 900, 1900}, {"c", 1800, 2800}, {"d", 2700, 3700}, {"e", 3600, 4600}, {"f", 4500, 5000}, {"g", 5400, 5000}, {"h", 6300, 5000},
		},
		"a change after a quiet period is debounced anew": {
			{"a", 0, 1000}, {"b", 900, 1900}, {"c", 1800, 2800}, {"d", 2700, 3700}, {"e", 3600, 4600}, {"f", 4500, 5000}, {"g", 5500, 6500}, {"h", 6400, 7400},
		},
		"a change that is reverted counts as two changes": {{"a", 0, 1000}, {"b", 300, 1300}, {"a", 600, 1600}},
	}
	for name, events := range tests {
		t.Run(name, func(t *testing.T) {
			var c debouncer
			at := func(ms int) time.Time { return now.Add(time.Duration(ms) * time.Millisecond) }
			for _, event := range events {
				if got := c.until(b200, event.requests, at(event.at), time.Second); !got.Equal(at(event.want)) {
					t.Errorf("%s at %d ms is debounced until %d ms, want %d", event.requests, event.at, got.Sub(now).Milliseconds(), event.want)
				}
			}
		})
	}
}

// Each pool is debounced by itself, a forgotten one starts anew, and a debounce of zero waits for nothing.
func TestDebouncerOfPools(t *testing.T) {
	var c debouncer
	c.forget(b200)
	later := now.Add(time.Minute)
	c.until(b200, "a", now, time.Second)
	if got := c.until("h100", "a", later, time.Second); !got.Equal(later.Add(time.Second)) {
		t.Errorf("another pool's are debounced until %s", got)
	}
	if got := c.until(b200, "a", later, time.Second); !got.Equal(now.Add(time.Second)) {
		t.Errorf("this pool's are debounced until %s", got)
	}
	c.forget(b200)
	if got := c.until(b200, "a", later, time.Second); !got.Equal(later.Add(time.Second)) {
		t.Errorf("after it was forgotten, until %s", got)
	}
	if got := c.until(b200, "b", later, 0); got.After(later) {
		t.Errorf("without a time to collect, until %s", got)
	}
}

// The digest changes with awards and with the order in which teams are served, and not with time.
func TestDemandDigest(t *testing.T) {
	team := func(mods ...builder.TeamMod) *foundationv1alpha1.FoundationTeam {
		return builder.Team("hanbit", mods...)
	}
	base := demandDigest(alone(team(builder.Award(b200, 8)), saebit), b200)
	tests := map[string]struct {
		teams []lifecycle.Team
		same  bool
	}{
		"the same demands in another order": {alone(saebit, team(builder.Award(b200, 8))), true},
		"another pool's award":              {alone(team(builder.Award(b200, 8), builder.Award("h100", 8)), saebit), true},
		"a suspension":                      {alone(team(builder.Award(b200, 8), builder.Suspended()), saebit), true},
		"more GPUs":                         {alone(team(builder.Award(b200, 16)), saebit), false},
		"an award from another time on":     {alone(team(builder.AwardBetween(b200, 8, july, time.Time{})), saebit), false},
		"another priority":                  {alone(team(builder.Award(b200, 8), builder.Priority(1)), saebit), false},
		"another team of the same name":     {alone(team(builder.Award(b200, 8), builder.TeamUID("later")), saebit), false},
		"a team no longer exists":           {alone(saebit), false},
		"a team is being deleted":           {alone(team(builder.Award(b200, 8), builder.Deleted()), saebit), false},
		"a team with another term":          {alone(team(builder.Award(b200, 8), builder.Term(time.Time{}, july)), saebit), false},
		"two awards instead of one":         {alone(team(builder.Award(b200, 4), builder.Award(b200, 4)), saebit), false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := demandDigest(tt.teams, b200); (got == base) != tt.same {
				t.Errorf("%q\nand %q", got, base)
			}
		})
	}
}

// While demands are debounced no grant is raised, and giving back is not delayed.
func TestNothingIsRaisedWhileDebouncing(t *testing.T) {
	in := input(builder.Pool(b200, builder.Granted(hanbit, 16), builder.Granted(saebit, 8)), wants(8), saebit,
		nodes(builder.HeldIn(b200, hanbit), "n1", "n2"), nodes(builder.HeldIn(b200, saebit), "n3"), nodes(builder.FreeIn(b200), "n4"))
	in.DebounceUntil = now.Add(time.Millisecond)
	if diff := cmp.Diff(map[string]int32{"hanbit": 8, "saebit": 8}, grantsOf(in)); diff != "" {
		t.Error(diff)
	}
	grants := Decide(in)
	got := BuildStatus(in, grants).Grants[1]
	if got.Reason != foundationv1alpha1.ReasonProgressing || got.Message != "b200: requests that come together are decided together, in a moment" {
		t.Errorf("%s: %s", got.Reason, got.Message)
	}
	if at := requeueAt(in, grants); !at.Equal(in.DebounceUntil) {
		t.Errorf("requeued at %s, want %s", at, in.DebounceUntil)
	}

	in.Now = in.DebounceUntil
	if diff := cmp.Diff(map[string]int32{"hanbit": 8, "saebit": 16}, grantsOf(in)); diff != "" {
		t.Errorf("and then: %s", diff)
	}
	if at := requeueAt(in, Decide(in)); !at.IsZero() {
		t.Errorf("and then requeued at %s", at)
	}
}

// A pool whose teams have all their GPUs is not requeued for the debounce.
func TestSatisfiedTeamsAreNotRequeuedForDebouncing(t *testing.T) {
	in := input(granted(8), wants(8), nodes(builder.HeldIn(b200, hanbit), "n1"))
	in.DebounceUntil = now.Add(time.Second)
	if at := requeueAt(in, Decide(in)); !at.IsZero() {
		t.Errorf("requeued at %s", at)
	}
}

// Teams that are created within a second are granted what they would have been granted at once, in whatever order they
// arrive.
func TestOrderOfArrivalDoesNotChangeGrants(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var teams []*foundationv1alpha1.FoundationTeam
		for i := range rapid.IntRange(2, 5).Draw(t, "teams") {
			teams = append(teams, builder.Team(fmt.Sprint("team-", i), builder.Award(b200, 8*rapid.Int32Range(0, 4).Draw(t, "nodes")),
				builder.Priority(rapid.Int32Range(0, 1).Draw(t, "priority")), builder.Created(now.Add(-time.Duration(rapid.IntRange(0, 2).Draw(t, "age"))*time.Hour))))
		}
		free := []any{nodes(builder.FreeIn(b200), "n1", "n2", "n3", "n4", "n5")}
		want := arrive(free, teams)
		order := rapid.Permutation(teams).Draw(t, "order")
		if diff := cmp.Diff(want, arrive(free, order)); diff != "" {
			t.Fatalf("arriving as %v: %s", slices.Collect(func(yield func(string) bool) {
				for _, team := range order {
					yield(team.Name)
				}
			}), diff)
		}
	})
}

// arrive returns what teams are granted that are created one after the other, a tenth of a second apart.
func arrive(things []any, teams []*foundationv1alpha1.FoundationTeam) map[string]int32 {
	var c debouncer
	pool, at := builder.Pool(b200), now
	for i := range len(teams) + 1 {
		there := alone(teams[:min(i+1, len(teams))]...)
		in := input(pool, things...)
		in.Teams, in.Now = there, at
		in.DebounceUntil = c.until(b200, demandDigest(there, b200), at, time.Second)
		pool.Status = BuildStatus(in, Decide(in))
		if at = at.Add(100 * time.Millisecond); i == len(teams)-1 {
			at = in.DebounceUntil
		}
	}
	granted := map[string]int32{}
	for _, grant := range pool.Status.Grants {
		granted[grant.TeamName] = grant.Granted
	}
	return granted
}
