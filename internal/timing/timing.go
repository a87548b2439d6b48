// Package timing finds the next of several times, how long to wait for it, and converts times for status. A zero time
// means none.
package timing

import (
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// maxWait bounds how long a controller waits for a time: a timer does not notice when the clock is set.
const maxWait = time.Hour

// Next returns the earliest of the times that are after now; zero if there is none.
func Next(now time.Time, times []time.Time) time.Time {
	times = slices.DeleteFunc(slices.Clone(times), func(t time.Time) bool { return t.IsZero() || !t.After(now) })
	if len(times) == 0 {
		return time.Time{}
	}
	return slices.MinFunc(times, time.Time.Compare)
}

// Wait returns how long it is until the first of the moments; 0 if there is none. It is at least a second, because
// the API's times are whole seconds, and at most maxWait.
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
	return min(max(first.Sub(now), time.Second), maxWait)
}

// Meta converts a time for status: UTC, whole seconds as the API server stores it, nil for none.
func Meta(t time.Time) *metav1.Time {
	if t.IsZero() {
		return nil
	}
	return &metav1.Time{Time: t.UTC().Truncate(time.Second)}
}
