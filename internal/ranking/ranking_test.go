package ranking_test

import (
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"k8s.io/apimachinery/pkg/api/resource"
	"pgregory.net/rapid"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/ranking"
	"foundation.team/operator/test/support/builder"
)

type (
	scores = map[string]foundationv1alpha1.Score
	gates  = map[string]foundationv1alpha1.GateResult
	entry  = foundationv1alpha1.RankingEntry
)

const (
	passed = foundationv1alpha1.GatePassed
	failed = foundationv1alpha1.GateFailed
)

// judgedBy is a programme with 40/30/30 and one gate that has judged teams once.
func judgedBy(seats int32, results ...foundationv1alpha1.Result) *foundationv1alpha1.FoundationProgramSpec {
	return &foundationv1alpha1.FoundationProgramSpec{
		Seats: seats,
		Criteria: []foundationv1alpha1.Criterion{
			{Name: "technology", Weight: 40}, {Name: "strategy", Weight: 30}, {Name: "impact", Weight: 30},
		},
		Gates:       []foundationv1alpha1.Gate{{Name: "originality"}},
		Evaluations: []foundationv1alpha1.Evaluation{{Name: "written", Results: results}},
	}
}

// result is a team's result; an empty score or gate is missing.
func result(team, technology, strategy, impact string, originality foundationv1alpha1.GateResult) foundationv1alpha1.Result {
	r := foundationv1alpha1.Result{TeamName: team, Scores: scores{}, Gates: gates{}}
	for name, score := range map[string]string{"technology": technology, "strategy": strategy, "impact": impact} {
		if score != "" {
			r.Scores[name] = foundationv1alpha1.Score(score)
		}
	}
	if originality != "" {
		r.Gates["originality"] = originality
	}
	return r
}

func TestRankings(t *testing.T) {
	tests := map[string]struct {
		seats   int32
		results []foundationv1alpha1.Result
		want    []entry
	}{
		"nobody": {seats: 5, want: []entry{}},
		"the best first": {
			seats:   1,
			results: []foundationv1alpha1.Result{result("hanbit", "30", "20", "20", passed), result("naru", "36", "27.5", "24", passed)},
			want:    []entry{{Rank: 1, TeamName: "naru", Total: "87.5", WithinSeats: true}, {Rank: 2, TeamName: "hanbit", Total: "70"}},
		},
		"hundredths count": {
			seats:   1,
			results: []foundationv1alpha1.Result{result("hanbit", "33.33", "20", "20", passed), result("naru", "33.34", "20", "20", passed)},
			want:    []entry{{Rank: 1, TeamName: "naru", Total: "73.34", WithinSeats: true}, {Rank: 2, TeamName: "hanbit", Total: "73.33"}},
		},
		"tenths are no floats": {
			seats:   3,
			results: []foundationv1alpha1.Result{result("hanbit", "0.1", "0.2", "0", passed), result("naru", "0.3", "0", "0", passed), result("mirae", "0.05", "0", "0", passed)},
			want: []entry{
				{Rank: 1, TeamName: "hanbit", Total: "0.3", Tied: true, WithinSeats: true},
				{Rank: 1, TeamName: "naru", Total: "0.3", Tied: true, WithinSeats: true},
				{Rank: 3, TeamName: "mirae", Total: "0.05", WithinSeats: true},
			},
		},
		"a tie within the seats skips a rank": {
			seats: 3,
			results: []foundationv1alpha1.Result{
				result("saebyeok", "10", "10", "10", passed), result("onnuri", "30", "20", "20", passed), result("naru", "20", "30", "20", passed), result("mirae", "40", "30", "30", passed),
			},
			want: []entry{
				{Rank: 1, TeamName: "mirae", Total: "100", WithinSeats: true},
				{Rank: 2, TeamName: "naru", Total: "70", Tied: true, WithinSeats: true},
				{Rank: 2, TeamName: "onnuri", Total: "70", Tied: true, WithinSeats: true},
				{Rank: 4, TeamName: "saebyeok", Total: "30"},
			},
		},
		"a tie across the last seat is for people to decide": {
			seats: 2,
			results: []foundationv1alpha1.Result{
				result("hanbit", "40", "30", "30", passed), result("naru", "30", "20", "20", passed), result("mirae", "20", "30", "20", passed),
			},
			want: []entry{
				{Rank: 1, TeamName: "hanbit", Total: "100", WithinSeats: true},
				{Rank: 2, TeamName: "mirae", Total: "70", Tied: true},
				{Rank: 2, TeamName: "naru", Total: "70", Tied: true},
			},
		},
		"a top score that failed a gate stays on top, without a seat": {
			seats:   1,
			results: []foundationv1alpha1.Result{result("hanbit", "20", "20", "20", passed), result("naru", "40", "30", "30", failed)},
			want: []entry{
				{Rank: 1, TeamName: "naru", Total: "100", FailedGates: []string{"originality"}},
				{Rank: 2, TeamName: "hanbit", Total: "60", WithinSeats: true},
			},
		},
		"who failed a gate ties with nobody for a seat": {
			seats:   1,
			results: []foundationv1alpha1.Result{result("hanbit", "20", "20", "20", passed), result("naru", "20", "20", "20", failed)},
			want: []entry{
				{Rank: 1, TeamName: "hanbit", Total: "60", Tied: true, WithinSeats: true},
				{Rank: 1, TeamName: "naru", Total: "60", Tied: true, FailedGates: []string{"originality"}},
			},
		},
		"a gate that is not judged yet": {
			seats:   1,
			results: []foundationv1alpha1.Result{result("hanbit", "20", "20", "20", "")},
			want:    []entry{{Rank: 1, TeamName: "hanbit", Total: "60", Missing: []string{"originality"}}},
		},
		"incomplete scores come last, by name": {
			seats:   5,
			results: []foundationv1alpha1.Result{result("naru", "40", "", "", passed), result("mirae", "", "", "", ""), result("hanbit", "1", "1", "1", passed)},
			want: []entry{
				{Rank: 1, TeamName: "hanbit", Total: "3", WithinSeats: true},
				{TeamName: "mirae", Missing: []string{"impact", "originality", "strategy", "technology"}},
				{TeamName: "naru", Total: "40", Missing: []string{"impact", "strategy"}},
			},
		},
		"sixth of five seats": {
			seats: 5,
			results: []foundationv1alpha1.Result{
				result("a", "36", "0", "0", passed), result("b", "35", "0", "0", passed), result("c", "34", "0", "0", passed),
				result("d", "33", "0", "0", passed), result("e", "32", "0", "0", passed), result("f", "31", "0", "0", passed),
			},
			want: []entry{
				{Rank: 1, TeamName: "a", Total: "36", WithinSeats: true},
				{Rank: 2, TeamName: "b", Total: "35", WithinSeats: true},
				{Rank: 3, TeamName: "c", Total: "34", WithinSeats: true},
				{Rank: 4, TeamName: "d", Total: "33", WithinSeats: true},
				{Rank: 5, TeamName: "e", Total: "32", WithinSeats: true},
				{Rank: 6, TeamName: "f", Total: "31"},
			},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			want := []foundationv1alpha1.Ranking{{Evaluation: "written", Entries: tt.want}}
			if diff := cmp.Diff(want, ranking.Rankings(judgedBy(tt.seats, tt.results...), nil, builder.Now)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Missing is a set: the API server would refuse the whole status for a duplicate.
func TestMissingIsASet(t *testing.T) {
	spec := judgedBy(1, result("hanbit", "1", "1", "", ""))
	spec.Gates = append(spec.Gates, foundationv1alpha1.Gate{Name: "impact"})
	got := ranking.Rankings(spec, nil, builder.Now)[0].Entries[0].Missing
	if diff := cmp.Diff([]string{"impact", "originality"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestClosed(t *testing.T) {
	spec := &foundationv1alpha1.FoundationProgramSpec{}
	for i, at := range []*foundationv1alpha1.Timestamp{nil, builder.SpecTime(builder.Now.Add(-time.Second)), builder.SpecTime(builder.Now), builder.SpecTime(builder.Now.Add(time.Second))} {
		spec.Evaluations = append(spec.Evaluations, foundationv1alpha1.Evaluation{Name: strconv.Itoa(i), CloseTime: at})
	}
	want := []foundationv1alpha1.Ranking{{Evaluation: "0"}, {Evaluation: "1", Closed: true}, {Evaluation: "2", Closed: true}, {Evaluation: "3"}}
	if diff := cmp.Diff(want, ranking.Rankings(spec, nil, builder.Now), cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
}

func TestScore(t *testing.T) {
	spec := judgedBy(5, result("hanbit", "36", "27.25", "", failed), result("naru", "", "", "", ""))
	spec.Evaluations = append(spec.Evaluations, foundationv1alpha1.Evaluation{
		Name: "presentation", Results: []foundationv1alpha1.Result{result("hanbit", "1", "2", "3", passed)},
	})
	tests := map[string]struct {
		evaluation, team string
		total            string
		failedGates      []string
		ok               bool
	}{
		"what there is":      {"written", "hanbit", "63.25", []string{"originality"}, true},
		"another evaluation": {"presentation", "hanbit", "6", nil, true},
		"no score at all":    {"written", "naru", "", nil, true},
		"another team":       {"presentation", "naru", "", nil, false},
		"no such evaluation": {"stage-1", "hanbit", "", nil, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			total, failedGates, ok := ranking.Score(spec, tt.evaluation, tt.team)
			if total != tt.total || ok != tt.ok || !slices.Equal(failedGates, tt.failedGates) {
				t.Errorf("got %q, %v, %t", total, failedGates, ok)
			}
		})
	}
}

// drawn is a programme that has judged some teams, who often tie, fail or are not judged yet.
func drawn(t *rapid.T) *foundationv1alpha1.FoundationProgramSpec {
	score := rapid.SampledFrom([]string{"", "0", "0.5", "10", "10.25", "30"})
	gate := rapid.SampledFrom([]foundationv1alpha1.GateResult{"", passed, passed, failed})
	results := make([]foundationv1alpha1.Result, rapid.IntRange(0, 8).Draw(t, "teams"))
	for i := range results {
		results[i] = result(fmt.Sprintf("team-%d", i), score.Draw(t, "technology"), score.Draw(t, "strategy"), score.Draw(t, "impact"), gate.Draw(t, "originality"))
	}
	return judgedBy(rapid.Int32Range(1, 5).Draw(t, "seats"), results...)
}

func ranked(spec *foundationv1alpha1.FoundationProgramSpec) []entry {
	return ranking.Rankings(spec, nil, builder.Now)[0].Entries
}

func TestRankingsTakeNoNoticeOfTheOrderOfResults(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spec := drawn(t)
		want := ranked(spec)
		spec.Evaluations[0].Results = rapid.Permutation(spec.Evaluations[0].Results).Draw(t, "shuffled")
		if diff := cmp.Diff(want, ranked(spec)); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestRankingsKeepTheirPromises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spec := drawn(t)
		list := ranked(spec)
		if len(list) != len(spec.Evaluations[0].Results) {
			t.Fatalf("%d of %d teams", len(list), len(spec.Evaluations[0].Results))
		}
		within := 0
		for i, e := range list {
			better, same := 0, 0
			for _, other := range list {
				if other.Rank > 0 && e.Rank > 0 && total(t, other) > total(t, e) {
					better++
				}
				if other.Rank > 0 && other.Rank == e.Rank {
					same++
				}
			}
			if e.Rank > 0 && int(e.Rank) != better+1 {
				t.Fatalf("%+v, and %d are better", e, better)
			}
			if e.Tied != (same > 1) {
				t.Fatalf("%+v, and %d have this rank", e, same)
			}
			if i > 0 && e.Rank > 0 && list[i-1].Rank == 0 {
				t.Fatalf("%+v after one that is not complete", e)
			}
			if e.WithinSeats {
				within++
				if e.Rank == 0 || len(e.FailedGates)+len(e.Missing) > 0 {
					t.Fatalf("%+v", e)
				}
			}
		}
		if within > int(spec.Seats) {
			t.Fatalf("%d teams within %d seats", within, spec.Seats)
		}
		checkNobodyIsPassedOver(t, list, int(spec.Seats))
	})
}

// checkNobodyIsPassedOver checks that an eligible team is not within the seats only if enough others rank at least as
// high.
func checkNobodyIsPassedOver(t *rapid.T, list []entry, seats int) {
	for _, e := range list {
		if e.WithinSeats || e.Rank == 0 || len(e.FailedGates)+len(e.Missing) > 0 {
			continue
		}
		asGood := 0
		for _, other := range list {
			if other.Rank > 0 && other.Rank <= e.Rank && len(other.FailedGates)+len(other.Missing) == 0 {
				asGood++
			}
		}
		if asGood <= seats {
			t.Fatalf("%+v is passed over", e)
		}
	}
}

func total(t *rapid.T, e entry) float64 {
	value, err := strconv.ParseFloat(e.Total, 64)
	if err != nil {
		t.Fatalf("%+v: %v", e, err)
	}
	return value
}

func TestAHigherScoreIsNeverWorse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spec := drawn(t)
		if len(spec.Evaluations[0].Results) == 0 {
			return
		}
		raised := &spec.Evaluations[0].Results[rapid.IntRange(0, len(spec.Evaluations[0].Results)-1).Draw(t, "raised")]
		of := func(list []entry) entry {
			return list[slices.IndexFunc(list, func(e entry) bool { return e.TeamName == raised.TeamName })]
		}
		before := of(ranked(spec))
		score, ok := raised.Scores["impact"]
		if !ok {
			return
		}
		higher := resource.MustParse(string(score))
		higher.Add(resource.MustParse(rapid.SampledFrom([]string{"0.01", "0.25", "20"}).Draw(t, "by")))
		raised.Scores["impact"] = foundationv1alpha1.Score(strconv.FormatFloat(higher.AsApproximateFloat64(), 'f', 2, 64))
		after := of(ranked(spec))
		if after.Rank > before.Rank || before.WithinSeats && !after.WithinSeats {
			t.Fatalf("%+v became %+v", before, after)
		}
	})
}
