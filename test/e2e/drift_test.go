package e2e

import (
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/test/support/dsl"
	"foundation.team/operator/test/support/manifest"
)

var _ = Describe("Drift", func() {
	It("is reverted at once", func(ctx SpecContext) {
		s := newStory(ctx)
		s.ApplyPool("drift", 2)
		s.ApplyTeam("drift", s.GPUs("drift", 16), manifest.Train,
			manifest.Staff(manifest.User("ida", "Engineer", "ida@drift.example")))
		s.WaitReady("drift")
		s.WaitReconciled("drift")
		for _, drifts := range []map[string]drift{driftInNamespace(s, "drift-train"), driftOfCluster(s, "drift")} {
			for what, drift := range drifts {
				By(what)
				s.Kubectl(drift.args...)
				s.Eventually(drift.mended).WithTimeout(10*time.Second).Should(Succeed(), what)
			}
		}
		By("an object of the team's that is none of its own is pruned, one without its label is not")
		expectStraysPruned(s, "drift", "drift-train")
		s.WaitReady("drift")
	})

	It("does not adopt somebody else's namespace until an admin offers it", func(ctx SpecContext) {
		s := newStory(ctx)
		s.Kubectl("create", "namespace", "taken-train")
		s.Kubectl("create", "configmap", "theirs", "-n", "taken-train")
		s.Cleanup(func() { s.Kubectl("delete", "ns", "taken-train", "--wait=false") })
		before := dsl.Get(s, s, &corev1.Namespace{}, "", "taken-train").ResourceVersion
		s.ApplyTeam("taken", `namespaces: [{name: train}, {name: eval}]`)
		s.WaitCondition("taken", foundationv1alpha1.ConditionNamespacesReady, foundationv1alpha1.ReasonNameConflict,
			"annotate it foundation.team/adopt=taken")
		s.WaitCondition("taken", foundationv1alpha1.ConditionStalled, foundationv1alpha1.ReasonNameConflict, "taken-train")
		dsl.Get(s, s, &corev1.ResourceQuota{}, "taken-eval", "foundation-team")
		s.Consistently(func(g Gomega) {
			g.Expect(dsl.Get(s, g, &corev1.Namespace{}, "", "taken-train").ResourceVersion).To(Equal(before))
			var quotas corev1.ResourceQuotaList
			s.List(g, &quotas, client.InNamespace("taken-train"))
			g.Expect(quotas.Items).To(BeEmpty())
		}).Should(Succeed())

		s.Kubectl("annotate", "ns", "taken-train", foundationv1alpha1.AnnotationAdopt+"=taken")
		s.WaitReady("taken")
		s.WaitUntil(func(g Gomega) {
			g.Expect(dsl.Get(s, g, &corev1.Namespace{}, "", "taken-train").Annotations).NotTo(HaveKey(foundationv1alpha1.AnnotationAdopt), "consent is for one team, once")
		})
		dsl.Get(s, s, &corev1.ConfigMap{}, "taken-train", "theirs")
	})
})

// drift is a change by kubectl of an object of the operator's, and the check that it was reverted.
type drift struct {
	args   []string
	mended func(g Gomega)
}

// driftInNamespace changes a team's namespace and the objects in it.
func driftInNamespace(s *dsl.Story, namespace string) map[string]drift {
	return map[string]drift{
		"a deleted network policy": {
			[]string{"delete", "netpol", "foundation-team-default-deny", "-n", namespace},
			func(g Gomega) {
				dsl.Get(s, g, &networkingv1.NetworkPolicy{}, namespace, "foundation-team-default-deny")
			},
		},
		"an opened network policy": {
			[]string{"patch", "netpol", "foundation-team-default-deny", "-n", namespace, "--type=merge", "-p", `{"spec":{"policyTypes":["Ingress"]}}`},
			func(g Gomega) {
				g.Expect(dsl.Get(s, g, &networkingv1.NetworkPolicy{}, namespace, "foundation-team-default-deny").Spec.PolicyTypes).To(HaveLen(2))
			},
		},
		"a raised quota": {
			[]string{"patch", "quota", "foundation-team", "-n", namespace, "--type=merge", "-p", `{"spec":{"hard":{"requests.nvidia.com/gpu":"99"}}}`},
			func(g Gomega) { g.Expect(s.GetGPUQuota(g, namespace)).To(BeEquivalentTo(16)) },
		},
		"an extra subject": {
			[]string{
				"patch", "rolebinding", "foundation-team-engineer", "-n", namespace, "--type=json", "-p",
				`[{"op":"add","path":"/subjects/-","value":{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"eve@rival.example"}}]`,
			},
			func(g Gomega) {
				g.Expect(dsl.Get(s, g, &rbacv1.RoleBinding{}, namespace, "foundation-team-engineer").Subjects).To(HaveLen(1))
			},
		},
		"a lowered pod security level": {
			[]string{"label", "ns", namespace, "pod-security.kubernetes.io/enforce=privileged", "--overwrite"},
			func(g Gomega) {
				g.Expect(dsl.Get(s, g, &corev1.Namespace{}, "", namespace).Labels).To(HaveKeyWithValue("pod-security.kubernetes.io/enforce", "restricted"))
			},
		},
		"a lost team label on a policy": {
			[]string{"label", "netpol", "foundation-team-default-deny", "-n", namespace, foundationv1alpha1.LabelTeam + "-"},
			func(g Gomega) {
				g.Expect(dsl.Get(s, g, &networkingv1.NetworkPolicy{}, namespace, "foundation-team-default-deny").Labels).To(HaveKey(foundationv1alpha1.LabelTeam))
			},
		},
		"a lost team label on a namespace": {
			[]string{"label", "ns", namespace, foundationv1alpha1.LabelTeam + "-"},
			func(g Gomega) {
				g.Expect(dsl.Get(s, g, &corev1.Namespace{}, "", namespace).Labels).To(HaveKey(foundationv1alpha1.LabelTeam))
			},
		},
	}
}

// driftOfCluster changes a team's cluster-scoped objects and its nodes.
func driftOfCluster(s *dsl.Story, team string) map[string]drift {
	return map[string]drift{
		"a deleted flow schema": {
			[]string{"delete", "flowschema", "foundation-team." + team},
			func(g Gomega) { dsl.Get(s, g, &flowcontrolv1.FlowSchema{}, "", "foundation-team."+team) },
		},
		"a raised borrowing limit of a priority level": {
			[]string{"patch", "prioritylevelconfiguration", "foundation-team." + team, "--type=merge", "-p", `{"spec":{"limited":{"borrowingLimitPercent":900}}}`},
			func(g Gomega) {
				level := dsl.Get(s, g, &flowcontrolv1.PriorityLevelConfiguration{}, "", "foundation-team."+team)
				g.Expect(level.Spec.Limited.BorrowingLimitPercent).To(HaveValue(BeZero()))
			},
		},
		"a lost team label on a node": {
			[]string{"label", "node", s.ListNodes(s, team)[0].Name, foundationv1alpha1.LabelTeam + "-"},
			func(g Gomega) { g.Expect(s.ListNodes(g, team)).To(HaveLen(2)) },
		},
		"a lost taint": {
			[]string{"taint", "node", s.ListNodes(s, team)[1].Name, foundationv1alpha1.TaintTeam + "-"},
			func(g Gomega) {
				for _, node := range s.ListNodes(g, team) {
					g.Expect(node.Spec.Taints).To(ContainElement(HaveField("Key", foundationv1alpha1.TaintTeam)))
				}
			},
		},
	}
}

// expectStraysPruned creates objects with a team's label, and one without it, and waits until the former are pruned.
func expectStraysPruned(s *dsl.Story, team, namespace string) {
	s.Helper()
	strays := []client.Object{&rbacv1.RoleBinding{}, &networkingv1.NetworkPolicy{}, &corev1.LimitRange{}, &corev1.ResourceQuota{}}
	s.Kubectl("create", "rolebinding", "stray", "-n", namespace, "--clusterrole=view", "--user=eve@rival.example")
	s.Kubectl("create", "rolebinding", "admins-own", "-n", namespace, "--clusterrole=view", "--user=audit@example.org")
	s.Kubectl("create", "quota", "stray", "-n", namespace, "--hard=pods=1")
	s.Apply(fmt.Sprintf(`
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: stray, namespace: %[1]s}
spec: {podSelector: {}, ingress: [{}]}
---
apiVersion: v1
kind: LimitRange
metadata: {name: stray, namespace: %[1]s}
spec: {limits: [{type: Pod, max: {cpu: 1m}}]}
`, namespace))
	s.Kubectl("label", "rolebinding,networkpolicy,limitrange,quota", "stray", "-n", namespace, foundationv1alpha1.LabelTeam+"="+team)
	for _, stray := range strays {
		s.WaitGone(stray, namespace, "stray")
	}
	dsl.Get(s, s, &rbacv1.RoleBinding{}, namespace, "admins-own")
}
