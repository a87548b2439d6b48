package pool

import (
	"context"
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
	"foundation.team/operator/internal/requeue"
	"foundation.team/operator/internal/tracing"
)

// +kubebuilder:rbac:groups=foundation.team,resources=gpupools,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=foundation.team,resources=gpupools/status,verbs=patch
// +kubebuilder:rbac:groups=admissionregistration.k8s.io,resources=validatingadmissionpolicies;validatingadmissionpolicybindings;mutatingadmissionpolicies;mutatingadmissionpolicybindings,verbs=list;watch
// +kubebuilder:rbac:groups=foundation.team,resources=foundationteams;foundationprograms,verbs=get;list;watch
// +kubebuilder:rbac:groups="",resources=nodes,verbs=list;watch;patch
// +kubebuilder:rbac:groups="",resources=pods,verbs=list;delete
// +kubebuilder:rbac:groups="",resources=pods/eviction,verbs=create
// +kubebuilder:rbac:groups=karpenter.sh,resources=nodepools,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=karpenter.sh,resources=nodeclaims,verbs=list;watch;delete
// +kubebuilder:rbac:groups=resource.k8s.io,resources=deviceclasses;resourceslices;devicetaintrules,verbs=list;watch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// Reconcile grants one pool's GPUs to teams and assigns, drains and frees nodes accordingly.
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
	pool := &foundationv1alpha1.GPUPool{}
	err := r.Client.Get(ctx, client.ObjectKey{Name: name}, pool)
	if apierrors.IsNotFound(err) {
		forgetNodes(name)
		r.demands.forget(name)
		r.closed.forget(name)
		r.compared.forget(name)
		return ctrl.Result{}, r.reconcileOrphans(ctx, name)
	}
	if err != nil {
		return ctrl.Result{}, fmt.Errorf("read pool %s: %w", name, err)
	}
	if r.Applier.StatusStale(pool) {
		return requeue.ForCache(), nil
	}
	if len(pool.Unreadable) > 0 {
		return r.reconcileUnreadable(ctx, pool)
	}
	return r.reconcile(ctx, pool)
}

// reconcile observes, decides, and writes the status and then what follows from it. What fails for one object does not keep
// the others from what is due.
func (r *Reconciler) reconcile(ctx context.Context, pool *foundationv1alpha1.GPUPool) (ctrl.Result, error) {
	finalized, finalizerErr := apply.EnsureFinalizer(ctx, r.Applier, pool)
	if finalizerErr == nil {
		pool = finalized
	}
	// Observe.
	in, err := r.observe(ctx, pool)
	if err != nil {
		return ctrl.Result{}, errors.Join(finalizerErr, err)
	}
	// Decide. Pods are not watched, because a cluster has too many: those on the few nodes that are to change hands are
	// listed live. A node whose pods cannot be listed does not change hands.
	decision := Decide(in)
	reportNodes(pool.Name, decision.Nodes)
	podsErr := r.listPods(ctx, &in, NodesToInspect(decision))
	plan := BuildPlan(in, decision)
	result := ctrl.Result{RequeueAfter: RequeueAfter(in, decision, plan)}
	// Status. Grants are written before nodes follow them: if the operator crashes in between, the next reconcile assigns
	// the nodes that the status promises. What teams give back does not wait for it.
	after := pool.DeepCopy()
	after.Status = BuildStatus(in, decision)
	if current, err := r.isCurrent(ctx, in, !plan.isEmpty() || !equality.Semantic.DeepEqual(pool, after)); !current {
		return requeue.ForCache(), errors.Join(finalizerErr, podsErr, err)
	}
	statusErr := apply.WriteStatus(ctx, r.Applier, r.Events, pool, after)
	plan, ok := plan.AfterStatus(statusErr)
	if !ok {
		return ctrl.Result{}, statusErr
	}
	if statusErr == nil {
		r.tellEffect(in, decision)
	}
	// Apply, then prune: a NodePool has to be made smaller before its NodeClaims are deleted, or Karpenter would replace
	// them.
	failed, applyErr := r.apply(ctx, plan)
	if statusErr != nil || applyErr != nil {
		r.compared.forget(pool.Name) // it may have been done all the same
	}
	pruneErr := r.prune(ctx, after, plan, failed)
	if err := errors.Join(finalizerErr, podsErr, statusErr, applyErr, pruneErr); err != nil {
		return result, err
	}
	if plan.hasMore() {
		return requeue.ForCache(), nil
	}
	if in.deleting() && Unused(in, decision) {
		return r.finalize(ctx, pool)
	}
	return result, nil
}
