// Package e2e drives the operator as its users do: its real binary with its own identity, on a real control plane, by
// manifests through kubectl.
package e2e

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"foundation.team/operator/hack/lab/cluster"
	"foundation.team/operator/test/support"
	"foundation.team/operator/test/support/audit"
	"foundation.team/operator/test/support/dsl"
	"foundation.team/operator/test/support/leak"
	"foundation.team/operator/test/support/witness"
)

// gpuNodes is how many nodes the specs share out among their pools.
const gpuNodes = 64

var (
	// lab is what all specs share, its operator included.
	lab     *support.Lab
	watched *witness.Witness
)

func TestMain(m *testing.M) { os.Exit(leak.Run(m)) }

func TestE2E(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "The operator on a real control plane")
}

var _ = BeforeSuite(func(ctx SpecContext) {
	var err error
	lab, err = support.StartLab(ctx, cluster.Options{Nodes: gpuNodes, Audit: true, Progress: GinkgoWriter})
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func(ctx SpecContext) {
		Expect(lab.Stop(ctx)).To(Succeed())
	})
	watched, err = witness.Start(lab.Admin)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(watched.Stop)
	lab.OperatorArgs = []string{"--team-api-level-from-gpus=8"} // the suite's teams are small
	// The operator can write to no directory, as in its image.
	Expect(lab.StartOperator(ctx, "HOME=", "TMPDIR="+filepath.Join(lab.Dir, "nowhere"))).To(Succeed())
}, NodeTimeout(10*time.Minute))

var _ = AfterSuite(func(ctx SpecContext) {
	Expect(watched.Violations()).To(BeEmpty(), "invariants that some revision broke")
	if suite, _ := GinkgoConfiguration(); len(suite.FocusStrings)+len(suite.SkipStrings)+len(suite.FocusFiles)+len(suite.SkipFiles) > 0 {
		// With focused specs the witness sees fewer revisions, but some, and fewer of the operator's rights are used.
		Expect(watched.Seen()).To(BeNumerically(">", 100), "revisions that the witness saw")
		return
	}
	Expect(watched.Seen()).To(BeNumerically(">", 500), "revisions that the witness saw")
	Expect(audit.Check(ctx, audit.E2E, lab.Cluster, lab.Client, os.Stdout)).To(Succeed())
}, NodeTimeout(time.Minute))

// newStory begins a spec's story. Its teams and pools are deleted when the spec ends.
func newStory(ctx SpecContext) *dsl.Story {
	GinkgoHelper()
	s := dsl.New(specTB{GinkgoTB(), func() context.Context { return ctx }}, lab, dsl.Options{
		Timeout: 90 * time.Second, Polling: 200 * time.Millisecond, UseKubectl: true, DeleteAfter: true,
	})
	s.SetDefaultConsistentlyDuration(3 * time.Second)
	s.SetDefaultConsistentlyPollingInterval(200 * time.Millisecond)
	return s
}

// specTB is a spec as a story needs it. Its context ends when Ginkgo interrupts the spec; the one of GinkgoTB does not.
type specTB struct {
	*GinkgoTBWrapper
	context func() context.Context
}

// Context returns the spec's context.
func (s specTB) Context() context.Context { return s.context() }
