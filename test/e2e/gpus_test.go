package e2e

import (
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/hack/lab/cluster"
)

var _ = Describe("GPUs", func() {
	award := func(pool string, count int) string {
		return fmt.Sprintf("gpus: [{name: a, poolName: %s, count: %d}]", pool, count)
	}
	const train = `namespaces: [{name: train}]`

	It("go from a team that shrinks to one that waits, when the work on them is over", func(ctx SpecContext) {
		poolOf(ctx, "hand", 4, "reclaim: {gracePeriod: 720h}")
		teamOf(ctx, "donor", award("hand", 32), train)
		eventuallyReady(ctx, "donor")
		mustKubectl(ctx, "apply", "-f", writeFile(gpuPods("donor", "donor-train", "run", 4, 8)))
		eventuallyRunning(ctx, "donor", 4)
		teamOf(ctx, "receiver", award("hand", 16), train)
		eventuallyCondition(ctx, "receiver", foundationv1alpha1.ConditionGPUsReady, foundationv1alpha1.ReasonShortfall,
			"hand: 16 of 16 short, 0 free, none foreseen; shrink or end an award, or name another pool")

		By("lowering the donor's quota at once, and leaving its work alone")
		teamOf(ctx, "donor", award("hand", 16), train)
		Eventually(func(g Gomega) { g.Expect(gpuQuota(ctx, g, "donor-train")).To(BeEquivalentTo(16)) }).WithContext(ctx).Should(Succeed())
		Eventually(func(g Gomega) {
			grant := getPool(ctx, g, "hand").Status.Grants[0]
			g.Expect(grant.TeamName).To(Equal("donor"))
			g.Expect(grant.Granted).To(BeEquivalentTo(16))
			g.Expect(grant.Held).To(BeEquivalentTo(32))
			g.Expect(grant.Ready).To(BeEquivalentTo(16))
		}).WithContext(ctx).Should(Succeed())
		Consistently(func(g Gomega) {
			g.Expect(pods(ctx, g, "donor")).To(HaveLen(4))
			g.Expect(nodesOf(ctx, g, "donor")).To(HaveLen(4))
			g.Expect(gpuQuota(ctx, g, "receiver-train")).To(BeZero())
		}).WithContext(ctx).Should(Succeed())
		eventuallyCondition(ctx, "receiver", foundationv1alpha1.ConditionGPUsReady, foundationv1alpha1.ReasonShortfall, "16 more by ")

		By("handing over a node when its last pod is gone, and not before")
		releasing := nodesWithTaint(ctx, foundationv1alpha1.TaintDraining)
		Expect(releasing).To(HaveLen(2))
		for _, pod := range pods(ctx, Default, "donor") {
			if releasing[pod.Spec.NodeName] {
				mustKubectl(ctx, "delete", "pod", pod.Name, "-n", pod.Namespace, "--force", "--grace-period=0")
			}
		}
		eventuallyReady(ctx, "receiver", "donor")
		Expect(pods(ctx, Default, "donor")).To(HaveLen(2))
		for _, node := range nodesOf(ctx, Default, "receiver") {
			Expect(releasing).To(HaveKey(node.Name))
		}
	})

	It("are evicted when the grace is over", func(ctx SpecContext) {
		poolOf(ctx, "evict", 2, "reclaim: {gracePeriod: 8s}")
		teamOf(ctx, "loser", award("evict", 16), train)
		eventuallyReady(ctx, "loser")
		mustKubectl(ctx, "apply", "-f", writeFile(gpuPods("loser", "loser-train", "run", 2, 8)))
		eventuallyRunning(ctx, "loser", 2)
		teamOf(ctx, "loser", award("evict", 8), train)
		Eventually(func(g Gomega) {
			g.Expect(pods(ctx, g, "loser")).To(HaveLen(1))
			g.Expect(nodesOf(ctx, g, "loser")).To(HaveLen(1))
			g.Expect(getPool(ctx, g, "evict").Status.Capacity.Free).To(BeEquivalentTo(8))
		}).WithContext(ctx).Should(Succeed())
		eventuallyReady(ctx, "loser")
	})

	It("follow priority, then age, and never leave who has them", func(ctx SpecContext) {
		poolOf(ctx, "order", 3)
		teamOf(ctx, "first", award("order", 8), train)
		eventuallyReady(ctx, "first")
		teamOf(ctx, "low", award("order", 16), train, "priority: -1")
		eventuallyReady(ctx, "low")
		teamOf(ctx, "low", award("order", 0), train, "priority: -1")
		Eventually(func(g Gomega) { g.Expect(nodesOf(ctx, g, "low")).To(BeEmpty()) }).WithContext(ctx).Should(Succeed())

		By("asking all at once, while nobody decides")
		Expect(manager.Stop(ctx)).To(Succeed())
		teamOf(ctx, "low", award("order", 16), train, "priority: -1")
		teamOf(ctx, "high", award("order", 16), train, "priority: 5")
		startManager(ctx)
		eventuallyReady(ctx, "high", "first")
		eventuallyCondition(ctx, "low", foundationv1alpha1.ConditionGPUsReady, foundationv1alpha1.ReasonShortfall, "16 of 16 short")
	})

	It("that cannot be had are told of, with the way out", func(ctx SpecContext) {
		poolOf(ctx, "rules", 2, "source: Leased", "supplier: Example Telecom")
		condition := func(team, reason, message string) {
			GinkgoHelper()
			eventuallyCondition(ctx, team, foundationv1alpha1.ConditionGPUsReady, reason, message)
			eventuallyCondition(ctx, team, foundationv1alpha1.ConditionStalled, reason, message)
		}
		teamOf(ctx, "lost", award("nowhere", 8), train)
		condition("lost", foundationv1alpha1.ReasonPoolNotFound, "nowhere: no such GPUPool: create it, or name another pool in spec.gpus")
		teamOf(ctx, "odd", award("rules", 12), train)
		condition("odd", foundationv1alpha1.ReasonNotWholeNodes, "rules: 12 requested, 8 granted: nodes have 8 GPUs and are granted whole; ask for 8 or 16")
		teamOf(ctx, "telecom", award("rules", 8), train, "consortium: {lead: Somebody, participants: [example telecom]}")
		condition("telecom", foundationv1alpha1.ReasonIneligible, "rules: example telecom may not draw from this pool; name another pool in spec.gpus")
		teamOf(ctx, "nowhere", train, "volumes: [{name: data, namespace: train, size: 1Ti, storageClassName: missing}]")
		eventuallyCondition(ctx, "nowhere", foundationv1alpha1.ConditionVolumesReady, foundationv1alpha1.ReasonStorageClassNotFound, "data: StorageClass missing does not exist")
	})

	It("of a broken node are counted out and in again", func(ctx SpecContext) {
		poolOf(ctx, "broken", 2)
		teamOf(ctx, "broken", award("broken", 16), train)
		eventuallyReady(ctx, "broken")
		node := nodesOf(ctx, Default, "broken")[0].Name
		mustKubectl(ctx, "label", "node", node, cluster.BrokenLabel+"=true")
		eventuallyCondition(ctx, "broken", foundationv1alpha1.ConditionGPUsReady, foundationv1alpha1.ReasonNodesNotReady, "broken: 8 of 16 GPUs not ready")
		Eventually(func(g Gomega) {
			g.Expect(getPool(ctx, g, "broken").Status.Capacity.Healthy).To(BeEquivalentTo(8))
		}).WithContext(ctx).Should(Succeed())
		mustKubectl(ctx, "label", "node", node, cluster.BrokenLabel+"-")
		eventuallyReady(ctx, "broken")
	})

	It("wait for nodes that are busy when they come into a pool", func(ctx SpecContext) {
		mustKubectl(ctx, "create", "ns", "before")
		DeferCleanup(func(ctx SpecContext) { mustKubectl(ctx, "delete", "ns", "before", "--wait=false") })
		poolOf(ctx, "busy", 1)
		Eventually(func(g Gomega) {
			g.Expect(getPool(ctx, g, "busy").Status.Capacity).To(HaveValue(HaveField("Free", BeEquivalentTo(8))))
		}).WithContext(ctx).Should(Succeed())
		mustKubectl(ctx, "delete", "gpool", "busy")
		var nodes corev1.NodeList
		Expect(k8s.List(ctx, &nodes, client.MatchingLabels{"e2e.example.com/pool": "busy"})).To(Succeed())
		Expect(nodes.Items).To(HaveLen(1))
		Expect(nodes.Items[0].Labels).NotTo(HaveKey(foundationv1alpha1.LabelPool), "a pool that goes leaves no mark")
		Expect(nodes.Items[0].Spec.Taints).To(BeEmpty())
		squatter := fmt.Sprintf(`{apiVersion: v1, kind: Pod, metadata: {name: squatter, namespace: before}, spec: {nodeName: %s, containers: [{name: a, image: a.example/a:1}]}}`, nodes.Items[0].Name)
		apply(ctx, squatter)
		apply(ctx, `{apiVersion: foundation.team/v1alpha1, kind: GPUPool, metadata: {name: busy}, spec: {model: M, gpusPerNode: 8, static: {nodeSelector: {matchLabels: {e2e.example.com/pool: busy}}}}}`)
		teamOf(ctx, "waits", award("busy", 8), train)
		Eventually(func(g Gomega) {
			g.Expect(getPool(ctx, g, "busy").Status.Conditions).To(ContainElement(And(
				HaveField("Type", foundationv1alpha1.ConditionReconciling),
				HaveField("Message", ContainSubstring("1 node waiting to be empty before being granted: "+nodes.Items[0].Name)))))
		}).WithContext(ctx).Should(Succeed())
		Eventually(func(g Gomega) {
			g.Expect(getPool(ctx, g, "busy").Status.Conditions).To(ContainElement(And(
				HaveField("Reason", foundationv1alpha1.ReasonNodesOccupied),
				HaveField("Message", ContainSubstring("(before/squatter); move the pods, for example with kubectl drain")))))
		}).WithContext(ctx).Should(Succeed())
		Consistently(func(g Gomega) { g.Expect(nodesOf(ctx, g, "waits")).To(BeEmpty()) }).WithContext(ctx).WithTimeout(8 * time.Second).Should(Succeed())
		mustKubectl(ctx, "delete", "pod", "squatter", "-n", "before", "--force", "--grace-period=0")
		eventuallyReady(ctx, "waits")
	})

	It("keep their pool from going while teams have them", func(ctx SpecContext) {
		poolOf(ctx, "inuse", 1)
		teamOf(ctx, "user", award("inuse", 8), train)
		eventuallyReady(ctx, "user")
		mustKubectl(ctx, "delete", "gpool", "inuse", "--wait=false")
		Eventually(func(g Gomega) {
			g.Expect(getPool(ctx, g, "inuse").Status.Conditions).To(ContainElement(HaveField("Reason", foundationv1alpha1.ReasonNodesInUse)))
		}).WithContext(ctx).Should(Succeed())
		Expect(nodesOf(ctx, Default, "user")).To(HaveLen(1))
		teamOf(ctx, "user", train)
		Eventually(func() bool {
			return apierrors.IsNotFound(k8s.Get(ctx, client.ObjectKey{Name: "inuse"}, &foundationv1alpha1.GPUPool{}))
		}).WithContext(ctx).Should(BeTrue())
	})
})

func nodesWithTaint(ctx SpecContext, key string) map[string]bool {
	GinkgoHelper()
	var list corev1.NodeList
	Expect(k8s.List(ctx, &list)).To(Succeed())
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
