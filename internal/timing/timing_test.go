package timing_test

import (
	"testing"
	"time"

	"foundation.team/operator/internal/timing"
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
			if got := timing.Wait(now, tt.next, tt.transition); got != tt.want {
				t.Errorf("Wait = %s, want %s", got, tt.want)
			}
		})
	}
}

func TestNext(t *testing.T) {
	now := builder.Now
	tests := map[string]struct {
		times []time.Time
		want  time.Time
	}{
		"none":                       {nil, time.Time{}},
		"zero times are none":        {[]time.Time{{}}, time.Time{}},
		"past and present are over":  {[]time.Time{now.Add(-time.Hour), now}, time.Time{}},
		"the earliest of the others": {[]time.Time{now.Add(time.Hour), now.Add(time.Minute), now.Add(-time.Minute)}, now.Add(time.Minute)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := timing.Next(now, tt.times); !got.Equal(tt.want) {
				t.Errorf("Next = %s, want %s", got, tt.want)
			}
		})
	}
}

func TestMeta(t *testing.T) {
	if got := timing.Meta(time.Time{}); got != nil {
		t.Errorf("Meta of no time = %s", got)
	}
	local := builder.Now.In(time.FixedZone("KST", 9*60*60)).Add(300 * time.Millisecond)
	if got := timing.Meta(local); got.Time != builder.Now {
		t.Errorf("Meta = %s, want whole seconds in UTC, %s", got, builder.Now)
	}
}
