package calendar_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"foundation.team/operator/internal/calendar"
)

var day0 = time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)

func day(n int) time.Time { return day0.AddDate(0, 0, n) }

func TestGrant(t *testing.T) {
	tests := map[string]struct {
		claims         []calendar.Claim
		free, capacity int
		want           map[string]int
	}{
		"nobody":                             {nil, 4, 4, map[string]int{}},
		"what is there":                      {[]calendar.Claim{{Key: "a", Want: 3}}, 4, 4, map[string]int{"a": 3}},
		"no more than is free":               {[]calendar.Claim{{Key: "a", Want: 3}}, 2, 4, map[string]int{"a": 2}},
		"no more than there is":              {[]calendar.Claim{{Key: "a", Want: 3}}, 4, 2, map[string]int{"a": 2}},
		"what it has it keeps":               {[]calendar.Claim{{Key: "a", Have: 4, Want: 4}, {Key: "b", Want: 4, Priority: 9}}, 0, 4, map[string]int{"a": 4, "b": 0}},
		"what it does not want it loses":     {[]calendar.Claim{{Key: "a", Have: 4, Want: 1}}, 0, 4, map[string]int{"a": 1}},
		"what is let go is not free yet":     {[]calendar.Claim{{Key: "a", Have: 4, Want: 0}, {Key: "b", Want: 4}}, 0, 4, map[string]int{"a": 0, "b": 0}},
		"higher priority first":              {[]calendar.Claim{{Key: "a", Name: "a", Want: 2}, {Key: "b", Name: "b", Want: 2, Priority: 1}}, 3, 3, map[string]int{"a": 1, "b": 2}},
		"negative priority last":             {[]calendar.Claim{{Key: "a", Name: "a", Want: 2, Priority: -1}, {Key: "b", Name: "b", Want: 2}}, 3, 3, map[string]int{"a": 1, "b": 2}},
		"then the older":                     {[]calendar.Claim{{Key: "a", Name: "a", Want: 2, Created: day(1)}, {Key: "b", Name: "b", Want: 2, Created: day(0)}}, 3, 3, map[string]int{"a": 1, "b": 2}},
		"priority before age":                {[]calendar.Claim{{Key: "a", Name: "a", Want: 2, Created: day(0)}, {Key: "b", Name: "b", Want: 2, Created: day(1), Priority: 1}}, 3, 3, map[string]int{"a": 1, "b": 2}},
		"then the name":                      {[]calendar.Claim{{Key: "1", Name: "b", Want: 2}, {Key: "2", Name: "a", Want: 2}}, 3, 3, map[string]int{"1": 1, "2": 2}},
		"then the key":                       {[]calendar.Claim{{Key: "a/2", Name: "a", Want: 2}, {Key: "a/1", Name: "a", Want: 2}}, 3, 3, map[string]int{"a/1": 2, "a/2": 1}},
		"its own come back without any free": {[]calendar.Claim{{Key: "a", Have: 1, Want: 3, Own: 2}}, 0, 3, map[string]int{"a": 3}},
		"its own before free ones":           {[]calendar.Claim{{Key: "a", Name: "a", Have: 1, Want: 3, Own: 1}, {Key: "b", Name: "b", Want: 1}}, 2, 4, map[string]int{"a": 3, "b": 1}},
		"its own are nobody else's":          {[]calendar.Claim{{Key: "a", Name: "a", Have: 1, Want: 2, Own: 1, Priority: -5}, {Key: "b", Name: "b", Want: 4}}, 0, 4, map[string]int{"a": 2, "b": 0}},
		"its own within capacity":            {[]calendar.Claim{{Key: "a", Want: 3, Own: 3}, {Key: "b", Have: 2, Want: 2}}, 0, 3, map[string]int{"a": 1, "b": 2}},
		"capacity that broke away":           {[]calendar.Claim{{Key: "a", Have: 4, Want: 4}, {Key: "b", Have: 2, Want: 3, Own: 1}}, 1, 5, map[string]int{"a": 4, "b": 2}},
		"free ones are owed already":         {[]calendar.Claim{{Key: "a", Want: 1}}, -1, 4, map[string]int{"a": 0}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, calendar.Grant(tt.claims, tt.free, tt.capacity)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func claims(t *rapid.T) []calendar.Claim {
	list := make([]calendar.Claim, rapid.IntRange(0, 6).Draw(t, "claims"))
	for i := range list {
		list[i] = calendar.Claim{
			Key:      fmt.Sprint(i),
			Name:     rapid.SampledFrom([]string{"a", "b"}).Draw(t, "name"),
			Priority: rapid.Int32Range(-1, 1).Draw(t, "priority"),
			Created:  day(rapid.IntRange(0, 1).Draw(t, "created")),
			Have:     rapid.IntRange(0, 8).Draw(t, "have"),
			Want:     rapid.IntRange(0, 8).Draw(t, "want"),
			Own:      rapid.IntRange(0, 3).Draw(t, "own"),
		}
	}
	return list
}

func TestGrantKeepsItsPromises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := claims(t)
		free := rapid.IntRange(-3, 12).Draw(t, "free")
		capacity := rapid.IntRange(0, 40).Draw(t, "capacity")
		granted := calendar.Grant(list, free, capacity)
		if len(granted) != len(list) {
			t.Fatalf("%d of %d claims decided", len(granted), len(list))
		}
		sum, fromFree, raised := 0, 0, false
		for _, claim := range list {
			got, kept := granted[claim.Key], min(claim.Have, claim.Want)
			if got < kept || got > claim.Want {
				t.Fatalf("%+v is granted %d", claim, got)
			}
			raised = raised || got > kept
			fromFree += max(got-kept-claim.Own, 0)
			sum += got
		}
		checkOrder(t, list, granted, free-fromFree, capacity-sum)
		if raised && sum > capacity {
			t.Fatalf("raised to %d of %d", sum, capacity)
		}
		if fromFree > max(free, 0) {
			t.Fatalf("%d given out, %d free", fromFree, free)
		}
	})
}

// checkOrder checks that nobody is passed over, with what is left free and up to the capacity.
func checkOrder(t *rapid.T, list []calendar.Claim, granted map[string]int, free, room int) {
	short := false
	for _, claim := range slices.SortedFunc(slices.Values(list), calendar.Compare) {
		raise := granted[claim.Key] - min(claim.Have, claim.Want)
		if short && raise > claim.Own {
			t.Fatalf("%+v is raised by %d from free nodes while one before it is short: %v", claim, raise, granted)
		}
		short = short || granted[claim.Key] < claim.Want
		if granted[claim.Key] < claim.Want && room > 0 && (free > 0 || raise < claim.Own) {
			t.Fatalf("%+v is granted %d although there is more: %v", claim, granted[claim.Key], granted)
		}
	}
}

func TestGrantTakesNoNoticeOfTheOrderOfClaims(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := claims(t)
		free, capacity := rapid.IntRange(0, 12).Draw(t, "free"), rapid.IntRange(0, 40).Draw(t, "capacity")
		want := calendar.Grant(list, free, capacity)
		if diff := cmp.Diff(want, calendar.Grant(rapid.Permutation(list).Draw(t, "shuffled"), free, capacity)); diff != "" {
			t.Fatal(diff)
		}
	})
}
