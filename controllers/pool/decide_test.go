package pool

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"foundation.team/operator/test/support/builder"
)

var (
	july   = builder.Time("2026-07-01T00:00:00+09:00")
	hanbit = builder.Team("hanbit", builder.Award(b200, 16))
	saebit = builder.Team("saebit", builder.Award(b200, 16))
)

// decideCase is what teams are granted of a static pool, in GPUs.
type decideCase struct {
	in   Input
	want map[string]int32
}

func (tt decideCase) check(t *testing.T) {
	t.Helper()
	if diff := cmp.Diff(tt.want, grantsOf(tt.in)); diff != "" {
		t.Error(diff)
	}
}

func runDecideCases(t *testing.T, tests map[string]decideCase) {
	t.Helper()
	for name, tt := range tests {
		t.Run(name, tt.check)
	}
}

func TestAwardsAreGranted(t *testing.T) {
	free := builder.FreeIn(b200)
	runDecideCases(t, map[string]decideCase{
		"no team has an award":                          {input(builder.Pool(b200), nodes(free, "n1")), map[string]int32{}},
		"an award is granted in full":                   {input(builder.Pool(b200), hanbit, nodes(free, "n1", "n2")), map[string]int32{"hanbit": 16}},
		"an award is granted as far as there are nodes": {input(builder.Pool(b200), hanbit, nodes(free, "n1")), map[string]int32{"hanbit": 8}},
		"only whole nodes are granted": {
			input(builder.Pool(b200), builder.Team("hanbit", builder.Award(b200, 15)), nodes(free, "n1", "n2")),
			map[string]int32{"hanbit": 8},
		},
		"awards add up before they are rounded": {
			input(builder.Pool(b200), builder.Team("hanbit", builder.Award(b200, 4), builder.Award(b200, 4)), nodes(free, "n1")),
			map[string]int32{"hanbit": 8},
		},
		"an award that has not begun is not granted": {
			input(builder.Pool(b200), builder.Team("hanbit", builder.AwardBetween(b200, 8, july, time.Time{})), nodes(free, "n1")),
			map[string]int32{},
		},
	})
}

func TestOnlyFreeNodesAreGranted(t *testing.T) {
	free := builder.FreeIn(b200)
	runDecideCases(t, map[string]decideCase{
		"a node that is not known to be empty is not free": {
			input(builder.Pool(b200), hanbit, nodes(builder.EnteringIn(b200, now), "n1"), nodes(builder.Matching(b200), "n2")),
			map[string]int32{"hanbit": 0},
		},
		"a node that is not Ready is not free": {
			input(builder.Pool(b200), hanbit, builder.Node("n1", free, builder.NotReady()), builder.Node("n2", free)),
			map[string]int32{"hanbit": 8},
		},
		"a cordoned node is not free": {input(builder.Pool(b200), hanbit, builder.Node("n1", free, builder.Cordoned())), map[string]int32{"hanbit": 0}},
		"a node that is being deleted is not free": {
			input(builder.Pool(b200), hanbit, builder.Node("n1", free, builder.NodeDeleted())), map[string]int32{"hanbit": 0},
		},
		"a node that lacks a GPU is not free": {
			input(builder.Pool(b200), hanbit, builder.Node("n1", free, builder.Offers(7, "1", "1Gi", "1Gi"))), map[string]int32{"hanbit": 0},
		},
		"a node whose GPUs a DRA driver publishes is free": {
			input(builder.Pool(b200, builder.DeviceClassName("gpu.example.com")), hanbit, builder.Node("n1", free, builder.WithoutGPUs())), map[string]int32{"hanbit": 8},
		},
		"a node without GPUs is not free": {
			input(builder.Pool(b200), hanbit, builder.Node("n1", free, builder.WithoutGPUs())), map[string]int32{"hanbit": 0},
		},
		"a node that lacks a GPU is not free, with DRA beside it": {
			input(builder.Pool(b200, builder.DeviceClassName("gpu.example.com")), hanbit, builder.Node("n1", free, builder.Offers(7, "1", "1Gi", "1Gi"))), map[string]int32{"hanbit": 0},
		},
		"another pool's node is not free": {
			input(builder.Pool(b200), hanbit, builder.Node("n1", builder.FreeIn("h100"), builder.Matching(b200))), map[string]int32{"hanbit": 0},
		},
		"a node that left the pool is not free": {
			input(builder.Pool(b200), hanbit, builder.Node("n1", free, builder.Unlabelled(builder.ModelLabel))), map[string]int32{"hanbit": 0},
		},
		"a draining node is not free for others": {
			input(builder.Pool(b200), hanbit, saebit, nodes(builder.DrainingIn(b200, saebit, now), "n1", "n2")),
			map[string]int32{"hanbit": 0, "saebit": 16},
		},
	})
}

func TestGrantsAreKept(t *testing.T) {
	free := builder.FreeIn(b200)
	runDecideCases(t, map[string]decideCase{
		"a grant is kept": {
			input(builder.Pool(b200, builder.Granted(saebit, 16)), builder.Team("hanbit", builder.Award(b200, 16), builder.Priority(9)), saebit, nodes(free, "n1", "n2")),
			map[string]int32{"hanbit": 0, "saebit": 16},
		},
		"a node that is granted and not assigned yet is not free": {
			input(builder.Pool(b200, builder.Granted(saebit, 8)), hanbit, builder.Team("saebit", builder.Award(b200, 8)), nodes(free, "n1", "n2")),
			map[string]int32{"hanbit": 8, "saebit": 8},
		},
		"the higher priority is served first": {
			input(builder.Pool(b200), hanbit, builder.Team("saebit", builder.Award(b200, 16), builder.Priority(1)), nodes(free, "n1", "n2", "n3")),
			map[string]int32{"hanbit": 8, "saebit": 16},
		},
		"of equal priority the older team is served first": {
			input(builder.Pool(b200), hanbit, builder.Team("saebit", builder.Award(b200, 16), builder.Created(now.AddDate(-1, 0, 0))), nodes(free, "n1", "n2", "n3")),
			map[string]int32{"hanbit": 8, "saebit": 16},
		},
		"lost capacity lowers no grant": {
			input(builder.Pool(b200, builder.Granted(hanbit, 16)), hanbit, nodes(builder.HeldIn(b200, hanbit), "n1")),
			map[string]int32{"hanbit": 16},
		},
		"lost capacity is not granted": {
			input(builder.Pool(b200, builder.Granted(hanbit, 16)), hanbit, saebit, nodes(builder.HeldIn(b200, hanbit), "n1"), nodes(free, "n2")),
			map[string]int32{"hanbit": 16, "saebit": 0},
		},
		"lost capacity does not keep a team from its own nodes": {
			input(builder.Pool(b200, builder.Granted(hanbit, 16)), hanbit, builder.Team("saebit", builder.Award(b200, 8)), nodes(builder.HeldIn(b200, hanbit), "n1"),
				builder.Node("n2", free, builder.NotReady()), nodes(builder.DrainingIn(b200, saebit, now), "n3")),
			map[string]int32{"hanbit": 16, "saebit": 8},
		},
		"an unhealthy node lowers no grant": {
			input(builder.Pool(b200, builder.Granted(hanbit, 8)), builder.Team("hanbit", builder.Award(b200, 8)), builder.Node("n1", builder.HeldIn(b200, hanbit), builder.NotReady())),
			map[string]int32{"hanbit": 8},
		},
		"a smaller award counts at once": {
			input(builder.Pool(b200, builder.Granted(hanbit, 16)), builder.Team("hanbit", builder.Award(b200, 8)), nodes(builder.HeldIn(b200, hanbit), "n1", "n2")),
			map[string]int32{"hanbit": 8},
		},
		"a team that grows again gets its own draining nodes back first": {
			input(builder.Pool(b200, builder.Granted(hanbit, 8)), hanbit, saebit,
				nodes(builder.HeldIn(b200, hanbit), "n1"), nodes(builder.DrainingIn(b200, hanbit, now), "n2"), nodes(free, "n3")),
			map[string]int32{"hanbit": 16, "saebit": 8},
		},
	})
}

func TestGrantsOfTeamsAndPoolsThatEnd(t *testing.T) {
	free := builder.FreeIn(b200)
	runDecideCases(t, map[string]decideCase{
		"a suspended team keeps its grant": {
			input(builder.Pool(b200, builder.Granted(hanbit, 16)), builder.Team("hanbit", builder.Award(b200, 16), builder.Suspended()), nodes(builder.HeldIn(b200, hanbit), "n1", "n2")),
			map[string]int32{"hanbit": 16},
		},
		"a team that is being deleted is granted none and still holds nodes": {
			input(builder.Pool(b200, builder.Granted(hanbit, 16)), builder.Team("hanbit", builder.Award(b200, 16), builder.Deleted()), nodes(builder.HeldIn(b200, hanbit), "n1", "n2")),
			map[string]int32{"hanbit": 0},
		},
		"a team that does not exist any more has no entry in status": {input(builder.Pool(b200, builder.Granted(hanbit, 16)), nodes(free, "n1")), map[string]int32{}},
		"without a status grants are restored from the nodes": {
			input(builder.Pool(b200), hanbit, builder.Team("saebit", builder.Award(b200, 16), builder.Priority(9)), nodes(builder.HeldIn(b200, hanbit), "n1", "n2")),
			map[string]int32{"hanbit": 16, "saebit": 0},
		},
		"without a status lost capacity lowers no grant": {
			input(builder.Pool(b200), hanbit, nodes(builder.HeldIn(b200, hanbit), "n1"), builder.Node("n2", builder.HeldIn(b200, hanbit), builder.Unlabelled(builder.ModelLabel))),
			map[string]int32{"hanbit": 16},
		},
		"a pool that is not available grants nothing": {
			input(builder.Pool(b200, builder.Available(july, time.Time{}), builder.Granted(hanbit, 16)), hanbit, nodes(builder.HeldIn(b200, hanbit), "n1", "n2")),
			map[string]int32{"hanbit": 0},
		},
		"a pool that is being deleted raises nothing": {
			input(builder.Pool(b200, builder.PoolDeleted(), builder.Granted(hanbit, 8)), hanbit, saebit, nodes(builder.HeldIn(b200, hanbit), "n1"), nodes(free, "n2")),
			map[string]int32{"hanbit": 8, "saebit": 0},
		},
		"a team that becomes ineligible loses its grant": {
			input(builder.Pool(b200, builder.Ineligible("Example Telecom"), builder.Granted(hanbit, 16)),
				builder.Team("hanbit", builder.Award(b200, 16), builder.Consortium("Example Telecom")), nodes(builder.HeldIn(b200, hanbit), "n1", "n2")),
			map[string]int32{"hanbit": 0},
		},
	})
}

// Nodes that enter a pool together are granted together: granting the first few that are known to be free would scatter
// teams.
func TestNothingIsGrantedWhileNewNodesSettle(t *testing.T) {
	tests := map[string]struct {
		node *corev1.Node
		want int32
	}{
		"a node was just added":                           {builder.Node("n2", builder.Matching(b200)), 0},
		"an entering node is being checked":               {builder.Node("n2", builder.EnteringIn(b200, now)), 0},
		"an entering node has been occupied for a minute": {builder.Node("n2", builder.EnteringIn(b200, now.Add(-time.Minute))), 8},
		"a node was just added and is NotReady":           {builder.Node("n2", builder.Matching(b200), builder.NotReady()), 8},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in := input(builder.Pool(b200), wants(8), builder.Node("n1", builder.FreeIn(b200)), tt.node)
			if got := BuildStatus(in, Decide(in)).Grants[0].Granted; got != tt.want {
				t.Errorf("granted %d, want %d", got, tt.want)
			}
		})
	}
}
