package team

import (
	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/lifecycle"
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
func deletionOf(team *foundationv1alpha1.FoundationTeam, retention *lifecycle.Retention, grants []poolGrant, namespaces int) Deletion {
	deletesData := team.Spec.DeletionPolicy == foundationv1alpha1.DeletionPolicyDelete
	if team.DeletionTimestamp.IsZero() && (retention == nil || !deletesData || !confirmed(team)) {
		return Deletion{}
	}
	if !deletesData {
		return Deletion{Step: KeepingData}
	}
	var draining []poolGrant
	for _, grant := range grants {
		if grant.inPool {
			draining = append(draining, grant)
		}
	}
	if len(draining) > 0 {
		return Deletion{Step: DrainingGPUs, Draining: draining}
	}
	if namespaces == 0 {
		return Deletion{Step: NothingLeft}
	}
	if blocker := blockerOf(team, retention); blocker != "" {
		return Deletion{Step: AwaitingConfirmation, Blocker: blocker}
	}
	return Deletion{Step: DeletingNamespaces}
}

// blockerOf returns the first thing that keeps data from being deleted; empty if nothing does.
func blockerOf(team *foundationv1alpha1.FoundationTeam, retention *lifecycle.Retention) deletionBlocker {
	switch {
	case team.Annotations[foundationv1alpha1.AnnotationHold] != "":
		return blockedByHold
	case !confirmed(team):
		return notConfirmed
	case retention == nil && team.Spec.Term != nil && team.Spec.Term.EndTime != nil:
		return termNotOver
	case retention == nil:
		return termWithoutEnd
	case retention.Phase != foundationv1alpha1.RetentionExpired:
		return retentionIsNotOver
	default:
		return ""
	}
}

// confirmed reports whether an admin confirmed that the team's data be deleted.
func confirmed(team *foundationv1alpha1.FoundationTeam) bool {
	return team.Annotations[foundationv1alpha1.AnnotationConfirmDeletion] == team.Name
}
