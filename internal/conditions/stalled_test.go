package conditions_test

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/conditions"
)

func TestStalled(t *testing.T) {
	const area = foundationv1alpha1.ConditionGPUsReady
	tests := map[string]struct {
		current []metav1.Condition
		want    string
	}{
		"all is as it should be":   {[]metav1.Condition{conditions.True(area, foundationv1alpha1.ReasonAsDeclared, "")}, ""},
		"something is on its way":  {[]metav1.Condition{conditions.False(area, foundationv1alpha1.ReasonProgressing, "")}, ""},
		"an admin has to act":      {[]metav1.Condition{conditions.False(area, foundationv1alpha1.ReasonKarpenterMissing, "")}, foundationv1alpha1.ReasonKarpenterMissing},
		"the reason of a True one": {[]metav1.Condition{conditions.True(area, foundationv1alpha1.ReasonNameConflict, "")}, ""},
		"the first of two": {
			[]metav1.Condition{
				conditions.False(area, foundationv1alpha1.ReasonProgressing, ""),
				conditions.False(area, foundationv1alpha1.ReasonPoolNotFound, ""),
				conditions.False(area, foundationv1alpha1.ReasonVolumeLost, ""),
			},
			foundationv1alpha1.ReasonPoolNotFound,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := ""
			if condition := conditions.Stalled(tt.current...); condition != nil {
				got = condition.Reason
			}
			if got != tt.want {
				t.Errorf("Stalled for %q, want %q", got, tt.want)
			}
		})
	}
}
