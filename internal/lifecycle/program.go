package lifecycle

import (
	"cmp"
	"maps"
	"slices"
	"time"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/timing"
)

// Phase is where a team stands in its programme.
type Phase string

// Phases.
const (
	// PhaseNone: nothing was decided, or what was is overturned.
	PhaseNone Phase = ""
	// PhaseRejected: the team gets no seat.
	PhaseRejected Phase = "Rejected"
	// PhasePending: selected; that is not final, or not in effect, yet.
	PhasePending Phase = "Pending"
	// PhaseHeldBack: selected, and all seats are taken. The team gets one when one becomes free.
	PhaseHeldBack Phase = "HeldBack"
	// PhaseIn: the team has a seat.
	PhaseIn Phase = "In"
	// PhaseObjection: eliminated, and not final yet: the team keeps its seat and cannot work.
	PhaseObjection Phase = "Objection"
	// PhaseEliminated: eliminated, finally.
	PhaseEliminated Phase = "Eliminated"
	// PhaseWithdrawn: the team gave up.
	PhaseWithdrawn Phase = "Withdrawn"
)

// holdsSeat says whether a team in this phase has a seat.
func (p Phase) holdsSeat() bool { return p == PhaseIn || p == PhaseObjection }

// Standing is where a team stands in its programme at a moment.
type Standing struct {
	// Decision is the one that counts; nil if there is none.
	Decision *foundationv1alpha1.Decision
	Phase    Phase
	// Since is when the team came to stand so, Next when that changes as far as it is decided; zero if it always was, or
	// does not.
	Since, Next time.Time
}

// Program is a FoundationProgram with what follows from all of its decisions together.
type Program struct {
	*foundationv1alpha1.FoundationProgram
	timelines map[string][]Standing
	location  *time.Location
}

// NewProgram plays a programme's decisions through; nil stays nil.
func NewProgram(program *foundationv1alpha1.FoundationProgram) *Program {
	if program == nil {
		return nil
	}
	p := &Program{FoundationProgram: program, location: time.UTC}
	if location, err := time.LoadLocation(program.Spec.TimeZone); err == nil {
		p.location = location
	}
	p.timelines = newPlay(program.Spec).through()
	return p
}

// Location is the time zone in which the programme's messages tell times. The API server refuses one that it does not
// know; where only we do not, it is UTC.
func (p *Program) Location() *time.Location {
	if p == nil {
		return time.UTC
	}
	return p.location
}

// Teams are the teams that have decisions, sorted.
func (p *Program) Teams() []string { return slices.Sorted(maps.Keys(p.timelines)) }

// Standing is where a team stands at now.
func (p *Program) Standing(team string, now time.Time) Standing {
	current := Standing{}
	for _, standing := range p.timelines[team] {
		if standing.Since.After(now) {
			current.Next = standing.Since
			break
		}
		if standing.Phase == current.Phase {
			standing.Since = current.Since // another decision, and nothing changed for the team
		}
		current = standing
	}
	return current
}

// Seats is how many teams have a seat at now, and how many selections are not final yet.
func (p *Program) Seats(now time.Time) (filled, pending int) {
	for team := range p.timelines {
		switch phase := p.Standing(team, now).Phase; {
		case phase.holdsSeat():
			filled++
		case phase == PhasePending:
			pending++
		}
	}
	return filled, pending
}

// HeldDecision is a selection that finds no seat.
type HeldDecision struct {
	Decision foundationv1alpha1.Decision
	// At is when it would have taken effect, Until when it changes; zero if never.
	At, Until time.Time
	// Seats is how many seats there are; all are taken.
	Seats int32
}

// HeldBack are the selections that find no seat, by team and time, those of the past included.
func (p *Program) HeldBack() []HeldDecision {
	var held []HeldDecision
	for _, team := range p.Teams() {
		for i, standing := range p.timelines[team] {
			if standing.Phase != PhaseHeldBack {
				continue
			}
			h := HeldDecision{Decision: *standing.Decision, At: standing.Since, Seats: p.Spec.Seats}
			if i+1 < len(p.timelines[team]) {
				h.Until = p.timelines[team][i+1].Since
			}
			held = append(held, h)
		}
	}
	return held
}

// Stage finds a stage by its name; nil if there is none.
func (p *Program) Stage(name string) *foundationv1alpha1.Stage {
	i := slices.IndexFunc(p.Spec.Stages, func(s foundationv1alpha1.Stage) bool { return s.Name == name })
	if i < 0 {
		return nil
	}
	return &p.Spec.Stages[i]
}

// NextTransition is the next moment at which a decision takes effect, becomes final or is overturned, an evaluation
// closes, or a stage begins or ends; zero if there is none.
func (p *Program) NextTransition(now time.Time) time.Time {
	var times []time.Time
	for team := range p.timelines {
		times = append(times, p.Standing(team, now).Next)
	}
	for _, evaluation := range p.Spec.Evaluations {
		times = append(times, timeOf(evaluation.CloseTime))
	}
	for _, stage := range p.Spec.Stages {
		times = append(times, timeOf(stage.StartTime), timeOf(stage.EndTime))
	}
	return timing.Next(now, times)
}

// seated are the spans of time in which a team has a seat.
func (p *Program) seated(team string) []Span {
	var spans []Span
	for _, standing := range p.timelines[team] {
		last := len(spans) - 1
		switch open := last >= 0 && spans[last].End.IsZero(); {
		case standing.Phase.holdsSeat() && !open:
			spans = append(spans, Span{Start: standing.Since})
		case !standing.Phase.holdsSeat() && open:
			spans[last].End = standing.Since
		}
	}
	return spans
}

// leaves is when a team that is in is not any more, or cannot work; zero if that is not decided.
func (p *Program) leaves(team string, now time.Time) time.Time {
	if p == nil {
		return time.Time{}
	}
	for _, standing := range p.timelines[team] {
		if standing.Since.After(now) && standing.Phase != PhaseIn {
			return standing.Since
		}
	}
	return time.Time{}
}

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

// pending says whether r is a selection that was decided by t and has not taken effect.
func (r ruling) pending(t time.Time) bool {
	return r.Outcome == foundationv1alpha1.OutcomeSelected && !t.Before(timeOf(r.DecisionTime)) && t.Before(r.begins) && r.standsAt(t)
}

// moments are when r changes something.
func (r ruling) moments() []time.Time {
	return []time.Time{timeOf(r.DecisionTime), r.begins, r.final, r.overturned}
}

// play is a programme's decisions, gone through in the order of time. Seats are given in the order in which selections
// take effect, then were decided, then by name; who has one keeps it.
type play struct {
	seats     int
	rulings   map[string][]ruling
	seated    map[string]bool
	waiting   map[string]claim
	timelines map[string][]Standing
}

// claim is a team's claim to a seat: by the selection that counts, in the place of the first one in a row.
type claim struct {
	by, place ruling
}

func newPlay(spec foundationv1alpha1.FoundationProgramSpec) *play {
	p := &play{
		seats: int(spec.Seats), rulings: map[string][]ruling{}, seated: map[string]bool{},
		waiting: map[string]claim{}, timelines: map[string][]Standing{},
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

// through goes through all moments and returns each team's standings, the earliest first.
func (p *play) through() map[string][]Standing {
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

// move brings a team to where it stands at t, apart from who gets a free seat.
func (p *play) move(team string, t time.Time) {
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
func (p *play) seat(t time.Time) {
	teams := slices.SortedFunc(maps.Keys(p.waiting), func(a, b string) int {
		ra, rb := p.waiting[a].place, p.waiting[b].place
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
func (p *play) counting(team string, t time.Time) (counts claim, pending ruling) {
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
func (p *play) phase(team string, t time.Time) (Phase, claim) {
	counts, pending := p.counting(team, t)
	selectable := counts.by.Decision == nil || counts.by.Outcome == foundationv1alpha1.OutcomeRejected
	switch {
	case selectable && pending.Decision != nil:
		return PhasePending, claim{by: pending}
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

// follow lets a later decision count. A team that is selected again keeps its place among those who wait.
func (c *claim) follow(r ruling) {
	again := c.by.Decision != nil && c.by.Outcome == foundationv1alpha1.OutcomeSelected && r.Outcome == foundationv1alpha1.OutcomeSelected
	if !again || r.begins.Before(c.place.begins) {
		c.place = r
	}
	c.by = r
}

func (p *play) record(team string, t time.Time, phase Phase, decision *foundationv1alpha1.Decision) {
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
