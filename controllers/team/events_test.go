package team

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

func TestExpiryNotices(t *testing.T) {
	entry := func(name string, days int32) foundationv1alpha1.ExpiringStaff {
		return foundationv1alpha1.ExpiringStaff{Name: name, EndTime: metav1.NewTime(july), WithinDays: days}
	}
	status := func(entries ...foundationv1alpha1.ExpiringStaff) *foundationv1alpha1.TeamStaffStatus {
		return &foundationv1alpha1.TeamStaffStatus{Expiring: entries}
	}
	const kim = "staff kim: access ends 2026-06-30T15:00:00Z, within 30 days; move its end in spec.staff to go on"
	tests := map[string]struct {
		before, after *foundationv1alpha1.TeamStaffStatus
		want          []string
	}{
		"nobody's access ends soon":             {status(), status(), nil},
		"a first notice":                        {nil, status(entry("kim", 30)), []string{kim}},
		"a notice that was given already":       {status(entry("kim", 30)), status(entry("kim", 30)), nil},
		"a notice for one more member of staff": {status(entry("lee", 30)), status(entry("kim", 30), entry("lee", 30)), []string{kim}},
		"a second notice a week before":         {status(entry("kim", 30)), status(entry("kim", 7)), []string{"staff kim: access ends 2026-06-30T15:00:00Z, within 7 days; move its end in spec.staff to go on"}},
		"an entry that was extended":            {status(entry("kim", 30)), status(), nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, expiryNotices(tt.before, tt.after)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestChangesOfBindingsThatStaffMadeAreReported(t *testing.T) {
	hanbit := twoNamespaces()
	recorded := events.NewFakeRecorder(3)
	r := &Reconciler{Events: recorded}
	kims := delegatedTo(hanbit, "hanbit-train", subject("User", "", "kim"))
	r.reportDelegated(hanbit, []delegatedChange{
		{kims, "AccessEnded", "has ended"}, {delegatedTo(hanbit, "hanbit-eval"), "AccessEnded", "has ended"}, {suspendedBinding(kims), "AccessResumed", "resumes"},
	})
	close(recorded.Events)
	var told []string
	for event := range recorded.Events {
		told = append(told, event)
	}
	want := []string{
		"Normal AccessEnded RoleBinding hanbit-train/further of User kim was made by staff and has ended",
		"Normal AccessEnded RoleBinding hanbit-eval/further was made by staff and has ended",
		"Normal AccessResumed RoleBinding hanbit-train/further of User kim was made by staff and resumes",
	}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Error(diff)
	}
}
