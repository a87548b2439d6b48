package lifecycle_test

import (
	"testing"
	"time"

	"foundation.team/operator/internal/lifecycle"
	"foundation.team/operator/test/support/builder"
)

func TestWait(t *testing.T) {
	now := builder.Now
	tests := map[string]struct {
		next, transition time.Time
		want             time.Duration
	}{
		"never":                      {time.Time{}, time.Time{}, 0},
		"nodes":                      {now.Add(time.Minute), time.Time{}, time.Minute},
		"a transition":               {time.Time{}, now.Add(time.Hour), time.Hour},
		"nodes before a transition":  {now.Add(time.Minute), now.Add(time.Hour), time.Minute},
		"a transition before nodes":  {now.Add(time.Hour), now.Add(time.Minute), time.Minute},
		"a month away":               {now.AddDate(0, 1, 0), time.Time{}, time.Hour},
		"at once, but not in a loop": {now.Add(time.Millisecond), time.Time{}, time.Second},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := lifecycle.Wait(now, tt.next, tt.transition); got != tt.want {
				t.Errorf("Wait = %s, want %s", got, tt.want)
			}
		})
	}
}
