package e2e

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/test/support/dsl"
	"foundation.team/operator/test/support/manifest"
)

var _ = Describe("A RoleBinding that a lead creates", func() {
	It("is deleted when the access of its subject ends", func(ctx SpecContext) {
		s := newStory(ctx)
		const namespace, intern = "given-train", "ida@given.example"
		lee, ida := manifest.User("lee", "Lead", "lee@given.example"), manifest.User("ida", "Viewer", intern)
		s.ApplyTeam("given", manifest.Train, manifest.Staff(lee, ida))
		s.WaitReady("given")
		s.Expect(dsl.Get(s, s, &corev1.Namespace{}, "", namespace).Annotations).To(
			HaveKeyWithValue(foundationv1alpha1.AnnotationStaff, "User ida@given.example\nUser lee@given.example"))

		canWrite := func() bool { return s.Can(s, intern, "create", "configmaps", namespace) }
		lead := s.As("lee@given.example")
		give := func(name string, more ...string) []string {
			return append([]string{"create", "rolebinding", name, "-n", namespace, "--role=writes-maps"}, more...)
		}
		s.Expect(lead.Kubectl("create", "role", "writes-maps", "-n", namespace, "--verb=create,update", "--resource=configmaps")).Error().NotTo(HaveOccurred())
		lead.ExpectRefused("User rob@rival.example is no staff of team given", give("to-rival", "--user=rob@rival.example")...)
		s.Expect(lead.Kubectl(give("to-intern", "--user="+intern)...)).Error().NotTo(HaveOccurred())
		s.Expect(lead.Kubectl(give("to-lead", "--user=lee@given.example")...)).Error().NotTo(HaveOccurred())
		s.Eventually(canWrite).Should(BeTrue())
		s.Consistently(canWrite).Should(BeTrue(), "the operator leaves it")

		By("taking the intern out of the spec")
		s.ApplyTeam("given", manifest.Train, manifest.Staff(lee))
		s.Eventually(canWrite).Should(BeFalse())
		s.Eventually(func() string {
			return s.Kubectl("get", "events", "-A", "--field-selector=reason=AccessEnded,involvedObject.name=given")
		}).Should(ContainSubstring("RoleBinding given-train/to-intern of User ida@given.example was made by staff and has ended"))
		s.Expect(s.Kubectl("get", "rolebindings", "-n", namespace, "-l", foundationv1alpha1.LabelDelegated, "-o", "name")).To(
			Equal("rolebinding.rbac.authorization.k8s.io/to-lead\n"), "others go on")
		s.WaitReady("given")
	})

	It("cannot give rights that the lead does not have", func(ctx SpecContext) {
		s := newStory(ctx)
		s.ApplyTeam("poor", manifest.Train, manifest.Staff(manifest.User("lee", "Lead", "lee@poor.example")))
		s.WaitReady("poor")
		lead := s.As("lee@poor.example")
		lead.ExpectRefused("attempting to grant RBAC permissions not currently held",
			"create", "rolebinding", "all", "-n", "poor-train", "--clusterrole=cluster-admin", "--user=lee@poor.example")
		lead.ExpectRefused("attempting to grant RBAC permissions not currently held",
			"create", "rolebinding", "edit", "-n", "poor-train", "--clusterrole=edit", "--user=lee@poor.example")
	})
})

var _ = Describe("An ordinary pod", func() {
	It("gets secure defaults, and no token", func(ctx SpecContext) {
		s := newStory(ctx)
		s.ApplyTeam("plain", manifest.Train, manifest.Staff(manifest.User("ida", "Engineer", "ida@plain.example")))
		s.WaitReady("plain")
		s.Expect(s.As("ida@plain.example").Kubectl("run", "web", "-n", "plain-train", "--image=nginx:1.27", "--labels=e2e=plain")).Error().NotTo(HaveOccurred())
		pod := dsl.Get(s, s, &corev1.Pod{}, "plain-train", "web")
		s.Expect(pod.Spec.Volumes).To(BeEmpty(), "no token")
		s.Expect(pod.Spec.Containers[0].SecurityContext.Capabilities.Drop).To(ConsistOf(corev1.Capability("ALL")))
		s.Expect(pod.Spec.Containers[0].ImagePullPolicy).To(Equal(corev1.PullAlways))
	})
})
