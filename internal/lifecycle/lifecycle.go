// Package lifecycle says who is in and when that changes: the state of a team, the GPUs it may draw and the staff who
// have access, each as a pure function of its spec and a moment. Every controller asks here, so that none of them
// has to wait for another one's answer.
package lifecycle

import (
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// State is where a team is in its life at now: one of the reasons of the Active condition.
func State(team *foundationv1alpha1.FoundationTeam, now time.Time) string {
	switch {
	case !team.DeletionTimestamp.IsZero():
		return foundationv1alpha1.ReasonDeleting
	case team.Spec.Term != nil && before(now, team.Spec.Term.Start):
		return foundationv1alpha1.ReasonNotStarted
	case team.Spec.Term != nil && team.Spec.Term.End != nil && !before(now, team.Spec.Term.End):
		return foundationv1alpha1.ReasonEnded
	case team.Spec.Suspend:
		return foundationv1alpha1.ReasonSuspended
	default:
		return foundationv1alpha1.ReasonInTerm
	}
}

// HoldsAwards says whether a team in this state keeps its GPUs: in term, and while suspended.
func HoldsAwards(state string) bool {
	return state == foundationv1alpha1.ReasonInTerm || state == foundationv1alpha1.ReasonSuspended
}

// Span is a half-open span of time with a number of GPUs. A zero Start or End is open.
type Span struct {
	Start, End time.Time
	GPUs       int32
}

// At says whether the span covers t.
func (s Span) At(t time.Time) bool {
	return (s.Start.IsZero() || !t.Before(s.Start)) && (s.End.IsZero() || t.Before(s.End))
}

// Awards are the spans in which a team was awarded GPUs of a pool, within its term. A team that is being deleted has
// none.
func Awards(team *foundationv1alpha1.FoundationTeam, pool string) []Span {
	if !team.DeletionTimestamp.IsZero() {
		return nil
	}
	var spans []Span
	for _, award := range team.Spec.GPUs {
		if award.Pool == pool && award.Count != nil {
			spans = append(spans, Span{Start: timeOf(award.Start), End: timeOf(award.End), GPUs: *award.Count})
		}
	}
	return Within(team.Spec.Term, spans)
}

// Within are the parts of the spans that lie in a window.
func Within(window *foundationv1alpha1.Window, spans []Span) []Span {
	var inside []Span
	for _, span := range spans {
		span = span.within(window)
		if span.Start.IsZero() || span.End.IsZero() || span.Start.Before(span.End) {
			inside = append(inside, span)
		}
	}
	return inside
}

// Demand is how many GPUs the spans add up to at t.
func Demand(spans []Span, t time.Time) int32 {
	var sum int32
	for _, span := range spans {
		if span.At(t) {
			sum += span.GPUs
		}
	}
	return sum
}

// Ahead says whether one of the spans with GPUs ends after t.
func Ahead(spans []Span, t time.Time) bool {
	return slices.ContainsFunc(spans, func(s Span) bool { return s.GPUs > 0 && (s.End.IsZero() || t.Before(s.End)) })
}

// Staff are the staff entries of a team that have access at now, in the order of the spec.
func Staff(team *foundationv1alpha1.FoundationTeam, now time.Time) []foundationv1alpha1.StaffMember {
	if !HoldsAwards(State(team, now)) {
		return nil
	}
	var active []foundationv1alpha1.StaffMember
	for _, member := range team.Spec.Staff {
		if (Span{Start: timeOf(member.Start), End: timeOf(member.End)}).At(now) {
			active = append(active, member)
		}
	}
	return active
}

// NextStaffExpiry is when the first of the given staff entries ends; zero if none does.
func NextStaffExpiry(staff []foundationv1alpha1.StaffMember) time.Time {
	var ends []time.Time
	for _, member := range staff {
		ends = append(ends, timeOf(member.End))
	}
	return Next(time.Time{}, ends)
}

// NextTransition is the next moment after now at which time alone changes a team: its term, an award or a staff entry
// begins or ends. It is zero if there is none.
func NextTransition(team *foundationv1alpha1.FoundationTeam, now time.Time) time.Time {
	var times []time.Time
	add := func(start, end *metav1.Time) { times = append(times, timeOf(start), timeOf(end)) }
	if team.Spec.Term != nil {
		add(team.Spec.Term.Start, team.Spec.Term.End)
	}
	for _, award := range team.Spec.GPUs {
		add(award.Start, award.End)
	}
	for _, member := range team.Spec.Staff {
		add(member.Start, member.End)
	}
	return Next(now, times)
}

// Boundaries are the starts and ends of the spans.
func Boundaries(spans []Span) []time.Time {
	times := make([]time.Time, 0, 2*len(spans))
	for _, span := range spans {
		times = append(times, span.Start, span.End)
	}
	return times
}

// Next is the earliest of the times after now, zero times left out; zero if there is none.
func Next(now time.Time, times []time.Time) time.Time {
	times = slices.DeleteFunc(slices.Clone(times), func(t time.Time) bool { return t.IsZero() || !t.After(now) })
	if len(times) == 0 {
		return time.Time{}
	}
	return slices.MinFunc(times, time.Time.Compare)
}

// longestWait bounds how long a controller waits for a moment. Timers do not see it when somebody sets the clock.
const longestWait = time.Hour

// Wait is how long to wait for the first of the moments, zero ones left out; 0 if there is none. It is at least a
// second, because moments are whole seconds, and at most an hour.
func Wait(now time.Time, moments ...time.Time) time.Duration {
	var first time.Time
	for _, moment := range moments {
		if first.IsZero() || !moment.IsZero() && moment.Before(first) {
			first = moment
		}
	}
	if first.IsZero() {
		return 0
	}
	return min(max(first.Sub(now), time.Second), longestWait)
}

func (s Span) within(window *foundationv1alpha1.Window) Span {
	if window == nil {
		return s
	}
	if start := timeOf(window.Start); start.After(s.Start) {
		s.Start = start
	}
	if end := timeOf(window.End); !end.IsZero() && (s.End.IsZero() || end.Before(s.End)) {
		s.End = end
	}
	return s
}

func before(now time.Time, bound *metav1.Time) bool {
	return bound != nil && now.Before(bound.Time)
}

func timeOf(t *metav1.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.Time
}

// MetaTime is a time as status has it: UTC, whole seconds, nil for none.
func MetaTime(t time.Time) *metav1.Time {
	if t.IsZero() {
		return nil
	}
	return &metav1.Time{Time: t.UTC().Truncate(time.Second)}
}
