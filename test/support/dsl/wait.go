package dsl

import (
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/hack/lab/cluster"
	"foundation.team/operator/test/support/manifest"
)

// WaitUntil waits until a check passes, which the operator has to bring about. about is what a failure line adds.
func (s *Story) WaitUntil(check func(Gomega), about ...any) {
	s.Helper()
	if s.options.WaitUntil != nil {
		s.options.WaitUntil(check, about...)
		return
	}
	s.Eventually(check).Should(Succeed(), about...)
}

// waitTeam is WaitUntil for a team; a failure says in one line what became of that.
func (s *Story) waitTeam(name string, check func(g Gomega, team *foundationv1alpha1.FoundationTeam)) {
	s.Helper()
	s.WaitUntil(func(g Gomega) { check(g, s.GetTeam(g, name)) }, func() string { return s.Describe(name) })
}

// WaitReady waits until the statuses of teams are about their newest specs and Ready.
func (s *Story) WaitReady(teams ...string) {
	s.Helper()
	for _, name := range teams {
		s.waitTeam(name, func(g Gomega, team *foundationv1alpha1.FoundationTeam) {
			ready := meta.FindStatusCondition(team.Status.Conditions, foundationv1alpha1.ConditionReady)
			g.Expect(ready).NotTo(BeNil())
			g.Expect(team.Status.ObservedGeneration).To(Equal(team.Generation))
			g.Expect(ready.Status).To(Equal(metav1.ConditionTrue), ready.Message)
		})
	}
}

// WaitState waits until the status of a team is about its newest spec and has a state.
func (s *Story) WaitState(name string, state foundationv1alpha1.TeamState) {
	s.Helper()
	s.waitTeam(name, func(g Gomega, team *foundationv1alpha1.FoundationTeam) {
		g.Expect(team.Status.ObservedGeneration).To(Equal(team.Generation))
		g.Expect(team.Status.State).To(Equal(state))
	})
}

// WaitCondition waits until the status of a team is about its newest spec, and a condition has a reason and a message.
func (s *Story) WaitCondition(name, conditionType, reason, message string) {
	s.Helper()
	s.waitTeam(name, func(g Gomega, team *foundationv1alpha1.FoundationTeam) {
		g.Expect(team.Status.ObservedGeneration).To(Equal(team.Generation))
		expectCondition(g, team.Status.Conditions, conditionType, reason, message)
	})
}

// WaitProgramCondition is WaitCondition for a programme.
func (s *Story) WaitProgramCondition(name, conditionType, reason, message string) {
	s.Helper()
	s.WaitUntil(func(g Gomega) {
		program := s.GetProgram(g, name)
		g.Expect(program.Status.ObservedGeneration).To(Equal(program.Generation))
		expectCondition(g, program.Status.Conditions, conditionType, reason, message)
	}, name)
}

// WaitPoolCondition is WaitCondition for a pool.
func (s *Story) WaitPoolCondition(name, conditionType, reason, message string) {
	s.Helper()
	s.WaitUntil(func(g Gomega) {
		pool := s.GetPool(g, name)
		g.Expect(pool.Status.ObservedGeneration).To(Equal(pool.Generation))
		expectCondition(g, pool.Status.Conditions, conditionType, reason, message)
	}, name)
}

func expectCondition(g Gomega, conditions []metav1.Condition, conditionType, reason, message string) {
	condition := meta.FindStatusCondition(conditions, conditionType)
	g.Expect(condition).NotTo(BeNil(), conditionType)
	g.Expect(condition.Reason).To(Equal(reason), condition.Message)
	g.Expect(condition.Message).To(ContainSubstring(message))
}

// WaitReconciled waits until no node of a pool changes hands.
func (s *Story) WaitReconciled(pool string) {
	s.Helper()
	s.WaitUntil(func(g Gomega) { ExpectReconciled(g, s.GetPool(g, pool)) }, pool)
}

// ExpectReconciled expects that no node of a pool changes hands.
func ExpectReconciled(g Gomega, pool *foundationv1alpha1.GPUPool) {
	g.Expect(meta.FindStatusCondition(pool.Status.Conditions, foundationv1alpha1.ConditionReconciling)).To(BeNil())
}

// WaitGranted waits until a pool grants a team so many GPUs, the team holds as many, and its namespace train may use them.
func (s *Story) WaitGranted(team, pool string, gpus int) {
	s.Helper()
	s.WaitUntil(func(g Gomega) {
		grant := s.GetGrant(g, team, pool)
		g.Expect(grant.Granted).To(BeEquivalentTo(gpus), "granted to %s: %s", team, grant.Message)
		g.Expect(grant.Held).To(BeEquivalentTo(gpus), "held by %s", team)
		g.Expect(s.GetGPUQuota(g, s.Train(team))).To(BeEquivalentTo(gpus), "quota of %s", team)
	}, team)
}

// WaitFree waits until so many GPUs of a pool are free.
func (s *Story) WaitFree(pool string, gpus int) {
	s.Helper()
	s.WaitUntil(func(g Gomega) {
		g.Expect(s.GetPool(g, pool).Status.Capacity.Free).To(BeEquivalentTo(gpus), "free GPUs of %s", pool)
	})
}

// WaitGPUQuota waits until the quota of a namespace allows so many GPUs.
func (s *Story) WaitGPUQuota(namespace string, gpus int) {
	s.Helper()
	s.WaitUntil(func(g Gomega) {
		g.Expect(s.GetGPUQuota(g, namespace)).To(BeEquivalentTo(gpus), "GPU quota of %s", namespace)
	})
}

// WaitQuotaSpent waits until the quota of a team's namespace train refuses another pod that takes a node, whoever asks.
func (s *Story) WaitQuotaSpent(team string) {
	s.Helper()
	more := manifest.GPUPods(s.Named(team), s.Train(team), "more", 1, cluster.GPUsPerNode)
	s.Eventually(func() error { return s.Admin().Apply(more) }).Should(MatchError(ContainSubstring("exceeded quota")))
}

// WaitNodes waits until a team has so many nodes.
func (s *Story) WaitNodes(team string, count int) {
	s.Helper()
	s.WaitUntil(func(g Gomega) { g.Expect(NamesOf(s.ListNodes(g, team))).To(HaveLen(count), "nodes of %s", team) })
}

// WaitRunning waits until so many pods of a team run. They wait for the scheduler, which has the machine's clock.
func (s *Story) WaitRunning(team string, count int) {
	s.Helper()
	s.Eventually(func(g Gomega) {
		var running []string
		for _, pod := range s.ListPods(g, team) {
			if pod.Status.Phase == corev1.PodRunning {
				running = append(running, pod.Name)
			}
		}
		g.Expect(running).To(HaveLen(count), "running pods of %s", team)
	}).Should(Succeed())
}

// WaitGone waits until there is no such object any more.
func (s *Story) WaitGone(obj client.Object, namespace, name string) {
	s.Helper()
	s.WaitUntil(func(g Gomega) { g.Expect(s.Exists(g, obj, namespace, name)).To(BeFalse(), "%T %s exists", obj, name) })
}
