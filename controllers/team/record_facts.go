package team

import (
	"slices"

	"k8s.io/utils/ptr"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/ranking"
)

// factsOf returns what was awarded to a team and decided on it. It contains no rendered text and no time zone, so that only
// what somebody edited or decided makes it differ.
func factsOf(m *Model) foundationv1alpha1.TeamFacts {
	spec := &m.Team.Spec
	facts := foundationv1alpha1.TeamFacts{Suspend: ptr.Deref(m.Life.Spec.Suspend, false), ProgramName: m.Team.Spec.ProgramName}
	if spec.Term != nil && (spec.Term.StartTime != nil || spec.Term.EndTime != nil) {
		facts.Term = &foundationv1alpha1.TermFact{StartTime: wholeSeconds(spec.Term.StartTime), EndTime: wholeSeconds(spec.Term.EndTime)}
	}
	facts.Decision = decisionFact(m)
	for _, award := range spec.GPUs {
		facts.GPUs = append(facts.GPUs, foundationv1alpha1.GPUAwardFact{
			Name: award.Name, PoolName: award.PoolName, Count: ptr.Deref(award.Count, 0), Stage: award.Stage, IfPassed: award.IfPassed,
			StartTime: wholeSeconds(award.StartTime), EndTime: wholeSeconds(award.EndTime),
		})
	}
	for _, award := range spec.Budget {
		facts.Budget = append(facts.Budget, budgetFact(award))
	}
	for _, volume := range spec.Volumes {
		facts.Volumes = append(facts.Volumes, foundationv1alpha1.VolumeFact{Name: volume.Name, Namespace: volume.Namespace, Size: volume.Size})
	}
	for _, member := range spec.Staff {
		facts.Staff = append(facts.Staff, foundationv1alpha1.StaffFact{
			Name: member.Name, Role: string(member.Role), StartTime: wholeSeconds(member.StartTime), EndTime: wholeSeconds(member.EndTime),
			Subject: foundationv1alpha1.SubjectFact{Kind: string(member.Subject.Kind), Name: member.Subject.Name},
		})
	}
	facts.Settings = settingsOf(m)
	return facts
}

// decisionFact returns the decision of the programme that counts, with what the team was judged at when it was seen first; nil if
// there is none.
func decisionFact(m *Model) *foundationv1alpha1.DecisionFact {
	if m.Program == nil {
		return nil
	}
	decision := m.Program.Standing(m.Team.Name, m.Now).Decision
	if decision == nil {
		return nil
	}
	fact := &foundationv1alpha1.DecisionFact{
		Outcome: string(decision.Outcome), DecisionTime: wholeSeconds(decision.DecisionTime), Reason: decision.Reason, Evaluation: decision.Evaluation,
		FinalTime: wholeSeconds(decision.FinalTime), EffectiveTime: wholeSeconds(decision.EffectiveTime), OverturnTime: wholeSeconds(decision.OverturnTime),
	}
	if known := knownDecision(m, fact); known != nil {
		fact.Rank, fact.Score = known.Rank, known.Score
	} else if decision.Evaluation != "" {
		fact.Rank = ranking.Position(&m.Program.Spec, decision.Evaluation, m.Team.Name)
		fact.Score, _, _ = ranking.Score(&m.Program.Spec, decision.Evaluation, m.Team.Name)
	}
	return fact
}

// knownDecision returns a decision as it is on record, now or in its history; nil if it is seen for the first time.
func knownDecision(m *Model, fact *foundationv1alpha1.DecisionFact) *foundationv1alpha1.DecisionFact {
	if m.Record == nil {
		return nil
	}
	recorded := []*foundationv1alpha1.DecisionFact{m.Record.Spec.Facts.Decision}
	for _, change := range slices.Backward(m.Record.Spec.History) {
		if change.Field == foundationv1alpha1.FieldDecision && change.From != nil {
			recorded = append(recorded, change.From.Decision)
		}
	}
	i := slices.IndexFunc(recorded, func(known *foundationv1alpha1.DecisionFact) bool {
		return known != nil && known.Outcome == fact.Outcome && known.Evaluation == fact.Evaluation && known.DecisionTime.Equal(fact.DecisionTime)
	})
	if i < 0 {
		return nil
	}
	return recorded[i]
}

func budgetFact(award foundationv1alpha1.BudgetAward) foundationv1alpha1.BudgetAwardFact {
	fact := foundationv1alpha1.BudgetAwardFact{
		Name: award.Name, Line: string(award.Line), Amount: ptr.Deref(award.Amount, 0), DueTime: wholeSeconds(award.DueTime),
	}
	for _, instalment := range award.Instalments {
		fact.Instalments = append(fact.Instalments, foundationv1alpha1.InstalmentFact{
			DueTime: wholeSeconds(instalment.DueTime), Amount: ptr.Deref(instalment.Amount, 0),
		})
	}
	return fact
}

// wholeSeconds truncates a time as the API server does; otherwise a record would differ from what is read back.
func wholeSeconds(t *foundationv1alpha1.Timestamp) *foundationv1alpha1.Timestamp {
	if t == nil {
		return nil
	}
	return foundationv1alpha1.OptionalTimestamp(t.Time)
}

// factKey identifies a fact of a team.
type factKey struct {
	field foundationv1alpha1.RecordField
	name  string
}

// factsByKey returns a team's facts by key.
func factsByKey(facts foundationv1alpha1.TeamFacts) map[factKey]foundationv1alpha1.Fact {
	byKey := map[factKey]foundationv1alpha1.Fact{}
	if facts.Term != nil {
		byKey[factKey{field: foundationv1alpha1.FieldTerm}] = foundationv1alpha1.Fact{Term: facts.Term}
	}
	if facts.Suspend {
		byKey[factKey{field: foundationv1alpha1.FieldSuspend}] = foundationv1alpha1.Fact{Suspend: true}
	}
	if facts.ProgramName != "" {
		byKey[factKey{field: foundationv1alpha1.FieldProgramName}] = foundationv1alpha1.Fact{ProgramName: facts.ProgramName}
	}
	if facts.Decision != nil {
		byKey[factKey{field: foundationv1alpha1.FieldDecision}] = foundationv1alpha1.Fact{Decision: facts.Decision}
	}
	for i, award := range facts.GPUs {
		byKey[factKey{foundationv1alpha1.FieldGPUs, award.Name}] = foundationv1alpha1.Fact{GPUs: &facts.GPUs[i]}
	}
	for i, award := range facts.Budget {
		byKey[factKey{foundationv1alpha1.FieldBudget, award.Name}] = foundationv1alpha1.Fact{Budget: &facts.Budget[i]}
	}
	for i, volume := range facts.Volumes {
		byKey[factKey{foundationv1alpha1.FieldVolumes, volume.Name}] = foundationv1alpha1.Fact{Volume: &facts.Volumes[i]}
	}
	for i, member := range facts.Staff {
		byKey[factKey{foundationv1alpha1.FieldStaff, member.Name}] = foundationv1alpha1.Fact{Staff: &facts.Staff[i]}
	}
	for i, setting := range facts.Settings {
		byKey[factKey{foundationv1alpha1.FieldSettings, setting.Name}] = foundationv1alpha1.Fact{Setting: &facts.Settings[i]}
	}
	return byKey
}
