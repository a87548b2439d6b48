package attack

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/onsi/gomega"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// placed is a pod with the node selector and tolerations that it should get.
type placed struct {
	namespace   string
	pod         podOption
	selector    map[string]string
	tolerations []corev1.Toleration // beside those that every pod has
}

// placements are pods that ask for devices in every possible way, and some that ask for none.
func placements() map[string]placed {
	own := map[string]string{nodeTeam: team}
	sidecar := func(p *corev1.Pod) {
		asksForAtStart(gpu, "1")(p)
		p.Spec.InitContainers[0].RestartPolicy = new(corev1.ContainerRestartPolicyAlways)
	}
	limitsOnly := func(p *corev1.Pod) {
		asksFor(gpu, "1")(p)
		p.Spec.Containers[0].Resources.Requests = nil
	}
	other := corev1.Toleration{Key: "other", Operator: corev1.TolerationOpExists}
	noExecute := toTeam(team)
	noExecute.Effect = corev1.TaintEffectNoExecute
	short := corev1.Toleration{Key: teamKey, Operator: corev1.TolerationOpEqual, Value: team}

	return map[string]placed{
		"GPUs":                   {pod: asksFor(gpu, "8"), selector: own, tolerations: []corev1.Toleration{toTeam(team)}},
		"GPUs of a rival's pods": {namespace: rivalTrain, pod: asksFor(gpu, "8"), selector: map[string]string{nodeTeam: rival}, tolerations: []corev1.Toleration{toTeam(rival)}},
		"limits alone":           {pod: limitsOnly, selector: own, tolerations: []corev1.Toleration{toTeam(team)}},
		"an init container":      {pod: asksForAtStart(gpu, "1"), selector: own, tolerations: []corev1.Toleration{toTeam(team)}},
		"a sidecar":              {pod: sidecar, selector: own, tolerations: []corev1.Toleration{toTeam(team)}},
		"another device":         {pod: asksFor("rdma/hca", "1"), selector: own, tolerations: []corev1.Toleration{toTeam(team)}},
		"a second container": {pod: both(asksFor("cpu", "1"), func(p *corev1.Pod) {
			c := container("gpu")
			ask(&c, gpu, "1")
			p.Spec.Containers = append(p.Spec.Containers, c)
		}), selector: own, tolerations: []corev1.Toleration{toTeam(team)}},
		"its own selector":                          {pod: both(asksFor(gpu, "8"), selects("rack", "r1")), selector: map[string]string{nodeTeam: team, "rack": "r1"}, tolerations: []corev1.Toleration{toTeam(team)}},
		"its own tolerations":                       {pod: both(asksFor(gpu, "8"), tolerates(other)), selector: own, tolerations: []corev1.Toleration{other, toTeam(team)}},
		"placed by hand":                            {pod: both(asksFor(gpu, "8"), selects(nodeTeam, team), tolerates(toTeam(team))), selector: own, tolerations: []corev1.Toleration{toTeam(team)}},
		"tolerating by hand":                        {pod: both(asksFor(gpu, "8"), tolerates(short)), selector: own, tolerations: []corev1.Toleration{short}},
		"tolerating evictions":                      {pod: both(asksFor(gpu, "8"), tolerates(noExecute)), selector: own, tolerations: []corev1.Toleration{noExecute, toTeam(team)}},
		"no devices":                                {pod: asksFor("cpu", "1")},
		"a ResourceClaim":                           {pod: claimsDevice, selector: own, tolerations: []corev1.Toleration{toTeam(team)}},
		"a ResourceClaim from a template":           {pod: claimsByTemplate, selector: own, tolerations: []corev1.Toleration{toTeam(team)}},
		"a ResourceClaim in a namespace of no team": {namespace: plain, pod: claimsDevice},
		"huge pages":                                {pod: both(asksFor("cpu", "1"), asksFor("hugepages-2Mi", "2Mi"))},
		"a namespace of no team":                    {namespace: plain, pod: asksFor(gpu, "1")},
	}
}

// checkPlacement has the pod admitted and returns what is wrong with its node selector and tolerations.
func (p placed) checkPlacement(ctx context.Context) error {
	if p.namespace == "" {
		p.namespace = train
	}
	admitted := pod(p.namespace, p.pod)
	if err := masters.Create(ctx, admitted, client.DryRunAll); err != nil {
		return err
	}
	if difference := cmp.Diff(p.selector, admitted.Spec.NodeSelector); difference != "" {
		return fmt.Errorf("node selector (-want +got): %s", difference)
	}
	if difference := cmp.Diff(p.tolerations, addedTolerations(admitted)); difference != "" {
		return fmt.Errorf("tolerations (-want +got): %s", difference)
	}
	return nil
}

func TestPodsThatAskForDevicesArePlaced(t *testing.T) {
	t.Parallel()
	for name, placed := range placements() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gomega.NewWithT(t).Expect(placed.checkPlacement(t.Context())).To(gomega.Succeed())
		})
	}
}

// mutated returns checks of the mutating policies, by policy.
func mutated() map[string][]check {
	all := mutations()
	for name, placed := range placements() {
		all[placement] = append(all[placement], check{"placement of " + name, placed.checkPlacement})
	}
	return all
}

// addedTolerations returns a pod's tolerations except those that every pod has.
func addedTolerations(p *corev1.Pod) []corev1.Toleration {
	var all []corev1.Toleration
	for _, t := range p.Spec.Tolerations {
		if t.Key != corev1.TaintNodeNotReady && t.Key != corev1.TaintNodeUnreachable {
			all = append(all, t)
		}
	}
	return all
}

// Other webhooks and policies may add containers. Whether they run before or after, the pod is placed exactly once.
func TestPodsAreJudgedByWhatOthersAdd(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a-first", "z-last"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := gomega.NewWithT(t)
			policy, binding := injector(name)
			for _, o := range []client.Object{policy, binding} {
				g.Expect(masters.Create(t.Context(), o)).To(gomega.Succeed())
				t.Cleanup(func() { _ = masters.Delete(t.Context(), o) }) // the control plane ends anyway
			}
			for _, with := range []podOption{asksFor("cpu", "1"), asksFor(gpu, "1")} {
				g.Eventually(func(g gomega.Gomega) {
					p := pod(train, with)
					p.Labels = map[string]string{"inject": name}
					g.Expect(masters.Create(t.Context(), p, client.DryRunAll)).To(gomega.Succeed())
					g.Expect(p.Spec.Containers).To(gomega.HaveLen(2))
					g.Expect(p.Spec.NodeSelector).To(gomega.Equal(map[string]string{nodeTeam: team}))
					g.Expect(addedTolerations(p)).To(gomega.Equal([]corev1.Toleration{toTeam(team)}))
				}).WithTimeout(activeWithin).WithPolling(pollInterval).Should(gomega.Succeed())
			}
		})
	}
}

// injector adds a container with a GPU to pods with the label inject.
func injector(name string) (*admissionregistrationv1.MutatingAdmissionPolicy, *admissionregistrationv1.MutatingAdmissionPolicyBinding) {
	policy := &admissionregistrationv1.MutatingAdmissionPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: admissionregistrationv1.MutatingAdmissionPolicySpec{
			ReinvocationPolicy: admissionregistrationv1.NeverReinvocationPolicy,
			MatchConstraints: &admissionregistrationv1.MatchResources{
				ObjectSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"inject": name}},
				ResourceRules: []admissionregistrationv1.NamedRuleWithOperations{{RuleWithOperations: admissionregistrationv1.RuleWithOperations{
					Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.Create},
					Rule:       admissionregistrationv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"pods"}},
				}}},
			},
			Mutations: []admissionregistrationv1.Mutation{{
				PatchType: admissionregistrationv1.PatchTypeJSONPatch,
				JSONPatch: &admissionregistrationv1.JSONPatch{Expression: `[JSONPatch{op: 'add', path: '/spec/containers/-', value: {
					'name': dyn('injected'), 'image': dyn('registry.example/sidecar'),
					'resources': dyn({'limits': {'nvidia.com/gpu': '1'}, 'requests': {'nvidia.com/gpu': '1'}}),
					'securityContext': dyn({'allowPrivilegeEscalation': dyn(false), 'capabilities': dyn({'drop': ['ALL']})})}}]`},
			}},
		},
	}
	binding := &admissionregistrationv1.MutatingAdmissionPolicyBinding{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec:       admissionregistrationv1.MutatingAdmissionPolicyBindingSpec{PolicyName: name},
	}
	return policy, binding
}
