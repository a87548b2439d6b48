package programme

import (
	"fmt"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/test/support/manifest"
)

func TestTime(t *testing.T) {
	runStories(t, map[string]namedStory{
		"10: a late joiner has its own dates inside a stage":                                          {number: 10, begin: "2026-01-10", run: lateJoiner},
		"14: a contract ends at midnight in Seoul, in one team of two, and jobs go on":                {number: 14, begin: "2025-12-01", run: contractEnds},
		"18: only teams that passed the first stage get the second stage's GPUs":                      {number: 18, begin: "2026-01-05", run: secondStage},
		"21: an operator that was down over midnight acts once when it is back, and records how late": {number: 21, begin: "2026-01-31 23:00:00", run: downOverMidnight},
	})
}

func lateJoiner(s *story) {
	s.ApplyPool("b200", 4)
	spec := func(end string, decisions ...string) []string {
		return append([]string{
			"seats: 3", "stages:", "- {name: stage-2, startTime: " + stamp("2026-01-15") + ", endTime: " + stamp(end) + "}", "decisions:",
			s.decision("hanbit", "Selected", "2025-08-04"),
		}, decisions...)
	}
	s.ApplyProgram(spec("2026-07-15")...)
	stage := s.GPUs("b200", 16, "stage: stage-2")
	s.ApplyTeam("hanbit", stage)
	s.at("2026-01-15")
	s.WaitReady("hanbit")
	s.WaitGranted("hanbit", "b200", 16)

	// A supplementary selection takes one more team.
	s.at("2026-02-09")
	s.ApplyProgram(spec("2026-07-15", s.decision("onnuri", "Selected", "2026-02-09", "finalTime: "+stamp("2026-02-19")))...)
	s.ApplyTeam("onnuri", stage, term("2026-02-20", ""))
	s.WaitState("onnuri", foundationv1alpha1.StateNotFinal)
	s.at("2026-02-19")
	s.WaitState("onnuri", foundationv1alpha1.StateNotStarted)
	s.at("2026-02-19 23:59:59")
	s.expectNothing(s, "onnuri", "b200")
	s.at("2026-02-20")
	s.WaitReady("onnuri")
	s.WaitGranted("onnuri", "b200", 16)
	s.expectAccess(s, "onnuri", working)
	s.Expect(timeOf(s.GetTeam(s, "onnuri").Status.StateTransitionTime)).To(BeTemporally("==", kst("2026-02-20")))

	// The stage's end is its end too, also when that is moved.
	s.at("2026-07-01")
	s.ApplyProgram(spec("2026-08-15", s.decision("onnuri", "Selected", "2026-02-09", "finalTime: "+stamp("2026-02-19")))...)
	s.at("2026-08-14 23:59:59")
	for _, team := range []string{"hanbit", "onnuri"} {
		s.Expect(s.GetGrant(s, team, "b200").Granted).To(BeEquivalentTo(16), team)
	}
	s.at("2026-08-15")
	for _, team := range []string{"hanbit", "onnuri"} {
		s.WaitGranted(team, "b200", 0)
		s.WaitState(team, foundationv1alpha1.StateInTerm)
	}
}

func contractEnds(s *story) {
	s.ApplyPool("b200", 2)
	s.ApplyProgram("seats: 2", "decisions:", s.decision("hanbit", "Selected", "2025-08-04"), s.decision("naru", "Selected", "2025-08-04"))
	kim := "kim@lab.example"
	in := func(end ...string) string { return "- " + manifest.User("kim", "Engineer", kim, end...) }
	s.ApplyTeam("hanbit", in("endTime: "+stamp("2026-02-01")), s.GPUs("b200", 8))
	s.ApplyTeam("naru", in(), s.GPUs("b200", 8))
	s.WaitReady("hanbit", "naru")
	s.RunPods("hanbit", "job", 1)
	job := s.ListPods(s, "hanbit")[0]
	canWork := func(g Gomega, team string) bool {
		s.Helper()
		return s.Can(g, kim, "create", "pods/exec", s.Train(team))
	}
	told := func(days ...int) {
		s.Helper()
		s.atOnce(func(g Gomega) {
			var want []string
			for _, days := range days {
				want = append(want, fmt.Sprintf("staff kim: access ends 2026-01-31T15:00:00Z, within %d days; move its end in spec.staff to go on", days))
			}
			g.Expect(s.ListEvents(g, "hanbit", "AccessExpires")).To(ConsistOf(want))
			expiring := s.GetTeam(g, "hanbit").Status.Staff.Expiring
			if len(days) == 0 {
				g.Expect(expiring).To(BeEmpty())
				return
			}
			g.Expect(expiring).To(ConsistOf(And(HaveField("Name", "kim"), HaveField("WithinDays", BeEquivalentTo(days[len(days)-1])))))
			g.Expect(expiring[0].EndTime.Time).To(BeTemporally("==", kst("2026-02-01")))
		})
	}

	s.at("2026-01-01 23:59:59")
	told()
	s.at("2026-01-02")
	told(30)
	s.at("2026-01-24 23:59:59")
	told(30)
	s.at("2026-01-25")
	told(30, 7)
	s.Expect(s.ListEvents(s, "naru", "AccessExpires")).To(BeEmpty())

	s.at("2026-01-31 23:59:59")
	s.Expect(timeOf(s.GetTeam(s, "hanbit").Status.Staff.NextExpiryTime)).To(BeTemporally("==", kst("2026-02-01")))
	s.Expect(canWork(s, "hanbit")).To(BeTrue(), "not a second before")
	s.at("2026-02-01")
	s.atOnce(func(g Gomega) { g.Expect(canWork(g, "hanbit")).To(BeFalse()) })
	s.Expect(s.Can(s, kim, "get", "pods", s.Train("hanbit"))).To(BeFalse())
	s.Expect(canWork(s, "naru")).To(BeTrue(), "the other team is another team")
	s.expectAccess(s, "hanbit", working)
	s.WaitReady("hanbit")
	s.Expect(s.ListPods(s, "hanbit")).To(ConsistOf(And(HaveField("UID", job.UID), HaveField("Status.Phase", corev1.PodRunning))))
	s.Expect(s.GetTeam(s, "hanbit").Status.Staff.Active).To(BeEquivalentTo(4))
	s.Expect(s.ListEvents(s, "hanbit", "AccessExpires")).To(HaveLen(2), "each notice once")
}

func secondStage(s *story) {
	s.ApplyPool("b200", 8)
	spec := func(passed ...string) []string {
		names := "passed: ["
		for _, team := range passed {
			names += s.Named(team) + ", "
		}
		return []string{
			"seats: 2",
			"stages:",
			"- {name: stage-1, startTime: " + stamp("2025-08-14") + ", endTime: " + stamp("2026-01-15") + ", " + names + "]}",
			"- {name: stage-2, startTime: " + stamp("2026-01-15") + ", endTime: " + stamp("2026-07-15") + "}",
			"decisions:", s.decision("hanbit", "Selected", "2025-08-04"), s.decision("naru", "Selected", "2025-08-04"),
		}
	}
	s.ApplyProgram(spec()...)
	teams := []string{"hanbit", "naru"}
	for _, team := range teams {
		s.ApplyTeam(team, manifest.Awards(s.Award("first", "b200", 16, "stage: stage-1"), s.Award("second", "b200", 32, "stage: stage-2", "ifPassed: stage-1")))
	}
	s.WaitReady(teams...)
	for _, team := range teams {
		s.WaitGranted(team, "b200", 16)
	}
	s.at("2026-01-13")
	s.ApplyProgram(spec("hanbit")...)
	s.waitIdle()
	s.Expect(s.GetGrant(s, "hanbit", "b200").Granted).To(BeEquivalentTo(16), "not before the stage begins")
	s.at("2026-01-15")
	s.WaitGranted("hanbit", "b200", 32)
	s.WaitGranted("naru", "b200", 0)
	s.expectAccess(s, "naru", working)

	// A team that passes later gets the rest of the stage.
	s.at("2026-02-02")
	s.Expect(s.GetGrant(s, "naru", "b200").Granted).To(BeZero())
	s.ApplyProgram(spec("hanbit", "naru")...)
	s.WaitGranted("naru", "b200", 32)
	s.WaitReady(teams...)
}

func downOverMidnight(s *story) {
	s.ApplyPool("b200", 2)
	s.ApplyProgram("seats: 1", "decisions:", s.decision("hanbit", "Selected", "2025-08-04"))
	s.ApplyTeam("hanbit", s.GPUs("b200", 16), term("2025-08-14", "2026-02-01"))
	s.WaitReady("hanbit")
	s.expectAccess(s, "hanbit", working)
	s.stop()
	s.setClock(kst("2026-02-01 06:00:00"))
	s.expectAccess(s, "hanbit", working) // nobody takes it away

	ended := func(g Gomega) {
		s.Helper()
		want := And(
			HaveField("What", "state"), HaveField("From", string(foundationv1alpha1.StateInTerm)), HaveField("To", string(foundationv1alpha1.StateEnded)),
			HaveField("Late.Duration", 6*time.Hour), HaveField("By", BeEmpty()), HaveField("Time.Time", BeTemporally("==", kst("2026-02-01"))))
		changes := func(history []foundationv1alpha1.TeamChange) []foundationv1alpha1.TeamChange {
			var ended []foundationv1alpha1.TeamChange
			for _, change := range history {
				if change.To == string(foundationv1alpha1.StateEnded) {
					ended = append(ended, change)
				}
			}
			return ended
		}
		g.Expect(changes(s.GetTeam(g, "hanbit").Status.History)).To(ConsistOf(want))
		g.Expect(s.listRecords(g, "hanbit")).To(ConsistOf(HaveField("Spec.History", ContainElement(And(
			HaveField("Field", foundationv1alpha1.FieldState), HaveField("From.State", foundationv1alpha1.StateInTerm), HaveField("To.State", foundationv1alpha1.StateEnded),
			HaveField("Late.Duration", 6*time.Hour), HaveField("By", BeEmpty()), HaveField("Time.Time", BeTemporally("==", kst("2026-02-01"))))))))
		g.Expect(s.ListEvents(g, "hanbit", "Late")).To(ConsistOf(
			"Ended, due 2026-02-01T00:00:00+09:00, 6h0m0s late: the operator did not run then"))
		s.expectAccess(g, "hanbit", copying)
	}
	s.start()
	s.WaitUntil(ended)
	s.Expect(timeOf(s.GetTeam(s, "hanbit").Status.StateTransitionTime)).To(BeTemporally("==", kst("2026-02-01")))
	s.Expect(timeOf(retention(s.GetTeam(s, "hanbit")).DataAccessEndTime)).To(BeTemporally("==", kst("2026-03-03")), "counted from midnight")
	s.WaitGranted("hanbit", "b200", 0)
	record := s.listRecords(s, "hanbit")[0].ResourceVersion
	s.stop()
	s.start()
	s.at("2026-02-01 08:00:00")
	s.waitIdle()
	ended(s)
	s.Expect(s.listRecords(s, "hanbit")[0].ResourceVersion).To(Equal(record), "it is not told again")
}
