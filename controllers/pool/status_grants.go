package pool

import (
	"time"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/gpunode"
	"foundation.team/operator/internal/text"
	"foundation.team/operator/internal/timing"
)

func grantList(in Input, decision Decision) []foundationv1alpha1.Grant {
	owned := map[gpunode.Owner][]*gpunode.Node{}
	for _, n := range selectNodes(decision.Nodes, func(n *gpunode.Node) bool { return n.State.Owned() }) {
		owned[n.Owner] = append(owned[n.Owner], n)
	}
	var list []foundationv1alpha1.Grant
	for _, team := range decision.Grants.Teams {
		v := teamView{in: in, decision: decision, Allocation: team, forecast: decision.Forecast.Teams[team.Team], nodes: owned[team.Team]}
		if v.isReported() {
			list = append(list, v.grant())
		}
	}
	return list
}

// isReported reports whether the team gets an entry in status.grants. An owner that is known only from a label that
// somebody put on a node by hand does not.
func (v *teamView) isReported() bool {
	return v.Team.UID != "" && (v.Requested > 0 || v.Granted > 0 || v.Held() > 0 || v.forecast.Short())
}

func (v *teamView) grant() foundationv1alpha1.Grant {
	reason, message := v.explain()
	grant := foundationv1alpha1.Grant{
		TeamName:      v.Team.Name,
		UID:           string(v.Team.UID),
		Requested:     v.Requested.Int32(),
		Granted:       v.gpus(v.Granted),
		Held:          v.gpus(v.Held()),
		Ready:         v.gpus(v.countNodes(func(n *gpunode.Node) bool { return n.State.Usable() && n.Healthy() })),
		EvictionTime:  timing.Meta(v.evictionTime()),
		Shortfall:     shortfall(v.in, v.Allocation).Int32(),
		NextFreeTime:  timing.Meta(v.forecast.NextFree.At),
		NextFreeCount: v.gpus(v.forecast.NextFree.Nodes),
		Reason:        reason,
		Message:       text.Cut(message, maxMessage),
	}
	v.addForecast(&grant)
	return grant
}

// evictionTime returns when the first pods on draining nodes of the team are evicted; the zero time if none drains.
func (v *teamView) evictionTime() time.Time {
	var times []time.Time
	for _, n := range v.nodes {
		if n.State == gpunode.Draining {
			times = append(times, n.Since.Add(v.in.policy().Grace()))
		}
	}
	return timing.Next(time.Time{}, times)
}
