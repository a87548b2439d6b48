package stories

import (
	"fmt"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/test/support/manifest"
)

// staticNodes is how many nodes the stories share out among their static pools.
const staticNodes = 54

const train = `namespaces: [{name: train}]`

func award(pool string, count int) string {
	return fmt.Sprintf("gpus: [{name: a, poolName: %s, count: %d}]", pool, count)
}

// The numbers are those of the programme's stories by 16: 1,024 GPUs are 8 nodes of 8.
var stories = map[string]func(*story){
	"3: oversubscription is told with what is free and when, and another pool resolves it": oversubscription,
	"4: who asks for too much together is served by priority, not by the order of arrival": priority,
	"5: a team grows while its job runs, as the donor lets go":                             growth,
	"6: a team shrinks: nothing new at once, then grace, then the newest work goes":        shrink,
	"11: a pool that ends before the term is told of at once, and ends without gap":        leaseEnds,
	"13: a supplier may not draw from the pool that it leases out, and may from another":   supplier,
	"17: a team withdraws and its GPUs are seen to be free at once":                        withdrawal,
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
	pool, other := s.named("s3"), s.named("s3b")
	s.pool(pool, 8)
	s.pool(other, 6)
	until := time.Now().Add(48 * time.Hour).UTC().Truncate(time.Minute)
	half := fmt.Sprintf("gpus: [{name: a, poolName: %s, count: 32, endTime: %q}]", pool, until.Format(time.RFC3339))
	s.team(s.named("s3-one"), half, train)
	s.team(s.named("s3-two"), half, train)
	s.ready(s.named("s3-one"), s.named("s3-two"))
	s.team(s.named("s3-third"), award(pool, 48), train)
	s.condition(s.named("s3-third"), foundationv1alpha1.ConditionGPUsReady, foundationv1alpha1.ReasonShortfall,
		fmt.Sprintf("%s: 48 of 48 short, 0 free, 48 more by %s", pool, until.Format("2006-01-02T15:04Z")))
	s.Eventually(func(g Gomega) {
		g.Expect(s.getTeam(g, s.named("s3-third")).Status.GPUs.Pools[0].NextFreeTime.UTC()).To(Equal(until))
	}).Should(Succeed())
	s.team(s.named("s3-third"), award(other, 48), train)
	s.ready(s.named("s3-third"))
}

func priority(s *story) {
	pool := s.named("s4")
	s.pool(pool, 8)
	s.settled(pool)
	ask := func(name string, priority int) string {
		return manifest.Team(s.named(name), award(pool, 48), train, fmt.Sprintf("priority: %d", priority))
	}
	s.apply(ask("s4-early", 0) + "\n---\n" + ask("s4-late", 1))
	s.ready(s.named("s4-late"))
	s.condition(s.named("s4-early"), foundationv1alpha1.ConditionGPUsReady, foundationv1alpha1.ReasonShortfall,
		pool+": 32 of 48 short, 0 free, none foreseen")
}

func growth(s *story) {
	pool, grows, donor := s.named("s5"), s.named("s5-grows"), s.named("s5-donor")
	s.pool(pool, 8, "reclaim: {gracePeriod: 720h}")
	s.team(grows, award(pool, 32), train)
	s.team(donor, award(pool, 32), train)
	s.ready(grows, donor)
	s.run(grows, "job", 4)
	s.run(donor, "last", 1)
	before := uidsOf(s.pods(s, grows))

	s.team(grows, award(pool, 64), train)
	s.condition(grows, foundationv1alpha1.ConditionGPUsReady, foundationv1alpha1.ReasonShortfall, pool+": 32 of 64 short, 0 free, none foreseen")
	s.team(donor, award(pool, 0), train)
	s.Eventually(func(g Gomega) {
		gpus := s.getTeam(g, grows).Status.GPUs
		g.Expect(gpus.Summary).To(Equal("56/64"))
		g.Expect(gpus.Ready).To(BeEquivalentTo(56))
		g.Expect(s.gpuQuota(g, grows+"-train")).To(BeEquivalentTo(56))
	}).Should(Succeed())
	s.Expect(s.pods(s, donor)).To(HaveLen(1), "what runs has its grace")
	s.kubectl("delete", "pod", "last-0", "-n", donor+"-train", "--force", "--grace-period=0")
	s.ready(grows)
	s.Expect(s.getTeam(s, grows).Status.GPUs.Summary).To(Equal("64/64"))
	s.Expect(uidsOf(s.pods(s, grows))).To(Equal(before), "its job went on")
}

func shrink(s *story) {
	pool, team := s.named("s6"), s.named("s6-team")
	s.pool(pool, 8, "reclaim: {gracePeriod: 12s}")
	s.team(team, award(pool, 64), train)
	s.ready(team)
	s.run(team, "old", 4)
	s.nextSecond()
	s.run(team, "new", 4)
	s.team(team, award(pool, 32), train)
	s.Eventually(func(g Gomega) { g.Expect(s.gpuQuota(g, team+"-train")).To(BeEquivalentTo(32)) }).Should(Succeed())
	s.Eventually(func() string {
		_, err := lab.Kubectl(s.Context(), "apply", "-f", s.file(manifest.GPUPods(team, team+"-train", "more", 1, 8)))
		if err == nil {
			return ""
		}
		return err.Error()
	}).Should(ContainSubstring("exceeded quota"))
	s.Expect(s.pods(s, team)).To(HaveLen(8), "what runs has its grace")
	s.Eventually(func(g Gomega) {
		g.Expect(namesOf(s.pods(g, team))).To(Equal([]string{"old-0", "old-1", "old-2", "old-3"}))
		g.Expect(s.nodesOf(g, team)).To(HaveLen(4))
		g.Expect(s.getPool(g, pool).Status.Capacity.Free).To(BeEquivalentTo(32))
	}).Should(Succeed())
	s.ready(team)
}

func leaseEnds(s *story) {
	lease, next, team := s.named("s11"), s.named("s11b"), s.named("s11-team")
	end := time.Now().Add(time.Hour).Truncate(time.Second)
	s.pool(lease, 2, fmt.Sprintf("availability: {endTime: %q}", end.Format(time.RFC3339)))
	s.pool(next, 2)
	lines := func(gpus string) []string {
		return []string{gpus, train, fmt.Sprintf("term: {endTime: %q}", end.Add(time.Hour).Format(time.RFC3339))}
	}
	s.team(team, lines(award(lease, 16))...)
	ends := fmt.Sprintf("%s: 16 GPUs are awarded from %s on, when the pool is not available", lease, end.UTC().Format("2006-01-02T15:04Z"))
	s.condition(team, foundationv1alpha1.ConditionAwardsCovered, foundationv1alpha1.ReasonPoolEnds, ends)
	s.Eventually(func(g Gomega) {
		g.Expect(s.getPool(g, lease).Status.Conditions).To(ContainElement(And(
			HaveField("Type", foundationv1alpha1.ConditionAwardsCovered), HaveField("Reason", foundationv1alpha1.ReasonPoolEnds))))
	}).Should(Succeed())
	s.ready(team)

	// It goes on with another pool from that moment on.
	goesOn := func(at time.Time) {
		s.team(team, lines(fmt.Sprintf("gpus: [{name: a, poolName: %s, count: 16, endTime: %q}, {name: b, poolName: %s, count: 16, startTime: %q}]",
			lease, at.Format(time.RFC3339), next, at.Format(time.RFC3339)))...)
	}
	goesOn(end)
	s.condition(team, foundationv1alpha1.ConditionAwardsCovered, foundationv1alpha1.ReasonAsDeclared, "")
	s.Expect(s.granted(s, team)).To(Equal(map[string]int32{lease: 16, next: 0}))

	// The moment comes: all that was there before it took the time that it took.
	end = time.Now().Add(10 * time.Second).Truncate(time.Second)
	goesOn(end)
	s.kubectl("patch", "gpool", lease, "--type=merge", "-p", fmt.Sprintf(`{"spec":{"availability":{"endTime":%q}}}`, end.Format(time.RFC3339)))
	s.Eventually(func(g Gomega) {
		g.Expect(s.granted(g, team)).To(Equal(map[string]int32{lease: 0, next: 16}))
	}).Should(Succeed())
	s.Expect(time.Now()).To(BeTemporally(">=", end), "not before its time")
	s.ready(team)
}

func supplier(s *story) {
	leased, bought, team := s.named("s13"), s.named("s13b"), s.named("s13-team")
	s.pool(leased, 1, "source: Leased", "supplier: Example Telecom")
	s.pool(bought, 1, "source: Purchased", "supplier: Example Telecom")
	consortium := "consortium: {lead: Example Telecom}"
	s.team(team, award(leased, 8), train, consortium)
	s.condition(team, foundationv1alpha1.ConditionGPUsReady, foundationv1alpha1.ReasonIneligible,
		leased+": Example Telecom may not draw from this pool; name another pool in spec.gpus")
	s.Expect(s.getPool(s, leased).Status.Capacity.Granted).To(BeZero())
	s.team(team, award(bought, 8), train, consortium)
	s.ready(team)
}

func withdrawal(s *story) {
	pool, team := s.named("s17"), s.named("s17-team")
	s.pool(pool, 4)
	s.team(team, award(pool, 32), train)
	s.ready(team)
	since := time.Now()
	s.team(team, award(pool, 32), train, fmt.Sprintf("term: {endTime: %q}", since.Add(-time.Second).Format(time.RFC3339)))
	s.Eventually(func(g Gomega) {
		capacity := s.getPool(g, pool).Status.Capacity
		g.Expect(capacity.Granted).To(BeZero())
		g.Expect(capacity.Free).To(BeEquivalentTo(32))
	}).Should(Succeed())
	s.Logf("free %s after the withdrawal", time.Since(since).Round(time.Second))
	s.Expect(s.getTeam(s, team).Status.State).To(Equal(foundationv1alpha1.StateEnded))
}
