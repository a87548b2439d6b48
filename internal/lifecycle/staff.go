package lifecycle

import (
	"cmp"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/timing"
)

// expiryNotices are how long before the end of a staff entry status announces it, the longest first.
var expiryNotices = []time.Duration{30 * day, 7 * day}

const day = 24 * time.Hour

// Staff returns the staff entries of a team that have access at now, in the order of the spec, with the role that
// they have then: while the team is suspended everybody is a Viewer; after its time, during data access, Viewers stay
// Viewers and all others are DataStewards. While the programme is missing they have what they had.
func (t Team) Staff(now time.Time) []foundationv1alpha1.StaffMember {
	state := t.ServedAs(now)
	retention, over := t.Retention(now)
	if !state.HoldsAwards() && (!over || retention.Phase != foundationv1alpha1.RetentionDataAccess) {
		return nil
	}
	var active []foundationv1alpha1.StaffMember
	for _, member := range t.Spec.Staff {
		if !(Span{Start: timeOf(member.StartTime), End: timeOf(member.EndTime)}).Contains(now) {
			continue
		}
		switch {
		case state == foundationv1alpha1.StateSuspended:
			member.Role = foundationv1alpha1.RoleViewer
		case over && member.Role != foundationv1alpha1.RoleViewer:
			member.Role = foundationv1alpha1.RoleDataSteward
		}
		active = append(active, member)
	}
	return active
}

// NextStaffExpiry returns when the first of the given staff entries ends; zero if none does.
func NextStaffExpiry(staff []foundationv1alpha1.StaffMember) time.Time {
	var ends []time.Time
	for _, member := range staff {
		ends = append(ends, timeOf(member.EndTime))
	}
	return timing.Next(time.Time{}, ends)
}

// Expiring returns those of the given staff entries that end within the longest notice, the first to end first.
func Expiring(staff []foundationv1alpha1.StaffMember, now time.Time) []foundationv1alpha1.ExpiringStaff {
	var soon []foundationv1alpha1.ExpiringStaff
	for _, member := range staff {
		within := time.Duration(0)
		for _, notice := range expiryNotices {
			if !member.EndTime.IsZero() && !now.Before(member.EndTime.Add(-notice)) {
				within = notice
			}
		}
		if within > 0 {
			soon = append(soon, foundationv1alpha1.ExpiringStaff{Name: member.Name, EndTime: metav1.Time(foundationv1alpha1.NewTimestamp(member.EndTime.Time)), WithinDays: int32(within / day)})
		}
	}
	slices.SortFunc(soon, func(a, b foundationv1alpha1.ExpiringStaff) int {
		return cmp.Or(a.EndTime.Compare(b.EndTime.Time), cmp.Compare(a.Name, b.Name))
	})
	return soon
}
