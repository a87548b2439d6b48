package team

import (
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/lifecycle"
	"foundation.team/operator/internal/text"
)

// lateTolerance is how late a change that time made may be found without being recorded as late.
const lateTolerance = time.Minute

// lateChanges returns what time should have changed of a team's staff and awards while the operator could not act, and
// nobody edited: each change with the moment at which it was due. The team's state is not among them, nor is what is on record
// already: a status that cannot be written goes on waiting for the same moment.
func lateChanges(m *Model, before, after foundationv1alpha1.TeamFacts) []foundationv1alpha1.RecordedChange {
	missed := missedSince(m)
	if missed.IsZero() {
		return nil
	}
	due := func(at time.Time, field foundationv1alpha1.RecordField, name string) *foundationv1alpha1.RecordedChange {
		if at.Before(missed) || m.Now.Sub(at) <= lateTolerance {
			return nil
		}
		return &foundationv1alpha1.RecordedChange{
			Time: foundationv1alpha1.NewTimestamp(at), Field: field, Name: name,
			Late: &metav1.Duration{Duration: m.Now.Sub(at).Truncate(time.Second)},
		}
	}
	late := append(lateStaff(m, before, after, due), lateAwards(m, before, after, due)...)
	late = slices.DeleteFunc(late, func(c foundationv1alpha1.RecordedChange) bool { return isRecorded(m.Record, c) })
	slices.SortStableFunc(late, func(a, b foundationv1alpha1.RecordedChange) int { return a.Time.Compare(b.Time.Time) })
	return late
}

// dueChange returns a change that was due at a moment; nil if it is none that was missed.
type dueChange func(at time.Time, field foundationv1alpha1.RecordField, name string) *foundationv1alpha1.RecordedChange

// lateStaff returns late changes of whom a binding shows that they still had, or did not have, their role.
func lateStaff(m *Model, before, after foundationv1alpha1.TeamFacts, due dueChange) []foundationv1alpha1.RecordedChange {
	var late []foundationv1alpha1.RecordedChange
	had, has := boundRanks(m), staffRanks(m)
	for i := range after.Staff {
		member := &after.Staff[i]
		if !slices.ContainsFunc(before.Staff, func(old foundationv1alpha1.StaffFact) bool { return equality.Semantic.DeepEqual(old, *member) }) {
			continue
		}
		subject := member.Subject.Kind + " " + member.Subject.Name
		fact := &foundationv1alpha1.Fact{Staff: member.DeepCopy()}
		if c := due(timeOf(member.EndTime), foundationv1alpha1.FieldStaff, member.Name); c != nil && had[subject] > has[subject] {
			c.From = fact
			late = append(late, *c)
		} else if c := due(timeOf(member.StartTime), foundationv1alpha1.FieldStaff, member.Name); c != nil && had[subject] < has[subject] {
			c.To = fact
			late = append(late, *c)
		}
	}
	return late
}

// lateAwards returns late starts and ends of awards that the pool did not act on in time. Facts have them in the order of the
// spec.
func lateAwards(m *Model, before, after foundationv1alpha1.TeamFacts, due dueChange) []foundationv1alpha1.RecordedChange {
	var late []foundationv1alpha1.RecordedChange
	for i := range m.Team.Spec.GPUs {
		award := &after.GPUs[i]
		if !slices.ContainsFunc(before.GPUs, func(old foundationv1alpha1.GPUAwardFact) bool { return equality.Semantic.DeepEqual(old, *award) }) {
			continue
		}
		span := m.Life.AwardSpan(m.Team.Spec.GPUs[i])
		fact := &foundationv1alpha1.Fact{GPUs: award.DeepCopy()}
		if c := due(span.End, foundationv1alpha1.FieldGPUs, award.Name); c != nil && !actedInTime(m, award.PoolName, span.End) {
			c.From = fact
			late = append(late, *c)
		} else if c := due(span.Start, foundationv1alpha1.FieldGPUs, award.Name); c != nil && !actedInTime(m, award.PoolName, span.Start) {
			c.To = fact
			late = append(late, *c)
		}
	}
	return late
}

// actedInTime reports whether a pool has done by itself what was due at a moment, and only the team's status was not written: this
// process was at work then, and the pool waits for nothing that early any more.
func actedInTime(m *Model, poolName string, at time.Time) bool {
	pool := m.Pools[poolName]
	if pool == nil || m.WorkingSince.IsZero() || m.WorkingSince.After(at) || pool.Status.ObservedGeneration == 0 {
		return false
	}
	return pool.Status.NextTransitionTime == nil || pool.Status.NextTransitionTime.After(at)
}

// missedSince returns the moment that the team's last status waited for, if it passed longer ago than lateTolerance; zero
// otherwise.
func missedSince(m *Model) time.Time {
	awaited := m.Team.Status.NextTransitionTime
	if awaited == nil || m.Now.Sub(awaited.Time) <= lateTolerance {
		return time.Time{}
	}
	return awaited.Time
}

// newLateChanges returns the changes that this reconcile added to a record and that were found late.
func newLateChanges(before, after *foundationv1alpha1.TeamRecord) []foundationv1alpha1.RecordedChange {
	return slices.DeleteFunc(slices.Clone(after.Spec.History), func(c foundationv1alpha1.RecordedChange) bool {
		return c.Late == nil || isRecorded(before, c)
	})
}

// isRecorded reports whether a record, nil for none, has a change of the same thing at the same moment.
func isRecorded(record *foundationv1alpha1.TeamRecord, c foundationv1alpha1.RecordedChange) bool {
	return record != nil && slices.ContainsFunc(record.Spec.History, func(old foundationv1alpha1.RecordedChange) bool {
		return keyOfChange(old) == keyOfChange(c) && old.Time.Equal(&c.Time)
	})
}

// lateMessage tells what was done late, and how late.
func lateMessage(changes []foundationv1alpha1.RecordedChange, life lifecycle.Team) string {
	told := make([]string, len(changes))
	for i, c := range changes {
		told[i] = fmt.Sprintf("%s, due %s, %s late", lateSubject(c), life.FormatTime(c.Time.Time), c.Late.Duration)
	}
	return text.AndMore(told) + ": the operator did not run then"
}

func lateSubject(c foundationv1alpha1.RecordedChange) string {
	switch {
	case c.Field == foundationv1alpha1.FieldState:
		return string(c.To.State)
	case c.Field == foundationv1alpha1.FieldStaff && c.From != nil:
		return fmt.Sprintf("end of access of %s (%s)", c.From.Staff.Subject.Name, c.Name)
	case c.Field == foundationv1alpha1.FieldStaff:
		return fmt.Sprintf("access of %s (%s)", c.To.Staff.Subject.Name, c.Name)
	case c.From != nil:
		return "end of award " + c.Name
	default:
		return "start of award " + c.Name
	}
}
