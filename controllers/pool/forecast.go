package pool

import (
	"fmt"
	"maps"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/calendar"
	"foundation.team/operator/internal/conditions"
	"foundation.team/operator/internal/lifecycle"
	"foundation.team/operator/internal/text"
	"foundation.team/operator/internal/timing"
)

// uncovered is a number of GPUs that are awarded from a moment on at which the pool is not available. The moment is zero
// if there is none.
type uncovered struct {
	at   time.Time
	gpus int32
}

// foresee asks the calendar when teams that are short can have more, and which awards will not fit later.
func (g *Grants) foresee(in Input, nodes []*node) {
	if !in.Pool.DeletionTimestamp.IsZero() {
		return
	}
	bookings := make([]calendar.Booking, len(g.parts))
	for i, p := range g.parts {
		claim := p.claim()
		claim.Have = p.granted
		bookings[i] = calendar.Booking{
			Claim: claim,
			Steps: calendar.Steps(lifecycle.Boundaries(p.spans), p.wantAt(in.Pool.Spec.GPUsPerNode)),
		}
	}
	forecast := calendar.Foresee(bookings, g.free, g.capacity, g.releases(in, nodes), in.Now)
	g.overbooked = forecast.Overbooked
	for _, p := range g.parts {
		p.outlook = forecast.Outlooks[p.key.String()]
		if g.collecting || !in.Guards.OK() {
			// It is not decided yet who is short.
			p.outlook.Opening = calendar.Opening{}
		}
		p.uncovered = p.findUncovered(in)
	}
}

// releases are when nodes that are on their way back will be free at the latest. For a node that was busy when it came
// into the pool nobody can say.
func (g *Grants) releases(in Input, nodes []*node) []calendar.Release {
	now := in.Now.Truncate(time.Second)
	at := map[time.Time]int{}
	for _, n := range nodes {
		since := n.releasing
		if since.IsZero() {
			since = now
		}
		switch {
		case !n.member || n.claim == nil && !n.healthy || n.free(in.Pool.Name) || n.awaitsScrub(in.Pool):
		case n.holder == nil:
			at[since.Add(settle)]++
		case !n.releasing.IsZero():
			at[since.Add(max(gracePeriod(in.Pool), settle))]++
		}
	}
	for _, p := range g.parts {
		// What a team was just told to let go it has for the whole grace period.
		at[now.Add(max(gracePeriod(in.Pool), settle))] += max(p.active-p.granted, 0)
	}
	var releases []calendar.Release
	for _, moment := range slices.SortedFunc(maps.Keys(at), time.Time.Compare) {
		releases = append(releases, calendar.Release{At: moment, Nodes: at[moment]})
	}
	return releases
}

// findUncovered finds the first later moment at which more is awarded than the pool's availability, or who may draw from
// it, lets the team have.
func (p *part) findUncovered(in Input) uncovered {
	times := append(lifecycle.Boundaries(p.awards), lifecycle.Boundaries(p.spans)...)
	slices.SortFunc(times, time.Time.Compare)
	for _, at := range times {
		if missing := lifecycle.Demand(p.awards, at) - lifecycle.Demand(p.spans, at); at.After(in.Now) && missing > 0 {
			return uncovered{at: at, gpus: missing}
		}
	}
	return uncovered{}
}

// troubled says whether an award of the team will not be served in full later.
func (p *part) troubled() bool { return !p.uncovered.at.IsZero() || !p.outlook.Gap.At.IsZero() }

// fillForecast writes into a grant what an award will be short of later, and what helps. Of two troubles the first is told.
func (p *part) fillForecast(grant *foundationv1alpha1.Grant, in Input, capacity int) {
	gap, perNode := p.outlook.Gap, in.Pool.Spec.GPUsPerNode
	switch {
	case !p.troubled():
	case gap.At.IsZero() || !p.uncovered.at.IsZero() && p.uncovered.at.Before(gap.At):
		grant.ForecastTime, grant.ForecastShortfall = timing.Meta(p.uncovered.at), p.uncovered.gpus
		grant.ForecastReason = foundationv1alpha1.ReasonPoolEnds
		grant.ForecastMessage = fmt.Sprintf("%s: %d GPUs are awarded from %s on, when the pool is not available (%s); extend spec.availability, move the award or name another pool",
			in.Pool.Name, p.uncovered.gpus, minute(p.uncovered.at), windowOf(in.Pool))
		if p.ineligible != "" {
			grant.ForecastReason = foundationv1alpha1.ReasonIneligible
			grant.ForecastMessage = fmt.Sprintf("%s: %d GPUs are awarded from %s on, but %s may not draw from this pool; name another pool in spec.gpus",
				in.Pool.Name, p.uncovered.gpus, minute(p.uncovered.at), p.ineligible)
		}
	default:
		grant.ForecastTime, grant.ForecastShortfall = timing.Meta(gap.At), int32(gap.Nodes)*perNode
		grant.ForecastReason = foundationv1alpha1.ReasonOverbooked
		grant.ForecastMessage = fmt.Sprintf("%s: %d of %d short from %s%s: %d awarded to all teams then, %d there; move or shrink an award, or name another pool",
			in.Pool.Name, grant.ForecastShortfall, int32(gap.Want)*perNode, minute(gap.At), until(gap.Until), int32(gap.Wanted)*perNode, int32(capacity)*perNode)
	}
}

// awardsFitCondition says whether all that is awarded fits into the pool, now and later.
func awardsFitCondition(in Input, grants Grants) metav1.Condition {
	const area = foundationv1alpha1.ConditionAwardsCovered
	perNode := in.Pool.Spec.GPUsPerNode
	first := grants.firstUncovered()
	over := grants.overbooked
	switch {
	case over != nil && (first == nil || !first.uncovered.at.Before(over.At)):
		short := ""
		if len(over.Keys) > 0 {
			short = "; too few for " + text.First(grants.teamsOf(over.Keys), named)
		}
		return conditions.False(area, foundationv1alpha1.ReasonOverbooked,
			fmt.Sprintf("%d GPUs are awarded %s, %d there%s; move or shrink awards", int32(over.Wanted)*perNode, moment(in, over.At), int32(over.Capacity)*perNode, short))
	case first != nil:
		return conditions.False(area, foundationv1alpha1.ReasonPoolEnds,
			fmt.Sprintf("%d GPUs are awarded to %s from %s on, when the pool is not available (%s); extend spec.availability or move the award",
				first.uncovered.gpus, first.key.name, minute(first.uncovered.at), windowOf(in.Pool)))
	default:
		return conditions.True(area, foundationv1alpha1.ReasonAsDeclared, "")
	}
}

// firstUncovered is who is first to have an award for which the pool is not available. Who may not draw from it is that
// team's trouble, not the pool's.
func (g *Grants) firstUncovered() *part {
	var first *part
	for _, p := range g.parts {
		if !p.uncovered.at.IsZero() && p.ineligible == "" && (first == nil || p.uncovered.at.Before(first.uncovered.at)) {
			first = p
		}
	}
	return first
}

func (g *Grants) teamsOf(keys []string) []string {
	byKey := map[string]string{}
	for _, p := range g.parts {
		byKey[p.key.String()] = p.key.name
	}
	names := make([]string, len(keys))
	for i, key := range keys {
		names[i] = byKey[key]
	}
	return names
}

// moment is a time as status says it. Now would be another one each time.
func moment(in Input, at time.Time) string {
	if !at.After(in.Now) {
		return "now"
	}
	return "from " + minute(at) + " on"
}

func minute(at time.Time) string { return at.UTC().Format("2006-01-02T15:04Z") }

func until(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return " until " + minute(at)
}

func windowOf(pool *foundationv1alpha1.GPUPool) string {
	window := pool.Spec.Availability
	switch {
	case window == nil:
		return "it is always"
	case window.StartTime == nil:
		return "until " + minute(window.EndTime.Time)
	case window.EndTime == nil:
		return "from " + minute(window.StartTime.Time)
	default:
		return "from " + minute(window.StartTime.Time) + " until " + minute(window.EndTime.Time)
	}
}
