package pool

import (
	"cmp"
	"slices"
	"time"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/gpunode"
	"foundation.team/operator/internal/text"
)

const (
	// maxIncidents is the CRD's maxItems of status.incidents.
	maxIncidents = 128
	// maxDetail is the CRD's maxLength of an incident's detail.
	maxDetail = 256
	// shortestIncident is how long a node has to be broken to be remembered: a restart of the kubelet or of a device plugin
	// takes seconds.
	shortestIncident = time.Minute
	// sameIncident is how soon after an incident of a node the next one counts as the same, so that a node that is NotReady every
	// other minute makes one.
	sameIncident = 10 * time.Minute
)

// incidentKey tells a team's node.
type incidentKey struct {
	node string
	team gpunode.Owner
}

// incidentList returns the incidents of the status so far, with what is broken and mended now.
func incidentList(in Input, decision Decision) []foundationv1alpha1.NodeIncident {
	list := slices.Clone(in.Pool.Status.Incidents)
	last := map[incidentKey]int{}
	resolve := in.ownerResolver()
	for i := range list {
		owner := resolve(newOwner(list[i].TeamName, list[i].UID))
		list[i].UID = string(owner.UID)
		last[incidentKey{list[i].NodeName, owner}] = i
	}
	short, goingOn, owned := shortTeams(in, decision), map[int]bool{}, map[incidentKey]*gpunode.Node{}
	for _, n := range selectNodes(decision.Nodes, func(n *gpunode.Node) bool { return n.State.Owned() && n.Owner.UID != "" }) {
		key := incidentKey{n.Name, n.Owner}
		owned[key] = n
		at, known := last[key]
		open := known && list[at].EndTime == nil
		if !isIncident(n, open && short[n.Owner]) {
			continue
		}
		if !known || !open && in.Now.Sub(list[at].EndTime.Time) >= sameIncident {
			at = len(list)
			list = append(list, newIncident(in, n))
		}
		goingOn[at] = true
		list[at].Fault, list[at].Count = string(n.Fault.Kind), max(list[at].Count, int32(n.Fault.MissingGPUs))
		list[at].Detail, list[at].EndTime, list[at].Outcome = text.Cut(n.Fault.Detail, maxDetail), nil, ""
	}
	for i := range list {
		if list[i].EndTime == nil && !goingOn[i] {
			n := owned[incidentKey{list[i].NodeName, newOwner(list[i].TeamName, list[i].UID)}]
			list[i].EndTime, list[i].Outcome = foundationv1alpha1.OptionalTimestamp(in.Now), outcomeOf(n)
		}
	}
	return boundIncidents(list)
}

// isIncident reports whether a broken node costs its team GPUs: while it is held, and while it drains and nothing has taken its
// place.
func isIncident(n *gpunode.Node, unreplaced bool) bool {
	if n.Healthy() || n.Fault.Kind == gpunode.FaultStarting {
		return false
	}
	return n.State == gpunode.Held || n.State == gpunode.Draining && unreplaced
}

func newIncident(in Input, n *gpunode.Node) foundationv1alpha1.NodeIncident {
	since := n.FaultSince()
	if since.IsZero() || since.After(in.Now) {
		since = in.Now.Truncate(time.Second)
	}
	incident := foundationv1alpha1.NodeIncident{NodeName: n.Name, TeamName: n.Owner.Name, UID: string(n.Owner.UID)}
	incident.StartTime = foundationv1alpha1.NewTimestamp(since)
	return incident
}

// shortTeams returns the teams that miss nodes which nothing has taken the place of yet. In a Dynamic pool nodes are missing only
// while pods need them, which is not known.
func shortTeams(in Input, decision Decision) map[gpunode.Owner]bool {
	short := map[gpunode.Owner]bool{}
	if dynamic(in.Pool) {
		return short
	}
	for _, team := range decision.Grants.Teams {
		short[team.Team] = team.Missing() > 0
	}
	for i := range decision.Nodes {
		if n := &decision.Nodes[i]; n.State == gpunode.Provisioning {
			short[n.Owner] = true
		}
	}
	return short
}

// outcomeOf returns how an incident was over, from the team's node as it is now; nil if the team has it no more.
func outcomeOf(n *gpunode.Node) foundationv1alpha1.IncidentOutcome {
	switch {
	case n == nil:
		return foundationv1alpha1.IncidentGone
	case n.Healthy():
		return foundationv1alpha1.IncidentMended
	default:
		return foundationv1alpha1.IncidentDrained
	}
}

// boundIncidents drops what was over at once, and of too many those first that have been over for longest.
func boundIncidents(list []foundationv1alpha1.NodeIncident) []foundationv1alpha1.NodeIncident {
	list = slices.DeleteFunc(list, func(incident foundationv1alpha1.NodeIncident) bool {
		return incident.EndTime != nil && incident.EndTime.Time.Sub(incident.StartTime.Time) < shortestIncident
	})
	slices.SortStableFunc(list, func(a, b foundationv1alpha1.NodeIncident) int {
		return cmp.Or(a.StartTime.Compare(b.StartTime.Time), cmp.Compare(a.NodeName, b.NodeName))
	})
	for len(list) > maxIncidents {
		oldest := slices.IndexFunc(list, func(incident foundationv1alpha1.NodeIncident) bool { return incident.EndTime != nil })
		if oldest < 0 {
			return list[:maxIncidents]
		}
		list = slices.Delete(list, oldest, oldest+1)
	}
	if len(list) == 0 {
		return nil
	}
	return list
}
