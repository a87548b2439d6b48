// Package edits reads from managedFields who edited a field last, and when.
package edits

import (
	"encoding/json"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// Last returns who wrote a field last, and when: the newest entry of those managers who own the field. Nobody owns what was
// taken out; then it is the newest entry of all. Who wrote something else of the object since is not named.
func Last(entries []metav1.ManagedFieldsEntry, path []string) metav1.ManagedFieldsEntry {
	var owner, last metav1.ManagedFieldsEntry
	for _, entry := range entries {
		if entry.Manager == foundationv1alpha1.FieldManager || entry.Subresource != "" {
			continue
		}
		if isNewer(entry, last) {
			last = entry
		}
		if Owns(entry, path) && isNewer(entry, owner) {
			owner = entry
		}
	}
	if owner.Manager != "" {
		return owner
	}
	return last
}

// By says, after what was edited, who edited it and when; empty if an entry does not tell.
func By(entry metav1.ManagedFieldsEntry) string {
	if entry.Manager == "" || entry.Time == nil {
		return ""
	}
	return fmt.Sprintf(" by %s at %s", entry.Manager, entry.Time.UTC().Format(time.RFC3339))
}

func isNewer(entry, than metav1.ManagedFieldsEntry) bool {
	return than.Time == nil || entry.Time != nil && !entry.Time.Before(than.Time)
}

// Owns reports whether an entry of managedFields has a field, or a part of it.
func Owns(entry metav1.ManagedFieldsEntry, path []string) bool {
	if entry.FieldsV1 == nil || len(path) == 0 {
		return false
	}
	var fields map[string]any
	if json.Unmarshal(entry.FieldsV1.GetRawBytes(), &fields) != nil {
		return false
	}
	for _, step := range path {
		next, ok := fields[step].(map[string]any)
		if !ok {
			return false
		}
		fields = next
	}
	return true
}

// AdoptPath returns the path of the annotation that offers an object to a team.
func AdoptPath() []string { return AnnotationPath(foundationv1alpha1.AnnotationAdopt) }

// AnnotationPath returns the path of an annotation.
func AnnotationPath(key string) []string { return []string{"f:metadata", "f:annotations", "f:" + key} }
