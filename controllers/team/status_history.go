package team

import foundationv1alpha1 "foundation.team/operator/api/v1alpha1"

// shownHistory is how many changes a team's status shows.
const shownHistory = 10

// shown is the part of a record's history that a team's status shows.
func shown(record *foundationv1alpha1.TeamRecord) []foundationv1alpha1.TeamChange {
	if record == nil {
		return nil
	}
	return record.Spec.History[max(0, len(record.Spec.History)-shownHistory):]
}
