package allocation

import (
	"slices"
	"strings"
	"time"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/gpunode"
	"foundation.team/operator/internal/lifecycle"
)

// Demand is what all awards of a team come to in a pool, beside what the team has of it.
type Demand struct {
	Team gpunode.Owner
	Holding
	// Priority and Created decide, with the team's name, who is served first.
	Priority int32
	Created  time.Time
	// Awards are all of the team's, Covered what counts of them: while the pool is available, and none if the team may not
	// draw from it.
	Awards, Covered []lifecycle.Span
	// Requested is what Awards add up to now, Available what Covered do, and Demanded the whole nodes in that.
	Requested, Available GPUs
	Demanded             Nodes
	// Ineligible is the organisation of the team's that may not draw from the pool.
	Ineligible string

	perNode GPUs
}

// Holding is what a team has of a pool.
type Holding struct {
	// Previous is what the team was granted before.
	Previous Nodes
	// Usable are nodes that are the team's to use, Draining those that it has to give back.
	Usable, Draining Nodes
	// NodeLimit is how many nodes Karpenter may have for the team, those that are there included. Until its NodePool is seen
	// to be smaller nobody else gets them.
	NodeLimit Nodes
}

// Held is how many nodes are the team's.
func (h Holding) Held() Nodes { return h.Usable + h.Draining }

// NewDemand is what a team demands of a pool now, having what it has.
func NewDemand(team lifecycle.Team, pool *foundationv1alpha1.GPUPool, holding Holding, now time.Time) Demand {
	d := Demand{
		Team:       gpunode.Owner{Name: team.Name, UID: team.UID},
		Holding:    holding,
		Priority:   team.Spec.Priority,
		Created:    team.CreationTimestamp.Time,
		Awards:     team.Awards(pool.Name),
		Ineligible: Ineligible(team.FoundationTeam, pool),
		perNode:    GPUs(pool.Spec.GPUsPerNode),
	}
	d.Requested = GPUs(lifecycle.Demand(d.Awards, now))
	if d.Ineligible == "" {
		d.Covered = lifecycle.Within(pool.Spec.Availability, d.Awards)
		d.Available = GPUs(lifecycle.Demand(d.Covered, now))
		d.Demanded = d.Available.WholeNodes(d.perNode)
	}
	return d
}

// Kept is what the team keeps of what it was granted.
func (d Demand) Kept() Nodes { return min(d.Previous, d.Demanded) }

// request is the demand as it is served. What the team has beyond what it keeps it can have back.
func (d Demand) request() Request {
	return Request{
		Team: d.Team, Priority: d.Priority, Created: d.Created,
		Granted: d.Previous, Demanded: d.Demanded, Reclaimable: max(max(d.Held(), d.NodeLimit)-d.Kept(), 0),
	}
}

// schedule is the demand over time of a team that is granted so much now.
func (d Demand) schedule(granted Nodes) Schedule {
	s := Schedule{Request: d.request()}
	s.Granted = granted
	s.Changes = Changes(lifecycle.Boundaries(d.Covered), func(at time.Time) Nodes {
		return GPUs(lifecycle.Demand(d.Covered, at)).WholeNodes(d.perNode)
	})
	return s
}

// Ineligible is the organisation of the team's consortium that may not draw from the pool: one that the pool names, or the
// supplier of a leased one.
func Ineligible(team *foundationv1alpha1.FoundationTeam, pool *foundationv1alpha1.GPUPool) string {
	if team.Spec.Consortium == nil {
		return ""
	}
	barred := slices.Clone(pool.Spec.Ineligible)
	if pool.Spec.Source == foundationv1alpha1.SourceLeased {
		barred = append(barred, pool.Spec.Supplier)
	}
	members := append([]string{team.Spec.Consortium.Lead}, team.Spec.Consortium.Participants...)
	for _, member := range members {
		if slices.ContainsFunc(barred, func(name string) bool { return strings.EqualFold(name, member) }) {
			return member
		}
	}
	return ""
}
