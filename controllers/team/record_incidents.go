package team

import (
	"cmp"
	"slices"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// maxRecordedIncidents is the CRD's maxItems of a record's incidents.
const maxRecordedIncidents = 128

// recordedIncidents adds to a record's incidents those that are over. One that went on after it was recorded replaces itself.
func recordedIncidents(recorded, list []foundationv1alpha1.TeamIncident) []foundationv1alpha1.TeamIncident {
	for _, incident := range list {
		if !isOver(incident) {
			continue
		}
		same := slices.IndexFunc(recorded, func(had foundationv1alpha1.TeamIncident) bool {
			return had.PoolName == incident.PoolName && had.NodeName == incident.NodeName && had.StartTime.Equal(&incident.StartTime)
		})
		if same < 0 {
			recorded = append(recorded, incident)
		} else {
			recorded[same] = incident
		}
	}
	slices.SortStableFunc(recorded, func(a, b foundationv1alpha1.TeamIncident) int {
		return cmp.Or(a.StartTime.Compare(b.StartTime.Time), cmp.Compare(a.PoolName, b.PoolName), cmp.Compare(a.NodeName, b.NodeName))
	})
	return recorded[max(len(recorded)-maxRecordedIncidents, 0):]
}
