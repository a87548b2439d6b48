package pool

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"foundation.team/operator/internal/lifecycle"
)

// DefaultDebounce is how long requests are debounced unless told otherwise.
const DefaultDebounce = time.Second

// maxDebounces is how many times as long requests are debounced at the most, when more and more of them come.
const maxDebounces = 5

// debouncer has requests that come together decided together: manifests that are applied in one commit arrive one by one,
// and the first must not get it all. What it remembers is lost with the process; then requests are debounced anew,
// which costs a moment and no more.
type debouncer struct {
	mu       sync.Mutex
	requests map[string]requestsSeen
}

// requestsSeen is when a pool's requests became what they are, and when the first of a quick row of changes came.
type requestsSeen struct {
	requests    string
	last, first time.Time
}

// until is the moment up to which a pool's requests are debounced; in the past if they are all there.
func (d *debouncer) until(pool string, requests string, now time.Time, debounce time.Duration) time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.requests == nil {
		d.requests = map[string]requestsSeen{}
	}
	seen, known := d.requests[pool]
	if !known || seen.requests != requests {
		if !now.Before(seen.last.Add(debounce)) {
			seen.first = now
		}
		seen.requests, seen.last = requests, now
		d.requests[pool] = seen
	}
	until := seen.last.Add(debounce)
	if limit := seen.first.Add(maxDebounces * debounce); until.After(limit) {
		return limit
	}
	return until
}

func (d *debouncer) forget(pool string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.requests, pool)
}

// requestsOf sums up what teams ask a pool for, and in which order they are served. Time passing does not change it.
func requestsOf(teams []lifecycle.Team, pool string) string {
	lines := make([]string, 0, len(teams))
	for _, team := range teams {
		lines = append(lines, fmt.Sprint(team.UID, team.Spec.Priority, team.Awards(pool)))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}
