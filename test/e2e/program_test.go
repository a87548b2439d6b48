package e2e

import (
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/test/support/manifest"
)

// Stories that take months are in test/programme, where the controllers run in the test's process. This one uses the real
// binary.
var _ = Describe("A programme", func() {
	It("lets selected teams in, reports what comes next, and is deleted after its teams", func(ctx SpecContext) {
		s := newStory(ctx)
		decision := `{teamName: %s, outcome: %s, reason: As published., decisionTime: "2026-01-05T00:00:00Z", finalTime: "2026-01-15T00:00:00Z"}`
		s.ApplyProgram("call", "seats: 1",
			"decisions: ["+fmt.Sprintf(decision, "inside", "Selected")+", "+fmt.Sprintf(decision, "outside", "Rejected")+"]")
		soon := time.Now().Add(48 * time.Hour).UTC().Format(time.RFC3339)
		person := func(name string) string {
			return manifest.User(name, "Engineer", name+"@inside.example", fmt.Sprintf("endTime: %q", soon))
		}
		s.ApplyTeam("inside", "programName: call", manifest.Train, manifest.Staff(person("ida"), person("jo")))
		s.ApplyTeam("outside", "programName: call", manifest.Train)
		s.WaitReady("inside")
		s.WaitUntil(func(g Gomega) {
			g.Expect(s.GetTeam(g, "outside").Status.State).To(Equal(foundationv1alpha1.StateNotSelected))
			g.Expect(s.GetProgram(g, "call").Status.Seats.Summary).To(Equal("1/1"))
		})
		s.Expect(s.Exists(s, &corev1.Namespace{}, "", "outside-train")).To(BeFalse())
		s.Expect(s.Can(s, "ida@inside.example", "create", "pods", "inside-train")).To(BeTrue())

		By("telling of both whose access ends soon; Kubernetes makes one event, that happened twice, of two in one breath")
		s.WaitUntil(func(g Gomega) {
			var all eventsv1.EventList
			s.List(g, &all)
			notices := 0
			for i := range all.Items {
				if event := &all.Items[i]; event.Reason == "AccessExpires" && event.Regarding.Name == "inside" {
					notices++
					if event.Series != nil {
						notices++
					}
				}
			}
			g.Expect(notices).To(BeNumerically(">=", 2))
		})

		By("staying until its teams are gone")
		_, err := s.Admin().Kubectl("delete", "fprog", "call", "--wait=false")
		s.Expect(err).To(MatchError(ContainSubstring("FoundationProgram call has 1 team in: inside.")))
		s.Delete("fprog", "call", "--wait=false")
		s.Consistently(func(g Gomega) {
			s.GetProgram(g, "call")
			g.Expect(s.GetTeam(g, "inside").Status.State).To(Equal(foundationv1alpha1.StateInTerm))
		}).Should(Succeed())
		s.Delete("ft", "inside")
		s.Kubectl("delete", "ft", "outside")
		s.WaitGone(&foundationv1alpha1.FoundationProgram{}, "", "call")
	})
})
