package team

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/bounds"
	"foundation.team/operator/internal/conditions"
	"foundation.team/operator/internal/lifecycle"
	"foundation.team/operator/internal/text"
	"foundation.team/operator/internal/timing"
)

// BuildStatus returns a team's status: what it has, what is missing, and why.
func BuildStatus(m *Model, record *foundationv1alpha1.TeamRecord, desired Desired, out *Outcome) foundationv1alpha1.FoundationTeamStatus {
	status := foundationv1alpha1.FoundationTeamStatus{
		ObservedGeneration:  m.Team.Generation,
		Conditions:          conditions.Merge(m.Team.Status.Conditions, buildConditions(m, record, desired, out), m.Team.Generation, m.Now),
		State:               m.State,
		StateTransitionTime: timing.Meta(m.StateSince),
		Program:             programStatus(m),
		Retention:           retentionStatus(m),
		Budget:              budgetStatus(m),
		History:             historyStatus(record, m.Life),
		FormerUIDs:          m.Owner.Former,
		NextTransitionTime:  timing.Meta(m.NextTransition),
		GPUs:                gpuStatus(m),
		Storage:             declaredStorage(m),
		Staff: &foundationv1alpha1.TeamStaffStatus{
			Active:         int32(len(m.Staff)),
			NextExpiryTime: timing.Meta(lifecycle.NextStaffExpiry(m.Staff)),
			Expiring:       lifecycle.Expiring(m.Staff, m.Now),
		},
		Namespaces: namespaceStatus(m, out),
		Volumes:    volumeStatus(m),
	}
	if m.Hold.Unrecorded {
		keepObserved(m.Team.Status, &status)
	}
	fit(m, &status)
	return status
}

// keepObserved leaves the generations of the specs as they were while the record cannot be written: what was edited since is
// put on record, as an edit, as soon as that works.
func keepObserved(before foundationv1alpha1.FoundationTeamStatus, status *foundationv1alpha1.FoundationTeamStatus) {
	status.ObservedGeneration = before.ObservedGeneration
	if status.Program == nil {
		return
	}
	status.Program.ObservedGeneration = 0
	if before.Program != nil && before.Program.Name == status.Program.Name {
		status.Program.ObservedGeneration = before.Program.ObservedGeneration
	}
}

// maxNamespaces, maxVolumes and maxPools are the CRD's maxItems of these lists.
const maxNamespaces, maxVolumes, maxPools = 1024, 2048, 256

// fit leaves out of a status what there is no room for: first what conditions or the TeamRecord tell as well.
func fit(m *Model, status *foundationv1alpha1.FoundationTeamStatus) {
	bounds.Fit(m.Team.Spec, status, status.Conditions,
		bounds.Details("forecasts of pools", &status.GPUs.Pools, func(pool *foundationv1alpha1.TeamPoolStatus) { pool.ForecastMessage = "" }),
		bounds.Details("messages of pools", &status.GPUs.Pools, func(pool *foundationv1alpha1.TeamPoolStatus) { pool.Message = "" }),
		bounds.Details("volumes with their PersistentVolumes", &status.Volumes, func(volume *foundationv1alpha1.TeamVolumeStatus) {
			volume.PersistentVolumeNames = nil
		}),
		bounds.List("volumes", &status.Volumes, maxVolumes),
		bounds.List("namespaces", &status.Namespaces, maxNamespaces),
		bounds.List("incidents", &status.GPUs.Incidents, maxIncidents),
		bounds.List("pools", &status.GPUs.Pools, maxPools),
	)
}

// buildConditions returns all conditions of a team, Ready first.
func buildConditions(m *Model, record *foundationv1alpha1.TeamRecord, desired Desired, out *Outcome) []metav1.Condition {
	areas := []metav1.Condition{
		activeCondition(m, record),
		m.Guards.Condition(),
		namespacesCondition(m, out),
		quotaCondition(m, desired, out),
		accessCondition(m, out),
		volumesCondition(m, out),
		gpusCondition(m),
	}
	if recorded := recordedCondition(m); recorded != nil {
		areas = append([]metav1.Condition{*recorded}, areas...)
	}
	if m.Program != nil {
		areas = append(areas, ceilingsCondition(m))
	}
	ready := conditions.Ready(readyMessage(m), areas...)
	if finalized := finalizedCondition(m, out); finalized != nil {
		areas = append(areas, *finalized)
		if !m.Team.DeletionTimestamp.IsZero() {
			ready = conditions.False(foundationv1alpha1.ConditionReady, finalized.Reason, finalized.Message)
		}
	}
	all := append([]metav1.Condition{ready}, areas...)
	// An award that is not covered later does not make the team not Ready today.
	all = append(all, awardsCoveredCondition(m))
	return append(all, progressConditions(areas)...)
}

// progressConditions returns Stalled if only a human can help, else Reconciling if something is in progress, else nothing.
func progressConditions(areas []metav1.Condition) []metav1.Condition {
	if stalled := conditions.Stalled(areas...); stalled != nil {
		return []metav1.Condition{*stalled}
	}
	for _, area := range areas {
		if area.Status != metav1.ConditionTrue && isProgressing(area.Reason) {
			return []metav1.Condition{conditions.True(foundationv1alpha1.ConditionReconciling, area.Reason, area.Message)}
		}
	}
	return nil
}

// readyMessage is the message of Ready for a team that has everything it asks for.
func readyMessage(m *Model) string {
	var requested, granted int32
	for _, grant := range m.Grants {
		requested, granted = requested+grant.requested, granted+grant.grant.Granted
	}
	gpus := "no GPUs awarded"
	if requested > 0 {
		gpus = fmt.Sprintf("%d GPUs", granted)
	}
	message := withGPUNotes(m, gpus+", "+text.Count(len(m.Team.Spec.Namespaces), "namespace"))
	if fit := awardsCoveredCondition(m); fit.Status != metav1.ConditionTrue {
		message += "; later: " + fit.Message
	}
	return message
}
