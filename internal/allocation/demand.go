package allocation

import (
	"slices"
	"strings"
	"time"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/gpunode"
	"foundation.team/operator/internal/lifecycle"
)

// Demand is what all awards of a team in a pool add up to now, with what the team holds there.
type Demand struct {
	Team gpunode.Owner
	Holding
	// Priority, Created and the team's name are the order of serving.
	Priority int32
	Created  time.Time
	// Awards are the spans of all of the team's awards in the pool. Covered are those within the pool's availability;
	// none if the team is not eligible.
	Awards, Covered []lifecycle.Span
	// Unresolved are spans, within the pool's availability, of awards that name something that does not exist. As far as
	// they go the team keeps what it has, and gets nothing more.
	Unresolved []lifecycle.Span
	// Requested is what Awards add up to now, Available what Covered add up to. Demanded is the whole nodes in Available,
	// and those that the team keeps for Unresolved.
	Requested, Available GPUs
	Demanded             Nodes
	// Unnamed is how many of the demanded nodes the team keeps for Unresolved alone.
	Unnamed Nodes
	// Ineligible is the organisation in the team's consortium for which the team may not use the pool; empty if there
	// is none.
	Ineligible string

	perNode GPUs
}

// Holding is what a team holds of a pool.
type Holding struct {
	// Previous is the team's grant before this reconcile.
	Previous Nodes
	// Usable are nodes that the team may run pods on, Draining those that it still holds while their pods end.
	Usable, Draining Nodes
	// OutOfUse are nodes that the team still holds while they are drained because they are broken. It cannot be granted them
	// again.
	OutOfUse Nodes
	// NodeLimit is the limit of the team's NodePools, existing nodes included. Until the cache shows a lower limit,
	// Karpenter may still provision that many, so no other team is granted them.
	NodeLimit Nodes
}

// Held returns how many nodes the team holds.
func (h Holding) Held() Nodes { return h.InUse() + h.OutOfUse }

// InUse returns how many nodes the team holds that it can be granted.
func (h Holding) InUse() Nodes { return h.Usable + h.Draining }

// NewDemand returns what a team demands of a pool at now.
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
		d.Unresolved = lifecycle.Within(pool.Spec.Availability, team.Unresolved(pool.Name))
		d.Available = GPUs(lifecycle.Demand(d.Covered, now))
		d.Demanded = d.demandedAt(now, d.Previous)
		d.Unnamed = d.Demanded - d.Available.WholeNodes(d.perNode)
	}
	return d
}

// demandedAt returns the whole nodes that the team demands at a time, when it has so many.
func (d Demand) demandedAt(at time.Time, has Nodes) Nodes {
	available := GPUs(lifecycle.Demand(d.Covered, at))
	unresolved := GPUs(lifecycle.Demand(d.Unresolved, at))
	return max(available.WholeNodes(d.perNode), min(has, (available+unresolved).WholeNodes(d.perNode)))
}

// Boundaries returns the times at which the team's awards in the pool begin or end.
func (d Demand) Boundaries() []time.Time {
	return append(lifecycle.Boundaries(d.Awards), lifecycle.Boundaries(d.Unresolved)...)
}

// Kept returns what the team keeps of its previous grant.
func (d Demand) Kept() Nodes { return min(d.Previous, d.Demanded) }

// request returns the demand as a request. Nodes that the team holds beyond what it keeps can be granted to it again
// without any other node being free.
func (d Demand) request() Request {
	return Request{
		Team: d.Team, Priority: d.Priority, Created: d.Created,
		Granted: d.Previous, Demanded: d.Demanded, Reclaimable: max(max(d.InUse(), d.NodeLimit-d.OutOfUse)-d.Kept(), 0),
	}
}

// schedule returns the demand over time of a team with this grant.
func (d Demand) schedule(granted Nodes) Schedule {
	s := Schedule{Request: d.request()}
	s.Granted = granted
	s.Changes = Changes(append(lifecycle.Boundaries(d.Covered), lifecycle.Boundaries(d.Unresolved)...), func(at time.Time) Nodes {
		return d.demandedAt(at, granted)
	})
	return s
}

// Ineligible returns the organisation in the team's consortium for which the team may not use the pool: one that the
// pool lists as ineligible, or the supplier of a leased pool. It is empty if there is none.
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
