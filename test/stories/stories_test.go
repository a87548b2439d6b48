package stories

import (
	"fmt"
	"slices"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/test/support/dsl"
	"foundation.team/operator/test/support/manifest"
)

// staticNodes is how many nodes the stories share out among their static pools.
const staticNodes = 57

// The numbers are those of the programme's stories divided by 16: 1,024 GPUs are 8 nodes of 8.
var stories = map[string]func(*story){
	"3: oversubscription is reported with what is free and when, and another pool resolves it":       oversubscription,
	"4: demands that exceed the pool together are granted by priority, not by order of arrival":      priority,
	"5: a team grows while its job runs, as another team's nodes drain":                              growth,
	"6: a team shrinks: no new pods at once, then grace, then the newest pods are evicted":           shrink,
	"11: a pool that ends before the term is reported at once, and another takes over without a gap": leaseEnds,
	"13: a supplier is ineligible for the pool that it leases out, and eligible for another":         supplier,
	"17: a team withdraws and its GPUs are free at once":                                             withdrawal,
	"a spare takes the place of a team's node that stays broken, and is one again when it is mended": spareBesideBroken,
}

func TestStories(t *testing.T) {
	if scale {
		t.Skip("measuring at full size")
	}
	for _, from := range sources {
		for name, tell := range stories {
			t.Run(from.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				tell(newStory(t, from))
			})
		}
	}
}

func oversubscription(s *story) {
	const pool, other, one, two, third = "s3", "s3b", "s3-one", "s3-two", "s3-third"
	s.ApplyPool(pool, 8)
	s.ApplyPool(other, 6)
	until := time.Now().Add(48 * time.Hour).UTC().Truncate(time.Minute)
	half := s.GPUs(pool, 32, fmt.Sprintf("endTime: %q", until.Format(time.RFC3339)))
	s.ApplyTeam(one, half, manifest.Train)
	s.ApplyTeam(two, half, manifest.Train)
	s.WaitReady(one, two)
	s.ApplyTeam(third, s.GPUs(pool, 48), manifest.Train)
	s.WaitCondition(third, foundationv1alpha1.ConditionGPUsReady, foundationv1alpha1.ReasonShortfall,
		fmt.Sprintf("%s: 48 of 48 short, 0 free, 48 more by %s", s.Named(pool), until.Format("2006-01-02T15:04Z")))
	s.WaitUntil(func(g Gomega) {
		g.Expect(s.GetTeam(g, third).Status.GPUs.Pools[0].NextFreeTime.UTC()).To(Equal(until))
	})
	s.ApplyTeam(third, s.GPUs(other, 48), manifest.Train)
	s.WaitReady(third)
}

func priority(s *story) {
	const pool, early, late = "s4", "s4-early", "s4-late"
	s.ApplyPool(pool, 8)
	s.WaitReconciled(pool)
	ask := func(name string, priority int) string {
		return manifest.Team(s.Named(name), s.GPUs(pool, 48), manifest.Train, fmt.Sprintf("priority: %d", priority))
	}
	s.Apply(ask(early, 0) + "\n---\n" + ask(late, 1))
	s.WaitReady(late)
	s.WaitCondition(early, foundationv1alpha1.ConditionGPUsReady, foundationv1alpha1.ReasonShortfall,
		s.Named(pool)+": 32 of 48 short, 0 free, none foreseen")
}

func growth(s *story) {
	const pool, grows, donor = "s5", "s5-grows", "s5-donor"
	s.ApplyPool(pool, 8, "reclaim: {gracePeriod: 720h}")
	s.ApplyTeam(grows, s.GPUs(pool, 32), manifest.Train)
	s.ApplyTeam(donor, s.GPUs(pool, 32), manifest.Train)
	s.WaitReady(grows, donor)
	s.RunPods(grows, "job", 4)
	s.RunPods(donor, "last", 1)
	before := uidsOf(s.ListPods(s, grows))

	s.ApplyTeam(grows, s.GPUs(pool, 64), manifest.Train)
	s.WaitCondition(grows, foundationv1alpha1.ConditionGPUsReady, foundationv1alpha1.ReasonShortfall, s.Named(pool)+": 32 of 64 short, 0 free, none foreseen")
	s.ApplyTeam(donor, s.GPUs(pool, 0), manifest.Train)
	s.WaitUntil(func(g Gomega) {
		gpus := s.GetTeam(g, grows).Status.GPUs
		g.Expect(gpus.Summary).To(Equal("56/64"))
		g.Expect(gpus.Ready).To(BeEquivalentTo(56))
		g.Expect(s.GetGPUQuota(g, s.Train(grows))).To(BeEquivalentTo(56))
	})
	s.Expect(s.ListPods(s, donor)).To(HaveLen(1), "what runs has its grace")
	s.DeletePod(s.Train(donor), "last-0")
	s.WaitReady(grows)
	s.Expect(s.GetTeam(s, grows).Status.GPUs.Summary).To(Equal("64/64"))
	s.Expect(uidsOf(s.ListPods(s, grows))).To(Equal(before), "its job went on")
}

func shrink(s *story) {
	const pool, team = "s6", "s6-team"
	s.ApplyPool(pool, 8, "reclaim: {gracePeriod: 12s}")
	s.ApplyTeam(team, s.GPUs(pool, 64), manifest.Train)
	s.WaitReady(team)
	s.RunPods(team, "old", 4)
	s.nextSecond()
	s.RunPods(team, "new", 4)
	s.ApplyTeam(team, s.GPUs(pool, 32), manifest.Train)
	s.WaitGPUQuota(s.Train(team), 32)
	s.WaitQuotaSpent(team)
	s.Expect(s.ListPods(s, team)).To(HaveLen(8), "what runs has its grace")
	s.WaitUntil(func(g Gomega) {
		g.Expect(dsl.NamesOf(slices.DeleteFunc(s.ListPods(g, team), terminating))).To(Equal([]string{"old-0", "old-1", "old-2", "old-3"}))
		g.Expect(s.ListNodes(g, team)).To(HaveLen(4))
		g.Expect(s.GetPool(g, pool).Status.Capacity.Free).To(BeEquivalentTo(32))
	})
	s.WaitReady(team)
}

func leaseEnds(s *story) {
	const lease, next, team = "s11", "s11b", "s11-team"
	end := time.Now().Add(time.Hour).Truncate(time.Second)
	s.ApplyPool(lease, 2, fmt.Sprintf("availability: {endTime: %q}", end.Format(time.RFC3339)))
	s.ApplyPool(next, 2)
	lines := func(gpus string) []string {
		return []string{gpus, manifest.Train, fmt.Sprintf("term: {endTime: %q}", end.Add(time.Hour).Format(time.RFC3339))}
	}
	s.ApplyTeam(team, lines(s.GPUs(lease, 16))...)
	ends := fmt.Sprintf("%s: 16 GPUs are awarded from %s on, when the pool is not available", s.Named(lease), end.UTC().Format("2006-01-02T15:04Z"))
	s.WaitCondition(team, foundationv1alpha1.ConditionAwardsCovered, foundationv1alpha1.ReasonPoolEnds, ends)
	s.WaitPoolCondition(lease, foundationv1alpha1.ConditionAwardsCovered, foundationv1alpha1.ReasonPoolEnds, "")
	s.WaitReady(team)

	// It goes on with another pool from that moment on.
	goesOn := func(at time.Time) {
		s.ApplyTeam(team, lines(manifest.Awards(
			s.Award("a", lease, 16, fmt.Sprintf("endTime: %q", at.Format(time.RFC3339))),
			s.Award("b", next, 16, fmt.Sprintf("startTime: %q", at.Format(time.RFC3339)))))...)
	}
	goesOn(end)
	s.WaitCondition(team, foundationv1alpha1.ConditionAwardsCovered, foundationv1alpha1.ReasonAsDeclared, "")
	s.Expect(s.GetGranted(s, team)).To(Equal(map[string]int32{lease: 16, next: 0}))

	// The lease now ends in ten seconds, so that the change of pools happens during the test.
	end = time.Now().Add(10 * time.Second).Truncate(time.Second)
	goesOn(end)
	s.Kubectl("patch", "gpool", s.Named(lease), "--type=merge", "-p", fmt.Sprintf(`{"spec":{"availability":{"endTime":%q}}}`, end.Format(time.RFC3339)))
	s.WaitUntil(func(g Gomega) { g.Expect(s.GetGranted(g, team)).To(Equal(map[string]int32{lease: 0, next: 16})) })
	s.Expect(time.Now()).To(BeTemporally(">=", end), "not before its time")
	s.WaitReady(team)
}

func supplier(s *story) {
	const leased, bought, team = "s13", "s13b", "s13-team"
	s.ApplyPool(leased, 1, "source: Leased", "supplier: Example Telecom")
	s.ApplyPool(bought, 1, "source: Purchased", "supplier: Example Telecom")
	consortium := "consortium: {lead: Example Telecom}"
	s.ApplyTeam(team, s.GPUs(leased, 8), manifest.Train, consortium)
	s.WaitCondition(team, foundationv1alpha1.ConditionGPUsReady, foundationv1alpha1.ReasonIneligible,
		s.Named(leased)+": Example Telecom may not draw from this pool; name another pool in spec.gpus")
	s.Expect(s.GetPool(s, leased).Status.Capacity.Granted).To(BeZero())
	s.ApplyTeam(team, s.GPUs(bought, 8), manifest.Train, consortium)
	s.WaitReady(team)
}

func withdrawal(s *story) {
	const pool, team = "s17", "s17-team"
	s.ApplyPool(pool, 4)
	s.ApplyTeam(team, s.GPUs(pool, 32), manifest.Train)
	s.WaitReady(team)
	since := time.Now()
	s.ApplyTeam(team, s.GPUs(pool, 32), manifest.Train, fmt.Sprintf("term: {endTime: %q}", since.Add(-time.Second).Format(time.RFC3339)))
	s.WaitUntil(func(g Gomega) {
		capacity := s.GetPool(g, pool).Status.Capacity
		g.Expect(capacity.Granted).To(BeZero())
		g.Expect(capacity.Free).To(BeEquivalentTo(32))
	})
	s.Logf("free %s after the withdrawal", time.Since(since).Round(time.Second))
	s.Expect(s.GetTeam(s, team).Status.State).To(Equal(foundationv1alpha1.StateEnded))
}

func spareBesideBroken(s *story) {
	const pool, team = "repair", "repair-team"
	s.ApplyPool(pool, 3, "repair: {replaceAfter: 5s, spares: 1}", "reclaim: {gracePeriod: 5s}")
	s.ApplyTeam(team, s.GPUs(pool, 24), manifest.Train)
	s.WaitCondition(team, foundationv1alpha1.ConditionGPUsReady, foundationv1alpha1.ReasonShortfall, s.Named(pool)+": 8 of 24 short, 0 free")
	s.Expect(s.GetPool(s, pool).Status.Capacity.Spares).To(BeEquivalentTo(8), "what is kept back is awarded to nobody")
	s.ApplyTeam(team, s.GPUs(pool, 16), manifest.Train)
	s.WaitReady(team)

	broken := s.ListNodes(s, team)[0].Name
	s.Kubectl("cordon", broken)
	s.WaitCondition(team, foundationv1alpha1.ConditionGPUsReady, foundationv1alpha1.ReasonNodesNotReady, "1 node is not healthy: "+broken+" (cordoned)")
	s.WaitUntil(func(g Gomega) {
		nodes := s.ListNodes(g, team)
		g.Expect(nodes).To(HaveLen(2))
		g.Expect(nodes).NotTo(ContainElement(HaveField("Name", broken)))
	})
	s.WaitReady(team)
	s.Expect(s.GetTeam(s, team).Status.GPUs.Summary).To(Equal("16/16"))
	s.Expect(s.GetGPUQuota(s, s.Train(team))).To(BeEquivalentTo(16))
	if s.from.name != sources[0].name {
		// Karpenter deletes the broken node.
		return
	}
	s.WaitPoolCondition(pool, foundationv1alpha1.ConditionReady, foundationv1alpha1.ReasonNodesUnhealthy, "8 of 24 GPUs on nodes that are not healthy: "+broken+" (cordoned)")
	s.Kubectl("uncordon", broken)
	s.WaitUntil(func(g Gomega) { g.Expect(s.GetPool(g, pool).Status.Capacity.Healthy).To(BeEquivalentTo(24)) })
	s.Expect(s.ListNodes(s, team)).To(HaveLen(2), "it is a spare")
}

// nextSecond waits until new objects have a later creationTimestamp, which has whole seconds.
func (s *story) nextSecond() {
	s.Helper()
	begin := time.Now().Unix()
	s.Eventually(func() int64 { return time.Now().Unix() }).Should(BeNumerically(">", begin))
}

func uidsOf(pods []corev1.Pod) map[types.UID]bool {
	uids := map[types.UID]bool{}
	for _, pod := range pods {
		uids[pod.UID] = true
	}
	return uids
}

func terminating(pod corev1.Pod) bool { return !pod.DeletionTimestamp.IsZero() }
