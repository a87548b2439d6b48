package pool

import (
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/allocation"
	"foundation.team/operator/internal/conditions"
	"foundation.team/operator/internal/text"
	"foundation.team/operator/internal/timing"
)

// addForecast writes into a grant which award will not be served in full later, from when on, and what helps. Of two
// problems the earlier one is reported.
func (v *teamView) addForecast(grant *foundationv1alpha1.Grant) {
	pool, shortage, uncovered := v.in.Pool.Name, v.forecast.Shortage, v.forecast.Uncovered
	switch {
	case !v.forecast.Short():
	case shortage.At.IsZero() || uncovered != nil && uncovered.At.Before(shortage.At):
		grant.ForecastTime, grant.ForecastShortfall = timing.Meta(uncovered.At), uncovered.GPUs.Int32()
		grant.ForecastReason = foundationv1alpha1.ReasonPoolEnds
		grant.ForecastMessage = fmt.Sprintf("%s: %d GPUs are awarded from %s on, when the pool is not available (%s); extend spec.availability, move the award or name another pool",
			pool, uncovered.GPUs, formatMinute(uncovered.At), windowPhrase(v.in.Pool))
		if v.Ineligible != "" {
			grant.ForecastReason = foundationv1alpha1.ReasonIneligible
			grant.ForecastMessage = fmt.Sprintf("%s: %d GPUs are awarded from %s on, but %s may not draw from this pool; name another pool in spec.gpus",
				pool, uncovered.GPUs, formatMinute(uncovered.At), v.Ineligible)
		}
	default:
		grant.ForecastTime, grant.ForecastShortfall = timing.Meta(shortage.At), v.gpus(shortage.Missing)
		grant.ForecastReason = foundationv1alpha1.ReasonOvercommitted
		grant.ForecastMessage = fmt.Sprintf("%s: %d of %d short from %s%s: %d awarded to all teams then, %d there; move or shrink an award, or name another pool",
			pool, v.gpus(shortage.Missing), v.gpus(shortage.Demanded), formatMinute(shortage.At), untilPhrase(shortage.Until), shortage.TotalDemanded.GPUs(v.in.perNode()), v.gpus(v.decision.Grants.Capacity))
	}
	grant.ForecastMessage = text.Cut(grant.ForecastMessage, maxMessage)
}

// awardsCoveredCondition reports whether the pool covers everything that is awarded, now and later.
func awardsCoveredCondition(in Input, decision Decision) metav1.Condition {
	const area = foundationv1alpha1.ConditionAwardsCovered
	team, first := firstUncovered(decision)
	over := decision.Forecast.Overcommit
	switch {
	case over != nil && (first == nil || !first.At.Before(over.At)):
		short := ""
		if len(over.Teams) > 0 {
			names := make([]string, len(over.Teams))
			for i, team := range over.Teams {
				names[i] = team.Name
			}
			short = "; too few for " + text.First(names, maxNames)
		}
		return conditions.False(area, foundationv1alpha1.ReasonOvercommitted,
			fmt.Sprintf("%d GPUs are awarded %s, %d there%s%s; move or shrink awards",
				over.Demanded.GPUs(in.perNode()), fromPhrase(in, over.At), over.Capacity.GPUs(in.perNode()), besidesSpares(in, decision), short))
	case first != nil:
		return conditions.False(area, foundationv1alpha1.ReasonPoolEnds,
			fmt.Sprintf("%d GPUs are awarded to %s from %s on, when the pool is not available (%s); extend spec.availability or move the award",
				first.GPUs, team, formatMinute(first.At), windowPhrase(in.Pool)))
	default:
		return conditions.True(area, foundationv1alpha1.ReasonAsDeclared, "")
	}
}

// firstUncovered returns the team with the earliest award for a time in which the pool is not available. Teams that are not
// eligible are left out: that is a problem of the team, not of the pool.
func firstUncovered(decision Decision) (team string, first *allocation.Uncovered) {
	for _, a := range decision.Grants.Teams {
		uncovered := decision.Forecast.Teams[a.Team].Uncovered
		if uncovered != nil && a.Ineligible == "" && (first == nil || uncovered.At.Before(first.At)) {
			team, first = a.Team.Name, uncovered
		}
	}
	return team, first
}

// fromPhrase returns a time for a sentence. It returns "now" instead of the present time, which would change the status in
// each reconcile.
func fromPhrase(in Input, at time.Time) string {
	if !at.After(in.Now) {
		return "now"
	}
	return "from " + formatMinute(at) + " on"
}

func formatMinute(at time.Time) string { return at.UTC().Format("2006-01-02T15:04Z") }

func untilPhrase(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return " until " + formatMinute(at)
}

func windowPhrase(pool *foundationv1alpha1.GPUPool) string {
	window := pool.Spec.Availability
	switch {
	case window == nil:
		return "it is always"
	case window.StartTime == nil:
		return "until " + formatMinute(window.EndTime.Time)
	case window.EndTime == nil:
		return "from " + formatMinute(window.StartTime.Time)
	default:
		return "from " + formatMinute(window.StartTime.Time) + " until " + formatMinute(window.EndTime.Time)
	}
}
