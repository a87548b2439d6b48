package team

import (
	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/ranking"
	"foundation.team/operator/internal/timing"
)

// programStatus returns what the programme decided on this team alone; nil if it has no programme. Scores appear only with
// the decision that was made on them.
func programStatus(m *Model) *foundationv1alpha1.TeamProgramStatus {
	if m.Program == nil {
		return nil
	}
	status := &foundationv1alpha1.TeamProgramStatus{Name: m.Program.Name, ObservedGeneration: m.Program.Generation}
	decision := m.Program.Standing(m.Team.Name, m.Now).Decision
	if decision == nil {
		return status
	}
	status.Outcome, status.Reason = decision.Outcome, decision.Reason
	status.DecisionTime, status.FinalTime, status.EffectiveTime = decision.DecisionTime.Meta(), decision.FinalTime.Meta(), decision.EffectiveTime.Meta()
	if decision.Evaluation != "" {
		status.Score, status.FailedGates, _ = ranking.Score(&m.Program.Spec, decision.Evaluation, m.Team.Name)
	}
	return status
}

// retentionStatus returns what happens to the team's data; nil while its time is not over.
func retentionStatus(m *Model) *foundationv1alpha1.TeamRetentionStatus {
	if m.Retention == nil {
		return nil
	}
	return &foundationv1alpha1.TeamRetentionStatus{
		Phase:             m.Retention.Phase,
		DataAccessEndTime: timing.Meta(m.Retention.AccessUntil),
		KeepEndTime:       timing.Meta(m.Retention.KeptUntil),
	}
}
