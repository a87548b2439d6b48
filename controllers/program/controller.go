package program

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
	"foundation.team/operator/internal/budget"
	"foundation.team/operator/internal/requeue"
	"foundation.team/operator/internal/timing"
	"foundation.team/operator/internal/tracing"
)

// +kubebuilder:rbac:groups=foundation.team,resources=foundationprograms,verbs=list;watch;patch
// +kubebuilder:rbac:groups=foundation.team,resources=foundationprograms/status,verbs=patch
// +kubebuilder:rbac:groups=foundation.team,resources=foundationteams;teamrecords,verbs=list;watch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// Reconcile keeps one programme's status up to date.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	ctx, end := tracing.Reconcile(ctx, controllerName, req.Name)
	var result ctrl.Result
	err := requeue.Contain(ctx, func() (err error) {
		result, err = r.reconcileNamed(ctx, req.Name)
		return err
	})
	end(err)
	return r.backoff.Settle(ctx, controllerName, req.Name, result, err)
}

func (r *Reconciler) reconcileNamed(ctx context.Context, name string) (ctrl.Result, error) {
	program := &foundationv1alpha1.FoundationProgram{}
	if err := r.Client.Get(ctx, client.ObjectKey{Name: name}, program); apierrors.IsNotFound(err) {
		return ctrl.Result{}, nil
	} else if err != nil {
		return ctrl.Result{}, fmt.Errorf("read programme %s: %w", name, err)
	}
	if r.Applier.StatusStale(program) {
		return requeue.ForCache(), nil
	}
	if len(program.Unreadable) > 0 {
		return r.reconcileUnreadable(ctx, program, program.Unreadable)
	}
	return r.reconcile(ctx, program)
}

// reconcile adds the finalizer, observes, decides and writes the status. A finalizer that cannot be added does not keep the
// status from being true.
func (r *Reconciler) reconcile(ctx context.Context, program *foundationv1alpha1.FoundationProgram) (ctrl.Result, error) {
	finalized, finalizerErr := apply.EnsureFinalizer(ctx, r.Applier, program)
	if finalizerErr == nil {
		program = finalized
	} else {
		finalizerErr = fmt.Errorf("add the finalizer: %w", finalizerErr)
	}
	in, err := r.observe(ctx, program)
	if err != nil {
		return ctrl.Result{}, errors.Join(finalizerErr, err)
	}
	if !program.DeletionTimestamp.IsZero() && len(in.Teams) == 0 {
		return r.finalize(ctx, program)
	}
	if unreadable := unreadableTeams(in); len(unreadable) > 0 {
		return r.reconcileUnreadable(ctx, program, unreadable)
	}
	plan := Decide(in)
	result := ctrl.Result{RequeueAfter: requeueAfter(in, plan)}
	after := program.DeepCopy()
	after.Status = BuildStatus(in, plan)
	statusErr := apply.WriteStatus(ctx, r.Applier, r.Events, program, after)
	if statusErr == nil {
		r.tellEdits(program, after.Status.Rankings)
	}
	return result, errors.Join(finalizerErr, statusErr)
}

// finalize removes the finalizer if the API server, too, has no team that names the programme: the cache may not show yet
// one that was created a moment ago.
func (r *Reconciler) finalize(ctx context.Context, program *foundationv1alpha1.FoundationProgram) (ctrl.Result, error) {
	teams := &unstructured.UnstructuredList{}
	teams.SetGroupVersionKind(foundationv1alpha1.GroupVersion.WithKind("FoundationTeamList"))
	if err := r.Live.List(ctx, teams); err != nil {
		return ctrl.Result{}, fmt.Errorf("list the teams of programme %s: %w", program.Name, err)
	}
	if slices.ContainsFunc(teams.Items, func(team unstructured.Unstructured) bool {
		name, _, err := unstructured.NestedString(team.Object, "spec", "programName")
		return err != nil || name == program.Name
	}) {
		return requeue.ForCache(), nil
	}
	return ctrl.Result{}, apply.RemoveFinalizer(ctx, r.Applier, program)
}

// requeueAfter returns how long it is until time alone changes the status; 0 if it never does. The messages about teams
// change at times of their own, too.
func requeueAfter(in Input, plan budget.Plan) time.Duration {
	next, _ := nextTransition(in, plan)
	moments := []time.Time{next, in.Program.NextTransition(in.Now)}
	for _, team := range in.Teams {
		moments = append(moments, team.NextTransition(in.Now))
	}
	return timing.Wait(in.Now, moments...)
}
