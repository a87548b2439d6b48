package team

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// The time until a team is Ready is measured once for each edit of its spec.
func TestReadinessIsMeasuredOnce(t *testing.T) {
	g := NewWithT(t)
	created := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	with := func(generation, observed int64, ready metav1.ConditionStatus) *foundationv1alpha1.FoundationTeam {
		team := &foundationv1alpha1.FoundationTeam{ObjectMeta: metav1.ObjectMeta{Name: "hanbit", UID: "1", Generation: generation, CreationTimestamp: metav1.NewTime(created)}}
		for i := range generation - 1 {
			at := metav1.NewTime(created.Add(time.Duration(i+1) * time.Hour))
			team.ManagedFields = append(team.ManagedFields, metav1.ManagedFieldsEntry{Manager: "kubectl", Time: &at})
		}
		team.Status.ObservedGeneration = observed
		team.Status.Conditions = []metav1.Condition{{Type: foundationv1alpha1.ConditionReady, Status: ready}}
		return team
	}
	var r readiness
	for _, step := range []struct {
		name          string
		before, after *foundationv1alpha1.FoundationTeam
		at            time.Duration
		want          time.Duration // 0 is none
	}{
		{name: "not Ready yet", before: with(1, 0, ""), after: with(1, 1, "False"), at: time.Second},
		{name: "Ready", before: with(1, 1, "False"), after: with(1, 1, "True"), at: 3 * time.Second, want: 3 * time.Second},
		{name: "a node breaks", before: with(1, 1, "True"), after: with(1, 1, "False"), at: time.Minute},
		{name: "and comes back", before: with(1, 1, "False"), after: with(1, 1, "True"), at: 2 * time.Minute},
		{name: "edited, and Ready at once", before: with(2, 1, "True"), after: with(2, 2, "True"), at: time.Hour + 2*time.Second, want: 2 * time.Second},
		{name: "nothing new", before: with(2, 2, "True"), after: with(2, 2, "True"), at: 90 * time.Minute},
		{name: "edited, the status is older", before: with(3, 2, "True"), after: with(3, 2, "True"), at: 2*time.Hour + time.Second},
	} {
		took, first := r.observe(step.before, step.after, created.Add(step.at))
		g.Expect(first).To(Equal(step.want != 0), step.name)
		if first {
			g.Expect(took).To(Equal(step.want), step.name)
		}
	}
	var restarted readiness
	_, first := restarted.observe(with(2, 2, "True"), with(2, 2, "True"), created.Add(2*time.Hour))
	g.Expect(first).To(BeFalse(), "another process sees it Ready")
	r.forget("hanbit")
	g.Expect(r.teams).To(BeEmpty())
}
