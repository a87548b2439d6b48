package lifecycle

import (
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

// holdsSeat reports whether a team in this phase has a seat.
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

// NewProgram replays a programme's decisions; nil stays nil.
func NewProgram(program *foundationv1alpha1.FoundationProgram) *Program {
	if program == nil {
		return nil
	}
	p := &Program{FoundationProgram: program, location: time.UTC}
	if location, err := time.LoadLocation(program.Spec.TimeZone); err == nil {
		p.location = location
	}
	p.timelines = newReplay(program.Spec).run()
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
