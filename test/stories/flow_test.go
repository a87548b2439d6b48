package stories

import (
	"context"
	"net/http"
	"testing"

	. "github.com/onsi/gomega"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"foundation.team/operator/test/support"
	"foundation.team/operator/test/support/manifest"
)

// TestRequestsAreCountedToTheirTeam tells whose share of the API server requests use: by staff, by pods and by others, and
// by somebody who was taken off the staff.
func TestRequestsAreCountedToTheirTeam(t *testing.T) {
	t.Parallel()
	if scale {
		t.Skip("is no measurement")
	}
	s := newStory(t, sources[0])
	const team, other = "flow-one", "flow-two"
	s.apply(manifest.Team(team, train, "staff:",
		"- {name: kim, role: Lead, subject: {kind: User, name: kim@flow}}",
		"- {name: all, role: Engineer, subject: {kind: Group, name: flow-engineers}}"))
	s.apply(manifest.Team(other, train, "staff: [{name: lee, role: Viewer, subject: {kind: User, name: lee@flow}}]"))
	s.ready(team, other)

	configMaps := "/api/v1/namespaces/" + team + "-train/configmaps"
	lease := "/apis/coordination.k8s.io/v1/namespaces/foundation-system/leases/foundation-operator"
	admin, err := lab.RESTConfig()
	s.Expect(err).NotTo(HaveOccurred())
	for who, tt := range map[string]struct {
		cfg       *rest.Config
		path, use string
	}{
		"a user":              {s.as("kim@flow"), configMaps, "foundation-team." + team},
		"a user, not allowed": {s.as("kim@flow"), "/api/v1/nodes", "foundation-team." + team},
		"a user, no resource": {s.as("kim@flow"), "/version", "foundation-team." + team},
		"one of a group":      {s.as("somebody@flow", "flow-engineers"), configMaps, "foundation-team." + team},
		"a pod":               {s.asPod(team + "-train"), "/apis", "foundation-team." + team},
		"staff of another team": {
			s.as("lee@flow"), configMaps, "foundation-team." + other,
		},
		"somebody else":            {s.as("else@flow"), "/version", "global-default"},
		"a pod elsewhere":          {s.asPod(metav1.NamespaceDefault), "/apis", "service-accounts"},
		"the operator":             {support.AsOperator(admin), "/apis/foundation.team/v1alpha1/foundationteams", "foundation-operator"},
		"the operator, its lease":  {support.AsOperator(admin), lease, "foundation-operator-leader-election"},
		"an admin is not held up ": {admin, configMaps, "exempt"},
	} {
		s.Eventually(func(g Gomega) { s.uses(g, tt.cfg, tt.path, tt.use) }).Should(Succeed(), who)
	}

	s.team(team, train, "staff: [{name: all, role: Engineer, subject: {kind: Group, name: flow-engineers}}]")
	s.Eventually(func(g Gomega) { s.uses(g, s.as("kim@flow"), "/version", "global-default") }).Should(Succeed(), "who has left")

	s.kubectl("delete", "ft", team, other)
	for _, list := range []client.ObjectList{&flowcontrolv1.FlowSchemaList{}, &flowcontrolv1.PriorityLevelConfigurationList{}} {
		for _, name := range []string{team, other} {
			s.Expect(k8s.List(s.Context(), list, client.MatchingLabels{"foundation.team/team": name})).To(Succeed())
			s.Expect(list).To(HaveField("Items", BeEmpty()), name)
		}
	}
}

// as is somebody with a certificate.
func (s *story) as(user string, groups ...string) *rest.Config {
	s.Helper()
	path, err := lab.KubeconfigFor(user, groups...)
	s.Expect(err).NotTo(HaveOccurred())
	cfg, err := clientcmd.BuildConfigFromFlags("", path)
	s.Expect(err).NotTo(HaveOccurred())
	return cfg
}

// asPod is what a pod of a namespace has: a token of the default service account.
func (s *story) asPod(namespace string) *rest.Config {
	s.Helper()
	token := &authenticationv1.TokenRequest{}
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "default"}}
	s.Eventually(func() error {
		return k8s.SubResource("token").Create(s.Context(), account, token)
	}).Should(Succeed())
	admin, err := lab.RESTConfig()
	s.Expect(err).NotTo(HaveOccurred())
	cfg := rest.AnonymousClientConfig(admin)
	cfg.BearerToken = token.Status.Token
	return cfg
}

// uses expects that a request, whatever its answer, is matched by a flow schema.
func (s *story) uses(g Gomega, cfg *rest.Config, path, name string) {
	s.Helper()
	httpClient, err := rest.HTTPClientFor(cfg)
	g.Expect(err).NotTo(HaveOccurred())
	request, err := http.NewRequestWithContext(context.WithoutCancel(s.Context()), http.MethodGet, cfg.Host+path, nil)
	g.Expect(err).NotTo(HaveOccurred())
	response, err := httpClient.Do(request)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(response.Body.Close()).To(Succeed())
	schema := &flowcontrolv1.FlowSchema{}
	g.Expect(k8s.Get(s.Context(), client.ObjectKey{Name: name}, schema)).To(Succeed())
	g.Expect(response.Header.Get(flowcontrolv1.ResponseHeaderMatchedFlowSchemaUID)).To(BeEquivalentTo(schema.UID), "not matched by %s", name)
}
