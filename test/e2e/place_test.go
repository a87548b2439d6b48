package e2e

import (
	"context"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

var _ = Describe("A team's place", func() {
	It("has namespaces, quota, access, isolation, volumes and nodes of its own", func(ctx SpecContext) {
		poolOf(ctx, "place", 6)
		teamOf(ctx, "alpha",
			`displayName: 알파`,
			`gpus: [{name: stage-1, poolName: place, count: 32}]`,
			`namespaces: [{name: train, gpuWeight: 7}, {name: eval, gpuWeight: 1}, {name: docs, gpuWeight: 0, quota: {pods: "7"}}]`,
			`volumes: [{name: corpus, namespace: train, size: 20Ti, storageClassName: fast}]`,
			`staff:`,
			`- {name: lead, role: Lead, subject: {kind: User, name: lead@alpha.example}}`,
			`- {name: ida, role: Engineer, subject: {kind: User, name: ida@alpha.example}}`,
			`- {name: visitors, role: Viewer, subject: {kind: Group, name: alpha-visitors}}`)
		teamOf(ctx, "rival",
			`gpus: [{name: stage-1, poolName: place, count: 16}]`,
			`namespaces: [{name: train}]`,
			`staff: [{name: rob, role: Lead, subject: {kind: User, name: rob@rival.example}}]`)
		eventuallyReady(ctx, "alpha", "rival")

		By("sharing the grant by weight, in whole GPUs that add up to it")
		g := Default
		Expect(gpuQuota(ctx, g, "alpha-train")).To(BeEquivalentTo(28))
		Expect(gpuQuota(ctx, g, "alpha-eval")).To(BeEquivalentTo(4))
		Expect(gpuQuota(ctx, g, "alpha-docs")).To(BeEquivalentTo(0))
		docs := get(ctx, g, &corev1.ResourceQuota{}, "alpha-docs", "foundation-team")
		Expect(docs.Spec.Hard.Pods().Value()).To(BeEquivalentTo(7), "the override")
		Expect(docs.Spec.Hard[corev1.ResourceRequestsCPU]).NotTo(BeZero(), "a base without GPUs")

		By("closing every namespace before anybody can get in")
		for _, namespace := range []string{"alpha-train", "alpha-eval", "alpha-docs", "rival-train"} {
			Expect(get(ctx, g, &corev1.Namespace{}, "", namespace).Labels).To(HaveKeyWithValue("pod-security.kubernetes.io/enforce", "restricted"))
			get(ctx, g, &networkingv1.NetworkPolicy{}, namespace, "foundation-team-default-deny")
			get(ctx, g, &corev1.LimitRange{}, namespace, "foundation-team")
		}
		var bindings rbacv1.RoleBindingList
		Expect(k8s.List(ctx, &bindings, client.InNamespace("alpha-eval"), client.HasLabels{foundationv1alpha1.LabelTeam})).To(Succeed())
		Expect(bindings.Items).To(HaveLen(3), "one for each role that somebody has")
		Expect(get(ctx, g, &corev1.PersistentVolumeClaim{}, "alpha-train", "corpus").Status.Phase).To(Equal(corev1.ClaimBound))

		By("making nodes the team's own")
		Expect(nodesOf(ctx, g, "alpha")).To(HaveLen(4))
		Expect(nodesOf(ctx, g, "rival")).To(HaveLen(2))
		for _, node := range nodesOf(ctx, g, "alpha") {
			Expect(node.Labels).To(HaveKeyWithValue(foundationv1alpha1.LabelNodeTeam, "alpha"))
			Expect(node.Spec.Taints).To(ContainElement(corev1.Taint{Key: foundationv1alpha1.TaintTeam, Value: "alpha", Effect: corev1.TaintEffectNoSchedule}))
		}

		By("answering the first question in one line")
		row := strings.Join(strings.Fields(mustKubectl(ctx, "get", "ft", "alpha", "--no-headers")), " ")
		Expect(row).To(HavePrefix("alpha InTerm 32/32 4/4 20Ti 3 True 32 GPUs, 3 namespaces"))

		By("letting staff see their own team and no other, and work in their own namespaces and no other")
		ida, rob := as("ida@alpha.example"), as("rob@rival.example")
		Expect(ida(ctx, "get", "ft", "alpha")).To(ContainSubstring("32/32"))
		expectRefused(ctx, ida, `cannot get resource "foundationteams"`, "get", "ft", "rival")
		expectRefused(ctx, rob, `cannot list resource "pods"`, "get", "pods", "-n", "alpha-train")
		expectRefused(ctx, ida, `cannot patch resource "foundationteams"`, "patch", "ft", "alpha", "--type=merge", "-p", `{"spec":{"priority":9}}`)

		By("placing pods that ask for GPUs on the team's nodes, without a word about nodes in them")
		_, err := ida(ctx, "apply", "-f", writeFile(gpuPods("alpha", "alpha-train", "run", 3, 8)))
		Expect(err).NotTo(HaveOccurred())
		eventuallyRunning(ctx, "alpha", 3)
		own := map[string]bool{}
		for _, node := range nodesOf(ctx, g, "alpha") {
			own[node.Name] = true
		}
		for _, pod := range pods(ctx, g, "alpha") {
			Expect(own).To(HaveKey(pod.Spec.NodeName))
		}
		Eventually(func(g Gomega) {
			g.Expect(getTeam(ctx, g, "alpha").Status.GPUs.Used).To(BeEquivalentTo(24))
		}).WithContext(ctx).Should(Succeed())

		By("refusing one GPU beyond the quota")
		expectRefused(ctx, ida, "exceeded quota: foundation-team, requested: requests.nvidia.com/gpu=5, used: requests.nvidia.com/gpu=24, limited: requests.nvidia.com/gpu=28",
			"apply", "-f", writeFile(gpuPods("alpha", "alpha-train", "more", 1, 5)))

		By("refusing a rival's pod on the team's nodes")
		theft := strings.Replace(gpuPods("rival", "rival-train", "theft", 1, 1), "spec:\n", "spec:\n  nodeSelector: {"+foundationv1alpha1.LabelNodeTeam+": alpha}\n", 1)
		expectRefused(ctx, rob, "alpha", "apply", "-f", writeFile(theft))
	})

	It("guards and places pods while the operator is dead", func(ctx SpecContext) {
		poolOf(ctx, "dead", 2)
		teamOf(ctx, "orphan", `gpus: [{name: a, poolName: dead, count: 16}]`, `namespaces: [{name: train}]`,
			`staff: [{name: ida, role: Engineer, subject: {kind: User, name: ida@orphan.example}}]`)
		eventuallyReady(ctx, "orphan")
		Expect(manager.Kill(ctx)).To(Succeed())
		DeferCleanup(func(ctx SpecContext) { startManager(ctx) })

		ida := as("ida@orphan.example")
		_, err := ida(ctx, "apply", "-f", writeFile(gpuPods("orphan", "orphan-train", "run", 2, 8)))
		Expect(err).NotTo(HaveOccurred())
		eventuallyRunning(ctx, "orphan", 2)
		for _, pod := range pods(ctx, Default, "orphan") {
			Expect(pod.Spec.NodeSelector).To(HaveKeyWithValue(foundationv1alpha1.LabelNodeTeam, "orphan"))
		}
		expectRefused(ctx, ida, "exceeded quota", "apply", "-f", writeFile(gpuPods("orphan", "orphan-train", "more", 1, 1)))
	})

	It("is not touched by an operator that starts anew", func(ctx SpecContext) {
		poolOf(ctx, "steady", 2)
		teamOf(ctx, "steady", `gpus: [{name: a, poolName: steady, count: 16}]`, `namespaces: [{name: train}, {name: eval}]`,
			`volumes: [{name: data, namespace: train, size: 1Ti, storageClassName: fast}]`,
			`staff: [{name: ida, role: Engineer, subject: {kind: User, name: ida@steady.example}}]`)
		eventuallyReady(ctx, "steady")
		eventuallySettled(ctx, "steady")
		before := versions(ctx, "steady")
		Expect(manager.Stop(ctx)).To(Succeed())
		startManager(ctx)
		Consistently(func() map[string]string { return versions(ctx, "steady") }).WithContext(ctx).Should(Equal(before))
	})
})

// versions are the resourceVersions of all that is a team's, its FoundationTeam and pools included.
func versions(ctx context.Context, team string) map[string]string {
	GinkgoHelper()
	byName := map[string]string{}
	for _, list := range []client.ObjectList{
		&corev1.NamespaceList{}, &corev1.ResourceQuotaList{}, &corev1.LimitRangeList{}, &corev1.PersistentVolumeClaimList{},
		&networkingv1.NetworkPolicyList{}, &rbacv1.RoleBindingList{}, &rbacv1.ClusterRoleList{}, &rbacv1.ClusterRoleBindingList{},
		&flowcontrolv1.FlowSchemaList{}, &flowcontrolv1.PriorityLevelConfigurationList{},
	} {
		Expect(k8s.List(ctx, list, client.MatchingLabels{foundationv1alpha1.LabelTeam: team})).To(Succeed())
		for _, obj := range items(list) {
			byName[typeName(obj)+client.ObjectKeyFromObject(obj).String()] = obj.GetResourceVersion()
		}
	}
	byName["team"] = getTeam(ctx, Default, team).ResourceVersion
	for _, pool := range getTeam(ctx, Default, team).Status.GPUs.Pools {
		byName["pool "+pool.Name] = getPool(ctx, Default, pool.Name).ResourceVersion
	}
	Expect(len(byName)).To(BeNumerically(">", 10))
	return byName
}

// expectRefused runs kubectl as a person and expects the API server's refusal.
func expectRefused(ctx context.Context, who func(context.Context, ...string) (string, error), reason string, args ...string) {
	GinkgoHelper()
	output, err := who(ctx, args...)
	Expect(err).To(HaveOccurred(), "kubectl %s was not refused", strings.Join(args, " "))
	Expect(output + err.Error()).To(ContainSubstring(reason))
}
