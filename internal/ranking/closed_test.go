package ranking_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/ranking"
	"foundation.team/operator/test/support/builder"
)

// What was judged when an evaluation was closed stays beside what an edit makes of it.
func TestAnEditOfAClosedEvaluationIsSeen(t *testing.T) {
	score := func(team, points string) foundationv1alpha1.Result {
		return builder.Scored(team, map[string]string{"technology": points})
	}
	program := func(closed time.Time, results ...foundationv1alpha1.Result) *foundationv1alpha1.FoundationProgramSpec {
		return &builder.Program("sovereign", builder.Criteria("technology", 100), builder.Evaluated("written", closed, results...)).Spec
	}
	now, yesterday, tomorrow := builder.Now, builder.Now.AddDate(0, 0, -1), builder.Now.AddDate(0, 0, 1)
	before := program(yesterday, score("hanbit", "90"), score("naru", "80"))
	tests := map[string]struct {
		specs []*foundationv1alpha1.FoundationProgramSpec
		want  []string
	}{
		"nothing is edited":         {[]*foundationv1alpha1.FoundationProgramSpec{before, before}, []string{"1 hanbit 90", "2 naru 80"}},
		"a score":                   {[]*foundationv1alpha1.FoundationProgramSpec{before, program(yesterday, score("hanbit", "90"), score("naru", "95"))}, []string{"1 naru 95, was 2 80", "2 hanbit 90, was 1 90"}},
		"a score, twice":            {[]*foundationv1alpha1.FoundationProgramSpec{before, program(yesterday, score("hanbit", "90"), score("naru", "95")), program(yesterday, score("hanbit", "90"), score("naru", "85"))}, []string{"1 hanbit 90", "2 naru 85, was 2 80"}},
		"and it is taken back":      {[]*foundationv1alpha1.FoundationProgramSpec{before, program(yesterday, score("hanbit", "90"), score("naru", "95")), before}, []string{"1 hanbit 90", "2 naru 80"}},
		"a result is taken out":     {[]*foundationv1alpha1.FoundationProgramSpec{before, program(yesterday, score("naru", "80")), program(yesterday, score("naru", "80"))}, []string{"1 naru 80, was 2 80", "0 hanbit , was 1 90"}},
		"a result is added":         {[]*foundationv1alpha1.FoundationProgramSpec{before, program(yesterday, score("hanbit", "90"), score("naru", "80"), score("mirae", "70"))}, []string{"1 hanbit 90", "2 naru 80", "3 mirae 70, was 0 "}},
		"it was not closed then":    {[]*foundationv1alpha1.FoundationProgramSpec{program(tomorrow, score("hanbit", "90")), program(yesterday, score("hanbit", "70"))}, []string{"1 hanbit 70"}},
		"it is opened again":        {[]*foundationv1alpha1.FoundationProgramSpec{before, program(tomorrow, score("hanbit", "70"))}, []string{"1 hanbit 70"}},
		"there are other seats now": {[]*foundationv1alpha1.FoundationProgramSpec{before, withSeats(*before, 1)}, []string{"1 hanbit 90", "2 naru 80"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var rankings []foundationv1alpha1.Ranking
			for _, spec := range tt.specs {
				rankings = ranking.Rankings(spec, rankings, now)
			}
			var got []string
			for _, entry := range rankings[0].Entries {
				line := fmt.Sprintf("%d %s %s", entry.Rank, entry.TeamName, entry.Total)
				if entry.AsClosed != nil {
					line += fmt.Sprintf(", was %d %s", entry.AsClosed.Rank, entry.AsClosed.Total)
				}
				got = append(got, line)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func withSeats(spec foundationv1alpha1.FoundationProgramSpec, seats int32) *foundationv1alpha1.FoundationProgramSpec {
	spec.Seats = seats
	return &spec
}
