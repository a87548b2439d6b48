package stories

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/hack/lab/binaries"
	"foundation.team/operator/hack/lab/cluster"
	"foundation.team/operator/internal/karpenter"
	"foundation.team/operator/test/support/manifest"
)

// What is true of one kind of nodes only, and how nodes change hands.
func TestNodes(t *testing.T) {
	if scale {
		t.Skip("measuring at full size")
	}
	for name, tell := range map[string]func(*story){
		"of a Dynamic pool come when pods ask and go when they are empty": dynamicNodes,
		"of a pool that changes its mode go as their work ends":           modeChange,
		"that Karpenter cannot launch are told of with its reason":        neverLaunched,
		"that have no node class are told of before any pod asks":         noNodeClass,
		"of the sample are there":                                         sample,
		"that Karpenter lost are made anew":                               lostNode,
		"are scrubbed for each hand-over where the pool wants that":       scrub,
		"are let go in spite of a disruption budget when its time is up":  forced,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tell(newStory(t, sources[0]))
		})
	}
}

func (s *story) karpenterPool(name string, atMost int, nodes []string, lines ...string) {
	s.Helper()
	s.apply(manifest.KarpenterPool(name, atMost, cluster.GPUInstanceType, nodes, lines))
}

// dynamic is what a Dynamic pool says of its nodes.
var dynamic = []string{"mode: Dynamic", "nodeResources: {cpu: 224, memory: 2Ti, ephemeral-storage: 28Ti}", "consolidateAfter: 3s"}

func dynamicNodes(s *story) {
	const pool, team = "dyn", "dyn-team"
	s.karpenterPool(pool, 4, dynamic)
	s.team(team, award(pool, 32), train)
	s.ready(team)
	s.Expect(s.getTeam(s, team).Status.GPUs.Summary).To(Equal("32/32"), "a promise needs no nodes")
	s.Expect(s.nodesOf(s, team)).To(BeEmpty())
	s.run(team, "job", 2)
	for _, pod := range s.pods(s, team) {
		node := &corev1.Node{}
		s.Expect(k8s.Get(s.Context(), client.ObjectKey{Name: pod.Spec.NodeName}, node)).To(Succeed())
		s.Expect(node.Labels).To(HaveKeyWithValue(foundationv1alpha1.LabelNodeTeam, team))
	}
	s.Eventually(func(g Gomega) { g.Expect(s.getTeam(g, team).Status.GPUs.Ready).To(BeEquivalentTo(16)) }).Should(Succeed())
	s.kubectl("delete", "pods", "--all", "-n", team+"-train", "--force", "--grace-period=0")
	s.Eventually(func(g Gomega) { g.Expect(s.nodesOf(g, team)).To(BeEmpty()) }).Should(Succeed())
	s.ready(team)
}

func modeChange(s *story) {
	const pool, team = "mode", "mode-team"
	grace := "reclaim: {gracePeriod: 720h}"
	s.karpenterPool(pool, 2, []string{"mode: Static"}, grace)
	s.team(team, award(pool, 16), train)
	s.ready(team)
	s.run(team, "old", 1)
	before := uidsOf(s.pods(s, team))

	s.karpenterPool(pool, 2, dynamic, grace)
	s.Eventually(func(g Gomega) {
		g.Expect(s.nodesOf(g, team)).To(HaveLen(1), "the idle one goes, the busy one stays")
	}).Should(Succeed())
	s.Expect(s.granted(s, team)).To(Equal(map[string]int32{pool: 16}))
	s.run(team, "new", 1)
	for uid := range before {
		s.Expect(uidsOf(s.pods(s, team))).To(HaveKey(uid))
	}
	s.kubectl("delete", "pod", "old-0", "-n", team+"-train", "--force", "--grace-period=0")
	s.Eventually(func(g Gomega) { g.Expect(s.nodePools(g, team)).To(Equal([]string{team + "." + pool + ".d"})) }).Should(Succeed())
	s.ready(team)
	s.team(team, award(pool, 0), train)
	s.kubectl("delete", "pod", "new-0", "-n", team+"-train", "--force", "--grace-period=0")
	s.Eventually(func(g Gomega) { g.Expect(s.nodePools(g, team)).To(BeEmpty()) }).Should(Succeed())
	s.Expect(s.nodesOf(s, team)).To(BeEmpty())
}

// nodePools are the names of a team's NodePools.
func (s *story) nodePools(g Gomega, team string) []string {
	s.Helper()
	var list karpenter.NodePoolList
	g.Expect(k8s.List(s.Context(), &list, client.MatchingLabels{foundationv1alpha1.LabelTeam: team})).To(Succeed())
	var names []string
	for _, nodePool := range list.Items {
		names = append(names, nodePool.Name)
	}
	slices.Sort(names)
	return names
}

func neverLaunched(s *story) {
	const pool, team = "scarce", "scarce-team"
	s.apply(manifest.KarpenterPool(pool, 2, cluster.ScarceInstanceType, []string{"mode: Static"}, nil))
	s.team(team, award(pool, 16), train)
	s.condition(team, foundationv1alpha1.ConditionGPUsReady, foundationv1alpha1.ReasonNodesNotReady, "is not Launched (LaunchFailed: ")
	s.Expect(s.getTeam(s, team).Status.GPUs.Summary).To(Equal("16/16"))
	s.Expect(s.getTeam(s, team).Status.GPUs.Ready).To(BeZero())
	s.team(team, award(pool, 0), train)
	s.Eventually(func(g Gomega) { g.Expect(s.nodePools(g, team)).To(BeEmpty()) }).Should(Succeed())
}

func noNodeClass(s *story) {
	for mode, nodes := range map[string][]string{"s": {"mode: Static"}, "d": dynamic} {
		pool, team := "class-"+mode, "class-"+mode+"-team"
		yaml := manifest.KarpenterPool(pool, 1, cluster.GPUInstanceType, nodes, nil)
		s.apply(strings.Replace(yaml, "name: "+cluster.KarpenterNodeClass+"}", "name: missing}", 1))
		s.team(team, award(pool, 8), train)
		s.condition(team, foundationv1alpha1.ConditionGPUsReady, foundationv1alpha1.ReasonNodesNotReady,
			fmt.Sprintf("%s: 8 of 8 GPUs not ready: NodePool %s.%s.%s is not NodeClassReady (NodeClassNotFound: ", pool, team, pool, mode))
		s.apply(yaml)
		s.ready(team)
	}
}

func sample(s *story) {
	root, err := binaries.Root(".")
	s.Expect(err).NotTo(HaveOccurred())
	s.kubectl("apply", "-k", filepath.Join(root, "config", "samples", "karpenter"))
	s.ready("danbi")
	s.Expect(s.nodesOf(s, "danbi")).To(HaveLen(4))
}

func lostNode(s *story) {
	const pool, team = "lost", "lost-team"
	s.karpenterPool(pool, 2, []string{"mode: Static"})
	s.team(team, award(pool, 16), train)
	s.ready(team)
	lost := s.nodesOf(s, team)[0].Name
	s.kubectl("delete", "node", lost, "--wait=false")
	s.Eventually(func(g Gomega) {
		nodes := s.nodesOf(g, team)
		g.Expect(nodes).To(HaveLen(2))
		g.Expect(nodes).NotTo(ContainElement(HaveField("Name", lost)))
	}).Should(Succeed())
	s.ready(team)
}

func scrub(s *story) {
	const pool, first, second = "scrub", "scrub-one", "scrub-two"
	agent, err := lab.KubeconfigFor("scrubber@agents.example")
	s.Expect(err).NotTo(HaveOccurred())
	s.kubectl("create", "clusterrolebinding", "scrubber", "--clusterrole=foundation-scrubber", "--user=scrubber@agents.example")
	answer := func(node corev1.Node, value string) error {
		_, err := lab.KubectlAs(s.Context(), agent, "annotate", "node", node.Name, "--overwrite", foundationv1alpha1.AnnotationScrubbed+"="+value)
		return err
	}
	waiting := func(g Gomega, count int) []corev1.Node {
		s.Helper()
		var list corev1.NodeList
		g.Expect(k8s.List(s.Context(), &list, client.MatchingLabels{manifest.PoolLabel: pool})).To(Succeed())
		nodes := slices.DeleteFunc(list.Items, func(n corev1.Node) bool { return n.Annotations[foundationv1alpha1.AnnotationScrubRequest] == "" })
		g.Expect(nodes).To(HaveLen(count))
		return nodes
	}
	s.staticPool(pool, 1, "reclaim: {requireScrub: true}")
	s.team(first, award(pool, 8), train)
	s.Eventually(func(g Gomega) { waiting(g, 1) }).Should(Succeed())
	old := waiting(s, 1)[0].Annotations[foundationv1alpha1.AnnotationScrubRequest]
	s.Expect(answer(waiting(s, 1)[0], old)).To(Succeed())
	s.ready(first)

	// The next hand-over wants an answer of its own.
	s.team(second, award(pool, 8), train)
	s.team(first, award(pool, 0), train)
	s.Eventually(func(g Gomega) { waiting(g, 1) }).Should(Succeed())
	node := waiting(s, 1)[0]
	s.Expect(answer(node, old)).To(Succeed())
	s.Eventually(func(g Gomega) {
		reconciling := meta.FindStatusCondition(s.getPool(g, pool).Status.Conditions, foundationv1alpha1.ConditionReconciling)
		g.Expect(reconciling).NotTo(BeNil())
		g.Expect(reconciling.Message).To(Equal("1 node waiting to be scrubbed before being granted: " + node.Name))
	}).Should(Succeed())
	s.Expect(s.granted(s, second)).To(Equal(map[string]int32{pool: 0}))
	s.Expect(answer(node, node.Annotations[foundationv1alpha1.AnnotationScrubRequest])).To(Succeed())
	s.ready(second)
	_, err = lab.KubectlAs(s.Context(), agent, "annotate", "node", node.Name, "--overwrite", foundationv1alpha1.AnnotationTeamUID+"=mine")
	s.Expect(err).To(MatchError(ContainSubstring("is for the operator and admins to set")))
}

func forced(s *story) {
	const pool, team = "force", "force-team"
	s.staticPool(pool, 1, "reclaim: {gracePeriod: 1s}")
	s.team(team, award(pool, 8), train)
	s.ready(team)
	s.run(team, "job", 1)
	s.apply(fmt.Sprintf(`
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: keep, namespace: %s-train}
spec: {minAvailable: 1, selector: {matchLabels: {%s: %s}}}
`, team, manifest.WorkLabel, team))
	s.team(team, award(pool, 0), train)
	s.Eventually(func(g Gomega) {
		reconciling := meta.FindStatusCondition(s.getPool(g, pool).Status.Conditions, foundationv1alpha1.ConditionReconciling)
		g.Expect(reconciling).NotTo(BeNil())
		g.Expect(reconciling.Message).To(ContainSubstring("pod force-team-train/job-0 on "))
		g.Expect(reconciling.Message).To(ContainSubstring("is past its grace: a PodDisruptionBudget may hold it, delete that or set spec.reclaim.forceAfter"))
	}).Should(Succeed())
	s.Expect(s.pods(s, team)).To(HaveLen(1))
	s.apply(manifest.StaticPool(pool, "reclaim: {gracePeriod: 1s, forceAfter: 2s}"))
	s.Eventually(func(g Gomega) {
		g.Expect(s.pods(g, team)).To(BeEmpty())
		g.Expect(s.getPool(g, pool).Status.Capacity.Free).To(BeEquivalentTo(8))
	}).Should(Succeed())
}
