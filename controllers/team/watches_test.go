package team

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	resourcev1 "k8s.io/api/resource/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/setup"
	"foundation.team/operator/test/support/builder"
)

// The quotas of all teams name every DeviceClass, so all teams are requeued when a pool gets one.
func TestDeviceClassRequeuesAllTeams(t *testing.T) {
	teams := []client.Object{builder.Team("hanbit"), builder.Team("saebit")}
	r := &Reconciler{Client: fake.NewClientBuilder().WithScheme(setup.Scheme()).WithObjects(teams...).Build()}
	want := []string{"hanbit", "saebit"}
	names := func(requests []reconcile.Request) []string {
		var names []string
		for _, request := range requests {
			names = append(names, request.Name)
		}
		slices.Sort(names)
		return names
	}
	if diff := cmp.Diff(want, names(r.allTeams(t.Context(), &resourcev1.DeviceClass{}))); diff != "" {
		t.Error(diff)
	}
	update := func(before, after *foundationv1alpha1.GPUPool) []string {
		queue := workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[reconcile.Request]())
		defer queue.ShutDown()
		r.poolEvents().Update(t.Context(), event.UpdateEvent{ObjectOld: before, ObjectNew: after}, queue)
		var requests []reconcile.Request
		for queue.Len() > 0 {
			request, _ := queue.Get()
			queue.Done(request)
			requests = append(requests, request)
		}
		return names(requests)
	}
	plain, classed := builder.Pool("b200"), builder.Pool("b200", builder.DeviceClassName(gpuClass))
	if diff := cmp.Diff(want, update(plain, classed)); diff != "" {
		t.Error(diff)
	}
	if woken := update(classed, classed); len(woken) > 0 {
		t.Errorf("%v are woken for nothing", woken)
	}
}

func TestTeamsWithChangedGrant(t *testing.T) {
	grant := func(team string, mods ...func(*foundationv1alpha1.Grant)) builder.PoolMod {
		g := foundationv1alpha1.Grant{TeamName: team, UID: team + "-uid", Requested: 8, Granted: 8}
		for _, mod := range mods {
			mod(&g)
		}
		return builder.WithGrant(g)
	}
	later := func(g *foundationv1alpha1.Grant) { g.NextFreeTime = builder.MetaTime(july) }
	anew := func(g *foundationv1alpha1.Grant) { g.UID = "anew" }
	more := func(g *foundationv1alpha1.Grant) { g.Ready = 8 }
	tests := map[string]struct {
		before, after []builder.PoolMod
		want          []string
	}{
		"no grant changes":             {[]builder.PoolMod{grant("a"), grant("b")}, []builder.PoolMod{grant("a"), grant("b")}, nil},
		"grants in another order":      {[]builder.PoolMod{grant("a"), grant("b")}, []builder.PoolMod{grant("b"), grant("a")}, nil},
		"one team has more GPUs ready": {[]builder.PoolMod{grant("a"), grant("b")}, []builder.PoolMod{grant("a"), grant("b", more)}, []string{"b"}},
		"one team's forecast changes":  {[]builder.PoolMod{grant("a")}, []builder.PoolMod{grant("a", later)}, []string{"a"}},
		"one team gets a grant":        {nil, []builder.PoolMod{grant("a")}, []string{"a"}},
		"one team's grant is removed":  {[]builder.PoolMod{grant("a"), grant("b")}, []builder.PoolMod{grant("a")}, []string{"b"}},
		"one team has another UID":     {[]builder.PoolMod{grant("a")}, []builder.PoolMod{grant("a", anew)}, []string{"a", "a"}},
		"all teams when the allocatable resources of nodes change": {
			[]builder.PoolMod{grant("a"), grant("b"), builder.NodeShape("1", "1Gi", "1Gi")}, []builder.PoolMod{grant("a"), grant("b"), builder.NodeShape("2", "1Gi", "1Gi")}, []string{"a", "b"},
		},
		"no team when a quantity is written in another way": {
			[]builder.PoolMod{grant("a"), builder.NodeShape("1", "1Gi", "1Gi")}, []builder.PoolMod{grant("a"), builder.NodeShape("1000m", "1024Mi", "1Gi")}, nil,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, teamsWithChangedGrant(builder.Pool("b200", tt.before...), builder.Pool("b200", tt.after...))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// The controller's own writes of a status requeue nothing; a status that was wiped, or put back from a backup, does.
func TestStatusLost(t *testing.T) {
	status := func(generation int64, conditions int) *foundationv1alpha1.FoundationTeam {
		team := builder.Team("hanbit")
		team.Status.ObservedGeneration, team.Status.Conditions = generation, make([]metav1.Condition, conditions)
		return team
	}
	for name, tt := range map[string]struct {
		before, after *foundationv1alpha1.FoundationTeam
		want          bool
	}{
		"the same":                       {status(2, 9), status(2, 9), false},
		"written":                        {status(2, 9), status(3, 10), false},
		"written for the first time":     {status(0, 0), status(1, 9), false},
		"wiped":                          {status(2, 9), status(0, 0), true},
		"an earlier one":                 {status(2, 9), status(1, 9), true},
		"the conditions alone are wiped": {status(2, 9), status(2, 0), true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := statusLost().Update(event.UpdateEvent{ObjectOld: tt.before, ObjectNew: tt.after}); got != tt.want {
				t.Errorf("requeued: %t", got)
			}
		})
	}
}
