package model

import (
	"fmt"
	"strings"
)

// The world is small: two teams, and up to three nodes.
const (
	maxNodes = 3
	teams    = 2
	// stranger is whose pods belong to no team, beside the teams 0 and 1.
	stranger = teams
)

// phase is the state of a node in its pool as the model stores it; the zero phase is a node that does not exist.
type phase uint8

const (
	gone phase = iota
	outside
	entering
	free
	held
	draining
)

func (p phase) String() string {
	return [...]string{"gone", "outside", "entering", "free", "held", "draining"}[p]
}

func (p phase) owned() bool { return p == held || p == draining }

// version is one version of a Node: what the pool wrote on it, and whether it works. Ages are in ticks and end at the age from
// which on nothing changes.
type version struct {
	Phase phase
	Team  uint8
	// Since is the age of draining-since. Broken and Fault are one more than the age of broken-since and of the node's fault; 0
	// without.
	Since, Broken, Fault uint8
}

func (v version) labelled() bool { return v.Phase > outside }

func (v version) closed() bool { return v.Phase == entering || v.Phase == draining }

// task is a write of a plan that is being applied. Fresh is true as long as the Node has the resourceVersion that was read.
type task struct {
	To    version
	Due   bool
	Fresh bool
}

// node is a node of the cluster with all that bears on it.
type node struct {
	// Now is the Node, Cached what the operator's cache has of it. Stale is true if that is an older version.
	Now, Cached version
	Stale       bool
	// Mine is true if the running process wrote a version that is newer than the cached one, and knows that.
	Mine bool
	// Pods are whose pods are bound to the node, a bit each. Open is whose pods may still be bound to it in this tick: the
	// scheduler may have decided so while the node was open.
	Pods, Open uint8
	Task       task
	// Evict are whose pods, of those that were listed, the plan evicts.
	Evict uint8
	// Seen is one more than for how many ticks the operator has seen the node closed as the cache has it; 0 if it has not.
	Seen uint8
}

// grant is a team's entry in the pool's status, in nodes.
type grant struct {
	Recorded      bool
	Granted, Held uint8
}

type grants [teams]grant

// budget is how many more times each kind of disturbance may happen.
type budget struct {
	Awards, Nodes, Faults, Crashes uint8
}

// state is a state of the world.
type state struct {
	Nodes [maxNodes]node
	// Status is the pool's status, CachedStatus what the cache has of it. Wrote is true if the running process wrote the newer
	// version itself, so that it knows that the cache is stale.
	Status, CachedStatus grants
	StatusStale, Wrote   bool
	// Awards are what teams are awarded, in nodes.
	Awards, CachedAwards [teams]uint8
	// Quota is what the teams' quotas allow, in nodes.
	Quota [teams]uint8
	// Compared is true once the running process found the cache no older than the API server.
	Compared bool
	Left     budget
}

// applying reports whether a plan is in the middle of being applied.
func (s *state) applying() bool {
	for i := range s.Nodes {
		if s.Nodes[i].Task.Due || s.Nodes[i].Evict != 0 {
			return true
		}
	}
	return false
}

func (s *state) dropPlan() {
	for i := range s.Nodes {
		s.Nodes[i].Task, s.Nodes[i].Evict = task{}, 0
	}
}

// podsOf returns how many pods a team has, each of which takes a whole node.
func (s *state) podsOf(team int) uint8 {
	sum := uint8(0)
	for i := range s.Nodes {
		sum += s.Nodes[i].Pods >> team & 1
	}
	return sum
}

func teamName(team int) string { return [...]string{"A", "B", "stranger"}[team] }

func podNames(pods uint8) string {
	names := ""
	for team := range teams + 1 {
		if pods>>team&1 == 1 {
			names += " pod of " + teamName(team)
		}
	}
	return names
}

func (v version) String() string {
	text := v.Phase.String()
	if v.Phase.owned() {
		text += " by " + teamName(int(v.Team))
	}
	if v.Phase == draining || v.Phase == entering {
		text += fmt.Sprintf(" for %d", v.Since)
	}
	if v.Fault > 0 {
		text += fmt.Sprintf(" broken for %d", v.Fault-1)
	}
	return text
}

func (s *state) String() string {
	var b strings.Builder
	for i := range s.Nodes {
		n := &s.Nodes[i]
		if n.Now == (version{}) && !n.Stale && n.Pods == 0 {
			continue
		}
		fmt.Fprintf(&b, "n%d %s%s", i, n.Now, podNames(n.Pods))
		if n.Stale {
			fmt.Fprintf(&b, " (cached %s)", n.Cached)
		}
		if n.Task.Due {
			fmt.Fprintf(&b, " (to become %s, fresh %t)", n.Task.To, n.Task.Fresh)
		}
		if n.Evict != 0 {
			fmt.Fprintf(&b, " (to evict%s)", podNames(n.Evict))
		}
		b.WriteString("; ")
	}
	for team := range teams {
		g := s.Status[team]
		fmt.Fprintf(&b, "%s awarded %d granted %d quota %d", teamName(team), s.Awards[team], g.Granted, s.Quota[team])
		if s.CachedAwards[team] != s.Awards[team] || s.StatusStale {
			fmt.Fprintf(&b, " (cached %d, %d)", s.CachedAwards[team], s.CachedStatus[team].Granted)
		}
		b.WriteString("; ")
	}
	return b.String()
}
