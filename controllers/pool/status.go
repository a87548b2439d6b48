package pool

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/conditions"
	"foundation.team/operator/internal/timing"
)

// BuildStatus returns a pool's status.
func BuildStatus(in Input, decision Decision) foundationv1alpha1.GPUPoolStatus {
	return foundationv1alpha1.GPUPoolStatus{
		ObservedGeneration: in.Pool.Generation,
		Capacity:           capacityStatus(in, decision),
		NodeAllocatable:    nodeShape(in, decision.Nodes),
		Grants:             grantList(in, decision),
		Incidents:          incidentList(in, decision),
		NextTransitionTime: timing.Meta(nextTransition(in, decision)),
		Conditions:         conditions.Merge(in.Pool.Status.Conditions, currentConditions(in, decision), in.Pool.Generation, in.Now),
	}
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
