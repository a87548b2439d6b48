// Package timing has what controllers do with times: the next one, how long to wait for it, and a time as status has it.
// A zero time is none.
package timing

import (
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// longestWait bounds how long a controller waits for a moment: a timer does not notice when somebody sets the clock.
const longestWait = time.Hour

// Next is the earliest of the times that is after now; zero if there is none.
func Next(now time.Time, times []time.Time) time.Time {
	times = slices.DeleteFunc(slices.Clone(times), func(t time.Time) bool { return t.IsZero() || !t.After(now) })
	if len(times) == 0 {
		return time.Time{}
	}
	return slices.MinFunc(times, time.Time.Compare)
}

// Wait is how long it is until the first of the moments; 0 if there is none. It is at least a second, because moments are
// whole seconds, and at most an hour.
func Wait(now time.Time, moments ...time.Time) time.Duration {
	var first time.Time
	for _, moment := range moments {
		if first.IsZero() || !moment.IsZero() && moment.Before(first) {
			first = moment
		}
	}
	if first.IsZero() {
		return 0
	}
	return min(max(first.Sub(now), time.Second), longestWait)
}

// Meta is a time as status has it: UTC, whole seconds, nil for none.
func Meta(t time.Time) *metav1.Time {
	if t.IsZero() {
		return nil
	}
	return &metav1.Time{Time: t.UTC().Truncate(time.Second)}
}
