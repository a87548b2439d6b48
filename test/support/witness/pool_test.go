package witness

import (
	"testing"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/test/support/builder"
)

// A grant is not raised over what a team asks for. It may stay there when less is asked for.
func TestAGrantIsNotRaisedOverTheRequest(t *testing.T) {
	team := builder.Team("hanbit")
	status := func(granted, requested int32) *foundationv1alpha1.GPUPool {
		pool := builder.Pool("b200")
		pool.Status.Grants = []foundationv1alpha1.Grant{{TeamName: team.Name, UID: string(team.UID), Granted: granted, Requested: requested}}
		return pool
	}
	for name, tt := range map[string]struct {
		before any
		after  *foundationv1alpha1.GPUPool
		want   bool
	}{
		"raised as asked for":            {status(0, 16), status(16, 16), false},
		"raised over it":                 {status(8, 16), status(24, 16), true},
		"raised by who asks for nothing": {status(0, 0), status(8, 0), true},
		"kept by who asks for nothing":   {status(16, 16), status(16, 0), false},
		"given back in part":             {status(16, 16), status(8, 0), false},
		"seen for the first time":        {nil, status(16, 0), false},
	} {
		t.Run(name, func(t *testing.T) {
			w := &Witness{granted: map[string]map[string]int32{}, highestGrant: map[string]int64{}}
			w.pool(tt.before, tt.after)
			if got := len(w.broken) > 0; got != tt.want {
				t.Errorf("violations %q", w.broken)
			}
		})
	}
}
