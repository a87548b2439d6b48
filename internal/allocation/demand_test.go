package allocation_test

import (
	"slices"
	"testing"
	"time"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/allocation"
	"foundation.team/operator/internal/lifecycle"
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

// Awards are GPUs, and demands are the whole nodes that they fill; what is not available fills none.
func TestNewDemand(t *testing.T) {
	now := builder.Now
	soon := now.Add(time.Hour)
	tests := map[string]struct {
		pool                 *foundationv1alpha1.GPUPool
		team                 *foundationv1alpha1.FoundationTeam
		requested, available allocation.GPUs
		demanded             allocation.Nodes
	}{
		"awards add up before they are rounded": {
			pool: builder.Pool("b200"), team: builder.Team("hanbit", builder.Award("b200", 12), builder.Award("b200", 11)), requested: 23, available: 23, demanded: 2,
		},
		"less than a node":           {pool: builder.Pool("b200"), team: builder.Team("hanbit", builder.Award("b200", 7)), requested: 7, available: 7},
		"another pool's award":       {pool: builder.Pool("b200"), team: builder.Team("hanbit", builder.Award("h100", 8))},
		"an award that has not come": {pool: builder.Pool("b200"), team: builder.Team("hanbit", builder.AwardBetween("b200", 8, soon, time.Time{}))},
		"a pool that is not available yet": {
			pool: builder.Pool("b200", builder.Available(soon, time.Time{})), team: builder.Team("hanbit", builder.Award("b200", 8)), requested: 8,
		},
		"a team that may not draw from it": {
			pool: builder.Pool("b200", builder.Ineligible("A")), team: builder.Team("hanbit", builder.Consortium("A"), builder.Award("b200", 8)), requested: 8,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := allocation.NewDemand(lifecycle.NewTeam(tt.team, nil), tt.pool, allocation.Holding{Previous: 1}, now)
			if got.Requested != tt.requested || got.Available != tt.available || got.Demanded != tt.demanded {
				t.Errorf("%d requested, %d available, %d nodes demanded; want %d, %d, %d", got.Requested, got.Available, got.Demanded, tt.requested, tt.available, tt.demanded)
			}
			if want := min(1, tt.demanded); got.Kept() != want {
				t.Errorf("keeps %d of the node that it was granted, want %d", got.Kept(), want)
			}
		})
	}
}

func TestUnits(t *testing.T) {
	if got := allocation.Nodes(3).GPUs(8); got != 24 {
		t.Errorf("3 nodes are %d GPUs", got)
	}
	if got := allocation.GPUs(23).WholeNodes(8); got != 2 {
		t.Errorf("23 GPUs are %d whole nodes", got)
	}
}
