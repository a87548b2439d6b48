package team

import (
	"maps"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/timing"
)

const (
	// maxHistory is how many changes a record keeps.
	maxHistory = 200
	// maxUIDs is how many UIDs a record keeps.
	maxUIDs = 32
	// tolerance is how late the operator may act without saying so.
	tolerance = time.Minute
)

// BuildRecord is a team's record as it shall be: what was awarded and decided, and every change since the last time.
func BuildRecord(m *Model) *foundationv1alpha1.TeamRecord {
	record := m.Record.DeepCopy()
	facts := factsOf(m)
	state := m.State
	if record == nil {
		record = &foundationv1alpha1.TeamRecord{}
		record.Name = m.Team.Name + "." + string(m.Team.UID)[:min(8, len(m.Team.UID))]
	} else {
		record.Spec.History = append(record.Spec.History, changes(m, record.Spec.Facts, facts)...)
	}
	labels, annotations := m.ownerMetadata()
	record.Labels, record.Annotations = merged(record.Labels, labels), merged(record.Annotations, annotations)
	spec := &record.Spec
	if !slices.Contains(spec.UIDs, string(m.Team.UID)) {
		spec.UIDs = append(spec.UIDs, string(m.Team.UID))
		if len(spec.UIDs) > 1 {
			spec.History = append(spec.History, change(m, "manifest", "removed", "applied again"))
		}
	}
	if spec.State != state && !wasClosed(m) {
		spec.History = append(spec.History, stateChange(m, spec.State, state))
		spec.State, spec.StateTransitionTime = state, timing.Meta(m.Now)
		if !m.StateSince.IsZero() {
			spec.StateTransitionTime = timing.Meta(m.StateSince)
		}
	}
	spec.TeamName, spec.ProgramName, spec.Lead, spec.Digest, spec.Facts = m.Team.Name, m.Team.Spec.ProgramName, leadOf(m.Team), digest(m.Team.Spec), facts
	spec.UIDs = spec.UIDs[max(0, len(spec.UIDs)-maxUIDs):]
	spec.History = spec.History[max(0, len(spec.History)-maxHistory):]
	return record
}

// wasClosed reports whether the record of a team that is being deleted is closed already: that is the last step before it goes,
// and the cache may show the team for a moment after that.
func wasClosed(m *Model) bool {
	return !m.Team.DeletionTimestamp.IsZero() && m.Record != nil && m.Record.Spec.State == foundationv1alpha1.StateDeleted &&
		slices.Contains(m.Record.Spec.UIDs, string(m.Team.UID))
}

// closedRecord is a record whose team has no FoundationTeam any more.
func closedRecord(record *foundationv1alpha1.TeamRecord, now time.Time) *foundationv1alpha1.TeamRecord {
	closed := record.DeepCopy()
	if closed.Spec.State == foundationv1alpha1.StateDeleted {
		return closed
	}
	closed.Spec.History = append(closed.Spec.History, foundationv1alpha1.TeamChange{
		Time: *timing.Meta(now), What: "state", From: string(closed.Spec.State), To: string(foundationv1alpha1.StateDeleted),
	})
	closed.Spec.State, closed.Spec.StateTransitionTime = foundationv1alpha1.StateDeleted, timing.Meta(now)
	closed.Spec.History = closed.Spec.History[max(0, len(closed.Spec.History)-maxHistory):]
	return closed
}

// changes are the facts that are not what they were.
func changes(m *Model, before, after []string) []foundationv1alpha1.TeamChange {
	old, current := parse(before), parse(after)
	var list []foundationv1alpha1.TeamChange
	for _, what := range slices.Sorted(maps.Keys(merged(old, current))) {
		if old[what] != current[what] {
			list = append(list, change(m, what, old[what], current[what]))
		}
	}
	return list
}

func parse(facts []string) map[string]string {
	parsed := map[string]string{}
	for _, fact := range facts {
		if what, value, ok := strings.Cut(fact, ": "); ok {
			parsed[what] = value
		}
	}
	return parsed
}

// change is an edit, by who edited last. A decision comes with time as well.
func change(m *Model, what, from, to string) foundationv1alpha1.TeamChange {
	c := foundationv1alpha1.TeamChange{Time: *timing.Meta(m.Now), What: what, From: from, To: to}
	if by := lastEdit(m.Team.ManagedFields); what != "decision" && by.Manager != "" {
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

// stateChange is a change of the team's state. One that time made, and that is found late, says how late: neither spec has
// changed since the last look, so nothing else can have made it.
func stateChange(m *Model, from, to foundationv1alpha1.TeamState) foundationv1alpha1.TeamChange {
	since := m.StateSince
	c := foundationv1alpha1.TeamChange{Time: *timing.Meta(m.Now), What: "state", From: string(from), To: string(to)}
	if since.IsZero() || !seenBefore(m) {
		return c
	}
	c.Time = *timing.Meta(since)
	if late := m.Now.Sub(since); late > tolerance {
		c.Late = late.Truncate(time.Second).String()
	}
	return c
}

// seenBefore reports whether the team's status is about the present specs of the team and its programme.
func seenBefore(m *Model) bool {
	status := m.Team.Status
	if status.ObservedGeneration != m.Team.Generation {
		return false
	}
	if m.Program == nil {
		return status.Program == nil
	}
	return status.Program != nil && status.Program.ObservedGeneration == m.Program.Generation
}
