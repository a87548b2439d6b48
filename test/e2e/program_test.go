package e2e

import (
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/test/support/manifest"
)

// What takes months is in test/programme, with the controllers in the test's process. Here it is the real binary.
var _ = Describe("A programme", func() {
	It("lets in who was selected, tells what comes, and goes after its teams", func(ctx SpecContext) {
		decision := `{teamName: %s, outcome: %s, reason: As published., decisionTime: "2026-01-05T00:00:00Z", finalTime: "2026-01-15T00:00:00Z"}`
		apply(ctx, manifest.Program("call", "seats: 1",
			"decisions: ["+fmt.Sprintf(decision, "inside", "Selected")+", "+fmt.Sprintf(decision, "outside", "Rejected")+"]"))
		DeferCleanup(func(ctx SpecContext) {
			mustKubectl(ctx, "delete", "fprog", "call", "--ignore-not-found", "--wait=false")
		})
		soon := time.Now().Add(48 * time.Hour).UTC().Format(time.RFC3339)
		person := func(name string) string {
			return fmt.Sprintf(`- {name: %[1]s, role: Engineer, subject: {kind: User, name: %[1]s@inside.example}, endTime: %[2]q}`, name, soon)
		}
		teamOf(ctx, "inside", "programName: call", "namespaces: [{name: train}]", "staff:", person("ida"), person("jo"))
		teamOf(ctx, "outside", "programName: call", "namespaces: [{name: train}]")
		eventuallyReady(ctx, "inside")
		Eventually(func(g Gomega) {
			g.Expect(getTeam(ctx, g, "outside").Status.State).To(Equal(foundationv1alpha1.StateNotSelected))
			g.Expect(get(ctx, g, &foundationv1alpha1.FoundationProgram{}, "", "call").Status.Seats.Summary).To(Equal("1/1"))
		}).WithContext(ctx).Should(Succeed())
		Expect(apierrors.IsNotFound(k8s.Get(ctx, client.ObjectKey{Name: "outside-train"}, &corev1.Namespace{}))).To(BeTrue())
		Expect(may(ctx, "ida@inside.example", "create", "pods", "inside-train")).To(BeTrue())

		By("telling of both whose access ends soon; Kubernetes makes one event, that happened twice, of two in one breath")
		Eventually(func(g Gomega) {
			var all eventsv1.EventList
			g.Expect(k8s.List(ctx, &all)).To(Succeed())
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
		}).WithContext(ctx).Should(Succeed())

		By("staying until its teams are gone")
		mustKubectl(ctx, "delete", "fprog", "call", "--wait=false")
		Consistently(func(g Gomega) {
			get(ctx, g, &foundationv1alpha1.FoundationProgram{}, "", "call")
			g.Expect(getTeam(ctx, g, "inside").Status.State).To(Equal(foundationv1alpha1.StateInTerm))
		}).WithContext(ctx).Should(Succeed())
		mustKubectl(ctx, "delete", "ft", "inside", "outside")
		Eventually(func() bool {
			return apierrors.IsNotFound(k8s.Get(ctx, client.ObjectKey{Name: "call"}, &foundationv1alpha1.FoundationProgram{}))
		}).WithContext(ctx).Should(BeTrue())
	})
})
