package stories

import (
	"context"
	"net/http"
	"testing"

	. "github.com/onsi/gomega"
	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"foundation.team/operator/test/support"
	"foundation.team/operator/test/support/dsl"
	"foundation.team/operator/test/support/manifest"
)

// TestRequestsAreCountedToTheirTeam checks by which team's flow schema requests are matched: those of staff, of pods, of
// others, and of somebody who was removed from staff.
func TestRequestsAreCountedToTheirTeam(t *testing.T) {
	t.Parallel()
	if scale {
		t.Skip("is no measurement")
	}
	s := newStory(t, source{})
	const team, other = "flow-one", "flow-two"
	s.ApplyTeam(team, manifest.Train, "staff:",
		"- {name: kim, role: Lead, subject: {kind: User, name: kim@flow}}",
		"- {name: all, role: Engineer, subject: {kind: Group, name: flow-engineers}}")
	s.ApplyTeam(other, manifest.Train, manifest.Staff(manifest.User("lee", "Viewer", "lee@flow")))
	s.WaitReady(team, other)

	// Both are small: they share levels, which config/flowcontrol has.
	s.Eventually(func(g Gomega) {
		for _, name := range []string{team, other} {
			schema := dsl.Get(s.Story, g, &flowcontrolv1.FlowSchema{}, "", "foundation-team."+name)
			g.Expect(schema.Spec.PriorityLevelConfiguration.Name).To(HavePrefix("foundation-teams-"))
			g.Expect(schema.Status.Conditions).To(ContainElement(And(
				HaveField("Type", BeEquivalentTo(flowcontrolv1.FlowSchemaConditionDangling)), HaveField("Status", BeEquivalentTo(flowcontrolv1.ConditionFalse)))))
		}
	}).Should(Succeed())

	configMaps := "/api/v1/namespaces/" + s.Train(team) + "/configmaps"
	lease := "/apis/coordination.k8s.io/v1/namespaces/foundation-system/leases/foundation-operator"
	for who, tt := range map[string]struct {
		cfg       *rest.Config
		path, use string
	}{
		"a user":                               {s.config("kim@flow"), configMaps, "foundation-team." + team},
		"a user without the right":             {s.config("kim@flow"), "/api/v1/nodes", "foundation-team." + team},
		"a user at a path that is no resource": {s.config("kim@flow"), "/version", "foundation-team." + team},
		"one of a group":                       {s.config("somebody@flow", "flow-engineers"), configMaps, "foundation-team." + team},
		"a pod":                                {s.podConfig(s.Train(team)), "/apis", "foundation-team." + team},
		"staff of another team": {
			s.config("lee@flow"), configMaps, "foundation-team." + other,
		},
		"a user of no team":               {s.config("else@flow"), "/version", "global-default"},
		"a pod outside teams' namespaces": {s.podConfig(metav1.NamespaceDefault), "/apis", "service-accounts"},
		"the operator":                    {support.AsOperator(lab.Admin), "/apis/foundation.team/v1alpha1/foundationteams", "foundation-operator"},
		"the operator renewing its lease": {support.AsOperator(lab.Admin), lease, "foundation-operator-leader-election"},
		"an admin, exempt from queueing":  {lab.Admin, configMaps, "exempt"},
	} {
		s.Eventually(func(g Gomega) { s.expectUses(g, tt.cfg, tt.path, tt.use) }).Should(Succeed(), who)
	}

	s.ApplyTeam(team, manifest.Train, "staff: [{name: all, role: Engineer, subject: {kind: Group, name: flow-engineers}}]")
	s.Eventually(func(g Gomega) { s.expectUses(g, s.config("kim@flow"), "/version", "global-default") }).Should(Succeed(), "who has left")

	s.Delete("ft", team)
	s.Delete("ft", other)
	for _, list := range []client.ObjectList{&flowcontrolv1.FlowSchemaList{}, &flowcontrolv1.PriorityLevelConfigurationList{}} {
		for _, name := range []string{team, other} {
			s.Expect(s.ListNames(s, list, s.OfTeam(name))).To(BeEmpty(), "%T of %s", list, name)
		}
	}
}

// config returns the config of somebody with a certificate.
func (s *story) config(user string, groups ...string) *rest.Config {
	s.Helper()
	path, err := lab.KubeconfigFor(user, groups...)
	s.Expect(err).NotTo(HaveOccurred())
	cfg, err := clientcmd.BuildConfigFromFlags("", path)
	s.Expect(err).NotTo(HaveOccurred())
	return cfg
}

// podConfig returns the config that a pod of a namespace has: a token of the default service account.
func (s *story) podConfig(namespace string) *rest.Config {
	s.Helper()
	cfg := rest.AnonymousClientConfig(lab.Admin)
	s.Eventually(func() (err error) {
		cfg.BearerToken, err = lab.Token(s.Context(), namespace, "default")
		return err
	}).Should(Succeed())
	return cfg
}

// expectUses expects that a request, whatever its answer, is matched by a flow schema.
func (s *story) expectUses(g Gomega, cfg *rest.Config, path, name string) {
	s.Helper()
	httpClient, err := rest.HTTPClientFor(cfg)
	g.Expect(err).NotTo(HaveOccurred())
	request, err := http.NewRequestWithContext(context.WithoutCancel(s.Context()), http.MethodGet, cfg.Host+path, nil)
	g.Expect(err).NotTo(HaveOccurred())
	response, err := httpClient.Do(request)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(response.Body.Close()).To(Succeed())
	s.ExpectFlowSchema(g, name, response.Header)
}
