package programme

import (
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/test/support/dsl"
)

func TestMistake(t *testing.T) {
	runStories(t, map[string]namedStory{
		"22: a manifest that a merge removed is applied again and the team has everything back": {number: 22, begin: "2026-03-02 09:00:00", run: removedByMistake},
		"22: another team of the same name inherits nothing":                                    {number: 122, begin: "2026-03-02 09:00:00", run: nobodyElse},
	})
}

// removeTeam deletes a team's manifest, as GitOps does after a merge that lost it, and waits until the team is gone and its
// namespaces are locked.
func (s *story) removeTeam(team string) {
	s.Helper()
	s.Delete("ft", s.Named(team), "--wait=false")
	s.WaitUntil(func(g Gomega) {
		g.Expect(s.Exists(g, &foundationv1alpha1.FoundationTeam{}, "", s.Named(team))).To(BeFalse(), "%s exists", team)
		s.expectAccess(g, team, locked)
		s.expectKept(g, team)
	})
}

func removedByMistake(s *story) {
	s.ApplyPool("b200", 4, "reclaim: {gracePeriod: 24h}")
	s.ApplyProgram("seats: 2", "decisions:", s.decision("hanbit", "Selected", "2025-08-04"))
	lines := []string{s.GPUs("b200", 24), term("2025-08-14", "2026-07-01"), "consortium: {lead: Hanbit AI}"}
	s.ApplyTeam("hanbit", lines...)
	s.WaitReady("hanbit")
	s.WaitGranted("hanbit", "b200", 24)
	s.RunPods("hanbit", "job", 2)
	s.expectAccess(s, "hanbit", working)
	before, uid := s.snapshot(s, "hanbit", "b200"), string(s.GetTeam(s, "hanbit").UID)

	s.removeTeam("hanbit")
	s.Expect(s.GetGPUQuota(s, s.Train("hanbit"))).To(BeZero())
	s.waitIdle()
	s.Expect(s.listRecords(s, "hanbit")).To(ConsistOf(And(
		HaveField("Spec.State", foundationv1alpha1.StateDeleted), HaveField("Spec.UIDs", Equal([]string{uid})), HaveField("Spec.History", HaveExactElements(
			HaveField("To.State", foundationv1alpha1.StateInTerm),
			HaveField("Field", foundationv1alpha1.FieldSettings),
			HaveField("To.State", foundationv1alpha1.StateDeleting), HaveField("To.State", foundationv1alpha1.StateDeleted))),
		HaveField("Spec.Facts.GPUs", ConsistOf(And(HaveField("Name", "a"), HaveField("Count", BeEquivalentTo(24))))))), "history survives")
	s.WaitUntil(func(g Gomega) {
		g.Expect(s.ListNodes(g, "hanbit")).To(HaveLen(2), "an idle node goes, those with work have their grace")
	})
	s.at("2026-03-02 17:00:00")
	s.Expect(s.ListPods(s, "hanbit")).To(HaveLen(2))

	s.ApplyTeam("hanbit", lines...)
	s.WaitReady("hanbit")
	s.WaitUntil(func(g Gomega) {
		s.expectAccess(g, "hanbit", working)
		g.Expect(withoutNodes(s.snapshot(g, "hanbit", "b200"))).To(Equal(withoutNodes(before)))
	})
	team := s.GetTeam(s, "hanbit")
	s.Expect(string(team.UID)).NotTo(Equal(uid))
	s.Expect(team.Status.FormerUIDs).To(Equal([]string{uid}))
	s.Expect(s.listRecords(s, "hanbit")).To(ConsistOf(And(
		HaveField("Spec.State", foundationv1alpha1.StateInTerm), HaveField("Spec.UIDs", Equal([]string{uid, string(team.UID)})),
		HaveField("Spec.History", ContainElement(HaveField("Field", foundationv1alpha1.FieldManifest))))))
	s.Expect(team.Status.History).To(ContainElement(And(HaveField("What", "manifest"), HaveField("From", "removed"), HaveField("To", "applied again"))))
	// It stays so after the time at which the grace period of the reclaimed nodes would have been over.
	s.at("2026-03-04 09:00:00")
	s.Expect(withoutNodes(s.snapshot(s, "hanbit", "b200"))).To(Equal(withoutNodes(before)))
}

// withoutNodes returns a snapshot without nodes: it does not matter which idle nodes a team has, and the lines of its pods
// name their nodes.
func withoutNodes(snapshot []string) []string {
	var lines []string
	for _, line := range snapshot {
		if !strings.HasPrefix(line, "node ") {
			lines = append(lines, line)
		}
	}
	return lines
}

func nobodyElse(s *story) {
	s.ApplyPool("b200", 2, "reclaim: {gracePeriod: 24h}")
	s.ApplyProgram("seats: 2", "decisions:", s.decision("naru", "Selected", "2025-08-04"))
	s.ApplyTeam("naru", s.GPUs("b200", 8), "consortium: {lead: Naru Labs}")
	s.WaitReady("naru")
	s.RunPods("naru", "job", 1)
	job, claim := s.ListPods(s, "naru")[0], s.getClaim(s, "naru")

	s.removeTeam("naru")
	s.ApplyTeam("naru", s.GPUs("b200", 8), "consortium: {lead: Somebody Else}")
	s.WaitCondition("naru", foundationv1alpha1.ConditionNamespacesReady, foundationv1alpha1.ReasonNameConflict, s.Train("naru"))
	s.at("2026-03-02 10:00:00")
	s.expectAccess(s, "naru", locked)
	s.expectKept(s, "naru")
	s.Expect(s.getClaim(s, "naru").UID).To(Equal(claim.UID))
	s.Expect(s.GetTeam(s, "naru").Status.FormerUIDs).To(BeEmpty())
	s.Expect(s.listRecords(s, "naru")).To(HaveLen(2))
	uid := string(s.GetTeam(s, "naru").UID)
	node := dsl.Get(s.Story, s, &corev1.Node{}, "", job.Spec.NodeName)
	s.Expect(node.Annotations[foundationv1alpha1.AnnotationTeamUID]).NotTo(Equal(uid), "the node on which the first one's pod runs")
	s.Expect(s.ListPods(s, "naru")).To(ConsistOf(HaveField("UID", job.UID)))
}
