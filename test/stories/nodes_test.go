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
	"foundation.team/operator/test/support/dsl"
	"foundation.team/operator/test/support/manifest"
)

// What only one kind of nodes does, and how nodes change hands.
func TestNodes(t *testing.T) {
	if scale {
		t.Skip("measuring at full size")
	}
	for name, tell := range map[string]func(*story){
		"Dynamic nodes are provisioned for pods and deleted when empty":        dynamicNodes,
		"Dynamic nodes that stay broken are replaced when pods need them":      brokenDynamicNode,
		"nodes are replaced as their work ends when a pool changes its mode":   modeChange,
		"nodes that Karpenter cannot launch are reported with its reason":      neverLaunched,
		"a missing node class is reported before any pod is created":           noNodeClass,
		"the sample's nodes are provisioned":                                   sample,
		"a lost node is replaced by Karpenter":                                 lostNode,
		"nodes are scrubbed before each assignment in a pool that requires it": scrub,
		"pods are deleted after forceAfter in spite of a PodDisruptionBudget":  forced,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tell(newStory(t, source{applyPool: sources[0].applyPool}))
		})
	}
}

func dynamicNodes(s *story) {
	const pool, team = "dyn", "dyn-team"
	s.ApplyKarpenterPool(pool, 4, dynamic)
	s.ApplyTeam(team, s.GPUs(pool, 32), manifest.Train)
	s.WaitReady(team)
	s.Expect(s.GetTeam(s, team).Status.GPUs.Summary).To(Equal("32/32"), "a promise needs no nodes")
	s.Expect(s.ListNodes(s, team)).To(BeEmpty())
	s.RunPods(team, "job", 2)
	for _, pod := range s.ListPods(s, team) {
		node := dsl.Get(s.Story, s, &corev1.Node{}, "", pod.Spec.NodeName)
		s.Expect(node.Labels).To(HaveKeyWithValue(foundationv1alpha1.LabelNodeTeam, team))
	}
	s.WaitUntil(func(g Gomega) { g.Expect(s.GetTeam(g, team).Status.GPUs.Ready).To(BeEquivalentTo(16)) })
	s.Kubectl("delete", "pods", "--all", "-n", s.Train(team), "--force", "--grace-period=0")
	s.WaitNodes(team, 0)
	s.WaitReady(team)
}

func brokenDynamicNode(s *story) {
	const pool, team = "dynrepair", "dynrepair-team"
	s.ApplyKarpenterPool(pool, 2, dynamic, "repair: {replaceAfter: 5s}", "reclaim: {gracePeriod: 5s}")
	s.ApplyTeam(team, s.GPUs(pool, 8), manifest.Train)
	s.WaitReady(team)
	s.RunPods(team, "old", 1)
	broken := s.ListNodes(s, team)[0].Name
	s.Kubectl("cordon", broken)
	s.WaitUntil(func(g Gomega) { g.Expect(s.ListNodes(g, team)).NotTo(ContainElement(HaveField("Name", broken))) })
	s.Expect(s.GetGranted(s, team)).To(Equal(map[string]int32{pool: 8}))
	s.RunPods(team, "new", 1)
}

func modeChange(s *story) {
	const pool, team = "mode", "mode-team"
	grace := "reclaim: {gracePeriod: 720h}"
	s.ApplyKarpenterPool(pool, 2, static, grace)
	s.ApplyTeam(team, s.GPUs(pool, 16), manifest.Train)
	s.WaitReady(team)
	s.RunPods(team, "old", 1)
	before := uidsOf(s.ListPods(s, team))

	s.ApplyKarpenterPool(pool, 2, dynamic, grace)
	s.WaitUntil(func(g Gomega) {
		g.Expect(s.ListNodes(g, team)).To(HaveLen(1), "the idle one goes, the busy one stays")
	})
	s.Expect(s.GetGranted(s, team)).To(Equal(map[string]int32{pool: 16}))
	s.RunPods(team, "new", 1)
	for uid := range before {
		s.Expect(uidsOf(s.ListPods(s, team))).To(HaveKey(uid))
	}
	s.DeletePod(s.Train(team), "old-0")
	s.WaitUntil(func(g Gomega) { g.Expect(s.nodePools(g, team)).To(Equal([]string{team + "." + pool + ".d"})) })
	s.WaitReady(team)
	s.ApplyTeam(team, s.GPUs(pool, 0), manifest.Train)
	s.DeletePod(s.Train(team), "new-0")
	s.WaitUntil(func(g Gomega) { g.Expect(s.nodePools(g, team)).To(BeEmpty()) })
	s.Expect(s.ListNodes(s, team)).To(BeEmpty())
}

// nodePools lists the names of a team's NodePools.
func (s *story) nodePools(g Gomega, team string) []string {
	s.Helper()
	return s.ListNames(g, &karpenter.NodePoolList{}, s.OfTeam(team))
}

func neverLaunched(s *story) {
	const pool, team = "scarce", "scarce-team"
	s.Apply(manifest.KarpenterPool(pool, 2, cluster.ScarceInstanceType, static, nil))
	s.ApplyTeam(team, s.GPUs(pool, 16), manifest.Train)
	s.WaitCondition(team, foundationv1alpha1.ConditionGPUsReady, foundationv1alpha1.ReasonNodesNotReady, "is not Launched (LaunchFailed: ")
	s.Expect(s.GetTeam(s, team).Status.GPUs.Summary).To(Equal("16/16"))
	s.Expect(s.GetTeam(s, team).Status.GPUs.Ready).To(BeZero())
	s.ApplyTeam(team, s.GPUs(pool, 0), manifest.Train)
	s.WaitUntil(func(g Gomega) { g.Expect(s.nodePools(g, team)).To(BeEmpty()) })
}

func noNodeClass(s *story) {
	for mode, nodes := range map[string][]string{"s": {"mode: Static"}, "d": dynamic} {
		pool, team := "class-"+mode, "class-"+mode+"-team"
		yaml := manifest.KarpenterPool(pool, 1, cluster.GPUInstanceType, nodes, nil)
		s.Apply(strings.Replace(yaml, "name: "+cluster.KarpenterNodeClass+"}", "name: missing}", 1))
		s.ApplyTeam(team, s.GPUs(pool, 8), manifest.Train)
		s.WaitCondition(team, foundationv1alpha1.ConditionGPUsReady, foundationv1alpha1.ReasonNodesNotReady,
			fmt.Sprintf("%s: 8 of 8 GPUs not ready: NodePool %s.%s.%s is not NodeClassReady (NodeClassNotFound: ", pool, team, pool, mode))
		s.Apply(yaml)
		s.WaitReady(team)
	}
}

func sample(s *story) {
	root, err := binaries.Root(".")
	s.Expect(err).NotTo(HaveOccurred())
	s.Kubectl("apply", "-k", filepath.Join(root, "config", "samples", "karpenter"))
	s.WaitReady("danbi")
	s.Expect(s.ListNodes(s, "danbi")).To(HaveLen(4))
}

func lostNode(s *story) {
	const pool, team = "lost", "lost-team"
	s.ApplyKarpenterPool(pool, 2, static)
	s.ApplyTeam(team, s.GPUs(pool, 16), manifest.Train)
	s.WaitReady(team)
	lost := s.ListNodes(s, team)[0].Name
	s.Kubectl("delete", "node", lost, "--wait=false")
	s.WaitUntil(func(g Gomega) {
		nodes := s.ListNodes(g, team)
		g.Expect(nodes).To(HaveLen(2))
		g.Expect(nodes).NotTo(ContainElement(HaveField("Name", lost)))
	})
	s.WaitReady(team)
}

func scrub(s *story) {
	const pool, first, second = "scrub", "scrub-one", "scrub-two"
	agent := s.As("scrubber@agents.example")
	s.Kubectl("create", "clusterrolebinding", "scrubber", "--clusterrole=foundation-scrubber", "--user=scrubber@agents.example")
	answer := func(node corev1.Node, value string) error {
		_, err := agent.Kubectl("annotate", "node", node.Name, "--overwrite", foundationv1alpha1.AnnotationScrubbed+"="+value)
		return err
	}
	waiting := func(g Gomega, count int) []corev1.Node {
		s.Helper()
		var list corev1.NodeList
		s.List(g, &list, client.MatchingLabels{manifest.PoolLabel: pool})
		nodes := slices.DeleteFunc(list.Items, func(n corev1.Node) bool { return n.Annotations[foundationv1alpha1.AnnotationScrubRequest] == "" })
		g.Expect(nodes).To(HaveLen(count))
		return nodes
	}
	s.ApplyPool(pool, 1, "reclaim: {requireScrub: true}")
	s.ApplyTeam(first, s.GPUs(pool, 8), manifest.Train)
	s.WaitUntil(func(g Gomega) { waiting(g, 1) })
	old := waiting(s, 1)[0].Annotations[foundationv1alpha1.AnnotationScrubRequest]
	s.Expect(answer(waiting(s, 1)[0], old)).To(Succeed())
	s.WaitReady(first)

	// The next assignment needs an answer of its own.
	s.ApplyTeam(second, s.GPUs(pool, 8), manifest.Train)
	s.ApplyTeam(first, s.GPUs(pool, 0), manifest.Train)
	s.WaitUntil(func(g Gomega) { waiting(g, 1) })
	node := waiting(s, 1)[0]
	s.Expect(answer(node, old)).To(Succeed())
	s.WaitUntil(func(g Gomega) {
		reconciling := meta.FindStatusCondition(s.GetPool(g, pool).Status.Conditions, foundationv1alpha1.ConditionReconciling)
		g.Expect(reconciling).NotTo(BeNil())
		g.Expect(reconciling.Message).To(Equal("1 node waiting to be scrubbed before being granted: " + node.Name))
	})
	s.Expect(s.GetGranted(s, second)).To(Equal(map[string]int32{pool: 0}))
	s.Expect(answer(node, node.Annotations[foundationv1alpha1.AnnotationScrubRequest])).To(Succeed())
	s.WaitReady(second)
	agent.ExpectRefused("is for the operator and admins to set", "annotate", "node", node.Name, "--overwrite", foundationv1alpha1.AnnotationTeamUID+"=mine")
}

func forced(s *story) {
	const pool, team = "force", "force-team"
	s.ApplyPool(pool, 1, "reclaim: {gracePeriod: 1s}")
	s.ApplyTeam(team, s.GPUs(pool, 8), manifest.Train)
	s.WaitReady(team)
	s.RunPods(team, "job", 1)
	s.Apply(fmt.Sprintf(`
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: keep, namespace: %s}
spec: {minAvailable: 1, selector: {matchLabels: {%s: %s}}}
`, s.Train(team), manifest.WorkLabel, team))
	s.ApplyTeam(team, s.GPUs(pool, 0), manifest.Train)
	s.WaitUntil(func(g Gomega) {
		reconciling := meta.FindStatusCondition(s.GetPool(g, pool).Status.Conditions, foundationv1alpha1.ConditionReconciling)
		g.Expect(reconciling).NotTo(BeNil())
		g.Expect(reconciling.Message).To(ContainSubstring("pod force-team-train/job-0 on "))
		g.Expect(reconciling.Message).To(ContainSubstring("is past its grace: a PodDisruptionBudget may hold it, delete that or set spec.reclaim.forceAfter"))
	})
	s.Expect(s.ListPods(s, team)).To(HaveLen(1))
	s.Apply(manifest.StaticPool(pool, "reclaim: {gracePeriod: 1s, forceAfter: 2s}"))
	s.WaitUntil(func(g Gomega) {
		g.Expect(s.ListPods(g, team)).To(BeEmpty())
		g.Expect(s.GetPool(g, pool).Status.Capacity.Free).To(BeEquivalentTo(8))
	})
}
