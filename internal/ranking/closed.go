package ranking

import (
	"slices"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// maxEntries is the CRD's maxItems of a ranking's entries.
const maxEntries = 128

// keepAsClosed says of each team of a closed evaluation what it was when that was closed, if it differs now. A team whose result was
// taken out stays, last.
func keepAsClosed(ranking *foundationv1alpha1.Ranking, before []foundationv1alpha1.Ranking) {
	i := slices.IndexFunc(before, func(r foundationv1alpha1.Ranking) bool { return r.Evaluation == ranking.Evaluation && r.Closed })
	if i < 0 || !ranking.Closed {
		return
	}
	then := map[string]foundationv1alpha1.ClosedRankingEntry{}
	for _, entry := range before[i].Entries {
		then[entry.TeamName] = closedEntry(entry)
		isOf := func(e foundationv1alpha1.RankingEntry) bool { return e.TeamName == entry.TeamName }
		if closedEntry(entry).Rank > 0 && !slices.ContainsFunc(ranking.Entries, isOf) && len(ranking.Entries) < maxEntries {
			ranking.Entries = append(ranking.Entries, foundationv1alpha1.RankingEntry{TeamName: entry.TeamName})
		}
	}
	for i := range ranking.Entries {
		entry := &ranking.Entries[i]
		if was := then[entry.TeamName]; !isAsClosed(*entry, was) {
			entry.AsClosed = &was
		}
	}
}

// closedEntry returns what an entry of a closed evaluation was when that was closed.
func closedEntry(entry foundationv1alpha1.RankingEntry) foundationv1alpha1.ClosedRankingEntry {
	if entry.AsClosed != nil {
		return *entry.AsClosed
	}
	return foundationv1alpha1.ClosedRankingEntry{Rank: entry.Rank, Total: entry.Total, FailedGates: entry.FailedGates}
}

// isAsClosed reports whether an entry is what it was. Whether it is within the seats is not compared: that changes with them.
func isAsClosed(entry foundationv1alpha1.RankingEntry, was foundationv1alpha1.ClosedRankingEntry) bool {
	return entry.Rank == was.Rank && entry.Total == was.Total && slices.Equal(entry.FailedGates, was.FailedGates)
}

// Position returns a team's rank in an evaluation; 0 if it has none.
func Position(spec *foundationv1alpha1.FoundationProgramSpec, evaluation, team string) int32 {
	for _, e := range spec.Evaluations {
		if e.Name != evaluation {
			continue
		}
		for _, entry := range rankingEntries(spec, e.Results) {
			if entry.TeamName == team {
				return entry.Rank
			}
		}
	}
	return 0
}
