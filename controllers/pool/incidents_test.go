package pool

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/gpunode"
	"foundation.team/operator/test/support/builder"
)

// incident is a time in which hanbit's node was broken; a zero end is none.
func incident(node string, fault gpunode.FaultKind, gpus int32, start, end time.Time, outcome foundationv1alpha1.IncidentOutcome) foundationv1alpha1.NodeIncident {
	return foundationv1alpha1.NodeIncident{NodeName: node, TeamName: "hanbit", UID: "hanbit-uid", NodeFault: foundationv1alpha1.NodeFault{
		Fault: string(fault), Count: gpus, StartTime: foundationv1alpha1.NewTimestamp(start), EndTime: foundationv1alpha1.OptionalTimestamp(end), Outcome: outcome,
	}}
}

func withIncidents(list ...foundationv1alpha1.NodeIncident) builder.PoolMod {
	return func(pool *foundationv1alpha1.GPUPool) { pool.Status.Incidents = list }
}

func TestIncidents(t *testing.T) {
	held, free := builder.HeldIn(b200, hanbit), builder.FreeIn(b200)
	hour, minute, never := now.Add(-time.Hour), now.Add(-time.Minute), time.Time{}
	open := incident("n1", gpunode.FaultNotReady, 8, hour, never, "")
	over := func(outcome foundationv1alpha1.IncidentOutcome) []foundationv1alpha1.NodeIncident {
		return []foundationv1alpha1.NodeIncident{incident("n1", gpunode.FaultNotReady, 8, hour, now, outcome)}
	}
	missing := func(gpus int32, start time.Time) foundationv1alpha1.NodeIncident {
		short := incident("n1", gpunode.FaultGPUs, gpus, start, never, "")
		short.Detail = "7 of 8 nvidia.com/gpu"
		return short
	}
	drains := builder.DrainingIn(b200, hanbit, minute)
	tests := map[string]struct {
		in   Input
		want []foundationv1alpha1.NodeIncident
	}{
		"all is well":      {input(granted(16), wants(16), nodes(held, "n1", "n2")), nil},
		"a node breaks":    {input(granted(16), wants(16), builder.Node("n1", held, builder.NotReadySince(hour)), nodes(held, "n2")), []foundationv1alpha1.NodeIncident{open}},
		"it is cordoned":   {input(granted(16), wants(16), builder.Node("n1", held, builder.Cordoned()), nodes(held, "n2")), []foundationv1alpha1.NodeIncident{incident("n1", gpunode.FaultCordoned, 8, now, never, "")}},
		"a GPU is missing": {input(granted(8), wants(8), builder.Node("n1", held, builder.Offers(7, "1", "1Gi", "1Gi"))), []foundationv1alpha1.NodeIncident{missing(1, now)}},
		"a free node breaks, which costs nobody anything": {input(builder.Pool(b200), builder.Node("n1", free, builder.NotReady())), nil},
		"a node that drains breaks":                       {input(granted(8), wants(8), builder.Node("n1", drains, builder.NotReady()), nodes(held, "n2")), nil},
		"it is still broken, in another way": {
			input(granted(16, withIncidents(open)), wants(16), builder.Node("n1", held, builder.Offers(7, "1", "1Gi", "1Gi")), nodes(held, "n2")),
			[]foundationv1alpha1.NodeIncident{missing(8, hour)},
		},
		"it is mended": {input(granted(16, withIncidents(open)), wants(16), nodes(held, "n1", "n2")), over(foundationv1alpha1.IncidentMended)},
		"it is drained, and nothing has taken its place yet": {
			input(granted(16, withIncidents(open)), wants(16), builder.Node("n1", drains, builder.NotReady()), nodes(held, "n2")), []foundationv1alpha1.NodeIncident{open},
		},
		"it is drained, and another one has taken its place": {
			input(granted(16, withIncidents(open)), wants(16), builder.Node("n1", drains, builder.NotReady()), nodes(held, "n2", "n3")), over(foundationv1alpha1.IncidentDrained),
		},
		"its Node is deleted":            {input(granted(16, withIncidents(open)), wants(16), nodes(held, "n2")), over(foundationv1alpha1.IncidentGone)},
		"it was broken for some seconds": {input(granted(16, withIncidents(incident("n1", gpunode.FaultNotReady, 8, now.Add(-30*time.Second), never, ""))), wants(16), nodes(held, "n1", "n2")), nil},
		"it is broken again soon, which is the same incident": {
			input(granted(16, withIncidents(incident("n1", gpunode.FaultNotReady, 8, hour, minute, foundationv1alpha1.IncidentMended))), wants(16),
				builder.Node("n1", held, builder.NotReadySince(now)), nodes(held, "n2")),
			[]foundationv1alpha1.NodeIncident{open},
		},
		"it is broken again later": {
			input(granted(16, withIncidents(incident("n1", gpunode.FaultNotReady, 8, hour, now.Add(-sameIncident), foundationv1alpha1.IncidentMended))), wants(16),
				builder.Node("n1", held, builder.NotReadySince(now)), nodes(held, "n2")),
			[]foundationv1alpha1.NodeIncident{
				incident("n1", gpunode.FaultNotReady, 8, hour, now.Add(-sameIncident), foundationv1alpha1.IncidentMended), incident("n1", gpunode.FaultNotReady, 8, now, never, ""),
			},
		},
		"the manifest of its team was applied again": {
			input(granted(16, withIncidents(open)), builder.Team("hanbit", builder.TeamUID("later"), builder.Award(b200, 16), func(team *foundationv1alpha1.FoundationTeam) { team.Status.FormerUIDs = []string{"hanbit-uid"} }),
				builder.Node("n1", held, builder.NotReadySince(hour)), nodes(held, "n2")),
			[]foundationv1alpha1.NodeIncident{func() foundationv1alpha1.NodeIncident { again := open; again.UID = "later"; return again }()},
		},
		"Karpenter is still provisioning one in its place": {
			input(karpenterPool(16, withIncidents(open)), wants(16), provisionedNode("n1", static, hanbit, builder.NotReady(), builder.Draining(minute)),
				provisionedNode("n2", static, hanbit), builder.NodeClaim("c3", static, hanbit)),
			[]foundationv1alpha1.NodeIncident{open},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			before := asJSON(t, tt.in.Pool)
			if diff := cmp.Diff(tt.want, BuildStatus(tt.in, Decide(tt.in)).Incidents); diff != "" {
				t.Error(diff)
			}
			if after := asJSON(t, tt.in.Pool); after != before {
				t.Error("the pool that was read is changed")
			}
		})
	}
}

// However many nodes break, status keeps what is not over, and the newest of the rest.
func TestIncidentsAreBounded(t *testing.T) {
	var past []foundationv1alpha1.NodeIncident
	for i := range maxIncidents {
		start := now.Add(time.Duration(i-1000) * time.Hour)
		past = append(past, incident(fmt.Sprintf("old-%03d", i), gpunode.FaultNotReady, 8, start, start.Add(time.Hour), foundationv1alpha1.IncidentMended))
	}
	for _, broken := range []int{3, maxIncidents, maxIncidents + 5} {
		var all []any
		for i := range broken {
			all = append(all, builder.Node(fmt.Sprintf("n%03d", i), builder.HeldIn(b200, hanbit), builder.NotReadySince(now.Add(-time.Hour))))
		}
		in := input(granted(int32(8*broken), withIncidents(past...)), append(all, wants(int32(8*broken)))...)
		list := BuildStatus(in, Decide(in)).Incidents
		open := count(list, func(incident foundationv1alpha1.NodeIncident) bool { return incident.EndTime == nil })
		if len(list) != maxIncidents || open != min(broken, maxIncidents) || broken < maxIncidents && list[0].NodeName != past[broken].NodeName {
			t.Errorf("of %d: %d incidents, %d of them not over, the first of %s", broken, len(list), open, list[0].NodeName)
		}
	}
}
