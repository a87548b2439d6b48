package lifecycle

import (
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// maxHeldSeats is the CRD's maxItems of status.seats.held.
const maxHeldSeats = 512

// heldSeats returns the seats that teams were seen to have, by team.
func heldSeats(seats *foundationv1alpha1.ProgramSeats) map[string][]Span {
	if seats == nil {
		return nil
	}
	held := map[string][]Span{}
	for _, seat := range seats.Held {
		span := Span{Start: seat.StartTime.Time}
		if seat.EndTime != nil {
			span.End = seat.EndTime.Time
		}
		held[seat.TeamName] = append(held[seat.TeamName], span)
	}
	return held
}

// ObserveSeats returns the seats that teams were seen to have after a look at now, the oldest first. They are what the next
// replay goes by where decisions, dated back, would say otherwise.
func (p *Program) ObserveSeats(now time.Time) []foundationv1alpha1.HeldSeat {
	var held []foundationv1alpha1.HeldSeat
	open := map[string]bool{}
	if p.Status.Seats != nil {
		held = slices.Clone(p.Status.Seats.Held)
	}
	for i := range held {
		seat := &held[i]
		if seat.EndTime != nil {
			continue
		}
		end := p.seatEnd(seat.TeamName, seat.StartTime.Time, now)
		open[seat.TeamName] = end.IsZero()
		if !end.IsZero() {
			seat.EndTime = new(metav1.NewTime(wholeSecond(end)))
		}
	}
	// A decision that was taken out with all others of its team leaves nothing to compare with.
	held = slices.DeleteFunc(held, func(seat foundationv1alpha1.HeldSeat) bool {
		_, decided := p.timelines[seat.TeamName]
		return !decided || seat.EndTime != nil && !seat.StartTime.Before(seat.EndTime)
	})
	for _, team := range p.Teams() {
		for _, span := range p.seatSpans(team) {
			if span.Contains(now) && !open[team] {
				held = append(held, foundationv1alpha1.HeldSeat{TeamName: team, StartTime: metav1.NewTime(latest(wholeSecond(span.Start), lastEnd(held, team)))})
			}
		}
	}
	for len(held) > maxHeldSeats {
		held = slices.Delete(held, firstEnded(held), firstEnded(held)+1)
	}
	return held
}

// seatEnd returns when a seat that began at start ended: as the decisions say, else now; zero if the team has it.
func (p *Program) seatEnd(team string, start, now time.Time) time.Time {
	for _, span := range p.seatSpans(team) {
		if span.End.After(start) && !span.End.After(now) {
			return span.End
		}
	}
	if p.Standing(team, now).Phase.holdsSeat() {
		return time.Time{}
	}
	return now
}

// lastEnd returns when the last seat of a team ended; zero if none did.
func lastEnd(held []foundationv1alpha1.HeldSeat, team string) time.Time {
	var last time.Time
	for _, seat := range held {
		if seat.TeamName == team && seat.EndTime != nil {
			last = latest(last, seat.EndTime.Time)
		}
	}
	return last
}

// firstEnded returns the position of the seat that ended first; 0 if none did.
func firstEnded(held []foundationv1alpha1.HeldSeat) int {
	first := -1
	for i, seat := range held {
		if seat.EndTime != nil && (first < 0 || seat.EndTime.Before(held[first].EndTime)) {
			first = i
		}
	}
	return max(first, 0)
}
