package programme

import (
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/test/support/look"
	"foundation.team/operator/test/support/manifest"
)

func TestElimination(t *testing.T) {
	tell(t, map[string]tale{
		"7: an eliminated team loses access and GPUs, which go to two others, and never its data": {number: 7, begin: "2026-01-14", tell: elimination},
		"9: an objection that is upheld on day nine brings everything back as it was":             {number: 9, begin: "2026-01-14", tell: objection},
		"16: a suspended team reads and keeps what it has, and goes on as it was":                 {number: 16, begin: "2026-03-02 09:00:00", tell: suspension},
	})
}

// threeTeams are in since August and have a third each of a pool of six nodes. Two of them are to have half of it each from
// the second stage on. All run a job that takes one node.
func threeTeams(s *story) {
	s.pool("b200", 6, "reclaim: {gracePeriod: 48h}")
	s.program(s.threeDecided()...)
	s.team("hanbit", s.award("b200", 16))
	second := func(team string, priority string) {
		s.team(team, "gpus: ["+s.awarded("first", "b200", 16, "stage: stage-1")+", "+s.awarded("second", "b200", 24, "stage: stage-2")+"]", "priority: "+priority)
	}
	second("naru", "1")
	second("mirae", "0")
	s.ready("hanbit", "naru", "mirae")
	for _, team := range []string{"hanbit", "naru", "mirae"} {
		s.granted(team, "b200", 16)
		s.run(team, "job", 1)
	}
}

func (s *story) threeDecided(more ...string) []string {
	return append([]string{
		"seats: 3", "retention: {dataAccess: 720h, keep: 2160h}",
		"stages:",
		"- {name: stage-1, startTime: " + stamp("2025-08-14") + ", endTime: " + stamp("2026-01-15") + "}",
		"- {name: stage-2, startTime: " + stamp("2026-01-15") + ", endTime: " + stamp("2026-07-15") + "}",
		"decisions:",
		s.decided("hanbit", "Selected", "2025-08-04"), s.decided("naru", "Selected", "2025-08-04"), s.decided("mirae", "Selected", "2025-08-04"),
	}, more...)
}

func elimination(s *story) {
	threeTeams(s)
	claim, job := s.claim(s, "hanbit"), s.pods(s, "hanbit")[0]

	// It can object for ten days: it keeps what it has and cannot use it.
	s.at("2026-01-15")
	s.program(s.threeDecided(s.decided("hanbit", "Eliminated", "2026-01-15", "finalTime: "+stamp("2026-01-25")))...)
	s.state("hanbit", foundationv1alpha1.StateSuspended)
	s.soon(func(g Gomega) { s.people(g, "hanbit", reading) })
	s.at("2026-01-24 23:59:59")
	s.Expect(s.grant(s, "hanbit", "b200").Granted).To(BeEquivalentTo(16))
	s.Expect(s.grant(s, "naru", "b200").Shortfall).To(BeEquivalentTo(8))
	s.Expect(s.grant(s, "mirae", "b200").Shortfall).To(BeEquivalentTo(8))

	// Then it is final. An idle node goes to the first of the others at once, one with work when its grace is over.
	s.at("2026-01-25")
	s.state("hanbit", foundationv1alpha1.StateEliminated)
	s.granted("naru", "b200", 24)
	s.Expect(s.grant(s, "mirae", "b200").Shortfall).To(BeEquivalentTo(8), "work has its grace")
	s.Expect(s.pods(s, "hanbit")).To(ConsistOf(HaveField("UID", job.UID)))
	s.soon(func(g Gomega) { s.people(g, "hanbit", copying) })
	s.Expect(look.GPUQuota(s.Context(), s, k8s, s.named("hanbit")+"-train")).To(BeZero())
	s.Expect(retention(s.getTeam(s, "hanbit")).Phase).To(Equal(foundationv1alpha1.RetentionDataAccess))
	steward, err := lab.KubeconfigFor(s.person("hanbit", "steward"))
	s.Expect(err).NotTo(HaveOccurred())
	_, err = lab.KubectlAs(s.Context(), steward, "apply", "-f", s.file(manifest.GPUPods(s.named("hanbit"), s.named("hanbit")+"-train", "gpus", 1, 8)))
	s.Expect(err).To(MatchError(ContainSubstring("exceeded quota")))
	_, err = lab.KubectlAs(s.Context(), steward, "run", "copy", "-n", s.named("hanbit")+"-train", "--image=copy.example/copy:1", "--restart=Never", "--overrides", restricted)
	s.Expect(err).NotTo(HaveOccurred(), "data can be copied")
	s.at("2026-01-27 00:00:10")
	s.soon(func(g Gomega) { g.Expect(s.pods(g, "hanbit")).To(BeEmpty()) })
	s.granted("mirae", "b200", 24)
	s.ready("naru", "mirae")

	s.at("2026-02-23 23:59:59")
	s.people(s, "hanbit", copying)
	s.at("2026-02-24")
	s.soon(func(g Gomega) { s.people(g, "hanbit", lockout) })
	s.Expect(retention(s.getTeam(s, "hanbit")).Phase).To(Equal(foundationv1alpha1.RetentionLocked))
	for _, moment := range []string{"2026-04-25", "2030-01-01"} {
		s.at(moment)
		s.soon(func(g Gomega) {
			g.Expect(retention(s.getTeam(g, "hanbit")).Phase).To(Equal(foundationv1alpha1.RetentionExpired))
		})
		s.kept(s, "hanbit")
		s.Expect(s.claim(s, "hanbit").UID).To(Equal(claim.UID))
		s.people(s, "hanbit", lockout)
	}
}

// restricted is what a pod needs besides an image under the restricted Pod Security Standard.
const restricted = `{"spec":{"securityContext":{"runAsNonRoot":true,"runAsUser":1000,"seccompProfile":{"type":"RuntimeDefault"}},"containers":[{"name":"copy","image":"copy.example/copy:1","securityContext":{"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]}},"resources":{"requests":{"cpu":"1","memory":"1Gi"},"limits":{"cpu":"1","memory":"1Gi"}}}]}}`

func objection(s *story) {
	threeTeams(s)
	s.people(s, "hanbit", working)
	before := s.picture(s, "hanbit", "b200")

	s.at("2026-01-15 10:00:00")
	eliminated := s.decided("hanbit", "Eliminated", "2026-01-15 10:00:00", "finalTime: "+stamp("2026-01-25 10:00:00"))
	s.program(s.threeDecided(eliminated)...)
	s.state("hanbit", foundationv1alpha1.StateSuspended)
	s.condition("hanbit", foundationv1alpha1.ConditionActive, string(foundationv1alpha1.StateSuspended), "until that is final, 2026-01-25T10:00:00+09:00")
	s.soon(func(g Gomega) {
		s.people(g, "hanbit", reading)
		g.Expect(s.picture(g, "hanbit", "b200")).NotTo(Equal(before))
	})
	s.at("2026-01-24 09:00:00")
	s.Expect(s.grant(s, "hanbit", "b200").Held).To(BeEquivalentTo(16))

	s.program(s.threeDecided(s.decided("hanbit", "Eliminated", "2026-01-15 10:00:00", "finalTime: "+stamp("2026-01-25 10:00:00"),
		"overturnTime: "+stamp("2026-01-24 09:00:00"), "overturnReason: the objection was upheld"))...)
	s.ready("hanbit")
	s.soon(func(g Gomega) {
		s.people(g, "hanbit", working)
		g.Expect(s.picture(g, "hanbit", "b200")).To(Equal(before))
	})
	s.at("2026-01-25 10:00:00")
	s.ready("hanbit")
	s.Expect(s.picture(s, "hanbit", "b200")).To(Equal(before), "what was overturned does not come back when it would have been final")
}

func suspension(s *story) {
	s.pool("b200", 4)
	s.program("seats: 1", "decisions:", s.decided("hanbit", "Selected", "2026-01-05"))
	s.team("hanbit", s.award("b200", 24))
	s.ready("hanbit")
	s.granted("hanbit", "b200", 24)
	s.run("hanbit", "job", 2)
	s.people(s, "hanbit", working)
	before, status := s.picture(s, "hanbit", "b200"), s.getTeam(s, "hanbit").Status

	s.team("hanbit", s.award("b200", 24), "suspend: true")
	s.state("hanbit", foundationv1alpha1.StateSuspended)
	s.soon(func(g Gomega) { s.people(g, "hanbit", reading) })
	suspended := s.getTeam(s, "hanbit").Status
	s.Expect(suspended.GPUs.Granted).To(Equal(status.GPUs.Granted), "numbers are kept")
	s.Expect(suspended.Staff.Active).To(Equal(status.Staff.Active))
	s.Expect(look.NodesOf(s.Context(), s, k8s, s.named("hanbit"))).To(HaveLen(3))
	s.Eventually(func() string {
		_, err := lab.Kubectl(s.Context(), "apply", "-f", s.file(manifest.GPUPods(s.named("hanbit"), s.named("hanbit")+"-train", "more", 1, 8)))
		if err == nil {
			return ""
		}
		return err.Error()
	}).Should(ContainSubstring("exceeded quota"), "nothing new starts, whoever asks")
	s.at("2026-03-09 09:00:00")
	s.Expect(s.pods(s, "hanbit")).To(HaveEach(HaveField("Status.Phase", corev1.PodRunning)), "what runs goes on")
	s.people(s, "hanbit", reading)

	s.team("hanbit", s.award("b200", 24))
	s.ready("hanbit")
	s.soon(func(g Gomega) {
		s.people(g, "hanbit", working)
		g.Expect(s.picture(g, "hanbit", "b200")).To(Equal(before))
	})
}
