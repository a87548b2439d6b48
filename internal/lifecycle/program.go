package lifecycle

import (
	"maps"
	"slices"
	"time"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/timing"
)

// Phase is what a team's standing in its programme amounts to.
type Phase string

// Phases.
const (
	// PhaseNone: no decision, or all are overturned.
	PhaseNone Phase = ""
	// PhaseRejected: the team gets no seat.
	PhaseRejected Phase = "Rejected"
	// PhasePending: selected, but the selection is not final, or not in effect, yet.
	PhasePending Phase = "Pending"
	// PhaseHeldBack: selected, but all seats are filled. The team gets the next free one.
	PhaseHeldBack Phase = "HeldBack"
	// PhaseIn: the team has a seat.
	PhaseIn Phase = "In"
	// PhaseObjection: eliminated, but not final yet. The team keeps its seat and is suspended.
	PhaseObjection Phase = "Objection"
	// PhaseEliminated: eliminated, and final.
	PhaseEliminated Phase = "Eliminated"
	// PhaseWithdrawn: the team gave up its seat.
	PhaseWithdrawn Phase = "Withdrawn"
)

// holdsSeat reports whether a team in this phase has a seat.
func (p Phase) holdsSeat() bool { return p == PhaseIn || p == PhaseObjection }

// Standing is a team's phase in its programme at a moment, with the decision behind it.
type Standing struct {
	// Decision is the decision that counts; nil if there is none.
	Decision *foundationv1alpha1.Decision
	Phase    Phase
	// Since is when the standing began, zero if it has always been. Next is when it changes as far as that is
	// decided, else zero.
	Since, Next time.Time
}

// Program is a FoundationProgram with the standings that follow from all of its decisions together.
type Program struct {
	*foundationv1alpha1.FoundationProgram
	timelines map[string][]Standing
	location  *time.Location
}

// NewProgram replays a programme's decisions, with the seats that its status says teams were seen to have. It returns nil for nil.
func NewProgram(program *foundationv1alpha1.FoundationProgram) *Program {
	if program == nil {
		return nil
	}
	p := &Program{FoundationProgram: program, location: time.UTC}
	if location, err := time.LoadLocation(program.Spec.TimeZone); err == nil {
		p.location = location
	}
	p.timelines = newReplay(program.Spec, heldSeats(program.Status.Seats)).run()
	return p
}

// Location returns the time zone of times in the programme's messages. The API server refuses zones that it does not
// know; one that only this process does not know counts as UTC.
func (p *Program) Location() *time.Location {
	if p == nil {
		return time.UTC
	}
	return p.location
}

// Teams returns the names of the teams that have decisions, sorted.
func (p *Program) Teams() []string { return slices.Sorted(maps.Keys(p.timelines)) }

// Standing returns a team's standing at now.
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

// Seats returns how many teams have a seat at now, and how many selections are pending.
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

// HeldBackDecision is a selection for which no seat is free.
type HeldBackDecision struct {
	Decision foundationv1alpha1.Decision
	// At is when it would have taken effect, Until when a seat or another decision ends the waiting; zero if never.
	At, Until time.Time
	// Seats is how many seats the programme has; all are filled.
	Seats int32
}

// HeldBack returns the selections for which no seat is, was or will be free, by team and time.
func (p *Program) HeldBack() []HeldBackDecision {
	var held []HeldBackDecision
	for _, team := range p.Teams() {
		for i, standing := range p.timelines[team] {
			if standing.Phase != PhaseHeldBack {
				continue
			}
			h := HeldBackDecision{Decision: *standing.Decision, At: standing.Since, Seats: p.Spec.Seats}
			if i+1 < len(p.timelines[team]) {
				h.Until = p.timelines[team][i+1].Since
			}
			held = append(held, h)
		}
	}
	return held
}

// Stage returns the stage of that name; nil if there is none.
func (p *Program) Stage(name string) *foundationv1alpha1.Stage {
	i := slices.IndexFunc(p.Spec.Stages, func(s foundationv1alpha1.Stage) bool { return s.Name == name })
	if i < 0 {
		return nil
	}
	return &p.Spec.Stages[i]
}

// NextTransition returns the next time after now at which a decision takes effect, becomes final or is overturned, an
// evaluation closes, or a stage begins or ends; zero if there is none.
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

// seatSpans returns the spans of time in which a team has a seat.
func (p *Program) seatSpans(team string) []Span {
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

// nextLeaveTime returns when a team that is in term loses its seat or is suspended by its programme; zero if that is
// not decided.
func (p *Program) nextLeaveTime(team string, now time.Time) time.Time {
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
