// Package pool reconciles GPUPools: it gives GPUs out, makes nodes a team's own, and takes them back. It alone writes
// grants, node labels and node taints.
package pool

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
	"foundation.team/operator/internal/guards"
	"foundation.team/operator/internal/karpenter"
	"foundation.team/operator/internal/requeue"
	"foundation.team/operator/internal/timing"
)

// Reconciler reconciles GPUPools.
type Reconciler struct {
	// Client reads from the cache, Live from the API server.
	Client  client.Client
	Live    client.Reader
	Applier *apply.Applier
	Events  events.EventRecorder
	Clock   clock.PassiveClock
	// Guards says whether anything may be given out now.
	Guards guards.Checker
	// Collect is how long requests for GPUs are collected before they are decided together.
	Collect time.Duration

	requests  collector
	karpenter *karpenterWatch
}

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

// Reconcile brings one pool's grants and nodes to where they should be. Grants are written down before nodes follow
// them, so that a crash in between loses nothing.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	pool := &foundationv1alpha1.GPUPool{}
	if err := r.Client.Get(ctx, req.NamespacedName, pool); apierrors.IsNotFound(err) {
		r.requests.forget(req.Name)
		return requeue.OnConflict(ctrl.Result{}, r.reconcileGone(ctx, req.Name))
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
	in, err := r.observe(ctx, pool)
	if err != nil {
		return ctrl.Result{}, err
	}
	grants := DecideGrants(in)
	if in.Pods, err = r.inspect(ctx, ToInspect(in, grants)); err != nil {
		return ctrl.Result{}, err
	}
	after := pool.DeepCopy()
	after.Status = BuildStatus(in, grants)
	if err := apply.WriteStatus(ctx, r.Applier, r.Events, pool, after); err != nil {
		return ctrl.Result{}, err
	}
	nodes := BuildNodes(in, grants)
	wait := timing.Wait(in.Now, nodes.Next, nextTransition(in, grants), lookAgain(in, grants), in.Guards.Until(in.Now))
	if err := r.applyNodes(ctx, nodes); apierrors.IsConflict(err) {
		return ctrl.Result{}, err
	} else if err != nil {
		log.FromContext(ctx).Error(err, "some nodes are not as they should be")
		return requeue.AfterFailure(wait), nil
	}
	if !pool.DeletionTimestamp.IsZero() && Unused(in) {
		return r.letGo(ctx, pool)
	}
	return ctrl.Result{RequeueAfter: wait}, nil
}

// lookAgain is when something is to be looked at that no event tells of; zero if there is nothing.
func lookAgain(in Input, grants Grants) time.Time {
	switch {
	case grants.waits():
		return in.CollectUntil
	case in.KarpenterMissing:
		return in.Now.Add(lookForKarpenter)
	default:
		return time.Time{}
	}
}

// reconcileGone takes the marks of a pool that is gone, in spite of its finalizer, off nodes that are nobody's. The
// marks of a node that is a team's keep everybody else off it: they are an admin's to remove.
func (r *Reconciler) reconcileGone(ctx context.Context, name string) error {
	var nodes corev1.NodeList
	if err := r.Client.List(ctx, &nodes, client.MatchingLabels{foundationv1alpha1.LabelPool: name}); err != nil {
		return fmt.Errorf("list nodes of pool %s: %w", name, err)
	}
	if len(nodes.Items) == 0 {
		return nil
	}
	// A cache that does not know the pool is no proof that it is gone.
	if err := r.Live.Get(ctx, client.ObjectKey{Name: name}, &foundationv1alpha1.GPUPool{}); !apierrors.IsNotFound(err) {
		return err
	}
	var changes []Change
	for i := range nodes.Items {
		if before := &nodes.Items[i]; holder(Input{Pool: &foundationv1alpha1.GPUPool{}}, before) == nil {
			after := before.DeepCopy()
			unmark(after)
			changes = append(changes, Change{Before: before, After: after})
		}
	}
	return r.applyNodes(ctx, Nodes{Changes: changes})
}

// letGo removes the finalizer when the API server, too, has nothing with the pool's mark: the cache could not have
// shown what was marked just now.
func (r *Reconciler) letGo(ctx context.Context, pool *foundationv1alpha1.GPUPool) (ctrl.Result, error) {
	kinds := []client.ObjectList{&corev1.NodeList{}}
	if pool.Spec.Karpenter != nil {
		kinds = append(kinds, &karpenter.NodePoolList{}, &karpenter.NodeClaimList{})
	}
	for _, marked := range kinds {
		err := r.Live.List(ctx, marked, client.MatchingLabels{foundationv1alpha1.LabelPool: pool.Name}, client.Limit(1))
		if meta.IsNoMatchError(err) {
			continue
		}
		if err != nil {
			return ctrl.Result{}, fmt.Errorf("list %T of pool %s: %w", marked, pool.Name, err)
		}
		if meta.LenList(marked) > 0 {
			return requeue.ForCache(), nil
		}
	}
	return ctrl.Result{}, apply.RemoveFinalizer(ctx, r.Applier, pool)
}

// applyNodes changes what it can: one node that fails does not hold up the others.
func (r *Reconciler) applyNodes(ctx context.Context, nodes Nodes) error {
	var errs []error
	unsized := map[string]bool{}
	for _, config := range nodes.NodePools {
		// First of all: what the operator ends next must not be made anew. One that fails holds up only its own.
		if err := r.Applier.Apply(ctx, nodes.ownerOf(config), config); err != nil {
			unsized[*config.Name] = true
			errs = append(errs, err)
		}
	}
	for _, change := range nodes.Changes {
		if err := r.Applier.Patch(ctx, change.Before, change.After); client.IgnoreNotFound(err) != nil {
			errs = append(errs, err)
		}
	}
	for i := range nodes.Evict {
		if err := r.Applier.Evict(ctx, &nodes.Evict[i]); err != nil {
			// A disruption budget may refuse it; it is tried again when the node is looked at next.
			log.FromContext(ctx).Info("pod not evicted", "pod", client.ObjectKeyFromObject(&nodes.Evict[i]), "error", err.Error())
		}
	}
	for i := range nodes.End {
		if err := r.Applier.EndPod(ctx, &nodes.End[i]); err != nil {
			errs = append(errs, err)
		}
	}
	for _, claim := range nodes.EndClaims {
		if unsized[claim.Labels[karpenter.LabelNodePool]] {
			continue
		}
		if err := r.Applier.Delete(ctx, ownerOf(claim), claim); err != nil {
			errs = append(errs, err)
		}
	}
	for _, nodePool := range nodes.EndNodePools {
		if err := r.endNodePool(ctx, nodePool); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// endNodePool deletes a NodePool when the API server, too, has no NodeClaim of it: they would go with it.
func (r *Reconciler) endNodePool(ctx context.Context, nodePool *karpenter.NodePool) error {
	var claims karpenter.NodeClaimList
	if err := r.Live.List(ctx, &claims, client.MatchingLabels{karpenter.LabelNodePool: nodePool.Name}, client.Limit(1)); err != nil {
		return fmt.Errorf("list NodeClaims of NodePool %s: %w", nodePool.Name, err)
	}
	if len(claims.Items) > 0 {
		return nil
	}
	return r.Applier.Delete(ctx, ownerOf(nodePool), nodePool)
}

// ownerOf is the team that a NodePool is made for.
func (n Nodes) ownerOf(config *karpenter.NodePoolApplyConfiguration) apply.Owner {
	owner := apply.Owner{Team: config.Labels[foundationv1alpha1.LabelTeam], UID: types.UID(config.Annotations[foundationv1alpha1.AnnotationTeamUID])}
	owner.Former = n.Former[owner.UID]
	return owner
}

// ownerOf is the team whose marks an object of Karpenter's carries.
func ownerOf(obj client.Object) apply.Owner {
	return apply.Owner{
		Team: obj.GetLabels()[foundationv1alpha1.LabelTeam],
		UID:  types.UID(obj.GetAnnotations()[foundationv1alpha1.AnnotationTeamUID]),
	}
}

// Unused says whether no node carries the pool's marks any more.
func Unused(in Input) bool {
	return len(in.NodeClaims)+len(in.NodePools) == 0 &&
		!slices.ContainsFunc(readNodes(in), func(n *node) bool { return n.ours(in.Pool.Name) })
}
