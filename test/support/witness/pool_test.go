package witness

import (
	"testing"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/test/support/builder"
)

// A team may keep more than it asks for only for a reason that says why, and is never raised to that.
func TestGrantsOverTheRequest(t *testing.T) {
	team := builder.Team("hanbit")
	status := func(granted, requested int32, reason string) *foundationv1alpha1.GPUPool {
		pool := builder.Pool("b200")
		pool.Status.Grants = []foundationv1alpha1.Grant{{TeamName: team.Name, UID: string(team.UID), Granted: granted, Requested: requested, Reason: reason}}
		return pool
	}
	const kept = foundationv1alpha1.ReasonPoolNotFound
	for name, tt := range map[string]struct {
		before any
		after  *foundationv1alpha1.GPUPool
		broken bool
	}{
		"raised as asked for":                         {status(0, 16, ""), status(16, 16, ""), false},
		"raised over it":                              {status(8, 16, ""), status(24, 16, ""), true},
		"raised over it, for a reason":                {status(8, 16, ""), status(24, 16, kept), true},
		"kept while a pool cannot be found":           {status(16, 16, ""), status(16, 0, kept), false},
		"kept for no reason":                          {status(16, 16, ""), status(16, 0, ""), true},
		"kept for another reason":                     {status(16, 16, ""), status(16, 0, foundationv1alpha1.ReasonProgressing), true},
		"given back in part while it cannot be found": {status(16, 16, ""), status(8, 0, kept), false},
		"first seen while it cannot be found":         {nil, status(16, 0, kept), false},
		"first seen over what is asked for":           {nil, status(16, 0, ""), true},
	} {
		t.Run(name, func(t *testing.T) {
			w := &Witness{granted: map[string]map[string]int32{}, highestGrant: map[string]int64{}}
			w.pool(tt.before, tt.after)
			if broken := len(w.broken) > 0; broken != tt.broken {
				t.Errorf("violations %q", w.broken)
			}
		})
	}
}
