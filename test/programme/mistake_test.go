package programme

import (
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/test/support/look"
)

func TestMistake(t *testing.T) {
	tell(t, map[string]tale{
		"22: a manifest that a merge removed comes back with all that the team had": {number: 22, begin: "2026-03-02 09:00:00", tell: removedByMistake},
		"22: nobody else inherits what a team of the same name had":                 {number: 122, begin: "2026-03-02 09:00:00", tell: nobodyElse},
	})
}

// removed deletes a team's manifest as a merge does that lost it, and waits until it is gone and its place closed.
func (s *story) removed(team string) {
	s.Helper()
	s.kubectl("delete", "ft", s.named(team), "--wait=false")
	s.soon(func(g Gomega) {
		err := k8s.Get(s.Context(), client.ObjectKey{Name: s.named(team)}, &foundationv1alpha1.FoundationTeam{})
		g.Expect(apierrors.IsNotFound(err)).To(BeTrue(), "%v", err)
		s.people(g, team, lockout)
		s.kept(g, team)
	})
}

func removedByMistake(s *story) {
	s.pool("b200", 4, "reclaim: {gracePeriod: 24h}")
	s.program("seats: 2", "decisions:", s.decided("hanbit", "Selected", "2025-08-04"))
	lines := []string{s.award("b200", 24), term("2025-08-14", "2026-07-01"), "consortium: {lead: Hanbit AI}"}
	s.team("hanbit", lines...)
	s.ready("hanbit")
	s.granted("hanbit", "b200", 24)
	s.run("hanbit", "job", 2)
	s.people(s, "hanbit", working)
	before, uid := s.picture(s, "hanbit", "b200"), string(s.getTeam(s, "hanbit").UID)

	s.removed("hanbit")
	s.Expect(look.GPUQuota(s.Context(), s, k8s, s.named("hanbit")+"-train")).To(BeZero())
	s.rest()
	s.Expect(s.records(s, "hanbit")).To(ConsistOf(And(
		HaveField("Spec.State", foundationv1alpha1.StateDeleted), HaveField("Spec.UIDs", Equal([]string{uid})), HaveField("Spec.History", HaveLen(3)),
		HaveField("Spec.Facts.GPUs", ConsistOf(And(HaveField("Name", "a"), HaveField("Count", BeEquivalentTo(24))))))), "history survives")
	s.soon(func(g Gomega) {
		g.Expect(look.NodesOf(s.Context(), g, k8s, s.named("hanbit"))).To(HaveLen(2), "an idle node goes, those with work have their grace")
	})
	s.at("2026-03-02 17:00:00")
	s.Expect(s.pods(s, "hanbit")).To(HaveLen(2))

	s.team("hanbit", lines...)
	s.ready("hanbit")
	s.soon(func(g Gomega) {
		s.people(g, "hanbit", working)
		g.Expect(busy(s.picture(g, "hanbit", "b200"))).To(Equal(busy(before)))
	})
	team := s.getTeam(s, "hanbit")
	s.Expect(string(team.UID)).NotTo(Equal(uid))
	s.Expect(team.Status.FormerUIDs).To(Equal([]string{uid}))
	s.Expect(s.records(s, "hanbit")).To(ConsistOf(And(
		HaveField("Spec.State", foundationv1alpha1.StateInTerm), HaveField("Spec.UIDs", Equal([]string{uid, string(team.UID)})),
		HaveField("Spec.History", ContainElement(HaveField("Field", foundationv1alpha1.FieldManifest))))))
	s.Expect(team.Status.History).To(ContainElement(And(HaveField("What", "manifest"), HaveField("From", "removed"), HaveField("To", "applied again"))))
	// And it stays so when the grace of what was asked back would have been over.
	s.at("2026-03-04 09:00:00")
	s.Expect(busy(s.picture(s, "hanbit", "b200"))).To(Equal(busy(before)))
}

// busy is a picture without nodes: which of the idle ones a team has is nothing. Where its pods run is told with them.
func busy(picture []string) []string {
	var lines []string
	for _, line := range picture {
		if !strings.HasPrefix(line, "node ") {
			lines = append(lines, line)
		}
	}
	return lines
}

func nobodyElse(s *story) {
	s.pool("b200", 2, "reclaim: {gracePeriod: 24h}")
	s.program("seats: 2", "decisions:", s.decided("naru", "Selected", "2025-08-04"))
	s.team("naru", s.award("b200", 8), "consortium: {lead: Naru Labs}")
	s.ready("naru")
	s.run("naru", "job", 1)
	job, claim := s.pods(s, "naru")[0], s.claim(s, "naru")

	s.removed("naru")
	s.team("naru", s.award("b200", 8), "consortium: {lead: Somebody Else}")
	s.condition("naru", foundationv1alpha1.ConditionNamespacesReady, foundationv1alpha1.ReasonNameConflict, s.named("naru")+"-train")
	s.at("2026-03-02 10:00:00")
	s.people(s, "naru", lockout)
	s.kept(s, "naru")
	s.Expect(s.claim(s, "naru").UID).To(Equal(claim.UID))
	s.Expect(s.getTeam(s, "naru").Status.FormerUIDs).To(BeEmpty())
	s.Expect(s.records(s, "naru")).To(HaveLen(2))
	uid := string(s.getTeam(s, "naru").UID)
	node := look.Get(s.Context(), s, k8s, &corev1.Node{}, "", job.Spec.NodeName)
	s.Expect(node.Annotations[foundationv1alpha1.AnnotationTeamUID]).NotTo(Equal(uid), "the node on which the first one's pod runs")
	s.Expect(s.pods(s, "naru")).To(ConsistOf(HaveField("UID", job.UID)))
}
