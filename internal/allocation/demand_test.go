package allocation_test

import (
	"slices"
	"testing"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/allocation"
	"foundation.team/operator/test/support/builder"
)

func TestIneligible(t *testing.T) {
	tests := map[string]struct {
		pool *foundationv1alpha1.GPUPool
		team *foundationv1alpha1.FoundationTeam
		want string
	}{
		"without a consortium":    {builder.Pool("b200", builder.Ineligible("A")), builder.Team("hanbit"), ""},
		"none is barred":          {builder.Pool("b200"), builder.Team("hanbit", builder.Consortium("A", "B")), ""},
		"the lead":                {builder.Pool("b200", builder.Ineligible("X", "A")), builder.Team("hanbit", builder.Consortium("A", "B")), "A"},
		"a participant":           {builder.Pool("b200", builder.Ineligible("B")), builder.Team("hanbit", builder.Consortium("A", "B")), "B"},
		"in other letters":        {builder.Pool("b200", builder.Ineligible("example telecom")), builder.Team("hanbit", builder.Consortium("Example Telecom")), "Example Telecom"},
		"who leases the pool out": {builder.Pool("b200", builder.Leased("B")), builder.Team("hanbit", builder.Consortium("A", "B")), "B"},
		"who sold it may": {builder.Pool("b200", func(pool *foundationv1alpha1.GPUPool) {
			pool.Spec.Source, pool.Spec.Supplier = foundationv1alpha1.SourcePurchased, "B"
		}), builder.Team("hanbit", builder.Consortium("A", "B")), ""},
		"a part of a name is not a name": {builder.Pool("b200", builder.Ineligible("Example")), builder.Team("hanbit", builder.Consortium("Example Telecom")), ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := allocation.Ineligible(tt.team, tt.pool); got != tt.want {
				t.Errorf("ineligible is %q, want %q", got, tt.want)
			}
			listed := slices.Clone(tt.pool.Spec.Ineligible)
			_ = allocation.Ineligible(tt.team, tt.pool)
			if !slices.Equal(listed, tt.pool.Spec.Ineligible) {
				t.Error("the pool was changed")
			}
		})
	}
}
