package team

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/edits"
	"foundation.team/operator/internal/index"
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
		if key.field == foundationv1alpha1.FieldSettings && !isSettingEdit(m, before, key.name) {
			continue
		}
		c := specChange(m, key, has)
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

// isSettingEdit reports whether somebody edited a setting that differs. Nobody did if the settings are on record for the first
// time, if the team has joined or left a programme, or named a pool or does not name it any more.
func isSettingEdit(m *Model, before foundationv1alpha1.TeamFacts, name string) bool {
	has := func(prefix string) bool {
		return slices.ContainsFunc(before.Settings, func(s foundationv1alpha1.SettingFact) bool { return strings.HasPrefix(s.Name, prefix) })
	}
	switch {
	case strings.HasPrefix(name, programPrefix):
		return before.ProgramName == m.Team.Spec.ProgramName && has(programPrefix)
	case strings.HasPrefix(name, poolPrefix):
		pool, _, _ := strings.Cut(strings.TrimPrefix(name, poolPrefix), "]")
		return has(poolPrefix+pool+"]") && slices.Contains(index.AwardPools(m.Team), pool)
	default:
		return len(before.Settings) > 0
	}
}

// listFields are the lists of a spec whose entries are told apart by name.
var listFields = []foundationv1alpha1.RecordField{
	foundationv1alpha1.FieldGPUs, foundationv1alpha1.FieldBudget, foundationv1alpha1.FieldVolumes, foundationv1alpha1.FieldStaff,
}

// specChange returns a change with the time and manager of the edit that made it, as far as managedFields tell. A decision
// may also take effect by time alone: then it has no manager.
func specChange(m *Model, key factKey, exists bool) foundationv1alpha1.RecordedChange {
	c := foundationv1alpha1.RecordedChange{Time: foundationv1alpha1.NewTimestamp(m.Now), Field: key.field, Name: key.name}
	var source metav1.Object = m.Team
	path := []string{"f:spec", "f:" + string(key.field)}
	switch {
	case key.field == foundationv1alpha1.FieldSettings:
		source, path = settingSource(m, key.name)
	case key.field == foundationv1alpha1.FieldDecision:
		source, path = nil, nil
		if m.Program != nil {
			source, path = m.Program.FoundationProgram, []string{"f:spec", "f:decisions"}
		}
	case slices.Contains(listFields, key.field):
		path = append(path, `k:{"name":"`+key.name+`"}`)
	}
	if !exists && strings.HasPrefix(key.name, "adopt[") && key.field == foundationv1alpha1.FieldSettings {
		c.By = foundationv1alpha1.FieldManager // it takes the offer off when the team has the object
		return c
	}
	if source == nil {
		return c
	}
	if !exists {
		path = nil
	}
	by := edits.Last(source.GetManagedFields(), path)
	if by.Manager == "" || key.field == foundationv1alpha1.FieldDecision && !isDecisionEdit(m, by) {
		return c
	}
	c.By = by.Manager
	if by.Time != nil {
		c.Time = foundationv1alpha1.NewTimestamp(by.Time.Time)
	}
	return c
}

// isDecisionEdit reports whether an edit of the programme, and not time, made another decision count: it came after the team's
// standing could have changed by what was decided before.
func isDecisionEdit(m *Model, by metav1.ManagedFieldsEntry) bool {
	standing := m.Program.Standing(m.Team.Name, m.Now)
	return by.Time != nil && !by.Time.Time.Before(standing.Since) && standing.Decision != nil && !by.Time.Time.Before(standing.Decision.DecisionTime.Time)
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
