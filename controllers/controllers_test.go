package controllers_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-logr/logr"
	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/controllers"
	"foundation.team/operator/hack/lab/binaries"
	"foundation.team/operator/internal/karpenter"
	"foundation.team/operator/internal/setup"
	"foundation.team/operator/test/support"
	"foundation.team/operator/test/support/builder"
)

// startOperator starts an API server with the operator's controllers, and gives a client to it.
func startOperator(t *testing.T, g *WithT) (*rest.Config, client.Client) {
	t.Helper()
	log.SetLogger(logr.Discard())
	env, err := support.Start()
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() { g.Expect(env.Stop()).To(Succeed()) })
	g.Expect(support.InstallGuards(t.Context(), env.Config)).To(Succeed())
	mgr, err := setup.NewManager(env.Config, setup.Options{MetricsBindAddress: "0", HealthProbeBindAddress: "0"}, func(o *manager.Options) {
		// Two tests make two managers.
		o.Controller.SkipNameValidation = new(true)
	})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(controllers.Add(t.Context(), mgr, clock.RealClock{}, controllers.Options{})).To(Succeed())
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- mgr.Start(ctx) }()
	t.Cleanup(func() {
		cancel()
		g.Expect(<-done).NotTo(HaveOccurred())
	})
	k8s, err := client.New(env.Config, client.Options{Scheme: setup.Scheme()})
	g.Expect(err).NotTo(HaveOccurred())
	return env.Config, k8s
}

// create creates objects as a person would: the API server sets their UIDs, the operator its finalizers.
func create(ctx context.Context, g *WithT, k8s client.Client, objects ...client.Object) {
	for _, obj := range objects {
		obj.SetUID("")
		obj.SetFinalizers(nil)
		g.Expect(k8s.Create(ctx, obj)).To(Succeed())
	}
}

// The operator runs in a cluster without Karpenter, reports that where a pool needs it, and uses Karpenter when it is
// installed later.
func TestKarpenterComesLater(t *testing.T) {
	g := NewWithT(t)
	g.SetDefaultEventuallyTimeout(time.Minute)
	ctx := t.Context()
	config, k8s := startOperator(t, g)

	static := builder.Pool("there")
	made := builder.Pool("made", builder.Karpenter(64))
	team := builder.Team("hanbit", builder.Award("made", 16), builder.Namespace("train", 1))
	create(ctx, g, k8s, static, made, team)
	reason := func(name string) func(Gomega) string {
		return func(g Gomega) string {
			pool := &foundationv1alpha1.GPUPool{}
			g.Expect(k8s.Get(ctx, client.ObjectKey{Name: name}, pool)).To(Succeed())
			ready := meta.FindStatusCondition(pool.Status.Conditions, foundationv1alpha1.ConditionReady)
			g.Expect(ready).NotTo(BeNil())
			return ready.Reason
		}
	}
	g.Eventually(reason("made")).Should(Equal(foundationv1alpha1.ReasonKarpenterMissing))
	g.Eventually(reason("there")).Should(Equal(foundationv1alpha1.ReasonNoNodes), "the other pool is as it would be")

	root, err := binaries.Root(".")
	g.Expect(err).NotTo(HaveOccurred())
	bin, err := binaries.Ensure(ctx, root, t.Output())
	g.Expect(err).NotTo(HaveOccurred())
	_, err = envtest.InstallCRDs(config, envtest.CRDInstallOptions{Paths: []string{filepath.Join(bin, binaries.KarpenterCRDsFile)}})
	g.Expect(err).NotTo(HaveOccurred())
	// It checks every optionalProbeInterval; a change of the pool makes it check at once.
	g.Expect(k8s.Patch(ctx, made, client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"model":"Example X2"}}`)))).To(Succeed())
	g.Eventually(reason("made")).Should(Equal(foundationv1alpha1.ReasonAsDeclared))
	g.Eventually(func(g Gomega) {
		nodePool := &karpenter.NodePool{}
		g.Expect(k8s.Get(ctx, client.ObjectKey{Name: "hanbit.made.s"}, nodePool)).To(Succeed())
		g.Expect(*nodePool.Spec.Replicas).To(BeEquivalentTo(2))
	}).Should(Succeed())
}

// A programme's conditions are accepted by the API server, and its deletion waits for its teams.
func TestProgram(t *testing.T) {
	g := NewWithT(t)
	g.SetDefaultEventuallyTimeout(time.Minute)
	ctx := t.Context()
	_, k8s := startOperator(t, g)

	past := clock.RealClock{}.Now().Add(-48 * time.Hour).Truncate(time.Second)
	data, selected := foundationv1alpha1.BudgetData, foundationv1alpha1.OutcomeSelected
	program := builder.Program("sovereign-models", builder.Seats(2),
		builder.Criteria("technology", 60, "impact", 40), builder.GateOf("originality"), builder.GateOf("impact"),
		builder.Evaluated("written", past,
			builder.Scored("hanbit", map[string]string{"technology": "55.25", "impact": "30"}),
			builder.Scored("naru", map[string]string{"technology": "50", "impact": "30"}),
			builder.Scored("mirae", map[string]string{"technology": "60"}, "originality")),
		builder.Decided("hanbit", selected, past, builder.On("written")), builder.Decided("naru", selected, past, builder.On("written")),
		builder.Decided("mirae", foundationv1alpha1.OutcomeRejected, past, builder.On("written")),
		builder.Money(data, 5000), builder.YearlyCeiling(data, 3000), builder.Ceiling(8))
	granted := func(amount int64, at time.Time) builder.TeamMod {
		return func(team *foundationv1alpha1.FoundationTeam) {
			team.Spec.Budget = []foundationv1alpha1.BudgetAward{{Name: "corpus", Line: data, Amount: &amount, DueTime: builder.SpecTime(at)}}
		}
	}
	in := builder.InProgram(program.Name)
	create(ctx, g, k8s, program,
		builder.Team("hanbit", in, granted(2800, past), builder.Award("b200", 16), builder.Namespace("train", 1)),
		builder.Team("naru", in, granted(2800, past)), builder.Team("onnuri", in, granted(3500, past)))

	read := func(g Gomega) foundationv1alpha1.FoundationProgramStatus {
		g.Expect(k8s.Get(ctx, client.ObjectKeyFromObject(program), program)).To(Succeed())
		return program.Status
	}
	g.Eventually(func(g Gomega) {
		status := read(g)
		g.Expect(status.Seats).To(HaveField("Summary", "2/2"))
		g.Expect(status.Teams).To(HaveLen(4))
		g.Expect(status.HeldBack).To(ConsistOf(And(HaveField("TeamName", "naru"), HaveField("Reason", foundationv1alpha1.ReasonBudgetExceeded))))
		g.Expect(status.GPUs).To(ConsistOf(foundationv1alpha1.PoolCommitment{PoolName: "b200", Awarded: 8, HeldBack: 8}))
		g.Expect(status.Rankings).To(ConsistOf(HaveField("Entries", HaveLen(3))))
		ready := meta.FindStatusCondition(status.Conditions, foundationv1alpha1.ConditionReady)
		g.Expect(ready).To(HaveField("Message", HaveSuffix("(also not: WithinBudget)")))
	}).Should(Succeed())

	g.Expect(support.Delete(ctx, k8s, program)).To(Succeed())
	g.Eventually(func(g Gomega) string {
		return meta.FindStatusCondition(read(g).Conditions, foundationv1alpha1.ConditionReady).Reason
	}).Should(Equal(foundationv1alpha1.ReasonTeamsRemain))
	for _, name := range []string{"hanbit", "naru", "onnuri"} {
		g.Expect(support.Delete(ctx, k8s, builder.Team(name))).To(Succeed())
	}
	g.Eventually(func() error { return k8s.Get(ctx, client.ObjectKeyFromObject(program), program) }).
		Should(MatchError(apierrors.IsNotFound, "is gone"))
}
