package e2e

import (
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/hack/lab/cluster"
	"foundation.team/operator/test/support/dsl"
	"foundation.team/operator/test/support/manifest"
)

var _ = Describe("GPUs", func() {
	It("go from a team that shrinks to one that waits, when their pods have ended", func(ctx SpecContext) {
		s := newStory(ctx)
		s.ApplyPool("hand", 4, "reclaim: {gracePeriod: 720h}")
		s.ApplyTeam("donor", s.GPUs("hand", 32), manifest.Train)
		s.WaitReady("donor")
		s.RunPods("donor", "run", 4)
		s.ApplyTeam("receiver", s.GPUs("hand", 16), manifest.Train)
		s.WaitCondition("receiver", foundationv1alpha1.ConditionGPUsReady, foundationv1alpha1.ReasonShortfall,
			"hand: 16 of 16 short, 0 free, none foreseen; shrink or end an award, or name another pool")

		By("lowering the donor's quota at once, and leaving its work alone")
		s.ApplyTeam("donor", s.GPUs("hand", 16), manifest.Train)
		s.WaitGPUQuota("donor-train", 16)
		s.WaitUntil(func(g Gomega) {
			grant := s.GetGrant(g, "donor", "hand")
			g.Expect(grant.Granted).To(BeEquivalentTo(16))
			g.Expect(grant.Held).To(BeEquivalentTo(32))
			g.Expect(grant.Ready).To(BeEquivalentTo(16))
		})
		s.Consistently(func(g Gomega) {
			g.Expect(s.ListPods(g, "donor")).To(HaveLen(4))
			g.Expect(s.ListNodes(g, "donor")).To(HaveLen(4))
			g.Expect(s.GetGPUQuota(g, "receiver-train")).To(BeZero())
		}).Should(Succeed())
		s.WaitCondition("receiver", foundationv1alpha1.ConditionGPUsReady, foundationv1alpha1.ReasonShortfall, "16 more by ")

		By("telling it in metrics")
		waitMetrics(s,
			`foundation_team_gpus_granted{pool="hand",team="donor"} 16`, `foundation_team_gpus_held{pool="hand",team="donor"} 32`,
			`foundation_team_ready{team="receiver"} 0`, `foundation_team_gpus_requested{pool="hand",team="receiver"} 16`,
			`foundation_pool_gpus_short{pool="hand"} 16`, `foundation_pool_handovers{pool="hand"} 1`, `foundation_pool_handovers_overdue{pool="hand"} 0`,
			`foundation_pool_nodes{pool="hand",state="Draining"} 2`, `foundation_admission_policies_installed 1`)

		By("handing over a node when its last pod is gone, and not before")
		releasing := nodesWithTaint(s, foundationv1alpha1.TaintDraining)
		s.Expect(releasing).To(HaveLen(2))
		for _, pod := range s.ListPods(s, "donor") {
			if releasing[pod.Spec.NodeName] {
				s.DeletePod(pod.Namespace, pod.Name)
			}
		}
		s.WaitReady("receiver", "donor")
		s.Expect(s.ListPods(s, "donor")).To(HaveLen(2))
		for _, node := range s.ListNodes(s, "receiver") {
			s.Expect(releasing).To(HaveKey(node.Name))
		}
	})

	It("are freed by eviction when the grace period is over", func(ctx SpecContext) {
		s := newStory(ctx)
		s.ApplyPool("evict", 2, "reclaim: {gracePeriod: 8s}")
		s.ApplyTeam("loser", s.GPUs("evict", 16), manifest.Train)
		s.WaitReady("loser")
		s.RunPods("loser", "run", 2)
		s.ApplyTeam("loser", s.GPUs("evict", 8), manifest.Train)
		s.WaitUntil(func(g Gomega) {
			g.Expect(s.ListPods(g, "loser")).To(HaveLen(1))
			g.Expect(s.ListNodes(g, "loser")).To(HaveLen(1))
			g.Expect(s.GetPool(g, "evict").Status.Capacity.Free).To(BeEquivalentTo(8))
		})
		s.WaitReady("loser")
	})

	It("are granted by priority, then age, and never taken from a team that holds them", func(ctx SpecContext) {
		s := newStory(ctx)
		s.ApplyPool("order", 3)
		s.ApplyTeam("first", s.GPUs("order", 8), manifest.Train)
		s.WaitReady("first")
		s.ApplyTeam("low", s.GPUs("order", 16), manifest.Train, "priority: -1")
		s.WaitReady("low")
		s.ApplyTeam("low", s.GPUs("order", 0), manifest.Train, "priority: -1")
		s.WaitNodes("low", 0)

		By("asking all at once, while nobody decides")
		s.Expect(lab.Operator.Stop(ctx)).To(Succeed())
		s.ApplyTeam("low", s.GPUs("order", 16), manifest.Train, "priority: -1")
		s.ApplyTeam("high", s.GPUs("order", 16), manifest.Train, "priority: 5")
		s.Expect(lab.StartOperator(ctx)).To(Succeed())
		s.WaitReady("high", "first")
		s.WaitCondition("low", foundationv1alpha1.ConditionGPUsReady, foundationv1alpha1.ReasonShortfall, "16 of 16 short")
	})

	It("that cannot be granted are reported, with what helps", func(ctx SpecContext) {
		s := newStory(ctx)
		s.ApplyPool("rules", 2, "source: Leased", "supplier: Example Telecom")
		condition := func(team, reason, message string) {
			s.Helper()
			s.WaitCondition(team, foundationv1alpha1.ConditionGPUsReady, reason, message)
			s.WaitCondition(team, foundationv1alpha1.ConditionStalled, reason, message)
		}
		s.ApplyTeam("lost", s.GPUs("nowhere", 8), manifest.Train)
		condition("lost", foundationv1alpha1.ReasonPoolNotFound, "nowhere: no such GPUPool: create it, or name another pool in spec.gpus")
		s.ApplyTeam("odd", s.GPUs("rules", 12), manifest.Train)
		condition("odd", foundationv1alpha1.ReasonNotWholeNodes, "rules: 12 requested, 8 granted: nodes have 8 GPUs and are granted whole; ask for 8 or 16")
		s.ApplyTeam("telecom", s.GPUs("rules", 8), manifest.Train, "consortium: {lead: Somebody, participants: [example telecom]}")
		condition("telecom", foundationv1alpha1.ReasonIneligible, "rules: example telecom may not draw from this pool; name another pool in spec.gpus")
		s.ApplyTeam("nowhere", manifest.Train, "volumes: [{name: data, namespace: train, size: 1Ti, storageClassName: missing}]")
		s.WaitCondition("nowhere", foundationv1alpha1.ConditionVolumesReady, foundationv1alpha1.ReasonStorageClassNotFound, "data: StorageClass missing does not exist")
	})

	It("of an unhealthy node leave the capacity and come back", func(ctx SpecContext) {
		s := newStory(ctx)
		s.ApplyPool("broken", 2)
		s.ApplyTeam("broken", s.GPUs("broken", 16), manifest.Train)
		s.WaitReady("broken")
		node := s.ListNodes(s, "broken")[0].Name
		s.Kubectl("label", "node", node, cluster.BrokenLabel+"=true")
		s.WaitCondition("broken", foundationv1alpha1.ConditionGPUsReady, foundationv1alpha1.ReasonNodesNotReady, "broken: 8 of 16 GPUs not ready")
		s.WaitUntil(func(g Gomega) {
			g.Expect(s.GetPool(g, "broken").Status.Capacity.Healthy).To(BeEquivalentTo(8))
		})
		s.Kubectl("label", "node", node, cluster.BrokenLabel+"-")
		s.WaitReady("broken")
	})

	It("are not granted while a node that enters the pool has pods", func(ctx SpecContext) {
		s := newStory(ctx)
		s.Kubectl("create", "ns", "before")
		s.Cleanup(func() { s.Kubectl("delete", "ns", "before", "--wait=false") })
		s.ApplyPool("busy", 1)
		s.WaitFree("busy", 8)
		s.Kubectl("delete", "gpool", "busy")
		var nodes corev1.NodeList
		s.List(s, &nodes, client.MatchingLabels{manifest.PoolLabel: "busy"})
		s.Expect(nodes.Items).To(HaveLen(1))
		s.Expect(nodes.Items[0].Labels).NotTo(HaveKey(foundationv1alpha1.LabelPool), "a pool that goes leaves no mark")
		s.Expect(nodes.Items[0].Spec.Taints).To(BeEmpty())
		squatter := fmt.Sprintf(`{apiVersion: v1, kind: Pod, metadata: {name: squatter, namespace: before}, spec: {nodeName: %s, containers: [{name: a, image: a.example/a:1}]}}`, nodes.Items[0].Name)
		s.Apply(squatter)
		s.Apply(`{apiVersion: foundation.team/v1alpha1, kind: GPUPool, metadata: {name: busy}, spec: {model: M, gpusPerNode: 8, static: {nodeSelector: {matchLabels: {e2e.example.com/pool: busy}}}}}`)
		s.ApplyTeam("waits", s.GPUs("busy", 8), manifest.Train)
		s.WaitPoolCondition("busy", foundationv1alpha1.ConditionReconciling, foundationv1alpha1.ReasonProgressing,
			"1 node waiting to be empty before being granted: "+nodes.Items[0].Name)
		s.WaitUntil(func(g Gomega) {
			g.Expect(s.GetPool(g, "busy").Status.Conditions).To(ContainElement(And(
				HaveField("Reason", foundationv1alpha1.ReasonNodesOccupied),
				HaveField("Message", ContainSubstring("(before/squatter); move the pods, for example with kubectl drain")))))
		})
		s.Consistently(func(g Gomega) { g.Expect(s.ListNodes(g, "waits")).To(BeEmpty()) }).WithTimeout(8 * time.Second).Should(Succeed())
		s.DeletePod("before", "squatter")
		s.WaitReady("waits")
	})

	It("keep their pool from being deleted while teams hold them", func(ctx SpecContext) {
		s := newStory(ctx)
		s.ApplyPool("inuse", 1)
		s.ApplyTeam("user", s.GPUs("inuse", 8), manifest.Train)
		s.WaitReady("user")
		_, err := s.Admin().Kubectl("delete", "gpool", "inuse", "--wait=false")
		s.Expect(err).To(MatchError(ContainSubstring("GPUPool inuse has 8 GPUs granted to 1 team: user 8.")))
		s.Delete("gpool", "inuse", "--wait=false")
		s.WaitPoolCondition("inuse", foundationv1alpha1.ConditionReady, foundationv1alpha1.ReasonNodesInUse, "")
		s.Expect(s.ListNodes(s, "user")).To(HaveLen(1))
		s.ApplyTeam("user", manifest.Train)
		s.WaitGone(&foundationv1alpha1.GPUPool{}, "", "inuse")
	})
})

func nodesWithTaint(s *dsl.Story, key string) map[string]bool {
	s.Helper()
	var list corev1.NodeList
	s.List(s, &list)
	names := map[string]bool{}
	for _, node := range list.Items {
		for _, taint := range node.Spec.Taints {
			if taint.Key == key {
				names[node.Name] = true
			}
		}
	}
	return names
}
