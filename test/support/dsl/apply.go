package dsl

import (
	"slices"
	"sync"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/hack/lab/cluster"
	"foundation.team/operator/test/support"
	"foundation.team/operator/test/support/manifest"
)

// Apply applies manifests as an admin does, with kubectl or as it would.
func (s *Story) Apply(manifests string) {
	s.Helper()
	if s.options.UseKubectl {
		_, err := s.Admin().Pipe(manifests, "apply", "--server-side", "--force-conflicts", "-f", "-")
		s.Expect(err).NotTo(HaveOccurred(), manifests)
		return
	}
	s.Expect(support.Apply(s.ctx(), s.Client, manifests)).To(Succeed(), manifests)
}

// takingNodes keeps two stories from choosing the same nodes.
var takingNodes sync.Mutex

// ApplyPool makes a GPUPool of nodes of the lab that no story has had. lines are YAML for its spec.
func (s *Story) ApplyPool(name string, nodes int, lines ...string) {
	s.Helper()
	s.takeNodes(s.Named(name), nodes)
	s.Apply(manifest.StaticPool(s.Named(name), lines...))
	s.pools = append(s.pools, s.Named(name))
	if s.options.DeleteAfter {
		s.atEnd(func() { s.deletePool(s.Named(name)) })
	}
}

func (s *Story) takeNodes(pool string, count int) {
	s.Helper()
	takingNodes.Lock()
	defer takingNodes.Unlock()
	var list corev1.NodeList
	s.Expect(s.Client.List(s.ctx(), &list, client.HasLabels{cluster.ModelLabel})).To(Succeed())
	free := slices.DeleteFunc(list.Items, func(n corev1.Node) bool { return n.Labels[manifest.PoolLabel] != "" })
	s.Expect(len(free)).To(BeNumerically(">=", count), "the lab has too few nodes for the suite: start it with more")
	for i := range free[:count] {
		before := free[i].DeepCopy()
		free[i].Labels[manifest.PoolLabel] = pool
		s.Expect(s.Client.Patch(s.ctx(), &free[i], client.MergeFrom(before))).To(Succeed())
	}
}

// deletePool does not wait until the pool is gone: no node is used twice.
func (s *Story) deletePool(name string) {
	pool := &foundationv1alpha1.GPUPool{ObjectMeta: metav1.ObjectMeta{Name: name}}
	s.Expect(support.Delete(s.ctx(), s.Client, pool)).To(Succeed())
}

// ApplyTeam makes, or changes, a FoundationTeam. lines are YAML for its spec.
func (s *Story) ApplyTeam(name string, lines ...string) {
	s.Helper()
	s.Apply(manifest.Team(s.Named(name), lines...))
	if slices.Contains(s.teams, name) {
		return
	}
	s.teams = append(s.teams, name)
	if s.options.DeleteAfter {
		s.atEnd(func() { s.deleteTeam(name) })
	}
}

func (s *Story) deleteTeam(name string) {
	for _, pod := range s.ListPods(s, name) {
		s.Expect(client.IgnoreNotFound(s.Client.Delete(s.ctx(), &pod, client.GracePeriodSeconds(0)))).To(Succeed())
	}
	team := &foundationv1alpha1.FoundationTeam{ObjectMeta: metav1.ObjectMeta{Name: s.Named(name)}}
	s.Expect(support.Delete(s.ctx(), s.Client, team)).To(Succeed())
}

// ApplyProgram makes, or changes, a FoundationProgram. lines are YAML for its spec.
func (s *Story) ApplyProgram(name string, lines ...string) {
	s.Helper()
	s.Apply(manifest.Program(s.Named(name), lines...))
	if s.options.DeleteAfter {
		s.atEnd(func() {
			program := &foundationv1alpha1.FoundationProgram{ObjectMeta: metav1.ObjectMeta{Name: s.Named(name)}}
			s.Expect(support.Delete(s.ctx(), s.Client, program)).To(Succeed())
		})
	}
}

// RunPods starts pods of a team in its namespace train that take a node each, and waits until all pods of the team run.
func (s *Story) RunPods(team, name string, count int) {
	s.Helper()
	before := len(s.ListPods(s, team))
	s.Apply(manifest.GPUPods(s.Named(team), s.Train(team), name, count, cluster.GPUsPerNode))
	s.WaitRunning(team, before+count)
}

// Award returns the YAML of an award of GPUs; more is further YAML for it, such as "stage: first".
func (s *Story) Award(name, pool string, count int, more ...string) string {
	return manifest.Award(name, s.Named(pool), count, more...)
}

// GPUs returns the line of a team's spec that awards it GPUs of one pool.
func (s *Story) GPUs(pool string, count int, more ...string) string {
	return manifest.Awards(s.Award("a", pool, count, more...))
}
