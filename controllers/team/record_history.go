package team

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/timing"
)

const (
	// maxHistory is how many changes a record keeps, maxHistoryBytes how many bytes of them, as JSON. With all facts at
	// their largest a record so stays well below 1 MiB, and etcd takes 1.5.
	maxHistory      = 200
	maxHistoryBytes = 192 << 10
	// tolerance is how late the operator may act without saying so.
	tolerance = time.Minute
)

// factChanges are the facts that are not what they were.
func factChanges(m *Model, before, after foundationv1alpha1.TeamFacts) []foundationv1alpha1.RecordedChange {
	old, current := factsByKey(before), factsByKey(after)
	keys := slices.SortedFunc(maps.Keys(merged(old, current)), func(a, b factKey) int {
		return cmp.Or(cmp.Compare(a.field, b.field), cmp.Compare(a.name, b.name))
	})
	var changes []foundationv1alpha1.RecordedChange
	for _, key := range keys {
		from, had := old[key]
		to, has := current[key]
		if had == has && equality.Semantic.DeepEqual(from, to) {
			continue
		}
		c := edit(m, key)
		if had {
			c.From = from.DeepCopy()
		}
		if has {
			c.To = to.DeepCopy()
		}
		changes = append(changes, c)
	}
	return changes
}

// edit is a change by who edited the spec last. A decision comes with time as well.
func edit(m *Model, key factKey) foundationv1alpha1.RecordedChange {
	c := foundationv1alpha1.RecordedChange{Time: *timing.Meta(m.Now), Field: key.field, Name: key.name}
	if by := lastEdit(m.Team.ManagedFields); key.field != foundationv1alpha1.FieldDecision && by.Manager != "" {
		c.By = by.Manager
		if by.Time != nil {
			c.Time = *timing.Meta(by.Time.Time)
		}
	}
	return c
}

// lastEdit is the newest record of who wrote an object's spec.
func lastEdit(entries []metav1.ManagedFieldsEntry) metav1.ManagedFieldsEntry {
	var last metav1.ManagedFieldsEntry
	for _, entry := range entries {
		if entry.Manager == foundationv1alpha1.FieldManager || entry.Subresource != "" {
			continue
		}
		if last.Time == nil || entry.Time != nil && !entry.Time.Before(last.Time) {
			last = entry
		}
	}
	return last
}

// stateChange is a change of the team's state at a time.
func stateChange(at time.Time, from, to foundationv1alpha1.TeamState) foundationv1alpha1.RecordedChange {
	c := foundationv1alpha1.RecordedChange{
		Time: *timing.Meta(at), Field: foundationv1alpha1.FieldState, To: &foundationv1alpha1.Fact{State: to},
	}
	if from != "" {
		c.From = &foundationv1alpha1.Fact{State: from}
	}
	return c
}

// observedStateChange is a change of the team's state that was found now. One that time made, and that is found late, says
// how late: neither spec has changed since the last status, so nothing else can have made it.
func observedStateChange(m *Model, from foundationv1alpha1.TeamState) foundationv1alpha1.RecordedChange {
	if m.StateSince.IsZero() || !statusIsCurrent(m) {
		return stateChange(m.Now, from, m.State)
	}
	c := stateChange(m.StateSince, from, m.State)
	if late := m.Now.Sub(m.StateSince); late > tolerance {
		c.Late = &metav1.Duration{Duration: late.Truncate(time.Second)}
	}
	return c
}

// lateChange is the change of state that a record has newly, if it was found late; nil otherwise. It is the last one of all.
func lateChange(before, after *foundationv1alpha1.TeamRecord) *foundationv1alpha1.RecordedChange {
	if before == nil || before.Spec.State == after.Spec.State || len(after.Spec.History) == 0 {
		return nil
	}
	last := &after.Spec.History[len(after.Spec.History)-1]
	if last.Field != foundationv1alpha1.FieldState || last.Late == nil {
		return nil
	}
	return last
}

// statusIsCurrent reports whether the team's status is about the present specs of the team and its programme.
func statusIsCurrent(m *Model) bool {
	status := m.Team.Status
	if status.ObservedGeneration != m.Team.Generation {
		return false
	}
	if m.Program == nil {
		return status.Program == nil
	}
	return status.Program != nil && status.Program.ObservedGeneration == m.Program.Generation
}

// bounded is the newest part of a history that a record has room for.
func bounded(history []foundationv1alpha1.RecordedChange) []foundationv1alpha1.RecordedChange {
	size := 0
	for i, change := range slices.Backward(history) {
		text, err := json.Marshal(change)
		size += len(text) + len(",")
		if err != nil || size > maxHistoryBytes || len(history)-i > maxHistory {
			return history[i+1:]
		}
	}
	return history
}
