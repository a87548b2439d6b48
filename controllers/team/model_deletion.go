package team

import (
	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// DeletionStep is how far the deletion of a team, or of its data alone, has come. Access ends and namespaces are locked as
// the team's state says; before namespaces are deleted that was long ago.
type DeletionStep string

// Deletion steps.
const (
	// NotDeleting: neither the team nor its data is being deleted.
	NotDeleting DeletionStep = ""
	// KeepingData: the policy is Retain, so deletion waits for nothing. The pools drain the team's GPUs without it.
	KeepingData DeletionStep = "KeepingData"
	// DrainingGPUs: nodes of the team still drain. Its namespaces are deleted only after that, because the pods on these
	// nodes may still use them.
	DrainingGPUs DeletionStep = "DrainingGPUs"
	// AwaitingConfirmation: an admin has to confirm that data is deleted, or a date has to pass.
	AwaitingConfirmation DeletionStep = "AwaitingConfirmation"
	// DeletingNamespaces: the namespaces, and the data in them, are being deleted.
	DeletingNamespaces DeletionStep = "DeletingNamespaces"
	// NothingLeft: no namespace of the team exists any more.
	NothingLeft DeletionStep = "NothingLeft"
)

// deletionBlocker is why data must not be deleted yet.
type deletionBlocker string

const (
	blockedByHold      deletionBlocker = "Hold"        // an admin set the annotation foundation.team/hold
	notConfirmed       deletionBlocker = "Unconfirmed" // no admin confirmed it with the team's name
	termNotOver        deletionBlocker = "TermNotOver"
	termWithoutEnd     deletionBlocker = "TermWithoutEnd" // data is deleted only after a date
	retentionIsNotOver deletionBlocker = "RetentionNotOver"
	confirmedForRetain deletionBlocker = "ConfirmedForRetain" // deletionPolicy was Retain when it was confirmed
	confirmedForLonger deletionBlocker = "ConfirmedForLonger" // retention.keep was longer when it was confirmed
	programMissing     deletionBlocker = "ProgramMissing"     // nobody knows how long the programme wants data to be kept
)

// Deletion is a step and what it waits for.
type Deletion struct {
	Step DeletionStep
	// Blocker is what has to be done first while the step is AwaitingConfirmation.
	Blocker deletionBlocker
	// Draining are the pools whose nodes still drain while the step is DrainingGPUs.
	Draining []poolGrant
}

// CanFinalize reports whether a deleted FoundationTeam need not wait for anything more.
func (d Deletion) CanFinalize() bool { return d.Step == KeepingData || d.Step == NothingLeft }

// deletionOf returns the step that a team is at.
func deletionOf(m *Model) Deletion {
	team := m.Team
	deletesData := team.Spec.DeletionPolicy == foundationv1alpha1.DeletionPolicyDelete
	if team.DeletionTimestamp.IsZero() && (m.Retention == nil || !deletesData || !confirmed(team)) {
		return Deletion{}
	}
	if !deletesData {
		return Deletion{Step: KeepingData}
	}
	var draining []poolGrant
	for _, grant := range m.Grants {
		if grant.inPool {
			draining = append(draining, grant)
		}
	}
	if len(draining) > 0 {
		return Deletion{Step: DrainingGPUs, Draining: draining}
	}
	if len(m.Namespaces) == 0 {
		return Deletion{Step: NothingLeft}
	}
	if blocker := blockerOf(m); blocker != "" {
		return Deletion{Step: AwaitingConfirmation, Blocker: blocker}
	}
	return Deletion{Step: DeletingNamespaces}
}

// blockerOf returns the first thing that keeps data from being deleted; empty if nothing does. A confirmation is for the
// conditions that held when it was given: not for a policy or a shorter keep that came later.
func blockerOf(m *Model) deletionBlocker {
	switch team := m.Team; {
	case team.Annotations[foundationv1alpha1.AnnotationHold] != "":
		return blockedByHold
	case !confirmed(team):
		return notConfirmed
	case m.Confirmation.DeletionPolicy != string(foundationv1alpha1.DeletionPolicyDelete):
		return confirmedForRetain
	case m.Life.IsProgramMissing():
		return programMissing
	case m.Retention == nil && team.Spec.Term != nil && team.Spec.Term.EndTime != nil:
		return termNotOver
	case m.Retention == nil:
		return termWithoutEnd
	case m.Retention.Phase != foundationv1alpha1.RetentionExpired:
		return retentionIsNotOver
	case m.Now.Before(keptAsConfirmed(m.Confirmation, m.Retention)):
		return confirmedForLonger
	default:
		return ""
	}
}

// confirmed reports whether an admin confirmed that the team's data be deleted.
func confirmed(team *foundationv1alpha1.FoundationTeam) bool {
	return team.Annotations[foundationv1alpha1.AnnotationConfirmDeletion] == team.Name
}
