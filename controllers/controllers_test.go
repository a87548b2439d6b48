package controllers_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-logr/logr"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/controller-runtime/pkg/log"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/controllers"
	"foundation.team/operator/hack/lab/binaries"
	"foundation.team/operator/internal/karpenter"
	"foundation.team/operator/internal/setup"
	"foundation.team/operator/test/support"
	"foundation.team/operator/test/support/builder"
)

// The operator runs in a cluster without Karpenter, says so where a pool needs it, and goes on when it comes.
func TestKarpenterComesLater(t *testing.T) {
	g := NewWithT(t)
	g.SetDefaultEventuallyTimeout(time.Minute)
	log.SetLogger(logr.Discard())
	env, err := support.Start()
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() { g.Expect(env.Stop()).To(Succeed()) })
	mgr, err := setup.NewManager(env.Config, setup.Options{MetricsBindAddress: "0", HealthProbeBindAddress: "0"})
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

	static := builder.Pool("there")
	made := builder.Pool("made", builder.Karpenter(64))
	team := builder.Team("hanbit", builder.Award("made", 16), builder.Namespace("train", 1))
	for _, obj := range []client.Object{static, made, team} {
		obj.SetUID("")
		obj.SetFinalizers(nil)
		g.Expect(k8s.Create(ctx, obj)).To(Succeed())
	}
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
	_, err = envtest.InstallCRDs(env.Config, envtest.CRDInstallOptions{Paths: []string{filepath.Join(bin, binaries.KarpenterCRDsFile)}})
	g.Expect(err).NotTo(HaveOccurred())
	// It looks every now and then; a change is a reason to look at once.
	g.Expect(k8s.Patch(ctx, made, client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"model":"Example X2"}}`)))).To(Succeed())
	g.Eventually(reason("made")).Should(Equal(foundationv1alpha1.ReasonAsDeclared))
	g.Eventually(func(g Gomega) {
		nodePool := &karpenter.NodePool{}
		g.Expect(k8s.Get(ctx, client.ObjectKey{Name: "hanbit.made.s"}, nodePool)).To(Succeed())
		g.Expect(*nodePool.Spec.Replicas).To(BeEquivalentTo(2))
	}).Should(Succeed())
}
