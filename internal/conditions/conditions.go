// Package conditions builds and merges the conditions of a status: controllers compute all conditions of an object in
// each reconcile, and Merge keeps the transition times of those that did not change.
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

const (
	// maxMessage is how long a condition's message is at most, in bytes. The API server accepts 32,768 characters, but all 16
	// conditions of a status have to leave room for the rest of it.
	maxMessage = 4096
	// MaxList is how much of that a list of problems may take; Ready adds which other conditions are not true.
	MaxList = maxMessage - 1024
)

// True returns a condition with the status True.
func True(conditionType, reason, message string) metav1.Condition {
	return metav1.Condition{Type: conditionType, Status: metav1.ConditionTrue, Reason: reason, Message: message}
}

// False returns a condition with the status False.
func False(conditionType, reason, message string) metav1.Condition {
	return metav1.Condition{Type: conditionType, Status: metav1.ConditionFalse, Reason: reason, Message: message}
}

// Ready summarises conditions: it is True, with the given message, if all of them are, else it has the reason and
// message of the first that is not, and names the others.
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

// Merge returns the current conditions with the observed generation, and with the transition times of the old ones
// where the status is the same. Old conditions that are not among the current ones are dropped.
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

// Transitions returns the current conditions whose status or reason has changed.
func Transitions(old, current []metav1.Condition) []metav1.Condition {
	return slices.DeleteFunc(slices.Clone(current), func(condition metav1.Condition) bool {
		before := meta.FindStatusCondition(old, condition.Type)
		return before != nil && before.Status == condition.Status && before.Reason == condition.Reason
	})
}
