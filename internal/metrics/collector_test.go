package metrics

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	crmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

var now = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// cached is a cache with these teams and pools.
type cached struct {
	client.Reader
	teams []foundationv1alpha1.FoundationTeam
	pools []foundationv1alpha1.GPUPool
	fails error
}

func (c cached) List(_ context.Context, list client.ObjectList, _ ...client.ListOption) error {
	switch list := list.(type) {
	case *foundationv1alpha1.FoundationTeamList:
		list.Items = c.teams
	case *foundationv1alpha1.GPUPoolList:
		list.Items = c.pools
	}
	return c.fails
}

func team(name string, state foundationv1alpha1.TeamState, ready metav1.ConditionStatus, gpus *foundationv1alpha1.TeamGPUStatus) foundationv1alpha1.FoundationTeam {
	return foundationv1alpha1.FoundationTeam{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Status: foundationv1alpha1.FoundationTeamStatus{
			State: state, GPUs: gpus, Conditions: []metav1.Condition{{Type: foundationv1alpha1.ConditionReady, Status: ready}},
		},
	}
}

// collect returns what is collected, a line for each series.
func collect(t *testing.T, reader client.Reader, elected bool) []string {
	t.Helper()
	working := make(chan struct{})
	if elected {
		close(working)
	}
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(&Collector{
		Reader: reader, Clock: clocktesting.NewFakePassiveClock(now), Elected: working,
		PoliciesInstalled: func(context.Context) (bool, error) { return true, nil },
	})
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			var labels []string
			for _, label := range metric.GetLabel() {
				labels = append(labels, label.GetValue())
			}
			lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %g %s", strings.TrimPrefix(family.GetName(), "foundation_"), metric.GetGauge().GetValue(), strings.Join(labels, "/"))))
		}
	}
	return lines
}

func TestCollector(t *testing.T) {
	g := NewWithT(t)
	drained, drains := metav1.NewTime(now.Add(-time.Minute)), metav1.NewTime(now.Add(time.Minute))
	world := cached{
		teams: []foundationv1alpha1.FoundationTeam{
			team("hanbit", foundationv1alpha1.StateInTerm, metav1.ConditionTrue, &foundationv1alpha1.TeamGPUStatus{Used: 5, Pools: []foundationv1alpha1.TeamPoolStatus{
				{Name: "b200", Requested: 16, Granted: 8, Held: 24, Ready: 7},
			}}),
			team("onnuri", foundationv1alpha1.StateInTerm, metav1.ConditionFalse, nil),
			{ObjectMeta: metav1.ObjectMeta{Name: "new"}},
		},
		pools: []foundationv1alpha1.GPUPool{{
			ObjectMeta: metav1.ObjectMeta{Name: "b200"},
			Status: foundationv1alpha1.GPUPoolStatus{
				Capacity: &foundationv1alpha1.PoolCapacity{Total: 64, Healthy: 56, Granted: 8, Held: 24, Free: 40, Spares: 8, Shortfall: 3},
				Grants: []foundationv1alpha1.Grant{
					{Granted: 8, Held: 24, EvictionTime: &drained}, {Granted: 0, Held: 8, EvictionTime: &drains}, {Granted: 8, Held: 8},
				},
			},
		}, {ObjectMeta: metav1.ObjectMeta{Name: "new"}}},
	}
	g.Expect(collect(t, world, true)).To(ConsistOf(
		"admission_policies_installed 1",
		"teams 2 InTerm", "team_ready 1 hanbit", "team_ready 0 onnuri", "team_ready 0 new", "team_gpus_used 5 hanbit",
		"team_gpus_requested 16 b200/hanbit", "team_gpus_granted 8 b200/hanbit", "team_gpus_held 24 b200/hanbit", "team_gpus_ready 7 b200/hanbit",
		"pool_gpus_capacity 64 b200", "pool_gpus_healthy 56 b200", "pool_gpus_granted 8 b200", "pool_gpus_held 24 b200", "pool_gpus_free 40 b200",
		"pool_gpus_spare 8 b200", "pool_gpus_short 3 b200", "pool_handovers 2 b200", "pool_handovers_overdue 1 b200",
	))
	g.Expect(collect(t, world, false)).To(BeEmpty(), "a replica that waits")
	world.fails = errors.New("not cached")
	g.Expect(collect(t, world, true)).To(ConsistOf("admission_policies_installed 1"), "what cannot be read is left out")
}

// Names are as Prometheus asks for, and the registry has what the definitions say.
func TestDefinitions(t *testing.T) {
	g := NewWithT(t)
	for _, d := range Definitions() {
		g.Expect(d.Name).To(MatchRegexp(`^foundation_[a-z_]+$`))
		g.Expect(strings.HasSuffix(d.Name, "_total")).To(Equal(d.Type == "counter"), d.Name)
		g.Expect(strings.HasSuffix(d.Name, "_seconds")).To(Equal(d.Type == "histogram"), d.Name)
		g.Expect(d.Help).To(And(HaveSuffix("."), Not(ContainSubstring("|"))), d.Name)
		for _, label := range d.Labels {
			g.Expect([]string{LabelController, LabelKind, LabelPool, LabelResult, LabelState, LabelTeam}).To(ContainElement(label), d.Name)
		}
	}
	families, err := crmetrics.Registry.Gather()
	g.Expect(err).NotTo(HaveOccurred())
	names := make([]string, 0, len(families))
	for _, family := range families {
		names = append(names, family.GetName())
	}
	g.Expect(slices.Contains(names, "foundation_lateness_seconds")).To(BeTrue())
}

// What is collected of 1,000 teams is little work: readiness asks for it, too.
func BenchmarkCollector(b *testing.B) {
	var world cached
	for i := range 1000 {
		world.teams = append(world.teams, team(fmt.Sprint("team-", i), foundationv1alpha1.StateInTerm, metav1.ConditionTrue, &foundationv1alpha1.TeamGPUStatus{
			Pools: []foundationv1alpha1.TeamPoolStatus{{Name: "b200"}},
		}))
	}
	working := make(chan struct{})
	close(working)
	collector := &Collector{
		Reader: world, Clock: clocktesting.NewFakePassiveClock(now), Elected: working,
		PoliciesInstalled: func(context.Context) (bool, error) { return true, nil },
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collector)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := registry.Gather(); err != nil {
			b.Fatal(err)
		}
	}
}
