package team

import (
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"

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

// reportEndedBindings emits an event for each binding made by staff that was deleted.
func (r *Reconciler) reportEndedBindings(team *foundationv1alpha1.FoundationTeam, ended []*rbacv1.RoleBinding) {
	for _, binding := range ended {
		var subject string
		if len(binding.Subjects) > 0 {
			subject = fmt.Sprintf(" of %s %s", binding.Subjects[0].Kind, binding.Subjects[0].Name)
		}
		r.Events.Eventf(team, nil, corev1.EventTypeNormal, "AccessEnded", "Reconcile",
			"RoleBinding %s/%s%s was made by staff and has ended with the access that it added to", binding.Namespace, binding.Name, subject)
	}
}
