package program

import (
	"context"
	"slices"

	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/requeue"
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
		Watches(&foundationv1alpha1.TeamRecord{}, handler.EnqueueRequestsFromMapFunc(programsOfRecord), builder.WithPredicates(paymentsChanged())).
		Complete(r)
}

// programsOfRecord returns requests for the programmes that a team had money from.
func programsOfRecord(_ context.Context, obj client.Object) []reconcile.Request {
	record, ok := obj.(*foundationv1alpha1.TeamRecord)
	if !ok {
		return nil
	}
	var requests []reconcile.Request
	for _, payment := range record.Spec.Payments {
		if req := request(payment.ProgramName); !slices.Contains(requests, req) {
			requests = append(requests, req)
		}
	}
	return requests
}

// paymentsChanged passes updates of a record that has other payments, or of another team, than before.
func paymentsChanged() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		before, ok1 := e.ObjectOld.(*foundationv1alpha1.TeamRecord)
		after, ok2 := e.ObjectNew.(*foundationv1alpha1.TeamRecord)
		return ok1 && ok2 && (!slices.Equal(before.Spec.Payments, after.Spec.Payments) || !slices.Equal(before.Spec.UIDs, after.Spec.UIDs))
	}}
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
	if !requeue.List(ctx, r.Client, controllerName, &programs, withoutDeepCopy) {
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
