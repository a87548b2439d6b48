package pool

import (
	"context"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
	"foundation.team/operator/internal/requeue"
	"foundation.team/operator/internal/timing"
)

// +kubebuilder:rbac:groups=foundation.team,resources=gpupools,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=foundation.team,resources=gpupools/status,verbs=patch
// +kubebuilder:rbac:groups=admissionregistration.k8s.io,resources=validatingadmissionpolicies;validatingadmissionpolicybindings;mutatingadmissionpolicies;mutatingadmissionpolicybindings,verbs=list;watch
// +kubebuilder:rbac:groups=foundation.team,resources=foundationteams;foundationprograms,verbs=list;watch
// +kubebuilder:rbac:groups="",resources=nodes,verbs=list;watch;patch
// +kubebuilder:rbac:groups="",resources=pods,verbs=list;delete
// +kubebuilder:rbac:groups="",resources=pods/eviction,verbs=create
// +kubebuilder:rbac:groups=karpenter.sh,resources=nodepools,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=karpenter.sh,resources=nodeclaims,verbs=list;watch;delete
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// Reconcile grants one pool's GPUs to teams and assigns, drains and frees nodes accordingly.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	pool := &foundationv1alpha1.GPUPool{}
	if err := r.Client.Get(ctx, req.NamespacedName, pool); apierrors.IsNotFound(err) {
		r.demands.forget(req.Name)
		return requeue.OnConflict(ctrl.Result{}, r.reconcileOrphans(ctx, req.Name))
	} else if err != nil {
		return ctrl.Result{}, fmt.Errorf("read pool %s: %w", req.Name, err)
	}
	if r.Applier.StatusStale(pool) {
		return requeue.ForCache(), nil
	}
	return requeue.OnConflict(r.reconcile(ctx, pool))
}

func (r *Reconciler) reconcile(ctx context.Context, pool *foundationv1alpha1.GPUPool) (ctrl.Result, error) {
	pool, err := apply.EnsureFinalizer(ctx, r.Applier, pool)
	if err != nil {
		return ctrl.Result{}, err
	}
	// Observe.
	in, err := r.observe(ctx, pool)
	if err != nil {
		return ctrl.Result{}, err
	}
	// Decide. Pods are not watched, because a cluster has too many: those on the few nodes that are to change hands are
	// listed live.
	decision := Decide(in)
	if in.Pods, err = r.listPods(ctx, NodesToInspect(decision)); err != nil {
		return ctrl.Result{}, err
	}
	plan := BuildPlan(in, decision)
	// Status. Grants are written before nodes follow them: if the operator crashes in between, the next reconcile assigns
	// the nodes that the status promises.
	after := pool.DeepCopy()
	after.Status = BuildStatus(in, decision)
	if err := apply.WriteStatus(ctx, r.Applier, r.Events, pool, after); err != nil {
		return ctrl.Result{}, err
	}
	wait := timing.Wait(in.Now, plan.RequeueAt, nextTransition(in, decision), requeueAt(in, decision), in.Guards.RequeueAt(in.Now))
	// Apply, then prune: a NodePool has to be made smaller before its NodeClaims are deleted, or Karpenter would replace
	// them.
	failed, applyErr := r.apply(ctx, plan)
	pruneErr := r.prune(ctx, plan, failed)
	if err := errors.Join(applyErr, pruneErr); apierrors.IsConflict(err) {
		return ctrl.Result{}, err
	} else if err != nil {
		log.FromContext(ctx).Error(err, "some nodes are not as they should be")
		return requeue.AfterFailure(wait), nil
	}
	if in.deleting() && Unused(in, decision) {
		return r.finalize(ctx, pool)
	}
	return ctrl.Result{RequeueAfter: wait}, nil
}
