package e2e

import (
	"context"
	"maps"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/test/support"
	"foundation.team/operator/test/support/dsl"
	"foundation.team/operator/test/support/manifest"
)

var _ = Describe("A team's environment", func() {
	It("has namespaces, quota, access, isolation, volumes and nodes of its own", func(ctx SpecContext) {
		s := newStory(ctx)
		s.ApplyPool("place", 6)
		s.ApplyTeam("alpha", `displayName: 알파`, manifest.Awards(s.Award("stage-1", "place", 32)),
			`namespaces: [{name: train, gpuWeight: 7}, {name: eval, gpuWeight: 1}, {name: docs, gpuWeight: 0, quota: {pods: "7"}}]`,
			`volumes: [{name: corpus, namespace: train, size: 20Ti, storageClassName: fast}]`,
			manifest.Staff(manifest.User("lead", "Lead", "lead@alpha.example"), manifest.User("ida", "Engineer", "ida@alpha.example"),
				"{name: visitors, role: Viewer, subject: {kind: Group, name: alpha-visitors}}"))
		s.ApplyTeam("rival", manifest.Awards(s.Award("stage-1", "place", 16)), manifest.Train,
			manifest.Staff(manifest.User("rob", "Lead", "rob@rival.example")))
		s.WaitReady("alpha", "rival")

		By("sharing the grant by weight, in whole GPUs that add up to it")
		s.Expect(s.GetGPUQuota(s, "alpha-train")).To(BeEquivalentTo(28))
		s.Expect(s.GetGPUQuota(s, "alpha-eval")).To(BeEquivalentTo(4))
		s.Expect(s.GetGPUQuota(s, "alpha-docs")).To(BeEquivalentTo(0))
		docs := dsl.Get(s, s, &corev1.ResourceQuota{}, "alpha-docs", "foundation-team")
		s.Expect(docs.Spec.Hard.Pods().Value()).To(BeEquivalentTo(7), "the override")
		s.Expect(docs.Spec.Hard[corev1.ResourceRequestsCPU]).NotTo(BeZero(), "a base without GPUs")

		By("closing every namespace before anybody can get in")
		expectClosed(s, "alpha-train", "alpha-eval", "alpha-docs", "rival-train")
		bindings := s.ListNames(s, &rbacv1.RoleBindingList{}, client.InNamespace("alpha-eval"), client.HasLabels{foundationv1alpha1.LabelTeam})
		s.Expect(bindings).To(HaveLen(3), "one for each role that somebody has")
		s.Expect(dsl.Get(s, s, &corev1.PersistentVolumeClaim{}, "alpha-train", "corpus").Status.Phase).To(Equal(corev1.ClaimBound))

		By("making nodes the team's own")
		expectOwnNodes(s, "alpha", 4)
		expectOwnNodes(s, "rival", 2)

		By("answering the first question in one line")
		row := strings.Join(strings.Fields(s.Kubectl("get", "ft", "alpha", "--no-headers")), " ")
		s.Expect(row).To(HavePrefix("alpha InTerm 32/32 4/4 20Ti 3 True 32 GPUs, 3 namespaces"))

		By("letting staff see their own team and no other, and work in their own namespaces and no other")
		ida, rob := s.As("ida@alpha.example"), s.As("rob@rival.example")
		s.Expect(ida.Kubectl("get", "ft", "alpha")).To(ContainSubstring("32/32"))
		ida.ExpectRefused(`cannot get resource "foundationteams"`, "get", "ft", "rival")
		rob.ExpectRefused(`cannot list resource "pods"`, "get", "pods", "-n", "alpha-train")
		ida.ExpectRefused(`cannot patch resource "foundationteams"`, "patch", "ft", "alpha", "--type=merge", "-p", `{"spec":{"priority":9}}`)

		By("placing pods that ask for GPUs on the team's nodes, without a word about nodes in them")
		s.Expect(ida.Apply(manifest.GPUPods("alpha", "alpha-train", "run", 3, 8))).To(Succeed())
		s.WaitRunning("alpha", 3)
		own := dsl.NamesOf(s.ListNodes(s, "alpha"))
		for _, pod := range s.ListPods(s, "alpha") {
			s.Expect(own).To(ContainElement(pod.Spec.NodeName))
		}
		s.WaitUntil(func(g Gomega) {
			g.Expect(s.GetTeam(g, "alpha").Status.GPUs.Used).To(BeEquivalentTo(24))
		})

		By("refusing one GPU beyond the quota")
		s.Expect(ida.Apply(manifest.GPUPods("alpha", "alpha-train", "more", 1, 5))).To(MatchError(ContainSubstring(
			"exceeded quota: foundation-team, requested: requests.nvidia.com/gpu=5, used: requests.nvidia.com/gpu=24, limited: requests.nvidia.com/gpu=28")))

		By("refusing a rival's pod on the team's nodes")
		theft := strings.Replace(manifest.GPUPods("rival", "rival-train", "theft", 1, 1), "spec:\n", "spec:\n  nodeSelector: {"+foundationv1alpha1.LabelNodeTeam+": alpha}\n", 1)
		s.Expect(rob.Apply(theft)).To(MatchError(ContainSubstring("alpha")))
	})

	It("guards and places pods while the operator is dead", func(ctx SpecContext) {
		s := newStory(ctx)
		s.ApplyPool("dead", 2)
		s.ApplyTeam("orphan", s.GPUs("dead", 16), manifest.Train,
			manifest.Staff(manifest.User("ida", "Engineer", "ida@orphan.example")))
		s.WaitReady("orphan")
		s.Expect(lab.Operator.Kill(ctx)).To(Succeed())
		DeferCleanup(func(ctx SpecContext) { s.Expect(lab.StartOperator(ctx)).To(Succeed()) })

		ida := s.As("ida@orphan.example")
		s.Expect(ida.Apply(manifest.GPUPods("orphan", "orphan-train", "run", 2, 8))).To(Succeed())
		s.WaitRunning("orphan", 2)
		for _, pod := range s.ListPods(s, "orphan") {
			s.Expect(pod.Spec.NodeSelector).To(HaveKeyWithValue(foundationv1alpha1.LabelNodeTeam, "orphan"))
		}
		s.Expect(ida.Apply(manifest.GPUPods("orphan", "orphan-train", "more", 1, 1))).To(MatchError(ContainSubstring("exceeded quota")))
	})

	It("is not changed by an operator that restarts", func(ctx SpecContext) {
		s := newStory(ctx)
		s.ApplyPool("steady", 2)
		s.ApplyTeam("steady", s.GPUs("steady", 16), `namespaces: [{name: train}, {name: eval}]`,
			`volumes: [{name: data, namespace: train, size: 1Ti, storageClassName: fast}]`,
			manifest.Staff(manifest.User("ida", "Engineer", "ida@steady.example")))
		s.WaitReady("steady")
		s.WaitReconciled("steady")
		before := versions(ctx, s, "steady")
		s.Expect(lab.Operator.Stop(ctx)).To(Succeed())
		s.Expect(lab.StartOperator(ctx)).To(Succeed())
		s.Consistently(func() map[string]string { return versions(ctx, s, "steady") }).Should(Equal(before))
	})
})

// expectClosed expects that namespaces have everything that isolates them.
func expectClosed(s *dsl.Story, namespaces ...string) {
	s.Helper()
	for _, namespace := range namespaces {
		s.Expect(dsl.Get(s, s, &corev1.Namespace{}, "", namespace).Labels).To(HaveKeyWithValue("pod-security.kubernetes.io/enforce", "restricted"))
		dsl.Get(s, s, &networkingv1.NetworkPolicy{}, namespace, "foundation-team-default-deny")
	}
}

// expectOwnNodes expects that a team has so many nodes, which are closed to others.
func expectOwnNodes(s *dsl.Story, team string, count int) {
	s.Helper()
	nodes := s.ListNodes(s, team)
	s.Expect(nodes).To(HaveLen(count), team)
	for _, node := range nodes {
		s.Expect(node.Labels).To(HaveKeyWithValue(foundationv1alpha1.LabelNodeTeam, team), node.Name)
		s.Expect(node.Spec.Taints).To(ContainElement(corev1.Taint{Key: foundationv1alpha1.TaintTeam, Value: team, Effect: corev1.TaintEffectNoSchedule}), node.Name)
	}
}

// versions returns the resourceVersions of everything that belongs to a team, with its FoundationTeam and pools.
func versions(ctx context.Context, s *dsl.Story, team string) map[string]string {
	s.Helper()
	all, err := support.Versions(ctx, s.Client, []client.ObjectList{
		&corev1.NamespaceList{}, &corev1.ResourceQuotaList{}, &corev1.LimitRangeList{}, &corev1.PersistentVolumeClaimList{},
		&networkingv1.NetworkPolicyList{}, &rbacv1.RoleBindingList{}, &rbacv1.ClusterRoleList{}, &rbacv1.ClusterRoleBindingList{},
		&flowcontrolv1.FlowSchemaList{}, &flowcontrolv1.PriorityLevelConfigurationList{},
	}, s.OfTeam(team))
	s.Expect(err).NotTo(HaveOccurred())
	owner := s.GetTeam(s, team)
	maps.Copy(all, support.VersionsOf(owner))
	for _, pool := range owner.Status.GPUs.Pools {
		maps.Copy(all, support.VersionsOf(s.GetPool(s, pool.Name)))
	}
	s.Expect(len(all)).To(BeNumerically(">", 10))
	return all
}
