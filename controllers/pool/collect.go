package pool

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"foundation.team/operator/internal/lifecycle"
)

// DefaultCollect is how long requests are collected unless told otherwise.
const DefaultCollect = time.Second

// patience is how many times as long requests are collected at the most, when more and more of them come.
const patience = 5

// collector lets requests that come together be decided together: manifests that are applied in one commit arrive one by
// one, and the first must not get it all. What it remembers is lost with the process; then requests are collected anew,
// which costs a moment and no more.
type collector struct {
	mu      sync.Mutex
	arrived map[string]arrival
}

// arrival is when a pool's requests became what they are, and when the first of a quick row of changes came.
type arrival struct {
	requests    string
	last, first time.Time
}

// until is the moment up to which a pool's requests are collected; in the past if they are all there.
func (c *collector) until(pool string, requests string, now time.Time, collect time.Duration) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.arrived == nil {
		c.arrived = map[string]arrival{}
	}
	seen, known := c.arrived[pool]
	if !known || seen.requests != requests {
		if !now.Before(seen.last.Add(collect)) {
			seen.first = now
		}
		seen.requests, seen.last = requests, now
		c.arrived[pool] = seen
	}
	until := seen.last.Add(collect)
	if limit := seen.first.Add(patience * collect); until.After(limit) {
		return limit
	}
	return until
}

func (c *collector) forget(pool string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.arrived, pool)
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
