package leader

import (
	"fmt"
	"os"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/test/support"
	"foundation.team/operator/test/support/builder"
	"foundation.team/operator/test/support/replica"
)

const (
	namespace = "foundation-system"
	teams     = 20
	// leaseSeconds is short, so that a switch does not take long, and long enough for a busy machine to renew it.
	leaseSeconds = 8
)

// switches is how often the leader is stopped.
func switches() int {
	if os.Getenv("FULL") != "" {
		return 50
	}
	return 1
}

func start(t *testing.T, g *WithT, name string) *replica.Replica {
	t.Helper()
	support.DependOnSources(t)
	user, err := plane.AddUser(envtest.User{Name: name, Groups: []string{"system:masters"}}, nil)
	g.Expect(err).NotTo(HaveOccurred())
	kubeconfig, err := user.KubeConfig()
	g.Expect(err).NotTo(HaveOccurred())
	r, err := replica.Start(t.Context(), plane.binary, t.TempDir(), name, kubeconfig,
		"--leader-election-namespace="+namespace, fmt.Sprintf("--leader-elect-lease-duration=%ds", leaseSeconds))
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() {
		if err := r.Kill(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("the log of %s:\n%s", name, r.Log())
		}
	})
	return r
}

// leads waits until a replica holds the lease, and returns since when.
func leads(g *WithT, r *replica.Replica) time.Time {
	var since time.Time
	g.Eventually(func(g Gomega) {
		events, err := plane.auditLog.Read()
		g.Expect(err).NotTo(HaveOccurred())
		var name string
		name, since = replica.Leader(events)
		g.Expect(name).To(Equal(r.Name))
	}).Should(Succeed())
	return since
}

func teamName(i int) string { return fmt.Sprintf("team-%02d", i) }

// edit has every team get another lead, so that the operator has bindings to write.
func edit(t *testing.T, g *WithT, round int) {
	t.Helper()
	for i := range teams {
		patch := fmt.Sprintf(`{"spec":{"staff":[{"name":"lead","role":"Lead","subject":{"kind":"User","name":%q}}]}}`, personOf(round))
		team := &foundationv1alpha1.FoundationTeam{ObjectMeta: metav1.ObjectMeta{Name: teamName(i)}}
		g.Expect(plane.client.Patch(t.Context(), team, client.RawPatch("application/merge-patch+json", []byte(patch)))).To(Succeed())
	}
}

// A leader that is stopped at work for longer than its lease, while another one takes over, writes nothing when it goes on, and its
// process ends at once.
func TestADeposedLeaderWritesNothing(t *testing.T) {
	g := NewWithT(t)
	g.SetDefaultEventuallyTimeout(time.Minute)
	g.SetDefaultEventuallyPollingInterval(50 * time.Millisecond)
	g.Expect(plane.client.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}})).To(Succeed())
	for i := range teams {
		team := builder.Team(teamName(i), builder.Namespace("train", 1), builder.Namespace("eval", 1))
		team.ObjectMeta = metav1.ObjectMeta{Name: team.Name}
		g.Expect(plane.client.Create(t.Context(), team)).To(Succeed())
	}
	leader := start(t, g, "replica-0")
	leads(g, leader)
	expectLeads(t, g, "")
	done := 0
	defer func() {
		violations := 0
		if t.Failed() {
			violations = 1
		}
		fmt.Fprintf(os.Stdout, "leader_switches: %d violations: %d\n", done, violations)
	}()
	for i := range switches() {
		standby := start(t, g, fmt.Sprintf("replica-%d", i+1))
		g.Eventually(standby.Log).Should(ContainSubstring("Attempting to acquire leader lease"))
		before := writes(g, leader)
		edit(t, g, 2*i)
		g.Eventually(func(g Gomega) { g.Expect(writes(g, leader)).To(BeNumerically(">", before)) }).Should(Succeed())
		g.Expect(leader.Pause()).To(Succeed())
		edit(t, g, 2*i+1) // what the old leader would write, too, as soon as its watches tell
		since := leads(g, standby)
		g.Expect(leader.Continue()).To(Succeed())
		continued := clock.RealClock{}.Now()
		g.Eventually(leader.Exited).Should(BeClosed())
		t.Logf("%s wrote %d times before it was stopped, and ended %s after it went on", leader.Name, writes(g, leader), clock.RealClock{}.Since(continued).Round(time.Millisecond))
		g.Expect(leader.ExitCode()).To(Equal(1))
		events, err := plane.auditLog.Read()
		g.Expect(err).NotTo(HaveOccurred())
		written := replica.Writes(events, leader.Name, since)
		g.Expect(written).To(BeEmpty(), "%d writes of a deposed leader", len(written))
		expectLeads(t, g, personOf(2*i+1))
		leader = standby
		if done++; done%10 == 0 {
			fmt.Fprintf(os.Stdout, "%d switches\n", done)
		}
	}
}

// writes returns how often a replica has written.
func writes(g Gomega, r *replica.Replica) int {
	events, err := plane.auditLog.Read()
	g.Expect(err).NotTo(HaveOccurred())
	return len(replica.Writes(events, r.Name, time.Time{}))
}

// expectLeads waits until every team has both namespaces, and a person as its lead in each; nobody if it is empty.
func expectLeads(t *testing.T, g *WithT, person string) {
	t.Helper()
	g.Eventually(func(g Gomega) {
		var namespaces corev1.NamespaceList
		g.Expect(plane.client.List(t.Context(), &namespaces, client.HasLabels{foundationv1alpha1.LabelTeam})).To(Succeed())
		g.Expect(namespaces.Items).To(HaveLen(2 * teams))
		var bindings rbacv1.RoleBindingList
		g.Expect(plane.client.List(t.Context(), &bindings, client.HasLabels{foundationv1alpha1.LabelTeam})).To(Succeed())
		if person != "" {
			g.Expect(bindings.Items).To(HaveLen(2 * teams))
		}
		for _, binding := range bindings.Items {
			g.Expect(binding.Subjects).To(ConsistOf(HaveField("Name", person)))
		}
	}).Should(Succeed())
}

func personOf(round int) string { return fmt.Sprintf("lead-%d@example", round) }
