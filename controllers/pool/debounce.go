package pool

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"foundation.team/operator/internal/lifecycle"
)

// DefaultDebounce is long enough for the manifests of one commit to arrive, and short enough not to be noticed by whoever
// waits.
const DefaultDebounce = time.Second

// maxDebounces bounds the wait to this many debounce periods, so that a steady stream of edits cannot keep grants from
// rising.
const maxDebounces = 5

// debouncer waits until demands have stopped changing, so that they are decided together: manifests that are applied in one
// commit arrive one by one, and the first must not get all GPUs. Its memory is lost on a restart; then every pool waits
// once more for one period.
type debouncer struct {
	mu      sync.Mutex
	demands map[string]demandsSeen
}

// demandsSeen is when a pool's demands last changed, and when the first of these changes in quick succession was seen.
type demandsSeen struct {
	digest      string
	last, first time.Time
}

// until returns until when a pool's demands are debounced; a time in the past if they have been stable for long enough.
func (d *debouncer) until(pool string, requests string, now time.Time, debounce time.Duration) time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.demands == nil {
		d.demands = map[string]demandsSeen{}
	}
	seen, known := d.demands[pool]
	if !known || seen.digest != requests {
		if !now.Before(seen.last.Add(debounce)) {
			seen.first = now
		}
		seen.digest, seen.last = requests, now
		d.demands[pool] = seen
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
	delete(d.demands, pool)
}

// demandDigest tells different demands for a pool apart: which awards, whose, and with which priority. It does not change
// with time.
func demandDigest(teams []lifecycle.Team, pool string) string {
	lines := make([]string, 0, len(teams))
	for _, team := range teams {
		lines = append(lines, fmt.Sprint(team.UID, team.Spec.Priority, team.Awards(pool)))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}
