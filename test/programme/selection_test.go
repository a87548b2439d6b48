package programme

import (
	"fmt"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/test/support/dsl"
	"foundation.team/operator/test/support/manifest"
)

// The teams that applied in July 2025 and those that were selected on 2025-08-04, from public sources. The pools and
// numbers are examples: a node of 8 GPUs stands for 128.
var (
	selected = map[string]string{
		"naver-cloud": "b200", "upstage": "b200", "sk-telecom": "h100", "nc-ai": "h100", "lg-ai-research": "h100",
	}
	others = []string{
		"kt", "kakao", "lunit", "konan-technology", "motif-technologies", "sionic-ai", "junction-med", "pioncorporation", "bionexus", "kaist",
	}
)

func TestSelection(t *testing.T) {
	runStories(t, map[string]namedStory{
		"1: fifteen teams apply, five are selected, and have nothing before the selection is final": {number: 1, begin: "2025-07-21", run: selectionToAccess},
		"2: weights that do not add up are refused, and a sixth selection is held back":             {number: 2, begin: "2026-01-05", run: seatsAndWeights},
		"8: the team with the best score failed a gate and is not selected":                         {number: 8, begin: "2026-01-19", run: failedGate},
		"20: no team is selected: seats and GPUs stay free":                                         {number: 20, begin: "2026-01-17", run: noSelection},
	})
}

func selectionToAccess(s *story) {
	s.ApplyPool("b200", 8)
	s.ApplyPool("h100", 8)
	s.ApplyProgram("seats: 5")
	manifests := []string{}
	everybody := others
	for team, pool := range selected {
		lines := s.teamLines(team, s.GPUs(pool, 32-16*strings.Count(pool, "h")), term("2025-08-14", "2027-07-01"))
		manifests = append(manifests, manifest.Team(s.Named(team), lines...))
		everybody = append(everybody, team)
	}
	for _, team := range others {
		manifests = append(manifests, manifest.Team(s.Named(team), s.teamLines(team)...))
	}
	s.Apply(strings.Join(manifests, "---\n"))
	s.expectNotIn(foundationv1alpha1.StateNotSelected, 0, 0, everybody...)

	decisions := []string{"seats: 5", "decisions:"}
	for team := range selected {
		decisions = append(decisions, s.decision(team, "Selected", "2025-08-04", "finalTime: "+stamp("2025-08-14")))
	}
	for _, team := range others {
		decisions = append(decisions, s.decision(team, "Rejected", "2025-08-04", "finalTime: "+stamp("2025-08-14")))
	}
	s.at("2025-08-04 10:00:00")
	s.ApplyProgram(decisions...)
	five := everybody[len(others):]
	s.expectNotIn(foundationv1alpha1.StateNotFinal, 5, 0, five...)
	s.expectNotIn(foundationv1alpha1.StateNotSelected, 5, 0, others...)
	s.WaitCondition("upstage", foundationv1alpha1.ConditionActive, string(foundationv1alpha1.StateNotFinal), "which is final 2025-08-14T00:00:00+09:00")

	s.at("2025-08-13 23:59:59")
	s.expectNotIn(foundationv1alpha1.StateNotFinal, 5, 0, five...)

	s.at("2025-08-14")
	s.WaitReady(five...)
	s.expectNotIn(foundationv1alpha1.StateNotSelected, 0, 5, others...)
	for team, pool := range selected {
		s.WaitGranted(team, pool, 32-16*strings.Count(pool, "h"))
		s.expectAccess(s, team, working)
		s.expectKept(s, team)
		s.Expect(timeOf(s.GetTeam(s, team).Status.StateTransitionTime)).To(BeTemporally("==", kst("2025-08-14")), team)
	}
	s.WaitUntil(func(g Gomega) {
		g.Expect(s.GetPool(g, "b200").Status.Capacity.Free).To(BeZero())
		g.Expect(s.GetPool(g, "h100").Status.Capacity.Free).To(BeEquivalentTo(16))
	})
}

// expectNotIn waits until so many of the programme's five seats are pending and filled, and teams are in a state, and
// expects that these teams have nothing.
func (s *story) expectNotIn(state foundationv1alpha1.TeamState, pending, filled int, teams ...string) {
	s.Helper()
	s.WaitUntil(func(g Gomega) {
		seats := s.GetProgram(g).Status.Seats
		g.Expect(seats).NotTo(BeNil())
		g.Expect(seats.Held).To(HaveLen(filled))
		seats.Held = nil
		g.Expect(seats).To(HaveValue(Equal(foundationv1alpha1.ProgramSeats{
			Summary: fmt.Sprintf("%d/5", filled), Filled: int32(filled), Pending: int32(pending), Free: int32(5 - filled - pending),
		})))
		for _, team := range teams {
			g.Expect(s.GetTeam(g, team).Status.State).To(Equal(state), team)
		}
	})
	for _, team := range teams {
		s.expectNothing(s, team, "b200", "h100")
	}
}

func seatsAndWeights(s *story) {
	weights := func(third int) string {
		return fmt.Sprintf("criteria: [{name: technology, weight: 40}, {name: strategy, weight: 30}, {name: impact, weight: %d}]", third)
	}
	s.Expect(s.refusal(s.programManifest("seats: 5", weights(35)))).To(ContainSubstring("weights add up to 105: they must add up to 100"))
	teams := []string{"hanbit", "naru", "mirae", "onnuri", "saebyeok"}
	decisions := []string{"seats: 5", weights(30), "decisions:"}
	for _, team := range teams {
		decisions = append(decisions, s.decision(team, "Selected", "2026-01-05"))
	}
	s.ApplyProgram(decisions...)
	s.Expect(s.refusal(s.programManifest(append(decisions, s.decision("dasom", "Selected", "2026-01-06"))...))).
		To(ContainSubstring(s.Named("dasom") + " is the last of 6 teams that are selected for 5 seats: decide otherwise on 1 of them, or raise spec.seats"))

	// A team that leaves frees a seat, but not before it leaves: here the dates conflict, although the numbers fit.
	s.ApplyPool("b200", 2)
	s.ApplyTeam("dasom", s.GPUs("b200", 8))
	s.ApplyTeam("hanbit", s.GPUs("b200", 8))
	s.WaitReady("hanbit")
	s.at("2026-01-06 09:00:00")
	s.ApplyProgram(append(decisions, s.decision("hanbit", "Eliminated", "2026-01-06", "effectiveTime: "+stamp("2026-02-01")), s.decision("dasom", "Selected", "2026-01-06"))...)
	s.WaitProgramCondition(foundationv1alpha1.ConditionDecisionsConsistent, foundationv1alpha1.ReasonSeatsExceeded,
		s.Named("dasom")+" is selected and held back from 2026-01-06 00:00 KST on, no seat of 5 is free: decide otherwise on a team that is in, or raise spec.seats")
	s.WaitCondition("dasom", foundationv1alpha1.ConditionActive, string(foundationv1alpha1.StateNotSelected), "no seat of 5 is free")
	s.expectNothing(s, "dasom", "b200")
	s.at("2026-01-31 23:59:59")
	s.expectNothing(s, "dasom", "b200")
	s.expectAccess(s, "hanbit", working)
	s.at("2026-02-01")
	s.WaitReady("dasom")
	s.expectAccess(s, "dasom", working)
	s.waitAccess("hanbit", copying)
	s.WaitProgramCondition(foundationv1alpha1.ConditionDecisionsConsistent, foundationv1alpha1.ReasonAsDeclared, "")
}

// evaluationResults are those of an evaluation in which saebyeok has the best score and failed a gate.
func (s *story) evaluationResults() []string {
	result := func(team string, technology, strategy, impact int, originality string) string {
		return fmt.Sprintf("  - {teamName: %s, scores: {technology: \"%d\", strategy: \"%d\", impact: \"%d\"}, gates: {originality: %s}}",
			s.Named(team), technology, strategy, impact, originality)
	}
	return []string{
		"criteria: [{name: technology, weight: 40}, {name: strategy, weight: 30}, {name: impact, weight: 30}]",
		"gates: [{name: originality, description: The model is trained from scratch.}]",
		"evaluations:", "- name: final", "  closeTime: " + stamp("2026-01-16 18:00:00"), "  results:",
		result("saebyeok", 38, 28, 27, "Failed"), result("hanbit", 36, 26, 26, "Passed"),
		result("naru", 34, 25, 25, "Passed"), result("mirae", 30, 24, 25, "Passed"),
	}
}

func failedGate(s *story) {
	s.ApplyPool("b200", 2)
	spec := append(s.evaluationResults(), "seats: 2", "decisions:")
	on := "evaluation: final"
	s.Expect(s.refusal(s.programManifest(append(spec, s.decision("saebyeok", "Selected", "2026-01-19", on))...))).
		To(ContainSubstring(s.Named("saebyeok") + " is selected although it failed originality in final: record a waiver with its reason there, or decide otherwise"))
	s.ApplyProgram(append(spec, s.decision("saebyeok", "Rejected", "2026-01-19", on), s.decision("hanbit", "Selected", "2026-01-19", on),
		s.decision("naru", "Selected", "2026-01-19", on), s.decision("mirae", "Rejected", "2026-01-19", on))...)
	for _, team := range []string{"saebyeok", "hanbit", "naru", "mirae"} {
		s.ApplyTeam(team, s.GPUs("b200", 8))
	}
	s.WaitReady("hanbit", "naru")
	s.WaitState("saebyeok", foundationv1alpha1.StateNotSelected)
	s.expectNothing(s, "saebyeok", "b200")

	best := s.GetProgram(s).Status.Rankings[0].Entries[0]
	s.Expect(best).To(Equal(foundationv1alpha1.RankingEntry{Rank: 1, TeamName: s.Named("saebyeok"), Total: "93", FailedGates: []string{"originality"}}))
	told := s.GetTeam(s, "saebyeok").Status.Program
	s.Expect(told.Outcome).To(Equal(foundationv1alpha1.OutcomeRejected))
	s.Expect(told.Score).To(Equal("93"), "the scores are as they were")
	s.Expect(told.FailedGates).To(Equal([]string{"originality"}))
	s.Expect(told.Reason).To(Equal("as the panel saw it"))
	s.Expect(s.listRecords(s, "saebyeok")).To(ConsistOf(HaveField("Spec.Facts.Decision", And(
		HaveField("Outcome", "Rejected"), HaveField("DecisionTime.Time", BeTemporally("==", kst("2026-01-19"))), HaveField("Reason", "as the panel saw it")))), "on record")
}

func noSelection(s *story) {
	s.ApplyPool("b200", 2)
	teams := []string{"saebyeok", "hanbit", "naru", "mirae"}
	for _, team := range teams {
		s.ApplyTeam(team, s.GPUs("b200", 16))
	}
	spec := append(s.evaluationResults(), "seats: 5", "decisions:")
	for _, team := range teams {
		spec = append(spec, s.decision(team, "Rejected", "2026-01-19", "evaluation: final", "finalTime: "+stamp("2026-01-29")))
	}
	s.ApplyProgram(spec...)
	for _, moment := range []string{"2026-01-19", "2026-01-29", "2026-02-15"} {
		s.at(moment)
		s.WaitProgramCondition(foundationv1alpha1.ConditionReady, foundationv1alpha1.ReasonAsDeclared, "0 of 5 seats filled, 4 teams")
		s.WaitUntil(func(g Gomega) {
			g.Expect(s.GetProgram(g).Status.Seats.Free).To(BeEquivalentTo(5))
			g.Expect(s.GetPool(g, "b200").Status.Capacity.Free).To(BeEquivalentTo(16))
			dsl.ExpectReconciled(g, s.GetPool(g, "b200"))
			g.Expect(s.GetPool(g, "b200").Status.Grants).To(BeEmpty())
		})
		for _, team := range teams {
			s.expectNothing(s, team, "b200")
		}
	}
}
