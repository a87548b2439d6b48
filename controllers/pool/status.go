package pool

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/bounds"
	"foundation.team/operator/internal/conditions"
	"foundation.team/operator/internal/timing"
)

// maxGrants is the CRD's maxItems of status.grants. So many of teams that have something find room, and fewGrants of any.
const maxGrants, fewGrants = 4096, 1024

// BuildStatus returns a pool's status.
func BuildStatus(in Input, decision Decision) foundationv1alpha1.GPUPoolStatus {
	status := foundationv1alpha1.GPUPoolStatus{
		ObservedGeneration: in.Pool.Generation,
		Capacity:           capacityStatus(in, decision),
		NodeAllocatable:    nodeShape(in, decision.Nodes),
		Grants:             grantList(in, decision),
		Incidents:          incidentList(in, decision),
		NextTransitionTime: timing.Meta(nextTransition(in, decision)),
		Conditions:         conditions.Merge(in.Pool.Status.Conditions, currentConditions(in, decision), in.Pool.Generation, in.Now),
	}
	fit(in, &status)
	return status
}

// fit leaves out of a status what there is no room for: messages before numbers, and grants last. Of more grants than fewGrants
// those of teams that have something come first, so that others are left out before. A team whose grant is left out
// keeps what its own status says.
func fit(in Input, status *foundationv1alpha1.GPUPoolStatus) {
	if len(status.Grants) > fewGrants {
		has := func(grant foundationv1alpha1.Grant) int { return min(int(grant.Granted+grant.Held), 1) }
		slices.SortStableFunc(status.Grants, func(a, b foundationv1alpha1.Grant) int { return has(b) - has(a) })
	}
	bounds.Fit(in.Pool.Spec, status, status.Conditions,
		bounds.Details("forecasts of teams", &status.Grants, func(grant *foundationv1alpha1.Grant) {
			grant.ForecastTime, grant.ForecastShortfall, grant.ForecastReason, grant.ForecastMessage = nil, 0, "", ""
		}),
		bounds.Details("messages of teams", &status.Grants, func(grant *foundationv1alpha1.Grant) { grant.Message = grant.Reason }),
		bounds.Details("times of teams", &status.Grants, func(grant *foundationv1alpha1.Grant) {
			grant.EvictionTime, grant.NextFreeTime, grant.NextFreeCount = nil, nil, 0
		}),
		bounds.List("incidents", &status.Incidents, maxIncidents),
		bounds.List("teams", &status.Grants, maxGrants),
	)
}

func currentConditions(in Input, decision Decision) []metav1.Condition {
	ready, fit := readyCondition(in, decision), awardsCoveredCondition(in, decision)
	if ready.Status == metav1.ConditionTrue && fit.Status != metav1.ConditionTrue {
		ready.Message += "; " + fit.Message
	}
	current := []metav1.Condition{ready, in.Guards.Condition(), oversubscribedCondition(in, decision), fit}
	if reconciling := reconcilingCondition(in, decision); reconciling != nil {
		current = append(current, *reconciling)
	}
	if stalled := conditions.Stalled(ready); stalled != nil {
		current = append(current, *stalled)
	}
	return current
}
