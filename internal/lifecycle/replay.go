package lifecycle

import (
	"cmp"
	"maps"
	"slices"
	"time"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// ruling is a decision with the times that follow from it.
type ruling struct {
	*foundationv1alpha1.Decision
	// effectiveFrom is when it takes effect, final when nobody can object any more, overturned from when on it counts
	// as not made; zero if never. A selection takes effect only when it is final.
	effectiveFrom, final, overturned time.Time
}

func newRuling(decision *foundationv1alpha1.Decision) ruling {
	r := ruling{Decision: decision, effectiveFrom: timeOf(decision.DecisionTime), overturned: timeOf(decision.OverturnTime)}
	if decision.EffectiveTime != nil {
		r.effectiveFrom = decision.EffectiveTime.Time
	}
	r.final = latest(r.effectiveFrom, timeOf(decision.FinalTime))
	if decision.Outcome == foundationv1alpha1.OutcomeSelected {
		r.effectiveFrom = r.final
	}
	return r
}

func (r ruling) standsAt(t time.Time) bool { return r.overturned.IsZero() || t.Before(r.overturned) }

// isPendingAt reports whether r is a selection that was decided by t and has not taken effect.
func (r ruling) isPendingAt(t time.Time) bool {
	return r.Outcome == foundationv1alpha1.OutcomeSelected && !t.Before(timeOf(r.DecisionTime)) && t.Before(r.effectiveFrom) && r.standsAt(t)
}

// transitionTimes returns the times at which r can change a standing; zero ones are none.
func (r ruling) transitionTimes() []time.Time {
	return []time.Time{timeOf(r.DecisionTime), r.effectiveFrom, r.final, r.overturned}
}

// replay derives all standings of a programme from its decisions, in the order of time. Seats go to selections in the
// order in which they take effect, then were decided, then by name. A team that has a seat is never displaced by another, also
// not by a decision that was written later and is dated earlier: who was seen with a seat has it for as long as its own
// decisions allow.
type replay struct {
	seats   int
	rulings map[string][]ruling
	// held are the seats that teams were seen to have, by team.
	held map[string][]Span
	// seated are the teams with a seat, and since when.
	seated    map[string]time.Time
	waiting   map[string]candidacy
	timelines map[string][]Standing
}

// candidacy is a team's right to a seat: by is the decision that counts, queuedBy the first of several selections in
// a row, which determines the position among the teams that wait for a seat.
type candidacy struct {
	by, queuedBy ruling
}

func newReplay(spec foundationv1alpha1.FoundationProgramSpec, held map[string][]Span) *replay {
	p := &replay{
		seats: int(spec.Seats), rulings: map[string][]ruling{}, held: held, seated: map[string]time.Time{},
		waiting: map[string]candidacy{}, timelines: map[string][]Standing{},
	}
	for i := range spec.Decisions {
		decision := &spec.Decisions[i]
		p.rulings[decision.TeamName] = append(p.rulings[decision.TeamName], newRuling(decision))
	}
	for _, rulings := range p.rulings {
		slices.SortStableFunc(rulings, func(a, b ruling) int {
			return cmp.Or(timeOf(a.DecisionTime).Compare(timeOf(b.DecisionTime)), a.effectiveFrom.Compare(b.effectiveFrom))
		})
	}
	return p
}

// run returns each team's standings, the earliest first.
func (p *replay) run() map[string][]Standing {
	teamsAt := map[time.Time]map[string]bool{}
	for team, rulings := range p.rulings {
		p.timelines[team] = nil
		moments := Boundaries(p.held[team])
		for _, r := range rulings {
			moments = append(moments, r.transitionTimes()...)
		}
		for _, moment := range moments {
			moment = moment.UTC()
			if teamsAt[moment] == nil {
				teamsAt[moment] = map[string]bool{}
			}
			teamsAt[moment][team] = true
		}
	}
	delete(teamsAt, time.Time{}.UTC())
	for _, moment := range slices.SortedFunc(maps.Keys(teamsAt), time.Time.Compare) {
		for _, team := range slices.Sorted(maps.Keys(teamsAt[moment])) {
			p.advance(team, moment)
		}
		p.fillSeats(moment)
	}
	return p.timelines
}

// advance records a team's phase at t. Free seats are filled only when all teams have been advanced, because another
// team may free one at the same moment.
func (p *replay) advance(team string, t time.Time) {
	phase, c := p.phase(team, t)
	_, seated := p.seated[team]
	if !phase.holdsSeat() {
		if seated {
			p.endHeld(team, t)
		}
		delete(p.seated, team)
		delete(p.waiting, team)
	} else if !seated {
		p.waiting[team] = c
		return
	}
	p.record(team, t, phase, c.by.Decision)
}

// hadSeat reports whether a team was seen to have a seat at t.
func (p *replay) hadSeat(team string, t time.Time) bool {
	return slices.ContainsFunc(p.held[team], func(seat Span) bool { return seat.Contains(t) })
}

// endHeld ends the seat that a team was seen to have, because its own decisions do: it has no claim to come back.
func (p *replay) endHeld(team string, t time.Time) {
	for i := range p.held[team] {
		if seat := &p.held[team][i]; seat.Contains(t) {
			seat.End = t
		}
	}
}

// restoreSeats gives teams that wait for a seat the one that they were seen to have. If none is free, it is taken from the team
// that got its own last and was not seen with one: so it is only where decisions were edited after they had taken effect.
func (p *replay) restoreSeats(t time.Time) {
	for _, team := range slices.Sorted(maps.Keys(p.waiting)) {
		if !p.hadSeat(team, t) {
			continue
		}
		unseen := slices.DeleteFunc(slices.Sorted(maps.Keys(p.seated)), func(other string) bool { return p.hadSeat(other, t) })
		if len(p.seated) >= p.seats && len(unseen) > 0 {
			last := slices.MaxFunc(unseen, func(a, b string) int { return cmp.Or(p.seated[a].Compare(p.seated[b]), cmp.Compare(a, b)) })
			delete(p.seated, last)
			p.advance(last, t)
		}
		p.seat(team, t)
	}
}

// seat gives a seat to a team that waits for one.
func (p *replay) seat(team string, t time.Time) {
	decision := p.waiting[team].by.Decision
	p.seated[team] = t
	delete(p.waiting, team)
	p.record(team, t, PhaseIn, decision)
}

// fillSeats gives free seats to teams that wait for one, those first that were seen with one, and records those that keep
// waiting as held back.
func (p *replay) fillSeats(t time.Time) {
	p.restoreSeats(t)
	teams := slices.SortedFunc(maps.Keys(p.waiting), func(a, b string) int {
		ra, rb := p.waiting[a].queuedBy, p.waiting[b].queuedBy
		return cmp.Or(ra.effectiveFrom.Compare(rb.effectiveFrom), timeOf(ra.DecisionTime).Compare(timeOf(rb.DecisionTime)), cmp.Compare(a, b))
	})
	for _, team := range teams {
		if len(p.seated) >= p.seats {
			p.record(team, t, PhaseHeldBack, p.waiting[team].by.Decision)
			continue
		}
		p.seat(team, t)
	}
}

// decisive returns the decision that counts for a team at t, and a selection that has yet to take effect. Of the
// decisions that have taken effect and are not overturned, the one decided last counts, and it cancels a pending
// selection that was decided before: a team that withdraws before its selection is final gets no seat.
func (p *replay) decisive(team string, t time.Time) (counts candidacy, pending ruling) {
	for _, r := range p.rulings[team] {
		switch {
		case r.isPendingAt(t):
			if pending.Decision == nil || !r.effectiveFrom.After(pending.effectiveFrom) {
				pending = r
			}
		case !r.effectiveFrom.After(t) && r.standsAt(t):
			counts.supersede(r)
			pending = ruling{}
		}
	}
	return counts, pending
}

// phase returns the team's phase at t, assuming that there is a seat for it, and the candidacy behind it.
func (p *replay) phase(team string, t time.Time) (Phase, candidacy) {
	counts, pending := p.decisive(team, t)
	selectable := counts.by.Decision == nil || counts.by.Outcome == foundationv1alpha1.OutcomeRejected
	switch {
	case selectable && pending.Decision != nil:
		return PhasePending, candidacy{by: pending}
	case counts.by.Decision == nil:
		return PhaseNone, counts
	}
	switch counts.by.Outcome {
	case foundationv1alpha1.OutcomeSelected:
		return PhaseIn, counts
	case foundationv1alpha1.OutcomeEliminated:
		if _, seated := p.seated[team]; seated && t.Before(counts.by.final) {
			return PhaseObjection, counts
		}
		return PhaseEliminated, counts
	case foundationv1alpha1.OutcomeWithdrawn:
		return PhaseWithdrawn, counts
	default:
		return PhaseRejected, counts
	}
}

// supersede makes a later decision count. A team that is selected again keeps its position among the teams that wait.
func (c *candidacy) supersede(r ruling) {
	again := c.by.Decision != nil && c.by.Outcome == foundationv1alpha1.OutcomeSelected && r.Outcome == foundationv1alpha1.OutcomeSelected
	if !again || r.effectiveFrom.Before(c.queuedBy.effectiveFrom) {
		c.queuedBy = r
	}
	c.by = r
}

func (p *replay) record(team string, t time.Time, phase Phase, decision *foundationv1alpha1.Decision) {
	timeline := p.timelines[team]
	var last Standing
	if len(timeline) > 0 {
		last = timeline[len(timeline)-1]
	}
	if last.Phase == phase && last.Decision == decision {
		return
	}
	p.timelines[team] = append(timeline, Standing{Decision: decision, Phase: phase, Since: t})
}
