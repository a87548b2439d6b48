package program

import (
	"context"
	"slices"

	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

const controllerName = "foundationprogram"

// SetupWithManager registers the controller.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager) error {
	// A deletion timestamp changes the generation too, so deletions pass this predicate.
	changed := builder.WithPredicates(predicate.GenerationChangedPredicate{})
	return ctrl.NewControllerManagedBy(mgr).
		Named(controllerName).
		For(&foundationv1alpha1.FoundationProgram{}, changed).
		Watches(&foundationv1alpha1.FoundationTeam{}, handler.EnqueueRequestsFromMapFunc(r.programsOfTeam), changed).
		Complete(r)
}

// programsOfTeam returns requests for the programme that a team names and for those with a decision on it. Both versions of
// an update are mapped, so a programme that the team left is reconciled too.
func (r *Reconciler) programsOfTeam(ctx context.Context, obj client.Object) []reconcile.Request {
	var requests []reconcile.Request
	named := ""
	if team, ok := obj.(*foundationv1alpha1.FoundationTeam); ok {
		named = team.Spec.ProgramName
	}
	if named != "" {
		requests = append(requests, request(named))
	}
	var programs foundationv1alpha1.FoundationProgramList
	if err := r.Client.List(ctx, &programs, withoutDeepCopy); err != nil {
		return requests
	}
	for _, program := range programs.Items {
		decided := slices.ContainsFunc(program.Spec.Decisions, func(d foundationv1alpha1.Decision) bool { return d.TeamName == obj.GetName() })
		if decided && program.Name != named {
			requests = append(requests, request(program.Name))
		}
	}
	return requests
}

func request(program string) reconcile.Request {
	return reconcile.Request{NamespacedName: types.NamespacedName{Name: program}}
}
