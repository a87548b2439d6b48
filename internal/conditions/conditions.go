// Package conditions is how controllers write conditions: all of an object's conditions are computed anew each time,
// and this package keeps what did not change.
package conditions

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/text"
)

// maxMessage is the longest message that the API accepts.
const maxMessage = 32768

// True makes a condition that holds.
func True(conditionType, reason, message string) metav1.Condition {
	return metav1.Condition{Type: conditionType, Status: metav1.ConditionTrue, Reason: reason, Message: message}
}

// False makes a condition that does not hold.
func False(conditionType, reason, message string) metav1.Condition {
	return metav1.Condition{Type: conditionType, Status: metav1.ConditionFalse, Reason: reason, Message: message}
}

// Ready sums up areas: True if none of them is False, else the first that is False, with how many more there are.
// The message of a ready object is given.
func Ready(message string, areas ...metav1.Condition) metav1.Condition {
	var wrong []metav1.Condition
	for _, area := range areas {
		if area.Status != metav1.ConditionTrue {
			wrong = append(wrong, area)
		}
	}
	if len(wrong) == 0 {
		return True(foundationv1alpha1.ConditionReady, foundationv1alpha1.ReasonAsDeclared, message)
	}
	message = wrong[0].Message
	if len(wrong) > 1 {
		names := make([]string, 0, len(wrong)-1)
		for _, area := range wrong[1:] {
			names = append(names, area.Type)
		}
		message = fmt.Sprintf("%s (also not: %s)", message, strings.Join(names, ", "))
	}
	return False(foundationv1alpha1.ConditionReady, wrong[0].Reason, message)
}

// Merge gives the current conditions the transition times of the old ones where the status is the same, and the
// observed generation. Old conditions that are not current are dropped.
func Merge(old, current []metav1.Condition, generation int64, now time.Time) []metav1.Condition {
	merged := make([]metav1.Condition, 0, len(current))
	for _, condition := range current {
		condition.ObservedGeneration = generation
		condition.Message = text.Cut(condition.Message, maxMessage)
		condition.LastTransitionTime = metav1.Time{Time: now.UTC().Truncate(time.Second)}
		if before := meta.FindStatusCondition(old, condition.Type); before != nil && before.Status == condition.Status {
			condition.LastTransitionTime = before.LastTransitionTime
		}
		merged = append(merged, condition)
	}
	return merged
}

// Transitions are the current conditions whose status or reason is not what it was.
func Transitions(old, current []metav1.Condition) []metav1.Condition {
	return slices.DeleteFunc(slices.Clone(current), func(condition metav1.Condition) bool {
		before := meta.FindStatusCondition(old, condition.Type)
		return before != nil && before.Status == condition.Status && before.Reason == condition.Reason
	})
}
