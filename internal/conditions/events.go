package conditions

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/events"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/text"
)

// maxNote is the longest note that the events API accepts, in bytes.
const maxNote = 1024

// reported are the conditions whose changes are worth an event. Ready says what the areas that it sums up say.
var reported = map[string]bool{
	foundationv1alpha1.ConditionReady:          true,
	foundationv1alpha1.ConditionActive:         true,
	foundationv1alpha1.ConditionFinalized:      true,
	foundationv1alpha1.ConditionOversubscribed: true,
	foundationv1alpha1.ConditionAwardsCovered:  true,
	// Of a programme that is not Ready for one of these, the others are news too.
	foundationv1alpha1.ConditionDecisionsConsistent: true,
	foundationv1alpha1.ConditionWithinCeilings:      true,
	foundationv1alpha1.ConditionWithinBudget:        true,
}

// Report emits an event for every condition of these that has become something else.
func Report(recorder events.EventRecorder, about runtime.Object, old, current []metav1.Condition) {
	for _, condition := range Transitions(old, current) {
		if !reported[condition.Type] || condition.Message == "" {
			continue
		}
		kind := corev1.EventTypeNormal
		if !good(condition) {
			kind = corev1.EventTypeWarning
		}
		recorder.Eventf(about, nil, kind, condition.Reason, condition.Type, "%s", text.Cut(condition.Type+": "+condition.Message, maxNote))
	}
}

// good reports whether a condition is as one would wish, or on its way there.
func good(condition metav1.Condition) bool {
	if condition.Reason == foundationv1alpha1.ReasonProgressing || condition.Reason == foundationv1alpha1.ReasonVolumesPending {
		return true
	}
	if condition.Type == foundationv1alpha1.ConditionOversubscribed {
		return condition.Status == metav1.ConditionFalse
	}
	return condition.Status == metav1.ConditionTrue
}
