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
)

const (
	// maxHistory is how many changes a record keeps, maxHistoryBytes how many bytes of them as JSON. A record with all
	// facts at their largest then stays well below 1 MiB; etcd's default limit is 1.5 MiB.
	maxHistory      = 200
	maxHistoryBytes = 192 << 10
	// lateTolerance is how late a change of state may be found without being recorded as late.
	lateTolerance = time.Minute
)

// factChanges returns a change for each fact that differs.
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
		c := specChange(m, key)
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

// specChange returns a change with the time and manager of the last edit of the spec. A decision may also take effect by
// time alone, so it has no manager.
func specChange(m *Model, key factKey) foundationv1alpha1.RecordedChange {
	c := foundationv1alpha1.RecordedChange{Time: foundationv1alpha1.NewTimestamp(m.Now), Field: key.field, Name: key.name}
	if by := lastEdit(m.Team.ManagedFields); key.field != foundationv1alpha1.FieldDecision && by.Manager != "" {
		c.By = by.Manager
		if by.Time != nil {
			c.Time = foundationv1alpha1.NewTimestamp(by.Time.Time)
		}
	}
	return c
}

// lastEdit returns the newest managed fields entry of somebody who wrote the spec.
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

// stateChange returns a change of the team's state at a time.
func stateChange(at time.Time, from, to foundationv1alpha1.TeamState) foundationv1alpha1.RecordedChange {
	c := foundationv1alpha1.RecordedChange{
		Time: foundationv1alpha1.NewTimestamp(at), Field: foundationv1alpha1.FieldState, To: &foundationv1alpha1.Fact{State: to},
	}
	if from != "" {
		c.From = &foundationv1alpha1.Fact{State: from}
	}
	return c
}

// observedStateChange returns a change of the team's state that this reconcile found. If time made it and it is found late,
// it says how late: neither spec has changed since the last status, so nothing else can have made it.
func observedStateChange(m *Model, from foundationv1alpha1.TeamState) foundationv1alpha1.RecordedChange {
	if m.StateSince.IsZero() || !statusIsCurrent(m) {
		return stateChange(m.Now, from, m.State)
	}
	c := stateChange(m.StateSince, from, m.State)
	if late := m.Now.Sub(m.StateSince); late > lateTolerance {
		c.Late = &metav1.Duration{Duration: late.Truncate(time.Second)}
	}
	return c
}

// lateChange returns the change of state that this reconcile added to a record, if it was found late; nil otherwise. It is
// always the last change.
func lateChange(before, after *foundationv1alpha1.TeamRecord) *foundationv1alpha1.RecordedChange {
	var known foundationv1alpha1.TeamState
	if before != nil {
		known = before.Spec.State
	}
	if known == after.Spec.State || len(after.Spec.History) == 0 {
		return nil
	}
	last := &after.Spec.History[len(after.Spec.History)-1]
	if last.Field != foundationv1alpha1.FieldState || last.Late == nil {
		return nil
	}
	return last
}

// statusIsCurrent reports whether the team's status was made from the present specs of the team and its programme.
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

// newestChanges returns the newest changes of a history that a record has room for.
func newestChanges(history []foundationv1alpha1.RecordedChange) []foundationv1alpha1.RecordedChange {
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
