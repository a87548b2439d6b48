// Package requests counts what a converged cluster costs: nothing.
package requests

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/go-logr/logr"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/controllers"
	"foundation.team/operator/controllers/pool"
	"foundation.team/operator/controllers/program"
	"foundation.team/operator/controllers/team"
	"foundation.team/operator/hack/lab/cluster"
	"foundation.team/operator/internal/apply"
	"foundation.team/operator/internal/guards"
	"foundation.team/operator/test/support"
	"foundation.team/operator/test/support/builder"
	"foundation.team/operator/test/support/counter"
)

const (
	teams = 50
	// mostAllocations bounds what a team's reconcile that does nothing allocates, with what else goes on in the process.
	mostAllocations = 20_000
	// seats is how many of them take part in a programme.
	seats       = 5
	programName = "sovereign-models"
)

// watchedKinds is how many kinds the operator watches: each costs one watch, and a list where the API server cannot
// stream it.
const watchedKinds = 22

// TestConvergedCostsNothing brings 50 teams up on a whole control plane, with the operator's own identity, and counts
// what it then asks of the API server: when every team and pool is reconciled again, and when it starts anew.
func TestConvergedCostsNothing(t *testing.T) {
	g := NewWithT(t)
	g.SetDefaultEventuallyTimeout(3 * time.Minute)
	log.SetLogger(logr.Discard())
	ctx := t.Context()
	lab := startLab(ctx, t, 2*teams)

	requests := &counter.Counter{}
	first, stop := startOperator(t, requests.Wrap(support.AsOperator(lab.Admin)))
	makeTeams(ctx, g, lab.Client)
	g.Eventually(func(g Gomega) { expectConverged(ctx, g, lab.Client) }).Should(Succeed())
	t.Logf("%d teams converged with %d writes", teams, requests.Take().Sum("write"))
	// Events are sent in the background.
	g.Eventually(requests.Take).WithPolling(time.Second).Should(BeEmpty(), "requests of a cluster at rest")
	before, err := support.Versions(ctx, lab.Client, written)
	g.Expect(err).NotTo(HaveOccurred())

	t.Run("reconciling everything again", func(t *testing.T) {
		g := NewWithT(t)
		reconcileAll(ctx, g, first)
		g.Expect(requests.Take()).To(BeEmpty(), "requests")
	})
	stop()

	t.Run("restarting the operator", func(t *testing.T) {
		g := NewWithT(t)
		requests.Take()
		reconciled := reconciles()
		second, stop := startOperator(t, requests.Wrap(support.AsOperator(lab.Admin)))
		g.Eventually(func() float64 { return reconciles() - reconciled }).WithTimeout(time.Minute).Should(BeNumerically(">=", teams+3))
		reconcileAll(ctx, g, second)
		counts := requests.Take()
		stop()
		t.Logf("requests of a start:\n%s", counts)
		g.Expect(counts.Sum("write")).To(BeZero(), counts.String())
		g.Expect(counts.Sum("watch")).To(Equal(watchedKinds), counts.String())
		for name := range counts {
			// Reads are discovery and first lists, never of a single object.
			g.Expect(name).NotTo(MatchRegexp(`/namespaces/[^/ ]+`), counts.String())
		}
	})
	after, err := support.Versions(ctx, lab.Client, written)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(after).To(Equal(before), "resourceVersions")
}

func startLab(ctx context.Context, t *testing.T, nodes int) *support.Lab {
	t.Helper()
	lab, err := support.StartLab(ctx, cluster.Options{Nodes: nodes, Progress: t.Output()})
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() {
		if err := lab.Stop(context.WithoutCancel(ctx)); err != nil {
			t.Error(err)
		}
	})
	return lab
}

// startOperator starts the operator in this process. What it returns stops it and waits until it has.
func startOperator(t *testing.T, cfg *rest.Config) (manager.Manager, func()) {
	t.Helper()
	g := NewWithT(t)
	mgr, err := support.NewManager(cfg)
	g.Expect(err).NotTo(HaveOccurred())
	ctx, cancel := context.WithCancel(t.Context())
	g.Expect(controllers.Add(ctx, mgr, clock.RealClock{}, controllers.Options{Debounce: pool.DefaultDebounce})).To(Succeed())
	done := make(chan error, 1)
	go func() { done <- mgr.Start(ctx) }()
	stop := func() {
		cancel()
		g.Expect(<-done).NotTo(HaveOccurred())
		done <- nil
	}
	t.Cleanup(stop)
	g.Expect(mgr.GetCache().WaitForCacheSync(ctx)).To(BeTrue())
	return mgr, stop
}

func makeTeams(ctx context.Context, g *WithT, k8s client.Client) {
	pools := []string{"b200", "h100"}
	for _, model := range pools {
		p := builder.Pool(model)
		p.Spec.Static.NodeSelector.MatchLabels = map[string]string{cluster.ModelLabel: model}
		p.ObjectMeta = metav1.ObjectMeta{Name: model}
		g.Expect(k8s.Create(ctx, p)).To(Succeed())
	}
	programme := builder.Program(programName)
	programme.ObjectMeta = metav1.ObjectMeta{Name: programName}
	for i := range seats {
		builder.Decided(teamName(i), foundationv1alpha1.OutcomeSelected, clock.RealClock{}.Now().Add(-time.Hour))(programme)
	}
	g.Expect(k8s.Create(ctx, programme)).To(Succeed())
	for i := range teams {
		manifest := builder.Team(teamName(i),
			builder.Award(pools[i%len(pools)], 16),
			builder.Namespace("train", 7), builder.Namespace("eval", 1),
			builder.Volume("data", "train", "1Ti", "fast"),
			builder.Staff("lead", foundationv1alpha1.RoleLead), builder.StaffGroup("all", foundationv1alpha1.RoleEngineer))
		manifest.ObjectMeta = metav1.ObjectMeta{Name: teamName(i)}
		if i < seats {
			builder.InProgram(programName)(manifest)
		}
		g.Expect(k8s.Create(ctx, manifest)).To(Succeed())
	}
}

func teamName(i int) string { return fmt.Sprintf("team-%02d", i) }

// expectConverged expects every team to be Ready and no node of a pool to change hands.
func expectConverged(ctx context.Context, g Gomega, k8s client.Client) {
	var list foundationv1alpha1.FoundationTeamList
	g.Expect(k8s.List(ctx, &list)).To(Succeed())
	g.Expect(list.Items).To(HaveLen(teams))
	for _, item := range list.Items {
		ready := meta.FindStatusCondition(item.Status.Conditions, foundationv1alpha1.ConditionReady)
		g.Expect(ready).To(HaveField("Status", metav1.ConditionTrue), "%s: %v", item.Name, ready)
	}
	var pools foundationv1alpha1.GPUPoolList
	g.Expect(k8s.List(ctx, &pools)).To(Succeed())
	for _, item := range pools.Items {
		g.Expect(meta.FindStatusCondition(item.Status.Conditions, foundationv1alpha1.ConditionReconciling)).To(BeNil(), item.Name)
	}
}

// reconcileAll reconciles every programme, team and pool once more, with the manager's cache and clients.
func reconcileAll(ctx context.Context, g *WithT, mgr manager.Manager) {
	applier := apply.New(mgr.GetClient(), mgr.GetAPIReader())
	recorder := events.NewFakeRecorder(10)
	checker := &guards.ClusterChecker{Client: mgr.GetClient(), Clock: clock.RealClock{}}
	teamReconciler := &team.Reconciler{Client: mgr.GetClient(), Live: mgr.GetAPIReader(), Applier: applier, Events: recorder, Clock: clock.RealClock{}, Guards: checker}
	poolReconciler := &pool.Reconciler{Client: mgr.GetClient(), Live: mgr.GetAPIReader(), Applier: applier, Events: recorder, Clock: clock.RealClock{}, Guards: checker}
	programReconciler := &program.Reconciler{Client: mgr.GetClient(), Live: mgr.GetAPIReader(), Applier: applier, Events: recorder, Clock: clock.RealClock{}}
	_, err := programReconciler.Reconcile(ctx, ctrl.Request{NamespacedName: client.ObjectKey{Name: programName}})
	g.Expect(err).NotTo(HaveOccurred())
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for i := range teams {
		_, err := teamReconciler.Reconcile(ctx, ctrl.Request{NamespacedName: client.ObjectKey{Name: teamName(i)}})
		g.Expect(err).NotTo(HaveOccurred())
	}
	runtime.ReadMemStats(&after)
	g.Expect((after.Mallocs-before.Mallocs)/teams).To(BeNumerically("<", mostAllocations), "allocations of a team's reconcile that does nothing")
	for _, name := range []string{"b200", "h100"} {
		_, err := poolReconciler.Reconcile(ctx, ctrl.Request{NamespacedName: client.ObjectKey{Name: name}})
		g.Expect(err).NotTo(HaveOccurred())
	}
	g.Expect(recorder.Events).To(BeEmpty())
}

// reconciles is how often controllers of this process have reconciled.
func reconciles() float64 {
	families, err := metrics.Registry.Gather()
	if err != nil {
		return 0
	}
	var sum float64
	for _, family := range families {
		if family.GetName() == "controller_runtime_reconcile_total" {
			for _, metric := range family.GetMetric() {
				sum += metric.GetCounter().GetValue()
			}
		}
	}
	return sum
}

// written are kinds of objects that the operator writes.
var written = []client.ObjectList{
	&foundationv1alpha1.FoundationProgramList{}, &foundationv1alpha1.FoundationTeamList{}, &foundationv1alpha1.GPUPoolList{},
	&corev1.NamespaceList{}, &corev1.ResourceQuotaList{},
}
