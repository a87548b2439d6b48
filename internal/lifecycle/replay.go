package lifecycle

import (
	"cmp"
	"maps"
	"slices"
	"time"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// ruling is a decision with its moments.
type ruling struct {
	*foundationv1alpha1.Decision
	// begins is when it takes effect, final when nobody can object any more, overturned when it counts as not made; zero
	// if never.
	begins, final, overturned time.Time
}

func newRuling(decision *foundationv1alpha1.Decision) ruling {
	r := ruling{Decision: decision, begins: timeOf(decision.DecisionTime), overturned: timeOf(decision.OverturnTime)}
	if decision.EffectiveTime != nil {
		r.begins = decision.EffectiveTime.Time
	}
	r.final = latest(r.begins, timeOf(decision.FinalTime))
	if decision.Outcome == foundationv1alpha1.OutcomeSelected {
		r.begins = r.final
	}
	return r
}

func (r ruling) standsAt(t time.Time) bool { return r.overturned.IsZero() || t.Before(r.overturned) }

// pending reports whether r is a selection that was decided by t and has not taken effect.
func (r ruling) pending(t time.Time) bool {
	return r.Outcome == foundationv1alpha1.OutcomeSelected && !t.Before(timeOf(r.DecisionTime)) && t.Before(r.begins) && r.standsAt(t)
}

// moments are when r changes something.
func (r ruling) moments() []time.Time {
	return []time.Time{timeOf(r.DecisionTime), r.begins, r.final, r.overturned}
}

// replay goes through a programme's decisions in the order of time. Seats are given in the order in which selections take
// effect, then were decided, then by name; who has one keeps it.
type replay struct {
	seats     int
	rulings   map[string][]ruling
	seated    map[string]bool
	waiting   map[string]candidacy
	timelines map[string][]Standing
}

// candidacy is a team's right to a seat. The selection that counts gives it; of several selections in a row the first one
// gives its position among those who wait.
type candidacy struct {
	by, queuedBy ruling
}

func newReplay(spec foundationv1alpha1.FoundationProgramSpec) *replay {
	p := &replay{
		seats: int(spec.Seats), rulings: map[string][]ruling{}, seated: map[string]bool{},
		waiting: map[string]candidacy{}, timelines: map[string][]Standing{},
	}
	for i := range spec.Decisions {
		decision := &spec.Decisions[i]
		p.rulings[decision.TeamName] = append(p.rulings[decision.TeamName], newRuling(decision))
	}
	for _, rulings := range p.rulings {
		slices.SortStableFunc(rulings, func(a, b ruling) int {
			return cmp.Or(timeOf(a.DecisionTime).Compare(timeOf(b.DecisionTime)), a.begins.Compare(b.begins))
		})
	}
	return p
}

// run returns each team's standings, the earliest first.
func (p *replay) run() map[string][]Standing {
	teamsAt := map[time.Time]map[string]bool{}
	for team, rulings := range p.rulings {
		p.timelines[team] = nil
		for _, r := range rulings {
			for _, moment := range r.moments() {
				moment = moment.UTC()
				if teamsAt[moment] == nil {
					teamsAt[moment] = map[string]bool{}
				}
				teamsAt[moment][team] = true
			}
		}
	}
	delete(teamsAt, time.Time{}.UTC())
	for _, moment := range slices.SortedFunc(maps.Keys(teamsAt), time.Time.Compare) {
		for _, team := range slices.Sorted(maps.Keys(teamsAt[moment])) {
			p.move(team, moment)
		}
		p.seat(moment)
	}
	return p.timelines
}

// move brings a team to where it stands at t. Who gets a free seat is decided when all teams have been moved.
func (p *replay) move(team string, t time.Time) {
	phase, c := p.phase(team, t)
	if !phase.holdsSeat() {
		delete(p.seated, team)
		delete(p.waiting, team)
	} else if !p.seated[team] {
		p.waiting[team] = c
		return
	}
	p.record(team, t, phase, c.by.Decision)
}

// seat gives free seats to those who wait for one.
func (p *replay) seat(t time.Time) {
	teams := slices.SortedFunc(maps.Keys(p.waiting), func(a, b string) int {
		ra, rb := p.waiting[a].queuedBy, p.waiting[b].queuedBy
		return cmp.Or(ra.begins.Compare(rb.begins), timeOf(ra.DecisionTime).Compare(timeOf(rb.DecisionTime)), cmp.Compare(a, b))
	})
	for _, team := range teams {
		decision := p.waiting[team].by.Decision
		if len(p.seated) >= p.seats {
			p.record(team, t, PhaseHeldBack, decision)
			continue
		}
		p.seated[team] = true
		delete(p.waiting, team)
		p.record(team, t, PhaseIn, decision)
	}
}

// counting is what counts for a team at t, and which selection is still to take effect. Of the decisions that have taken
// effect and stand, the one that was decided last counts: who withdraws before a selection is final is not in when it
// would be.
func (p *replay) counting(team string, t time.Time) (counts candidacy, pending ruling) {
	for _, r := range p.rulings[team] {
		switch {
		case r.pending(t):
			if pending.Decision == nil || !r.begins.After(pending.begins) {
				pending = r
			}
		case !r.begins.After(t) && r.standsAt(t):
			counts.follow(r)
			pending = ruling{}
		}
	}
	return counts, pending
}

// phase is where a team stands at t if there is a seat for it, and by what.
func (p *replay) phase(team string, t time.Time) (Phase, candidacy) {
	counts, pending := p.counting(team, t)
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
		if t.Before(counts.by.final) && p.seated[team] {
			return PhaseObjection, counts
		}
		return PhaseEliminated, counts
	case foundationv1alpha1.OutcomeWithdrawn:
		return PhaseWithdrawn, counts
	default:
		return PhaseRejected, counts
	}
}

// follow lets a later decision count. A team that is selected again keeps its position among those who wait.
func (c *candidacy) follow(r ruling) {
	again := c.by.Decision != nil && c.by.Outcome == foundationv1alpha1.OutcomeSelected && r.Outcome == foundationv1alpha1.OutcomeSelected
	if !again || r.begins.Before(c.queuedBy.begins) {
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
