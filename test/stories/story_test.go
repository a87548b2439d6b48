package stories

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/hack/lab/cluster"
	"foundation.team/operator/test/support"
	"foundation.team/operator/test/support/look"
	"foundation.team/operator/test/support/manifest"
)

// source is where the nodes of a pool come from. The stories are the same for each.
type source struct {
	name, prefix string
	// pool makes a GPUPool of a number of nodes; lines are YAML for its spec.
	pool func(s *story, name string, nodes int, lines ...string)
}

var sources = []source{
	{name: "static", prefix: "st", pool: (*story).staticPool},
	{name: "Karpenter", prefix: "ka", pool: func(s *story, name string, nodes int, lines ...string) {
		s.apply(manifest.KarpenterPool(name, nodes, cluster.GPUInstanceType, []string{"mode: Static"}, lines))
	}},
}

// story is one test, with its own names, on the lab that all of them share.
type story struct {
	*testing.T
	*WithT
	from source
	// teams are those that it has made.
	teams []string
}

func newStory(t *testing.T, from source) *story {
	t.Helper()
	g := NewWithT(t)
	g.SetDefaultEventuallyTimeout(3 * time.Minute)
	g.SetDefaultEventuallyPollingInterval(250 * time.Millisecond)
	s := &story{T: t, WithT: g, from: from}
	t.Cleanup(s.explain)
	return s
}

// explain tells of a story that failed what the cluster says of its teams.
func (s *story) explain() {
	if !s.Failed() {
		return
	}
	events, err := lab.Kubectl(context.WithoutCancel(s.Context()), "get", "events", "--all-namespaces", "--sort-by=.metadata.creationTimestamp")
	s.Log("events:", err)
	for line := range strings.Lines(events) {
		if slices.ContainsFunc(s.teams, func(team string) bool { return strings.Contains(line, team) }) {
			s.Log(line)
		}
	}
	if log, err := os.ReadFile(logOfOperator); err == nil {
		s.Logf("the operator's log ends with\n%s", log[max(0, len(log)-3000):])
	}
}

func (s *story) named(name string) string { return s.from.prefix + "-" + name }

func (s *story) pool(name string, nodes int, lines ...string) {
	s.Helper()
	s.from.pool(s, name, nodes, lines...)
}

// taking makes sure that no two stories take the same nodes.
var taking sync.Mutex

// staticPool takes nodes of the lab that no story has had.
func (s *story) staticPool(name string, nodes int, lines ...string) {
	s.Helper()
	taking.Lock()
	defer taking.Unlock()
	var list corev1.NodeList
	s.Expect(k8s.List(s.Context(), &list, client.HasLabels{cluster.ModelLabel})).To(Succeed())
	free := slices.DeleteFunc(list.Items, func(n corev1.Node) bool { return n.Labels[manifest.PoolLabel] != "" })
	s.Expect(len(free)).To(BeNumerically(">=", nodes), "raise staticNodes: the stories need more nodes than the lab has")
	for i := range free[:nodes] {
		before := free[i].DeepCopy()
		free[i].Labels[manifest.PoolLabel] = name
		s.Expect(k8s.Patch(s.Context(), &free[i], client.MergeFrom(before))).To(Succeed())
	}
	s.apply(manifest.StaticPool(name, lines...))
}

// team makes, or changes, a FoundationTeam. lines are YAML for its spec.
func (s *story) team(name string, lines ...string) {
	s.Helper()
	s.apply(manifest.Team(name, lines...))
	s.teams = append(s.teams, name)
}

// apply applies a manifest as an admin does.
func (s *story) apply(yaml string) {
	s.Helper()
	s.Expect(support.Apply(s.Context(), k8s, yaml)).To(Succeed(), yaml)
}

func (s *story) kubectl(args ...string) string {
	s.Helper()
	output, err := lab.Kubectl(s.Context(), args...)
	s.Expect(err).NotTo(HaveOccurred(), "kubectl %q", args)
	return output
}

func (s *story) file(content string) string {
	s.Helper()
	// The name of a test is not fit for a path that kubectl reads: it takes commas for separators.
	dir, err := os.MkdirTemp("", "story-")
	s.Expect(err).NotTo(HaveOccurred())
	s.Cleanup(func() { s.Expect(os.RemoveAll(dir)).To(Succeed()) })
	path := filepath.Join(dir, "manifest.yaml")
	s.Expect(os.WriteFile(path, []byte(content), 0o600)).To(Succeed())
	return path
}

func (s *story) getTeam(g Gomega, name string) *foundationv1alpha1.FoundationTeam {
	s.Helper()
	return look.Team(s.Context(), g, k8s, name)
}

func (s *story) getPool(g Gomega, name string) *foundationv1alpha1.GPUPool {
	s.Helper()
	pool := look.Pool(s.Context(), g, k8s, name)
	g.Expect(pool.Status.Capacity).NotTo(BeNil())
	return pool
}

// ready waits until the teams' statuses are about their newest specs and Ready.
func (s *story) ready(names ...string) {
	s.Helper()
	for _, name := range names {
		s.Eventually(func(g Gomega) { look.ExpectReady(g, s.getTeam(g, name)) }).Should(Succeed(), name)
	}
}

// condition waits until a team's condition has a reason and a message.
func (s *story) condition(name, conditionType, reason, message string) {
	s.Helper()
	s.Eventually(func(g Gomega) {
		look.ExpectCondition(g, s.getTeam(g, name), conditionType, reason, message)
	}).Should(Succeed(), name)
}

// settled waits until nothing of a pool is on its way.
func (s *story) settled(pool string) {
	s.Helper()
	s.Eventually(func(g Gomega) { look.ExpectSettled(g, s.getPool(g, pool)) }).Should(Succeed())
}

// run starts pods that take a node each, and waits until all of the team's run.
func (s *story) run(team, name string, count int) {
	s.Helper()
	before := len(s.pods(s, team))
	s.apply(manifest.GPUPods(team, team+"-train", name, count, cluster.GPUsPerNode))
	s.Eventually(func(g Gomega) {
		running := slices.DeleteFunc(s.pods(g, team), func(p corev1.Pod) bool { return p.Status.Phase != corev1.PodRunning })
		g.Expect(running).To(HaveLen(before + count))
	}).Should(Succeed())
}

// nextSecond waits until what is made now is newer, by what the API server writes down, than what was made before.
func (s *story) nextSecond() {
	s.Helper()
	begin := time.Now().Unix()
	s.Eventually(func() int64 { return time.Now().Unix() }).Should(BeNumerically(">", begin))
}

// pods are a team's pods.
func (s *story) pods(g Gomega, team string) []corev1.Pod {
	s.Helper()
	return look.Pods(s.Context(), g, k8s, team)
}

func (s *story) nodesOf(g Gomega, team string) []corev1.Node {
	s.Helper()
	return look.NodesOf(s.Context(), g, k8s, team)
}

// gpuQuota is what a namespace's quota allows.
func (s *story) gpuQuota(g Gomega, namespace string) int64 {
	s.Helper()
	return look.GPUQuota(s.Context(), g, k8s, namespace)
}

// granted is what a team was granted, by pool.
func (s *story) granted(g Gomega, team string) map[string]int32 {
	s.Helper()
	byPool := map[string]int32{}
	for _, pool := range s.getTeam(g, team).Status.GPUs.Pools {
		byPool[pool.Name] = pool.Granted
	}
	return byPool
}

func uidsOf(pods []corev1.Pod) map[types.UID]bool {
	uids := map[types.UID]bool{}
	for _, pod := range pods {
		uids[pod.UID] = true
	}
	return uids
}

func namesOf(pods []corev1.Pod) []string {
	var names []string
	for _, pod := range pods {
		if pod.DeletionTimestamp.IsZero() {
			names = append(names, pod.Name)
		}
	}
	slices.Sort(names)
	return names
}
