// Package e2e drives the operator as its users do: its real binary with its own identity, on a real control plane, by
// manifests through kubectl.
package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"foundation.team/operator/hack/lab/binaries"
	"foundation.team/operator/hack/lab/cluster"
	"foundation.team/operator/internal/setup"
	"foundation.team/operator/test/support"
	"foundation.team/operator/test/support/audit"
	"foundation.team/operator/test/support/witness"
)

// gpuNodes is how many nodes the specs share out among their pools.
const gpuNodes = 64

var (
	lab      *cluster.Cluster
	operator cluster.ManagerOptions
	manager  *cluster.Process
	// k8s reads and writes as an admin, without a cache.
	k8s     client.Client
	watched *witness.Witness
)

func TestE2E(t *testing.T) {
	SetDefaultEventuallyTimeout(90 * time.Second)
	SetDefaultEventuallyPollingInterval(200 * time.Millisecond)
	SetDefaultConsistentlyDuration(3 * time.Second)
	SetDefaultConsistentlyPollingInterval(200 * time.Millisecond)
	EnforceDefaultTimeoutsWhenUsingContexts()
	RegisterFailHandler(Fail)
	RunSpecs(t, "The operator on a real control plane")
}

var _ = BeforeSuite(func(ctx SpecContext) {
	root, err := binaries.Root(".")
	Expect(err).NotTo(HaveOccurred())
	bin, err := binaries.Ensure(ctx, root, GinkgoWriter)
	Expect(err).NotTo(HaveOccurred())
	dir := GinkgoT().TempDir()
	path, err := support.BuildManager(ctx, root, dir)
	Expect(err).NotTo(HaveOccurred())
	// As in its image it has nowhere to write.
	operator = cluster.ManagerOptions{Path: path, Env: []string{"HOME=", "TMPDIR=" + filepath.Join(dir, "nowhere")}}

	lab, err = cluster.Start(ctx, cluster.Options{Dir: filepath.Join(dir, "lab"), BinDir: bin, Nodes: gpuNodes, Audit: true, Progress: GinkgoWriter})
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func(ctx SpecContext) {
		Expect(lab.Stop(ctx)).To(Succeed())
	})
	Expect(support.InstallOperator(ctx, lab, root)).To(Succeed())
	cfg, err := lab.RESTConfig()
	Expect(err).NotTo(HaveOccurred())
	k8s, err = client.NewWithWatch(cfg, client.Options{Scheme: setup.Scheme()})
	Expect(err).NotTo(HaveOccurred())

	watched, err = witness.Start(cfg)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(watched.Stop)
	startManager(ctx)
}, NodeTimeout(10*time.Minute))

var _ = AfterSuite(func(ctx SpecContext) {
	Expect(watched.Violations()).To(BeEmpty(), "invariants that some revision broke")
	if suite, _ := GinkgoConfiguration(); len(suite.FocusStrings)+len(suite.SkipStrings)+len(suite.FocusFiles)+len(suite.SkipFiles) > 0 {
		// A few chosen specs have fewer revisions, and still some, and need few of the operator's rights.
		Expect(watched.Seen()).To(BeNumerically(">", 100), "revisions that the witness saw")
		return
	}
	Expect(watched.Seen()).To(BeNumerically(">", 500), "revisions that the witness saw")
	Expect(audit.Check(ctx, audit.E2E, lab, k8s, os.Stdout)).To(Succeed())
}, NodeTimeout(time.Minute))

var _ = ReportAfterEach(func(report SpecReport) {
	if report.Failed() && manager != nil {
		log, err := os.ReadFile(manager.Log())
		if err == nil {
			AddReportEntry("operator log", string(log[max(0, len(log)-8000):]))
			fmt.Fprintln(GinkgoWriter, string(log[max(0, len(log)-8000):]))
		}
	}
})

func startManager(ctx context.Context) {
	GinkgoHelper()
	var err error
	manager, err = lab.StartManager(ctx, operator)
	Expect(err).NotTo(HaveOccurred())
}
