package programme

import (
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/test/support/manifest"
)

func TestElimination(t *testing.T) {
	runStories(t, map[string]namedStory{
		"7: an eliminated team loses access and GPUs, which go to two others, and never its data": {number: 7, begin: "2026-01-14", run: elimination},
		"9: an objection that is upheld on day nine restores everything":                          {number: 9, begin: "2026-01-14", run: objection},
		"16: a suspended team can read, keeps its data and GPUs, and resumes unchanged":           {number: 16, begin: "2026-03-02 09:00:00", run: suspension},
	})
}

// threeTeams applies three teams that are in since August with a third each of a pool of six nodes. Two of them have half
// of it each from the second stage on. All run a job that takes one node.
func threeTeams(s *story) {
	s.ApplyPool("b200", 6, "reclaim: {gracePeriod: 48h}")
	s.ApplyProgram(s.threeDecided()...)
	s.ApplyTeam("hanbit", s.GPUs("b200", 16))
	second := func(team string, priority string) {
		s.ApplyTeam(team, manifest.Awards(s.Award("first", "b200", 16, "stage: stage-1"), s.Award("second", "b200", 24, "stage: stage-2")), "priority: "+priority)
	}
	second("naru", "1")
	second("mirae", "0")
	s.WaitReady("hanbit", "naru", "mirae")
	for _, team := range []string{"hanbit", "naru", "mirae"} {
		s.WaitGranted(team, "b200", 16)
		s.RunPods(team, "job", 1)
	}
}

func (s *story) threeDecided(more ...string) []string {
	return append([]string{
		"seats: 3", "retention: {dataAccess: 720h, keep: 2160h}",
		"stages:",
		"- {name: stage-1, startTime: " + stamp("2025-08-14") + ", endTime: " + stamp("2026-01-15") + "}",
		"- {name: stage-2, startTime: " + stamp("2026-01-15") + ", endTime: " + stamp("2026-07-15") + "}",
		"decisions:",
		s.decision("hanbit", "Selected", "2025-08-04"), s.decision("naru", "Selected", "2025-08-04"), s.decision("mirae", "Selected", "2025-08-04"),
	}, more...)
}

func elimination(s *story) {
	threeTeams(s)
	claim, job := s.getClaim(s, "hanbit"), s.ListPods(s, "hanbit")[0]

	// The team can object for ten days: it keeps its data and GPUs and cannot use them.
	s.at("2026-01-15")
	s.ApplyProgram(s.threeDecided(s.decision("hanbit", "Eliminated", "2026-01-15", "finalTime: "+stamp("2026-01-25")))...)
	s.WaitState("hanbit", foundationv1alpha1.StateSuspended)
	s.waitAccess("hanbit", reading)
	s.at("2026-01-24 23:59:59")
	s.Expect(s.GetGrant(s, "hanbit", "b200").Granted).To(BeEquivalentTo(16))
	s.Expect(s.GetGrant(s, "naru", "b200").Shortfall).To(BeEquivalentTo(8))
	s.Expect(s.GetGrant(s, "mirae", "b200").Shortfall).To(BeEquivalentTo(8))

	// Then the elimination is final. An idle node goes to the first of the other teams at once, a busy one when its grace
	// period is over.
	s.at("2026-01-25")
	s.WaitState("hanbit", foundationv1alpha1.StateEliminated)
	s.WaitGranted("naru", "b200", 24)
	s.Expect(s.GetGrant(s, "mirae", "b200").Shortfall).To(BeEquivalentTo(8), "work has its grace")
	s.Expect(s.ListPods(s, "hanbit")).To(ConsistOf(HaveField("UID", job.UID)))
	s.waitAccess("hanbit", copying)
	s.Expect(s.GetGPUQuota(s, s.Train("hanbit"))).To(BeZero())
	s.Expect(retention(s.GetTeam(s, "hanbit")).Phase).To(Equal(foundationv1alpha1.RetentionDataAccess))
	steward := s.As(s.person("hanbit", "steward"))
	s.Expect(steward.Apply(manifest.GPUPods(s.Named("hanbit"), s.Train("hanbit"), "gpus", 1, 8))).To(MatchError(ContainSubstring("exceeded quota")))
	_, err := steward.Kubectl("run", "copy", "-n", s.Train("hanbit"), "--image=copy.example/copy:1", "--restart=Never", "--overrides", restricted)
	s.Expect(err).NotTo(HaveOccurred(), "data can be copied")
	s.at("2026-01-27 00:00:10")
	s.WaitUntil(func(g Gomega) { g.Expect(s.ListPods(g, "hanbit")).To(BeEmpty()) })
	s.WaitGranted("mirae", "b200", 24)
	s.WaitReady("naru", "mirae")

	s.at("2026-02-23 23:59:59")
	s.expectAccess(s, "hanbit", copying)
	s.at("2026-02-24")
	s.waitAccess("hanbit", locked)
	s.Expect(retention(s.GetTeam(s, "hanbit")).Phase).To(Equal(foundationv1alpha1.RetentionLocked))
	for _, moment := range []string{"2026-04-25", "2030-01-01"} {
		s.at(moment)
		s.WaitUntil(func(g Gomega) {
			g.Expect(retention(s.GetTeam(g, "hanbit")).Phase).To(Equal(foundationv1alpha1.RetentionExpired))
		}, moment)
		s.expectKept(s, "hanbit")
		s.Expect(s.getClaim(s, "hanbit").UID).To(Equal(claim.UID))
		s.expectAccess(s, "hanbit", locked)
	}
}

// restricted is what a pod needs besides an image under the restricted Pod Security Standard.
const restricted = `{"spec":{"securityContext":{"runAsNonRoot":true,"runAsUser":1000,"seccompProfile":{"type":"RuntimeDefault"}},"containers":[{"name":"copy","image":"copy.example/copy:1","securityContext":{"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]}},"resources":{"requests":{"cpu":"1","memory":"1Gi"},"limits":{"cpu":"1","memory":"1Gi"}}}]}}`

func objection(s *story) {
	threeTeams(s)
	s.expectAccess(s, "hanbit", working)
	before := s.snapshot(s, "hanbit", "b200")

	s.at("2026-01-15 10:00:00")
	eliminated := s.decision("hanbit", "Eliminated", "2026-01-15 10:00:00", "finalTime: "+stamp("2026-01-25 10:00:00"))
	s.ApplyProgram(s.threeDecided(eliminated)...)
	s.WaitState("hanbit", foundationv1alpha1.StateSuspended)
	s.WaitCondition("hanbit", foundationv1alpha1.ConditionActive, string(foundationv1alpha1.StateSuspended), "until that is final, 2026-01-25T10:00:00+09:00")
	s.WaitUntil(func(g Gomega) {
		s.expectAccess(g, "hanbit", reading)
		g.Expect(s.snapshot(g, "hanbit", "b200")).NotTo(Equal(before))
	})
	s.at("2026-01-24 09:00:00")
	s.Expect(s.GetGrant(s, "hanbit", "b200").Held).To(BeEquivalentTo(16))

	s.ApplyProgram(s.threeDecided(s.decision("hanbit", "Eliminated", "2026-01-15 10:00:00", "finalTime: "+stamp("2026-01-25 10:00:00"),
		"overturnTime: "+stamp("2026-01-24 09:00:00"), "overturnReason: the objection was upheld"))...)
	s.WaitReady("hanbit")
	s.WaitUntil(func(g Gomega) {
		s.expectAccess(g, "hanbit", working)
		g.Expect(s.snapshot(g, "hanbit", "b200")).To(Equal(before))
	})
	s.at("2026-01-25 10:00:00")
	s.WaitReady("hanbit")
	s.Expect(s.snapshot(s, "hanbit", "b200")).To(Equal(before), "what was overturned does not come back when it would have been final")
}

func suspension(s *story) {
	s.ApplyPool("b200", 4)
	s.ApplyProgram("seats: 1", "decisions:", s.decision("hanbit", "Selected", "2026-01-05"))
	s.ApplyTeam("hanbit", s.GPUs("b200", 24))
	s.WaitReady("hanbit")
	s.WaitGranted("hanbit", "b200", 24)
	s.RunPods("hanbit", "job", 2)
	s.expectAccess(s, "hanbit", working)
	before, status := s.snapshot(s, "hanbit", "b200"), s.GetTeam(s, "hanbit").Status

	s.ApplyTeam("hanbit", s.GPUs("b200", 24), "suspend: true")
	s.WaitState("hanbit", foundationv1alpha1.StateSuspended)
	s.waitAccess("hanbit", reading)
	suspended := s.GetTeam(s, "hanbit").Status
	s.Expect(suspended.GPUs.Granted).To(Equal(status.GPUs.Granted), "numbers are kept")
	s.Expect(suspended.Staff.Active).To(Equal(status.Staff.Active))
	s.Expect(s.ListNodes(s, "hanbit")).To(HaveLen(3))
	s.WaitQuotaSpent("hanbit") // nothing new starts, whoever asks
	s.at("2026-03-09 09:00:00")
	s.Expect(s.ListPods(s, "hanbit")).To(HaveEach(HaveField("Status.Phase", corev1.PodRunning)), "what runs goes on")
	s.expectAccess(s, "hanbit", reading)

	s.ApplyTeam("hanbit", s.GPUs("b200", 24))
	s.WaitReady("hanbit")
	s.WaitUntil(func(g Gomega) {
		s.expectAccess(g, "hanbit", working)
		g.Expect(s.snapshot(g, "hanbit", "b200")).To(Equal(before))
	})
}
