package program

import (
	"context"
	"fmt"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
	"foundation.team/operator/internal/conditions"
	"foundation.team/operator/internal/text"
)

// deletionRecheck is how often it is looked whether teams are left that keep an object from being deleted.
const deletionRecheck = 15 * time.Second

// reconcileUnreadable says which values, of a programme or of its teams, cannot be read. The rest of its status stays: money
// that was promised to such a team must not be promised to another. Being deleted, the programme goes when no team names it.
func (r *Reconciler) reconcileUnreadable(ctx context.Context, program *foundationv1alpha1.FoundationProgram, values []string) (ctrl.Result, error) {
	after := program.DeepCopy()
	after.Status.ObservedGeneration = program.Generation
	after.Status.Conditions = conditions.Unreadable(program.Status.Conditions, values, program.Generation, r.Clock.Now())
	if err := apply.WriteStatus(ctx, r.Applier, r.Events, program, after); err != nil || program.DeletionTimestamp.IsZero() {
		return ctrl.Result{}, err
	}
	if waits, err := r.finalize(ctx, after); err != nil || waits.IsZero() {
		return waits, err
	}
	return ctrl.Result{RequeueAfter: deletionRecheck}, nil
}

// unreadableTeams returns what of the programme's teams cannot be read.
func unreadableTeams(in Input) []string {
	var values []string
	for _, team := range in.Teams {
		if len(team.Unreadable) > 0 {
			values = append(values, fmt.Sprintf("FoundationTeam %s: %s", team.Name, text.AndMore(team.Unreadable)))
		}
	}
	return values
}
