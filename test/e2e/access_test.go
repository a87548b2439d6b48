package e2e

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

var _ = Describe("What a lead gives", func() {
	It("ends with the access of who has it", func(ctx SpecContext) {
		const namespace, intern = "given-train", "ida@given.example"
		staff := func(entries string) []string {
			return []string{`namespaces: [{name: train}]`, `staff: [{name: lee, role: Lead, subject: {kind: User, name: lee@given.example}}` + entries + `]`}
		}
		teamOf(ctx, "given", staff(`, {name: ida, role: Viewer, subject: {kind: User, name: ida@given.example}}`)...)
		eventuallyReady(ctx, "given")
		Expect(get(ctx, Default, &corev1.Namespace{}, "", namespace).Annotations).To(
			HaveKeyWithValue(foundationv1alpha1.AnnotationStaff, "User ida@given.example\nUser lee@given.example"))

		lead := as("lee@given.example")
		give := func(name string, more ...string) []string {
			return append([]string{"create", "rolebinding", name, "-n", namespace, "--role=writes-maps"}, more...)
		}
		Expect(lead(ctx, "create", "role", "writes-maps", "-n", namespace, "--verb=create,update", "--resource=configmaps")).Error().NotTo(HaveOccurred())
		expectRefused(ctx, lead, "User rob@rival.example is no staff of team given", give("to-rival", "--user=rob@rival.example")...)
		Expect(lead(ctx, give("to-intern", "--user="+intern)...)).Error().NotTo(HaveOccurred())
		Expect(lead(ctx, give("to-lead", "--user=lee@given.example")...)).Error().NotTo(HaveOccurred())
		Eventually(func() bool { return may(ctx, intern, "create", "configmaps", namespace) }).WithContext(ctx).Should(BeTrue())
		Consistently(func() bool { return may(ctx, intern, "create", "configmaps", namespace) }).WithContext(ctx).Should(BeTrue(), "the operator leaves it")

		By("taking the intern out of the spec")
		teamOf(ctx, "given", staff("")...)
		Eventually(func() bool { return may(ctx, intern, "create", "configmaps", namespace) }).WithContext(ctx).Should(BeFalse())
		Eventually(func() string {
			return mustKubectl(ctx, "get", "events", "-A", "--field-selector=reason=AccessEnded,involvedObject.name=given")
		}).WithContext(ctx).Should(ContainSubstring("RoleBinding given-train/to-intern of User ida@given.example was made by staff and has ended"))
		Expect(mustKubectl(ctx, "get", "rolebindings", "-n", namespace, "-l", foundationv1alpha1.LabelDelegated, "-o", "name")).To(
			Equal("rolebinding.rbac.authorization.k8s.io/to-lead\n"), "others go on")
		eventuallyReady(ctx, "given")
	})

	It("is nothing that the lead does not have", func(ctx SpecContext) {
		teamOf(ctx, "poor", `namespaces: [{name: train}]`, `staff: [{name: lee, role: Lead, subject: {kind: User, name: lee@poor.example}}]`)
		eventuallyReady(ctx, "poor")
		expectRefused(ctx, as("lee@poor.example"), "attempting to grant RBAC permissions not currently held",
			"create", "rolebinding", "all", "-n", "poor-train", "--clusterrole=cluster-admin", "--user=lee@poor.example")
		expectRefused(ctx, as("lee@poor.example"), "attempting to grant RBAC permissions not currently held",
			"create", "rolebinding", "edit", "-n", "poor-train", "--clusterrole=edit", "--user=lee@poor.example")
	})
})

var _ = Describe("An ordinary pod", func() {
	It("needs no word about security, and gets no token", func(ctx SpecContext) {
		teamOf(ctx, "plain", `namespaces: [{name: train}]`, `staff: [{name: ida, role: Engineer, subject: {kind: User, name: ida@plain.example}}]`)
		eventuallyReady(ctx, "plain")
		Expect(as("ida@plain.example")(ctx, "run", "web", "-n", "plain-train", "--image=nginx:1.27", "--labels=e2e=plain")).Error().NotTo(HaveOccurred())
		pod := get(ctx, Default, &corev1.Pod{}, "plain-train", "web")
		Expect(pod.Spec.Volumes).To(BeEmpty(), "no token")
		Expect(pod.Spec.Containers[0].SecurityContext.Capabilities.Drop).To(ConsistOf(corev1.Capability("ALL")))
		Expect(pod.Spec.Containers[0].ImagePullPolicy).To(Equal(corev1.PullAlways))
	})
})
