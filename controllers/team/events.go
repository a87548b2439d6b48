package team

import (
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// expiryNotices returns one notice when a member's access ends within 30 days, and one more when it ends within 7.
func expiryNotices(before, after *foundationv1alpha1.TeamStaffStatus) []string {
	var told []foundationv1alpha1.ExpiringStaff
	if before != nil {
		told = before.Expiring
	}
	var notices []string
	for _, entry := range after.Expiring {
		known := func(old foundationv1alpha1.ExpiringStaff) bool {
			return old.Name == entry.Name && old.EndTime.Equal(&entry.EndTime) && old.WithinDays == entry.WithinDays
		}
		if !slices.ContainsFunc(told, known) {
			notices = append(notices, fmt.Sprintf("staff %s: access ends %s, within %d days; move its end in spec.staff to go on",
				entry.Name, entry.EndTime.UTC().Format(time.RFC3339), entry.WithinDays))
		}
	}
	return notices
}

// reportDelegated emits an event for each binding made by staff that was suspended, resumed or deleted.
func (r *Reconciler) reportDelegated(team *foundationv1alpha1.FoundationTeam, changes []delegatedChange) {
	for _, change := range changes {
		var of string
		subject := suspendedSubject(change.binding)
		if len(change.binding.Subjects) > 0 {
			subject = &change.binding.Subjects[0]
		}
		if subject != nil {
			of = fmt.Sprintf(" of %s %s", subject.Kind, subject.Name)
		}
		r.Events.Eventf(team, nil, corev1.EventTypeNormal, change.reason, "Reconcile",
			"RoleBinding %s/%s%s was made by staff and %s", change.binding.Namespace, change.binding.Name, of, change.what)
	}
}
