package programme

import (
	"fmt"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/test/support/look"
)

// Who applied in July 2025 and who was selected on 2025-08-04, in public. The pools and numbers here are examples: a node
// of 8 GPUs stands for 128.
var (
	selected = map[string]string{
		"naver-cloud": "b200", "upstage": "b200", "sk-telecom": "h100", "nc-ai": "h100", "lg-ai-research": "h100",
	}
	others = []string{
		"kt", "kakao", "lunit", "konan-technology", "motif-technologies", "sionic-ai", "junction-med", "pioncorporation", "bionexus", "kaist",
	}
)

func TestSelection(t *testing.T) {
	tell(t, map[string]tale{
		"1: fifteen apply, five are selected, and they have nothing before that is final": {number: 1, begin: "2025-07-21", tell: selectionToAccess},
		"2: weights that do not add up and a sixth seat are refused or held back":         {number: 2, begin: "2026-01-05", tell: seatsAndWeights},
		"8: the best by score failed a gate and is not selected":                          {number: 8, begin: "2026-01-19", tell: failedGate},
		"20: nobody is selected: seats stay empty and GPUs free":                          {number: 20, begin: "2026-01-17", tell: noSelection},
	})
}

func selectionToAccess(s *story) {
	s.pool("b200", 8)
	s.pool("h100", 8)
	s.program("seats: 5")
	manifests := []string{}
	everybody := others
	for team, pool := range selected {
		manifests = append(manifests, s.teamManifest(team, s.award(pool, 32-16*strings.Count(pool, "h")), term("2025-08-14", "2027-07-01")))
		everybody = append(everybody, team)
	}
	for _, team := range others {
		manifests = append(manifests, s.teamManifest(team))
	}
	s.apply(strings.Join(manifests, "---\n"))
	notIn := func(state foundationv1alpha1.TeamState, pending, filled int, teams ...string) {
		s.Helper()
		s.soon(func(g Gomega) {
			seats := s.getProgram(g).Status.Seats
			g.Expect(seats).To(HaveValue(Equal(foundationv1alpha1.ProgramSeats{
				Summary: fmt.Sprintf("%d/5", filled), Filled: int32(filled), Pending: int32(pending), Free: int32(5 - filled - pending),
			})))
			for _, team := range teams {
				g.Expect(s.getTeam(g, team).Status.State).To(Equal(state), team)
			}
		})
		for _, team := range teams {
			s.nothing(s, team, "b200", "h100")
		}
	}
	notIn(foundationv1alpha1.StateNotSelected, 0, 0, everybody...)

	decisions := []string{"seats: 5", "decisions:"}
	for team := range selected {
		decisions = append(decisions, s.decided(team, "Selected", "2025-08-04", "finalTime: "+stamp("2025-08-14")))
	}
	for _, team := range others {
		decisions = append(decisions, s.decided(team, "Rejected", "2025-08-04", "finalTime: "+stamp("2025-08-14")))
	}
	s.at("2025-08-04 10:00:00")
	s.program(decisions...)
	five := everybody[len(others):]
	notIn(foundationv1alpha1.StateNotFinal, 5, 0, five...)
	notIn(foundationv1alpha1.StateNotSelected, 5, 0, others...)
	s.condition("upstage", foundationv1alpha1.ConditionActive, string(foundationv1alpha1.StateNotFinal), "which is final 2025-08-14T00:00:00+09:00")

	s.at("2025-08-13 23:59:59")
	notIn(foundationv1alpha1.StateNotFinal, 5, 0, five...)

	s.at("2025-08-14")
	s.ready(five...)
	notIn(foundationv1alpha1.StateNotSelected, 0, 5, others...)
	for team, pool := range selected {
		s.granted(team, pool, 32-16*strings.Count(pool, "h"))
		s.people(s, team, working)
		s.kept(s, team)
		s.Expect(moment(s.getTeam(s, team).Status.StateTransitionTime)).To(BeTemporally("==", kst("2025-08-14")), team)
	}
	s.soon(func(g Gomega) {
		g.Expect(s.getPool(g, "b200").Status.Capacity.Free).To(BeZero())
		g.Expect(s.getPool(g, "h100").Status.Capacity.Free).To(BeEquivalentTo(16))
	})
}

func seatsAndWeights(s *story) {
	weights := func(third int) string {
		return fmt.Sprintf("criteria: [{name: technology, weight: 40}, {name: strategy, weight: 30}, {name: impact, weight: %d}]", third)
	}
	s.Expect(s.refused(s.programManifest("seats: 5", weights(35)))).To(ContainSubstring("weights add up to 105: they must add up to 100"))
	teams := []string{"hanbit", "naru", "mirae", "onnuri", "saebyeok"}
	decisions := []string{"seats: 5", weights(30), "decisions:"}
	for _, team := range teams {
		decisions = append(decisions, s.decided(team, "Selected", "2026-01-05"))
	}
	s.program(decisions...)
	s.Expect(s.refused(s.programManifest(append(decisions, s.decided("dasom", "Selected", "2026-01-06"))...))).
		To(ContainSubstring(s.named("dasom") + " is the last of 6 teams that are selected for 5 seats: decide otherwise on 1 of them, or raise spec.seats"))

	// One that is to go makes a place, and not before it goes: the dates contradict each other, and not the numbers.
	s.pool("b200", 2)
	s.team("dasom", s.award("b200", 8))
	s.team("hanbit", s.award("b200", 8))
	s.ready("hanbit")
	s.at("2026-01-06 09:00:00")
	s.program(append(decisions, s.decided("hanbit", "Eliminated", "2026-01-06", "effectiveTime: "+stamp("2026-02-01")), s.decided("dasom", "Selected", "2026-01-06"))...)
	s.programSays(foundationv1alpha1.ConditionDecisionsConsistent, foundationv1alpha1.ReasonSeatsExceeded,
		s.named("dasom")+" is selected and held back from 2026-01-06 00:00 KST on, no seat of 5 is free: decide otherwise on a team that is in, or raise spec.seats")
	s.condition("dasom", foundationv1alpha1.ConditionActive, string(foundationv1alpha1.StateNotSelected), "no seat of 5 is free")
	s.nothing(s, "dasom", "b200")
	s.at("2026-01-31 23:59:59")
	s.nothing(s, "dasom", "b200")
	s.people(s, "hanbit", working)
	s.at("2026-02-01")
	s.ready("dasom")
	s.people(s, "dasom", working)
	s.soon(func(g Gomega) { s.people(g, "hanbit", copying) })
	s.programSays(foundationv1alpha1.ConditionDecisionsConsistent, foundationv1alpha1.ReasonAsDeclared, "")
}

// judged are results of an evaluation in which saebyeok is the best by score, and failed a gate.
func (s *story) judged() []string {
	result := func(team string, technology, strategy, impact int, originality string) string {
		return fmt.Sprintf("  - {teamName: %s, scores: {technology: \"%d\", strategy: \"%d\", impact: \"%d\"}, gates: {originality: %s}}",
			s.named(team), technology, strategy, impact, originality)
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
	s.pool("b200", 2)
	spec := append(s.judged(), "seats: 2", "decisions:")
	on := "evaluation: final"
	s.Expect(s.refused(s.programManifest(append(spec, s.decided("saebyeok", "Selected", "2026-01-19", on))...))).
		To(ContainSubstring(s.named("saebyeok") + " is selected although it failed originality in final: record a waiver with its reason there, or decide otherwise"))
	s.program(append(spec, s.decided("saebyeok", "Rejected", "2026-01-19", on), s.decided("hanbit", "Selected", "2026-01-19", on),
		s.decided("naru", "Selected", "2026-01-19", on), s.decided("mirae", "Rejected", "2026-01-19", on))...)
	for _, team := range []string{"saebyeok", "hanbit", "naru", "mirae"} {
		s.team(team, s.award("b200", 8))
	}
	s.ready("hanbit", "naru")
	s.state("saebyeok", foundationv1alpha1.StateNotSelected)
	s.nothing(s, "saebyeok", "b200")

	best := s.getProgram(s).Status.Rankings[0].Entries[0]
	s.Expect(best).To(Equal(foundationv1alpha1.RankingEntry{Rank: 1, TeamName: s.named("saebyeok"), Total: "93", FailedGates: []string{"originality"}}))
	told := s.getTeam(s, "saebyeok").Status.Program
	s.Expect(told.Outcome).To(Equal(foundationv1alpha1.OutcomeRejected))
	s.Expect(told.Score).To(Equal("93"), "the scores are as they were")
	s.Expect(told.FailedGates).To(Equal([]string{"originality"}))
	s.Expect(told.Reason).To(Equal("as the panel saw it"))
	s.Expect(s.records(s, "saebyeok")).To(ConsistOf(HaveField("Spec.Facts.Decision", And(
		HaveField("Outcome", "Rejected"), HaveField("DecisionTime.Time", BeTemporally("==", kst("2026-01-19"))), HaveField("Reason", "as the panel saw it")))), "on record")
}

func noSelection(s *story) {
	s.pool("b200", 2)
	teams := []string{"saebyeok", "hanbit", "naru", "mirae"}
	for _, team := range teams {
		s.team(team, s.award("b200", 16))
	}
	spec := append(s.judged(), "seats: 5", "decisions:")
	for _, team := range teams {
		spec = append(spec, s.decided(team, "Rejected", "2026-01-19", "evaluation: final", "finalTime: "+stamp("2026-01-29")))
	}
	s.program(spec...)
	for _, moment := range []string{"2026-01-19", "2026-01-29", "2026-02-15"} {
		s.at(moment)
		s.programSays(foundationv1alpha1.ConditionReady, foundationv1alpha1.ReasonAsDeclared, "0 of 5 seats filled, 4 teams")
		s.soon(func(g Gomega) {
			g.Expect(s.getProgram(g).Status.Seats.Free).To(BeEquivalentTo(5))
			g.Expect(s.getPool(g, "b200").Status.Capacity.Free).To(BeEquivalentTo(16))
			look.ExpectSettled(g, s.getPool(g, "b200"))
			g.Expect(s.getPool(g, "b200").Status.Grants).To(BeEmpty())
		})
		for _, team := range teams {
			s.nothing(s, team, "b200")
		}
	}
}
