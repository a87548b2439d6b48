package fairness

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/hack/lab/cluster"
	"foundation.team/operator/test/support/dsl"
	"foundation.team/operator/test/support/manifest"
)

const (
	// flooding and calm are the teams.
	flooding, calm = "hanbit", "saebom"
	// phase is how long each phase of the measurement takes.
	phase = 20 * time.Second
	// changeEvery is how often the calm team's FoundationTeam is changed.
	changeEvery = 500 * time.Millisecond
	// maxSlowdown bounds how many times longer the slowest of a hundred requests may take while another team floods.
	maxSlowdown = 3
	// minSeatWait is how long a request of a flood must wait for a seat on average; if it does not, the flood was too weak
	// to prove anything.
	minSeatWait = 100 * time.Millisecond
)

// TestFlood measures how long a team and the operator wait for a small answer while another team floods the API server,
// against how long they wait when all is quiet; and the same without what the operator and config/flowcontrol make.
func TestFlood(t *testing.T) {
	if !measure {
		t.Skip("takes minutes, and wants a machine that does nothing else: make test-fairness")
	}
	g := NewWithT(t)
	makeTeams(t)
	all := flood{name: "flood", Kubeconfigs: accounts(t), Namespace: flooding + "-train", Connections: 3, Workers: 8}
	unread := all
	unread.name, unread.Connections, unread.Stalled = "flood, answers not read", 1, 20
	floods := []flood{all, unread}
	probes := []probe{
		newProbe(t, "staff of "+calm, person(t, "kim@"+calm), "/api/v1/namespaces/"+calm+"-train/configmaps/kube-root-ca.crt"),
		newProbe(t, "operator", serviceAccount(t, cluster.OperatorNamespace, cluster.OperatorServiceAccount), "/apis/foundation.team/v1alpha1/foundationteams/"+calm),
	}
	expectClassified(t, probes[0], "foundation-team."+calm)
	expectClassified(t, probes[1], "foundation-operator")

	measured := make([]observation, len(floods))
	quiet := observe(t, "quiet", probes, reconciles)
	for i, f := range floods {
		measured[i] = during(t, f, f.name, probes, reconciles)
		g.Expect(measured[i].waited).To(BeNumerically(">", minSeatWait), "a flood for which the API server has seats enough is none")
	}
	quiet = quiet.merge(observe(t, "quiet again", probes, reconciles))
	for i, now := range measured {
		what := floods[i].name
		for j, p := range probes {
			times := float64(now.probes[j].quantile(0.99)) / float64(quiet.probes[j].quantile(0.99))
			t.Logf("%s, %s: p99 is %.1f times the quiet one", what, p.name, times)
			g.Expect(times).To(BeNumerically("<=", maxSlowdown), "p99 of %s, %s", p.name, what)
			g.Expect(now.probes[j].failed).To(BeEmpty(), "%s, %s", p.name, what)
		}
		// There are too few of these for a p99.
		times := float64(now.changes.quantile(0.9)) / float64(quiet.changes.quantile(0.9))
		t.Logf("%s, changes until they are reconciled: p90 is %.1f times the quiet one", what, times)
		g.Expect(times).To(BeNumerically("<=", maxSlowdown), "p90 of changes, %s", what)
		g.Expect(now.changes.failed).To(BeEmpty(), what)
	}

	withoutFlowSchemas(t)
	expectClassified(t, probes[0], "global-default")
	expectClassified(t, probes[1], "service-accounts")
	for _, f := range floods {
		control := during(t, f, f.name+", without flow schemas", probes, nil)
		times := float64(control.probes[0].quantile(0.99)) / float64(quiet.probes[0].quantile(0.99))
		t.Logf("%s, without flow schemas, %s: p99 is %.1f times the quiet one", f.name, probes[0].name, times)
		g.Expect(times).To(BeNumerically(">", maxSlowdown), "a flood that costs nothing proves nothing")
	}
}

// observation is what was seen in a phase: of each probe, of changes, and how long a request of a flood waited for a seat.
type observation struct {
	probes  []*latencies
	changes *latencies
	waited  time.Duration
}

// merge returns both observations together.
func (o observation) merge(other observation) observation {
	both := observation{changes: o.changes.and(other.changes)}
	for i := range o.probes {
		both.probes = append(both.probes, o.probes[i].and(other.probes[i]))
	}
	return both
}

// observe runs the probes, and changes if there are any, for the length of a phase.
func observe(t *testing.T, what string, probes []probe, changes func(context.Context, time.Duration) *latencies) observation {
	t.Helper()
	seen := observation{probes: make([]*latencies, len(probes))}
	var group sync.WaitGroup
	for i, p := range probes {
		group.Go(func() { seen.probes[i] = p.run(t.Context(), phase) })
	}
	if changes != nil {
		group.Go(func() { seen.changes = changes(t.Context(), phase) })
	}
	group.Wait()
	for i, p := range probes {
		t.Logf("%s: %s: %s", what, p.name, seen.probes[i])
	}
	if changes != nil {
		t.Logf("%s: changes of %s until they are reconciled: %s", what, calm, seen.changes)
	}
	return seen
}

// during observes while a team floods.
func during(t *testing.T, f flood, what string, probes []probe, changes func(context.Context, time.Duration) *latencies) observation {
	t.Helper()
	before := queueing(t)
	running := f.start(t)
	seen := observe(t, what, probes, changes)
	t.Logf("%s: answers to %s: %s", what, flooding, describe(running.stop()))
	if now := queueing(t); now.requests > before.requests {
		seen.waited = time.Duration(float64(time.Second) * (now.seconds - before.seconds) / (now.requests - before.requests))
		t.Logf("%s: %.0f requests of %s waited for its seats, %s each", what, now.requests-before.requests, flooding, round(seen.waited))
	}
	return seen
}

// waited is how many requests waited in queues, and how long together.
type waited struct{ requests, seconds float64 }

// queueing returns the metrics of the flooding team's priority level.
func queueing(t *testing.T) waited {
	t.Helper()
	g := NewWithT(t)
	metrics, err := lab.Kubectl(t.Context(), "get", "--raw", "/metrics")
	g.Expect(err).NotTo(HaveOccurred())
	var all waited
	for line := range strings.Lines(metrics) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "} ")
		if !strings.Contains(name, `priority_level="foundation-team.`+flooding+`"`) {
			continue
		}
		number, err := strconv.ParseFloat(value, 64)
		g.Expect(err).NotTo(HaveOccurred(), line)
		switch {
		case strings.HasPrefix(name, "apiserver_flowcontrol_request_wait_duration_seconds_sum"):
			all.seconds += number
		case strings.HasPrefix(name, "apiserver_flowcontrol_request_wait_duration_seconds_count"):
			all.requests += number
		}
	}
	return all
}

// reconciles changes the calm team at a fixed rate, and waits each time until the operator is done with it.
func reconciles(ctx context.Context, length time.Duration) *latencies {
	result := &latencies{}
	ticker := realClock.NewTicker(changeEvery)
	defer ticker.Stop()
	for i := range int(length / changeEvery) {
		due := <-ticker.C()
		err := changeAndWait(ctx, fmt.Sprint("change ", i))
		result.add(realClock.Since(due), err)
	}
	return result
}

func changeAndWait(ctx context.Context, displayName string) error {
	team := &foundationv1alpha1.FoundationTeam{}
	team.Name = calm
	patch := fmt.Sprintf(`{"spec":{"displayName":%q}}`, displayName)
	if err := lab.Client.Patch(ctx, team, client.RawPatch("application/merge-patch+json", []byte(patch))); err != nil {
		return err
	}
	ticker := realClock.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for team.Status.ObservedGeneration != team.Generation {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C():
		}
		if err := lab.Client.Get(ctx, client.ObjectKeyFromObject(team), team); err != nil {
			return err
		}
	}
	return nil
}

func newStory(t *testing.T) *dsl.Story {
	t.Helper()
	return dsl.New(t, lab, dsl.Options{Timeout: time.Minute, Polling: 50 * time.Millisecond})
}

// makeTeams creates both teams, and fills the flooding one's namespace with objects that take long to list.
func makeTeams(t *testing.T) {
	t.Helper()
	s := newStory(t)
	s.ApplyTeam(flooding, manifest.Train, "staff: [{name: all, role: Lead, subject: {kind: Group, name: hanbit}}]")
	s.ApplyTeam(calm, manifest.Train, manifest.Staff(manifest.User("kim", "Lead", "kim@saebom")))
	s.WaitReady(flooding, calm)
	for i := range 100 {
		s.Expect(lab.Client.Create(t.Context(), &corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{Namespace: flooding + "-train", Name: fmt.Sprintf("data-%03d", i)},
			Data:       map[string]string{"data": strings.Repeat("data ", 8000)},
		})).To(Succeed())
	}
}

// accounts are those that flood: staff, and service accounts of the team's pods.
func accounts(t *testing.T) []string {
	t.Helper()
	var kubeconfigs []string
	for i := range 6 {
		kubeconfigs = append(kubeconfigs, person(t, fmt.Sprintf("staff-%d@%s", i, flooding), flooding))
	}
	for i := range 4 {
		name := fmt.Sprint("bot-", i)
		NewWithT(t).Expect(lab.Client.Create(t.Context(), &corev1.ServiceAccount{
			ObjectMeta: metav1.ObjectMeta{Namespace: flooding + "-train", Name: name},
		})).To(Succeed())
		kubeconfigs = append(kubeconfigs, serviceAccount(t, flooding+"-train", name))
	}
	return kubeconfigs
}

// person is a kubeconfig of a person with a certificate.
func person(t *testing.T, name string, groups ...string) string {
	t.Helper()
	path, err := lab.KubeconfigFor(name, groups...)
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	return path
}

// serviceAccount is a kubeconfig with a token of a service account.
func serviceAccount(t *testing.T, namespace, name string) string {
	t.Helper()
	g := NewWithT(t)
	token, err := lab.Token(t.Context(), namespace, name)
	g.Expect(err).NotTo(HaveOccurred())
	config, err := clientcmd.LoadFromFile(lab.Kubeconfig())
	g.Expect(err).NotTo(HaveOccurred())
	user := config.AuthInfos[config.Contexts[config.CurrentContext].AuthInfo]
	user.ClientCertificateData, user.ClientKeyData, user.Token = nil, nil, token
	path := t.TempDir() + "/" + name + ".kubeconfig"
	g.Expect(clientcmd.WriteToFile(*config, path)).To(Succeed())
	return path
}

// expectClassified expects that a probe's requests come to be matched by a flow schema.
func expectClassified(t *testing.T, p probe, name string) {
	t.Helper()
	s := newStory(t)
	s.Eventually(func(g Gomega) {
		headers, err := p.ask(t.Context())
		g.Expect(err).NotTo(HaveOccurred())
		s.ExpectFlowSchema(g, name, headers)
	}).WithTimeout(30*time.Second).Should(Succeed(), p.name)
}

// withoutFlowSchemas stops the operator, which would restore them, and deletes the flow schemas that it made.
func withoutFlowSchemas(t *testing.T) {
	t.Helper()
	g := NewWithT(t)
	g.Expect(lab.Operator.Stop(t.Context())).To(Succeed())
	var schemas flowcontrolv1.FlowSchemaList
	g.Expect(lab.Client.List(t.Context(), &schemas)).To(Succeed())
	for _, schema := range schemas.Items {
		if strings.HasPrefix(schema.Name, "foundation-") {
			g.Expect(lab.Client.Delete(t.Context(), &schema)).To(Succeed())
		}
	}
}
