// Package ranking orders the teams of an evaluation by their weighted scores. It is arithmetic for people who decide:
// nobody is in or out by it.
package ranking

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// Rankings are the rankings of a programme's evaluations at now, in the order of the spec.
func Rankings(spec *foundationv1alpha1.FoundationProgramSpec, now time.Time) []foundationv1alpha1.Ranking {
	rankings := make([]foundationv1alpha1.Ranking, 0, len(spec.Evaluations))
	for _, evaluation := range spec.Evaluations {
		rankings = append(rankings, foundationv1alpha1.Ranking{
			Evaluation: evaluation.Name,
			Closed:     evaluation.CloseTime != nil && !evaluation.CloseTime.After(now),
			Entries:    entries(spec, evaluation.Results),
		})
	}
	return rankings
}

// Score is a team's own total in an evaluation, of 100 and empty without any score, and the gates that it failed there,
// sorted. It is false if the evaluation has no result of the team.
func Score(spec *foundationv1alpha1.FoundationProgramSpec, evaluation, team string) (total string, failedGates []string, ok bool) {
	for _, e := range spec.Evaluations {
		for _, result := range e.Results {
			if e.Name == evaluation && result.TeamName == team {
				j := judge(spec, result)
				return j.Total, j.FailedGates, true
			}
		}
	}
	return "", nil, false
}

// hundredths is a score in the unit that scores are added up in, so that nothing is rounded. The API server lets in only
// what can be read.
func hundredths(score foundationv1alpha1.Score) int64 {
	quantity, err := resource.ParseQuantity(string(score))
	if err != nil {
		return 0
	}
	return quantity.ScaledValue(resource.Scale(-2))
}

// judged is an entry with what it is ordered by.
type judged struct {
	foundationv1alpha1.RankingEntry
	// sum is the total in hundredths.
	sum int64
	// scored is true if no criterion is missing, gated if no gate is.
	scored, gated bool
	// vetoed is true if it failed a gate that nobody waived.
	vetoed bool
}

// eligible reports whether the team can be within the seats.
func (j judged) eligible() bool { return j.scored && j.gated && !j.vetoed }

// judge adds up one result. Its rank follows from those of the others.
func judge(spec *foundationv1alpha1.FoundationProgramSpec, result foundationv1alpha1.Result) judged {
	j := judged{RankingEntry: foundationv1alpha1.RankingEntry{TeamName: result.TeamName}, scored: true, gated: true}
	for _, criterion := range spec.Criteria {
		score, ok := result.Scores[criterion.Name]
		if !ok {
			j.scored = false
			j.Missing = append(j.Missing, criterion.Name)
			continue
		}
		j.sum += hundredths(score)
		j.Total = format(j.sum)
	}
	for _, gate := range spec.Gates {
		switch result.Gates[gate.Name] {
		case foundationv1alpha1.GatePassed:
		case foundationv1alpha1.GateFailed:
			j.FailedGates = append(j.FailedGates, gate.Name)
			j.vetoed = j.vetoed || result.Waivers[gate.Name] == ""
		default:
			j.gated = false
			j.Missing = append(j.Missing, gate.Name)
		}
	}
	slices.Sort(j.FailedGates)
	// A gate may have the name of a criterion, and the list is a set.
	slices.Sort(j.Missing)
	j.Missing = slices.Compact(j.Missing)
	return j
}

// entries are the teams, the best first, those whose scores are not complete last, else by name.
func entries(spec *foundationv1alpha1.FoundationProgramSpec, results []foundationv1alpha1.Result) []foundationv1alpha1.RankingEntry {
	all := make([]judged, 0, len(results))
	for _, result := range results {
		all = append(all, judge(spec, result))
	}
	slices.SortFunc(all, func(a, b judged) int {
		switch {
		case a.scored != b.scored && a.scored:
			return -1
		case a.scored != b.scored:
			return 1
		case a.scored:
			return cmp.Or(cmp.Compare(b.sum, a.sum), cmp.Compare(a.TeamName, b.TeamName))
		default:
			return cmp.Compare(a.TeamName, b.TeamName)
		}
	})
	rank(all)
	seat(all, int(spec.Seats))
	list := make([]foundationv1alpha1.RankingEntry, 0, len(all))
	for _, j := range all {
		list = append(list, j.RankingEntry)
	}
	return list
}

// rank numbers the sorted teams: 1, 2, 2, 4. A failed gate changes nothing about it: a top score stays visible as one.
func rank(sorted []judged) {
	for i := range sorted {
		if !sorted[i].scored {
			return
		}
		sorted[i].Rank = int32(i + 1)
		if i > 0 && sorted[i-1].sum == sorted[i].sum {
			sorted[i].Rank = sorted[i-1].Rank
			sorted[i-1].Tied, sorted[i].Tied = true, true
		}
	}
}

// seat marks the best of the sorted teams that can have a seat. Those that tie for the last seat are not among them.
func seat(sorted []judged, seats int) {
	var eligible []*judged
	for i := range sorted {
		if sorted[i].eligible() {
			eligible = append(eligible, &sorted[i])
		}
	}
	for _, j := range eligible[:min(seats, len(eligible))] {
		j.WithinSeats = len(eligible) <= seats || j.sum > eligible[seats].sum
	}
}

// format writes hundredths as one would: 87.5, without trailing zeros.
func format(sum int64) string {
	text := strconv.FormatInt(sum/100, 10)
	switch rest := sum % 100; {
	case rest == 0:
		return text
	case rest%10 == 0:
		return text + "." + strconv.FormatInt(rest/10, 10)
	default:
		return text + "." + strconv.FormatInt(rest/10, 10) + strconv.FormatInt(rest%10, 10)
	}
}
