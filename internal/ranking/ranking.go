// Package ranking orders the teams of an evaluation by their weighted scores. It informs the people who decide: no
// team gets or loses a seat by it.
package ranking

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// Rankings returns the rankings of a programme's evaluations at now, in the order of the spec. before are those of its last
// status: of an evaluation that was closed there they say what it was then.
func Rankings(spec *foundationv1alpha1.FoundationProgramSpec, before []foundationv1alpha1.Ranking, now time.Time) []foundationv1alpha1.Ranking {
	rankings := make([]foundationv1alpha1.Ranking, 0, len(spec.Evaluations))
	for _, evaluation := range spec.Evaluations {
		rankings = append(rankings, foundationv1alpha1.Ranking{
			Evaluation: evaluation.Name,
			Closed:     evaluation.CloseTime != nil && !evaluation.CloseTime.After(now),
			Entries:    rankingEntries(spec, evaluation.Results),
		})
		keepAsClosed(&rankings[len(rankings)-1], before)
	}
	return rankings
}

// Score returns a team's total in an evaluation, of 100 points and empty without any score, and the gates that it
// failed there, sorted. ok is false if the evaluation has no result of the team.
func Score(spec *foundationv1alpha1.FoundationProgramSpec, evaluation, team string) (total string, failedGates []string, ok bool) {
	for _, e := range spec.Evaluations {
		for _, result := range e.Results {
			if e.Name == evaluation && result.TeamName == team {
				j := scoreResult(spec, result)
				return j.Total, j.FailedGates, true
			}
		}
	}
	return "", nil, false
}

// hundredths returns a score in hundredths of a point: scores have at most two decimals, so sums of integers are
// exact. An unparsable score counts as 0; the API's validation does not let one in.
func hundredths(score foundationv1alpha1.Score) int64 {
	quantity, err := resource.ParseQuantity(string(score))
	if err != nil {
		return 0
	}
	return quantity.ScaledValue(resource.Scale(-2))
}

// scoredTeam is a ranking entry with the values that it is ordered by.
type scoredTeam struct {
	foundationv1alpha1.RankingEntry
	// sum is the total in hundredths of a point.
	sum int64
	// scoresComplete is true if no criterion is missing, gatesComplete if no gate is.
	scoresComplete, gatesComplete bool
	// vetoed is true if the team failed a gate that nobody waived.
	vetoed bool
}

// eligible reports whether the team can be among those within the programme's seats.
func (j scoredTeam) eligible() bool { return j.scoresComplete && j.gatesComplete && !j.vetoed }

// scoreResult adds up one result. The rank is set later, when all results are known.
func scoreResult(spec *foundationv1alpha1.FoundationProgramSpec, result foundationv1alpha1.Result) scoredTeam {
	j := scoredTeam{RankingEntry: foundationv1alpha1.RankingEntry{TeamName: result.TeamName}, scoresComplete: true, gatesComplete: true}
	for _, criterion := range spec.Criteria {
		score, ok := result.Scores[criterion.Name]
		if !ok {
			j.scoresComplete = false
			j.Missing = append(j.Missing, criterion.Name)
			continue
		}
		j.sum += hundredths(score)
		j.Total = formatHundredths(j.sum)
	}
	for _, gate := range spec.Gates {
		switch result.Gates[gate.Name] {
		case foundationv1alpha1.GatePassed:
		case foundationv1alpha1.GateFailed:
			j.FailedGates = append(j.FailedGates, gate.Name)
			j.vetoed = j.vetoed || result.Waivers[gate.Name] == ""
		default:
			j.gatesComplete = false
			j.Missing = append(j.Missing, gate.Name)
		}
	}
	slices.Sort(j.FailedGates)
	// Missing is a set in the API, and a gate may have the name of a criterion.
	slices.Sort(j.Missing)
	j.Missing = slices.Compact(j.Missing)
	return j
}

// rankingEntries returns the teams, the best first and those with incomplete scores last; ties are ordered by name.
func rankingEntries(spec *foundationv1alpha1.FoundationProgramSpec, results []foundationv1alpha1.Result) []foundationv1alpha1.RankingEntry {
	all := make([]scoredTeam, 0, len(results))
	for _, result := range results {
		all = append(all, scoreResult(spec, result))
	}
	slices.SortFunc(all, func(a, b scoredTeam) int {
		switch {
		case a.scoresComplete != b.scoresComplete && a.scoresComplete:
			return -1
		case a.scoresComplete != b.scoresComplete:
			return 1
		case a.scoresComplete:
			return cmp.Or(cmp.Compare(b.sum, a.sum), cmp.Compare(a.TeamName, b.TeamName))
		default:
			return cmp.Compare(a.TeamName, b.TeamName)
		}
	})
	setRanks(all)
	setWithinSeats(all, int(spec.Seats))
	list := make([]foundationv1alpha1.RankingEntry, 0, len(all))
	for _, j := range all {
		list = append(list, j.RankingEntry)
	}
	return list
}

// setRanks numbers the sorted teams: 1, 2, 2, 4. A failed gate does not change the rank: a top score stays visible as
// one.
func setRanks(sorted []scoredTeam) {
	for i := range sorted {
		if !sorted[i].scoresComplete {
			return
		}
		sorted[i].Rank = int32(i + 1)
		if i > 0 && sorted[i-1].sum == sorted[i].sum {
			sorted[i].Rank = sorted[i-1].Rank
			sorted[i-1].Tied, sorted[i].Tied = true, true
		}
	}
}

// setWithinSeats sets WithinSeats on as many of the best eligible teams as there are seats. Teams that tie for the
// last seat do not get it: people decide between them.
func setWithinSeats(sorted []scoredTeam, seats int) {
	var eligible []*scoredTeam
	for i := range sorted {
		if sorted[i].eligible() {
			eligible = append(eligible, &sorted[i])
		}
	}
	for _, j := range eligible[:min(seats, len(eligible))] {
		j.WithinSeats = len(eligible) <= seats || j.sum > eligible[seats].sum
	}
}

// formatHundredths returns hundredths as a decimal number without trailing zeros, such as 87.5.
func formatHundredths(sum int64) string {
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
