package team

import (
	"context"
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/conditions"
	"foundation.team/operator/internal/text"
)

// tearDown takes the last steps of a team that is deleted, or whose time is over, one after the other. Before it, access
// was taken away and everything locked, as for any team that does not hold its awards. Then, only if that was asked for
// and confirmed, and GPUs are back, namespaces are deleted. Its condition is True when a deleted FoundationTeam can go.
func (r *Reconciler) tearDown(ctx context.Context, in Input, desired Desired, out *Outcome) (metav1.Condition, error) {
	for _, area := range []string{
		foundationv1alpha1.ConditionAccessReady, foundationv1alpha1.ConditionNamespacesReady, foundationv1alpha1.ConditionQuotaReady,
	} {
		if condition := failure(area, out); condition != nil {
			condition.Type = foundationv1alpha1.ConditionFinalized
			return *condition, nil
		}
	}
	next := NextStep(in)
	if next.Reason != foundationv1alpha1.ReasonWaitingForNamespaces {
		return next, nil
	}
	for _, volume := range desired.PersistentVolumes {
		if volume.before.Spec.PersistentVolumeReclaimPolicy != volume.after.Spec.PersistentVolumeReclaimPolicy {
			return next, nil // its data would be kept
		}
	}
	for _, p := range desired.Places {
		if err := r.Applier.Delete(ctx, in.owner(), in.Namespaces[p.name]); err != nil {
			return next, err
		}
	}
	return next, nil
}

// failure is an area's problem that keeps a deletion waiting: one that is about an object of the team's.
func failure(area string, out *Outcome) *metav1.Condition {
	for _, p := range out.Problems[area] {
		if p.Reason == foundationv1alpha1.ReasonApplyFailed || p.Reason == foundationv1alpha1.ReasonRefused {
			condition := conditions.False(area, p.Reason, p.Message)
			return &condition
		}
	}
	return nil
}

// NextStep is what the deletion of a team waits for.
func NextStep(in Input) metav1.Condition {
	no := func(reason, message string) metav1.Condition {
		return conditions.False(foundationv1alpha1.ConditionFinalized, reason, message)
	}
	if in.Team.Spec.DeletionPolicy != foundationv1alpha1.DeletionPolicyDelete {
		return conditions.True(foundationv1alpha1.ConditionFinalized, foundationv1alpha1.ReasonAsDeclared, "namespaces and volumes are kept, locked")
	}
	var held []string
	for _, view := range poolViews(in) {
		if view.grant.TeamName != "" {
			held = append(held, fmt.Sprintf("%s: %d GPUs to be handed back when their pods have ended or the pool's grace period is over", view.name, view.grant.Held))
		}
	}
	if len(held) > 0 {
		return no(foundationv1alpha1.ReasonWaitingForGPUs, "deletion waits: "+strings.Join(held, "; "))
	}
	if len(in.places()) == 0 {
		return conditions.True(foundationv1alpha1.ConditionFinalized, foundationv1alpha1.ReasonAsDeclared, "no namespace is left")
	}
	if missing := unconfirmed(in); missing != "" {
		return no(foundationv1alpha1.ReasonDeletionNotConfirmed, "deletionPolicy is Delete, and nothing is deleted yet: "+missing+"; or set spec.deletionPolicy to Retain")
	}
	return no(foundationv1alpha1.ReasonWaitingForNamespaces, text.Count(len(in.places()), "namespace")+" being deleted")
}

// unconfirmed is what is missing before data may be deleted; empty if nothing is.
func unconfirmed(in Input) string {
	annotations := in.Team.Annotations
	retention, over := in.life().Retention(in.Now)
	switch {
	case annotations[foundationv1alpha1.AnnotationHold] != "":
		return fmt.Sprintf("remove the annotation %s (%q)", foundationv1alpha1.AnnotationHold, annotations[foundationv1alpha1.AnnotationHold])
	case annotations[foundationv1alpha1.AnnotationConfirmDeletion] != in.Team.Name:
		return fmt.Sprintf("confirm with the annotation %s=%s", foundationv1alpha1.AnnotationConfirmDeletion, in.Team.Name)
	case !over && in.Team.Spec.Term != nil && in.Team.Spec.Term.EndTime != nil:
		return "the term lasts until " + in.when(in.Team.Spec.Term.EndTime)
	case !over:
		return "set spec.term.endTime: data is deleted only after a date"
	case retention.Phase != foundationv1alpha1.RetentionExpired:
		return "data is kept until " + in.life().When(retention.KeptUntil) + "; wait, or shorten spec.retention.keep"
	default:
		return ""
	}
}

// tornDown says whether the team is on its way to be taken apart: it is deleted, or its time is over and an admin has
// confirmed that its data be deleted.
func (in Input) tornDown() bool {
	_, over := in.life().Retention(in.Now)
	return !in.Team.DeletionTimestamp.IsZero() ||
		over && in.Team.Spec.DeletionPolicy == foundationv1alpha1.DeletionPolicyDelete &&
			in.Team.Annotations[foundationv1alpha1.AnnotationConfirmDeletion] == in.Team.Name
}
