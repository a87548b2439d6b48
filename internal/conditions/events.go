package conditions

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/events"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/text"
)

// maxNote is the longest note that the events.k8s.io API accepts, in bytes.
const maxNote = 1024

// eventConditions are the types of conditions for whose changes an event is emitted. Ready has the reason and message
// of the conditions that it summarises, so those need no event of their own.
var eventConditions = map[string]bool{
	foundationv1alpha1.ConditionReady:          true,
	foundationv1alpha1.ConditionActive:         true,
	foundationv1alpha1.ConditionFinalized:      true,
	foundationv1alpha1.ConditionOversubscribed: true,
	foundationv1alpha1.ConditionAwardsCovered:  true,
	// A programme can be not Ready for several of these at once, and Ready names only the first.
	foundationv1alpha1.ConditionDecisionsConsistent: true,
	foundationv1alpha1.ConditionWithinCeilings:      true,
	foundationv1alpha1.ConditionWithinBudget:        true,
}

// Report emits an event for each of these conditions whose status or reason has changed.
func Report(recorder events.EventRecorder, about runtime.Object, old, current []metav1.Condition) {
	for _, condition := range Transitions(old, current) {
		if !eventConditions[condition.Type] || condition.Message == "" {
			continue
		}
		kind := corev1.EventTypeNormal
		if !isNormal(condition) {
			kind = corev1.EventTypeWarning
		}
		recorder.Eventf(about, nil, kind, condition.Reason, condition.Type, "%s", text.Cut(condition.Type+": "+condition.Message, maxNote))
	}
}

// isNormal reports whether a condition is as it should be, or is about to be: its event is Normal, not Warning.
func isNormal(condition metav1.Condition) bool {
	if condition.Reason == foundationv1alpha1.ReasonProgressing || condition.Reason == foundationv1alpha1.ReasonVolumesPending {
		return true
	}
	if condition.Type == foundationv1alpha1.ConditionOversubscribed {
		return condition.Status == metav1.ConditionFalse
	}
	return condition.Status == metav1.ConditionTrue
}
