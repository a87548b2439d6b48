package programme

import (
	"fmt"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

func TestTime(t *testing.T) {
	tell(t, map[string]tale{
		"10: a late joiner has its own dates inside a stage":                                    {number: 10, begin: "2026-01-10", tell: lateJoiner},
		"14: a contract ends at midnight in Seoul, in one team of two, and jobs go on":          {number: 14, begin: "2025-12-01", tell: contractEnds},
		"18: the second stage's GPUs come only to who passed the first":                         {number: 18, begin: "2026-01-05", tell: secondStage},
		"21: an operator that was down over midnight acts once when it comes back, and says so": {number: 21, begin: "2026-01-31 23:00:00", tell: downOverMidnight},
	})
}

func lateJoiner(s *story) {
	s.pool("b200", 4)
	spec := func(end string, decisions ...string) []string {
		return append([]string{
			"seats: 3", "stages:", "- {name: stage-2, startTime: " + stamp("2026-01-15") + ", endTime: " + stamp(end) + "}", "decisions:",
			s.decided("hanbit", "Selected", "2025-08-04"),
		}, decisions...)
	}
	s.program(spec("2026-07-15")...)
	stage := s.award("b200", 16, "stage: stage-2")
	s.team("hanbit", stage)
	s.at("2026-01-15")
	s.ready("hanbit")
	s.granted("hanbit", "b200", 16)

	// An additional call takes one more.
	s.at("2026-02-09")
	s.program(spec("2026-07-15", s.decided("onnuri", "Selected", "2026-02-09", "finalTime: "+stamp("2026-02-19")))...)
	s.team("onnuri", stage, term("2026-02-20", ""))
	s.state("onnuri", foundationv1alpha1.StateNotFinal)
	s.at("2026-02-19")
	s.state("onnuri", foundationv1alpha1.StateNotStarted)
	s.at("2026-02-19 23:59:59")
	s.nothing(s, "onnuri", "b200")
	s.at("2026-02-20")
	s.ready("onnuri")
	s.granted("onnuri", "b200", 16)
	s.people(s, "onnuri", working)
	s.Expect(moment(s.getTeam(s, "onnuri").Status.StateTransitionTime)).To(BeTemporally("==", kst("2026-02-20")))

	// The stage's end is its end too, also when that is moved.
	s.at("2026-07-01")
	s.program(spec("2026-08-15", s.decided("onnuri", "Selected", "2026-02-09", "finalTime: "+stamp("2026-02-19")))...)
	s.at("2026-08-14 23:59:59")
	for _, team := range []string{"hanbit", "onnuri"} {
		s.Expect(s.grant(s, team, "b200").Granted).To(BeEquivalentTo(16), team)
	}
	s.at("2026-08-15")
	for _, team := range []string{"hanbit", "onnuri"} {
		s.granted(team, "b200", 0)
		s.state(team, foundationv1alpha1.StateInTerm)
	}
}

func contractEnds(s *story) {
	s.pool("b200", 2)
	s.program("seats: 2", "decisions:", s.decided("hanbit", "Selected", "2025-08-04"), s.decided("naru", "Selected", "2025-08-04"))
	kim := "kim@lab.example"
	in := func(end string) string {
		return fmt.Sprintf("- {name: kim, role: Engineer, subject: {kind: User, name: %s}%s}", kim, end)
	}
	s.team("hanbit", in(", endTime: "+stamp("2026-02-01")), s.award("b200", 8))
	s.team("naru", in(""), s.award("b200", 8))
	s.ready("hanbit", "naru")
	s.run("hanbit", "job", 1)
	job := s.pods(s, "hanbit")[0]
	may := func(g Gomega, team string) bool {
		s.Helper()
		return s.may(g, kim, "create", "pods/exec", s.named(team)+"-train")
	}
	told := func(days ...int) {
		s.Helper()
		s.atOnce(func(g Gomega) {
			var want []string
			for _, days := range days {
				want = append(want, fmt.Sprintf("staff kim: access ends 2026-01-31T15:00:00Z, within %d days; move its end in spec.staff to go on", days))
			}
			g.Expect(s.events(g, "hanbit", "AccessExpires")).To(ConsistOf(want))
			expiring := s.getTeam(g, "hanbit").Status.Staff.Expiring
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
	s.Expect(s.events(s, "naru", "AccessExpires")).To(BeEmpty())

	s.at("2026-01-31 23:59:59")
	s.Expect(moment(s.getTeam(s, "hanbit").Status.Staff.NextExpiryTime)).To(BeTemporally("==", kst("2026-02-01")))
	s.Expect(may(s, "hanbit")).To(BeTrue(), "not a second before")
	s.at("2026-02-01")
	s.atOnce(func(g Gomega) { g.Expect(may(g, "hanbit")).To(BeFalse()) })
	s.Expect(s.may(s, kim, "get", "pods", s.named("hanbit")+"-train")).To(BeFalse())
	s.Expect(may(s, "naru")).To(BeTrue(), "the other team is another team")
	s.people(s, "hanbit", working)
	s.ready("hanbit")
	s.Expect(s.pods(s, "hanbit")).To(ConsistOf(And(HaveField("UID", job.UID), HaveField("Status.Phase", corev1.PodRunning))))
	s.Expect(s.getTeam(s, "hanbit").Status.Staff.Active).To(BeEquivalentTo(4))
	s.Expect(s.events(s, "hanbit", "AccessExpires")).To(HaveLen(2), "each notice once")
}

func secondStage(s *story) {
	s.pool("b200", 8)
	spec := func(passed ...string) []string {
		names := "passed: ["
		for _, team := range passed {
			names += s.named(team) + ", "
		}
		return []string{
			"seats: 2",
			"stages:",
			"- {name: stage-1, startTime: " + stamp("2025-08-14") + ", endTime: " + stamp("2026-01-15") + ", " + names + "]}",
			"- {name: stage-2, startTime: " + stamp("2026-01-15") + ", endTime: " + stamp("2026-07-15") + "}",
			"decisions:", s.decided("hanbit", "Selected", "2025-08-04"), s.decided("naru", "Selected", "2025-08-04"),
		}
	}
	s.program(spec()...)
	teams := []string{"hanbit", "naru"}
	for _, team := range teams {
		s.team(team, "gpus: ["+s.awarded("first", "b200", 16, "stage: stage-1")+", "+s.awarded("second", "b200", 32, "stage: stage-2", "ifPassed: stage-1")+"]")
	}
	s.ready(teams...)
	for _, team := range teams {
		s.granted(team, "b200", 16)
	}
	s.at("2026-01-13")
	s.program(spec("hanbit")...)
	s.rest()
	s.Expect(s.grant(s, "hanbit", "b200").Granted).To(BeEquivalentTo(16), "not before the stage begins")
	s.at("2026-01-15")
	s.granted("hanbit", "b200", 32)
	s.granted("naru", "b200", 0)
	s.people(s, "naru", working)

	// Who passes later has the rest of it.
	s.at("2026-02-02")
	s.Expect(s.grant(s, "naru", "b200").Granted).To(BeZero())
	s.program(spec("hanbit", "naru")...)
	s.granted("naru", "b200", 32)
	s.ready(teams...)
}

func downOverMidnight(s *story) {
	s.pool("b200", 2)
	s.program("seats: 1", "decisions:", s.decided("hanbit", "Selected", "2025-08-04"))
	s.team("hanbit", s.award("b200", 16), term("2025-08-14", "2026-02-01"))
	s.ready("hanbit")
	s.people(s, "hanbit", working)
	s.stop()
	s.move(kst("2026-02-01 06:00:00"))
	s.people(s, "hanbit", working) // nobody takes it away

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
		g.Expect(changes(s.getTeam(g, "hanbit").Status.History)).To(ConsistOf(want))
		g.Expect(s.records(g, "hanbit")).To(ConsistOf(HaveField("Spec.History", ContainElement(And(
			HaveField("Field", foundationv1alpha1.FieldState), HaveField("From.State", foundationv1alpha1.StateInTerm), HaveField("To.State", foundationv1alpha1.StateEnded),
			HaveField("Late.Duration", 6*time.Hour), HaveField("By", BeEmpty()), HaveField("Time.Time", BeTemporally("==", kst("2026-02-01"))))))))
		g.Expect(s.events(g, "hanbit", "Late")).To(ConsistOf(
			"Ended since 2026-02-01T00:00:00+09:00: the operator acted 6h0m0s late, it did not run then"))
		s.people(g, "hanbit", copying)
	}
	s.start()
	s.soon(ended)
	s.Expect(moment(s.getTeam(s, "hanbit").Status.StateTransitionTime)).To(BeTemporally("==", kst("2026-02-01")))
	s.Expect(moment(retention(s.getTeam(s, "hanbit")).DataAccessEndTime)).To(BeTemporally("==", kst("2026-03-03")), "counted from midnight")
	s.granted("hanbit", "b200", 0)
	record := s.records(s, "hanbit")[0].ResourceVersion
	s.stop()
	s.start()
	s.at("2026-02-01 08:00:00")
	s.rest()
	ended(s)
	s.Expect(s.records(s, "hanbit")[0].ResourceVersion).To(Equal(record), "it is not told again")
}
