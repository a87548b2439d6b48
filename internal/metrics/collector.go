package metrics

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

var (
	teams         = description("foundation_teams", "FoundationTeams by where they are in their life (status.state).", LabelState)
	teamReady     = description("foundation_team_ready", "1 if a FoundationTeam has all that it declares, else 0: its condition Ready.", LabelTeam)
	teamUsed      = description("foundation_team_gpus_used", "GPUs that a team's pods ask for, as the quotas of its namespaces count them.", LabelTeam)
	teamRequested = description("foundation_team_gpus_requested", "GPUs that a team is awarded of a GPUPool now.", LabelTeam, LabelPool)
	teamGranted   = description("foundation_team_gpus_granted", "GPUs that a team was granted of a GPUPool: its quotas add up to the sum over pools.", LabelTeam, LabelPool)
	teamHeld      = description("foundation_team_gpus_held", "GPUs on nodes of a GPUPool that a team holds, draining ones included.", LabelTeam, LabelPool)
	teamGPUsReady = description("foundation_team_gpus_ready", "GPUs on nodes of a GPUPool that are a team's and Ready.", LabelTeam, LabelPool)

	policies = description("foundation_admission_policies_installed", "1 if all admission policies are in place as this version ships them, else 0: then nothing new is provisioned.")

	poolCapacity = description("foundation_pool_gpus_capacity", "GPUs that the nodes of a GPUPool have.", LabelPool)
	poolHealthy  = description("foundation_pool_gpus_healthy", "GPUs on nodes of a GPUPool that the scheduler can use.", LabelPool)
	poolGranted  = description("foundation_pool_gpus_granted", "GPUs of a GPUPool that teams were granted.", LabelPool)
	poolHeld     = description("foundation_pool_gpus_held", "GPUs on nodes of a GPUPool that teams hold, draining ones included.", LabelPool)
	poolFree     = description("foundation_pool_gpus_free", "GPUs of a GPUPool that can be granted now.", LabelPool)
	poolSpares   = description("foundation_pool_gpus_spare", "GPUs of a GPUPool that are kept back for broken nodes.", LabelPool)
	poolShort    = description("foundation_pool_gpus_short", "GPUs of a GPUPool that teams are awarded and not granted.", LabelPool)
	handOvers    = description("foundation_pool_handovers", "Teams that hold more of a GPUPool than they are granted: nodes of theirs drain.", LabelPool)
	overdue      = description("foundation_pool_handovers_overdue", "Those of them whose grace period is over, so that pods are evicted.", LabelPool)
)

// Collector tells what the statuses of teams and pools say, as the cache has them when it is asked. Of several replicas the one that
// works does. Register it once in a process.
type Collector struct {
	// Reader reads from the cache.
	Reader client.Reader
	Clock  clock.PassiveClock
	// Elected is closed when this replica works.
	Elected <-chan struct{}
	// PoliciesInstalled reports whether the admission policies are in place.
	PoliciesInstalled func(context.Context) (bool, error)
}

// Describe implements prometheus.Collector.
func (*Collector) Describe(to chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{
		teams, teamReady, teamUsed, teamRequested, teamGranted, teamHeld, teamGPUsReady,
		policies, poolCapacity, poolHealthy, poolGranted, poolHeld, poolFree, poolSpares, poolShort, handOvers, overdue,
	} {
		to <- desc
	}
}

// Collect implements prometheus.Collector. What cannot be read is left out: that has metrics of its own.
func (c *Collector) Collect(to chan<- prometheus.Metric) {
	select {
	case <-c.Elected:
	default:
		return
	}
	if installed, err := c.PoliciesInstalled(context.Background()); err == nil {
		send(to, policies, oneIf(installed))
	}
	var teamList foundationv1alpha1.FoundationTeamList
	if err := c.Reader.List(context.Background(), &teamList, client.UnsafeDisableDeepCopy); err == nil {
		collectTeams(to, teamList.Items)
	}
	var poolList foundationv1alpha1.GPUPoolList
	if err := c.Reader.List(context.Background(), &poolList, client.UnsafeDisableDeepCopy); err == nil {
		for i := range poolList.Items {
			collectPool(to, &poolList.Items[i], c.Clock.Now())
		}
	}
}

func send[N int | int32](to chan<- prometheus.Metric, desc *prometheus.Desc, value N, labels ...string) {
	to <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, float64(value), labels...)
}

func oneIf(condition bool) int {
	if condition {
		return 1
	}
	return 0
}

func collectTeams(to chan<- prometheus.Metric, items []foundationv1alpha1.FoundationTeam) {
	byState := map[foundationv1alpha1.TeamState]int{}
	for i := range items {
		team := &items[i]
		if team.Status.State != "" {
			byState[team.Status.State]++
		}
		send(to, teamReady, oneIf(meta.IsStatusConditionTrue(team.Status.Conditions, foundationv1alpha1.ConditionReady)), team.Name)
		if team.Status.GPUs == nil {
			continue
		}
		send(to, teamUsed, team.Status.GPUs.Used, team.Name)
		for _, pool := range team.Status.GPUs.Pools {
			send(to, teamRequested, pool.Requested, team.Name, pool.Name)
			send(to, teamGranted, pool.Granted, team.Name, pool.Name)
			send(to, teamHeld, pool.Held, team.Name, pool.Name)
			send(to, teamGPUsReady, pool.Ready, team.Name, pool.Name)
		}
	}
	for state, count := range byState {
		send(to, teams, count, string(state))
	}
}

func collectPool(to chan<- prometheus.Metric, pool *foundationv1alpha1.GPUPool, now time.Time) {
	capacity := pool.Status.Capacity
	if capacity == nil {
		return
	}
	send(to, poolCapacity, capacity.Total, pool.Name)
	send(to, poolHealthy, capacity.Healthy, pool.Name)
	send(to, poolGranted, capacity.Granted, pool.Name)
	send(to, poolHeld, capacity.Held, pool.Name)
	send(to, poolFree, capacity.Free, pool.Name)
	send(to, poolSpares, capacity.Spares, pool.Name)
	send(to, poolShort, capacity.Shortfall, pool.Name)
	running, late := 0, 0
	for i := range pool.Status.Grants {
		grant := &pool.Status.Grants[i]
		if grant.Held > grant.Granted {
			running++
			if grant.EvictionTime != nil && grant.EvictionTime.Time.Before(now) {
				late++
			}
		}
	}
	send(to, handOvers, running, pool.Name)
	send(to, overdue, late, pool.Name)
}
