package team

import (
	"fmt"
	"slices"
	"time"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// expiryNotices tell of staff whose access has come to end within 30 or 7 days.
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
