package pool

import (
	"context"
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	resourcev1 "k8s.io/api/resource/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/guards"
	"foundation.team/operator/internal/index"
	"foundation.team/operator/internal/karpenter"
	"foundation.team/operator/internal/requeue"
)

const controllerName = "gpupool"

// SetupWithManager registers the controller.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager) error {
	// A deletion timestamp changes the generation too, so deletions pass this predicate.
	changed := builder.WithPredicates(predicate.GenerationChangedPredicate{})
	b := ctrl.NewControllerManagedBy(mgr).
		Named(controllerName).
		For(&foundationv1alpha1.GPUPool{}, builder.WithPredicates(predicate.Or[client.Object](predicate.GenerationChangedPredicate{}, r.statusEdited()))).
		Watches(&foundationv1alpha1.FoundationTeam{}, handler.EnqueueRequestsFromMapFunc(r.poolsOfTeam), builder.WithPredicates(
			predicate.Or[client.Object](predicate.GenerationChangedPredicate{}, formerUIDsChanged()))).
		Watches(&foundationv1alpha1.FoundationProgram{}, handler.EnqueueRequestsFromMapFunc(r.poolsOfProgram), changed).
		Watches(&foundationv1alpha1.GPUPool{}, handler.EnqueueRequestsFromMapFunc(r.allPools), builder.WithPredicates(createdOrDeleted())).
		Watches(&resourcev1.DeviceClass{}, handler.EnqueueRequestsFromMapFunc(r.poolsOfClass), changed).
		Watches(&corev1.Node{}, debounced(r.poolsOfNode), builder.WithPredicates(nodeChanged()))
	for _, kind := range guards.Kinds() {
		b = b.Watches(kind, handler.EnqueueRequestsFromMapFunc(r.allPools), changed)
	}
	c, err := b.Build(r)
	if err != nil {
		return err
	}
	kinds := func(requests handler.MapFunc, changed predicate.Predicate, probeInterval time.Duration, kinds ...client.Object) *optionalKinds {
		return &optionalKinds{controller: c, manager: mgr, kinds: kinds, requests: requests, changed: changed, probeInterval: probeInterval}
	}
	r.karpenter = kinds(poolOfLabel, predicate.Funcs{}, 0, &karpenter.NodePool{}, &karpenter.NodeClaim{})
	r.resourceSlices = kinds(r.poolsOfSlice, devicesChanged(), optionalProbeInterval, &resourcev1.ResourceSlice{})
	r.taintRules = kinds(r.poolsWithDevices, devicesChanged(), optionalProbeInterval, &resourcev1.DeviceTaintRule{})
	return nil
}

// statusEdited passes updates in which somebody else changed a pool's status, by hand or by a restore: grants are then derived
// anew, at once, and not when something else happens to the pool. The operator's own writes are known by their version.
func (r *Reconciler) statusEdited() predicate.Predicate {
	return predicate.Funcs{
		CreateFunc: func(event.CreateEvent) bool { return false },
		DeleteFunc: func(event.DeleteEvent) bool { return false },
		UpdateFunc: func(e event.UpdateEvent) bool {
			before, ok1 := e.ObjectOld.(*foundationv1alpha1.GPUPool)
			after, ok2 := e.ObjectNew.(*foundationv1alpha1.GPUPool)
			return ok1 && ok2 && !equality.Semantic.DeepEqual(before.Status, after.Status) && !r.Applier.WroteStatus(after)
		},
		GenericFunc: func(event.GenericEvent) bool { return false },
	}
}

// createdOrDeleted passes pools that come to exist or cease to: awards that name them get, or lose, their meaning, and
// teams keep what they have of other pools while an award names none.
func createdOrDeleted() predicate.Predicate {
	return predicate.Funcs{
		CreateFunc:  func(event.CreateEvent) bool { return true },
		DeleteFunc:  func(event.DeleteEvent) bool { return true },
		UpdateFunc:  func(event.UpdateEvent) bool { return false },
		GenericFunc: func(event.GenericEvent) bool { return false },
	}
}

// poolsOfTeam returns requests for the pools that a team's awards name, and for those in which it has a grant.
func (r *Reconciler) poolsOfTeam(ctx context.Context, obj client.Object) []reconcile.Request {
	names := index.AwardPools(obj)
	var pools foundationv1alpha1.GPUPoolList
	if requeue.List(ctx, r.Client, controllerName, &pools, withoutDeepCopy) {
		for i := range pools.Items {
			granted := slices.ContainsFunc(pools.Items[i].Status.Grants, func(g foundationv1alpha1.Grant) bool { return g.TeamName == obj.GetName() })
			if name := pools.Items[i].Name; granted && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	requests := make([]reconcile.Request, 0, len(names))
	for _, name := range names {
		requests = append(requests, reconcile.Request{NamespacedName: types.NamespacedName{Name: name}})
	}
	return requests
}

// formerUIDsChanged passes updates in which a team adopted objects of its earlier UID: nodes are then resolved to its
// present one.
func formerUIDsChanged() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		before, ok1 := e.ObjectOld.(*foundationv1alpha1.FoundationTeam)
		after, ok2 := e.ObjectNew.(*foundationv1alpha1.FoundationTeam)
		return ok1 && ok2 && !slices.Equal(before.Status.FormerUIDs, after.Status.FormerUIDs)
	}}
}

// poolsOfProgram returns requests for the pools that the programme's teams have awards of.
func (r *Reconciler) poolsOfProgram(ctx context.Context, obj client.Object) []reconcile.Request {
	var teams foundationv1alpha1.FoundationTeamList
	if !requeue.List(ctx, r.Client, controllerName, &teams, client.MatchingFields{index.Program: obj.GetName()}, withoutDeepCopy) {
		return nil
	}
	pools := map[string]bool{}
	for i := range teams.Items {
		for _, pool := range index.AwardPools(&teams.Items[i]) {
			pools[pool] = true
		}
	}
	requests := make([]reconcile.Request, 0, len(pools))
	for _, pool := range slices.Sorted(maps.Keys(pools)) {
		requests = append(requests, reconcile.Request{NamespacedName: types.NamespacedName{Name: pool}})
	}
	return requests
}

// allPools returns requests for all pools: they are reconciled when an admission policy that guards teams is created,
// changed or deleted.
func (r *Reconciler) allPools(ctx context.Context, _ client.Object) []reconcile.Request {
	return r.poolsWith(ctx, func(*foundationv1alpha1.GPUPool) bool { return true })
}

// poolsOfNode returns requests for the pool whose label a node carries, even if that pool is gone, and for those whose
// selector matches it.
func (r *Reconciler) poolsOfNode(ctx context.Context, obj client.Object) []reconcile.Request {
	var requests []reconcile.Request
	labelled := obj.GetLabels()[foundationv1alpha1.LabelPool]
	if labelled != "" {
		requests = append(requests, reconcile.Request{NamespacedName: types.NamespacedName{Name: labelled}})
	}
	var pools foundationv1alpha1.GPUPoolList
	if !requeue.List(ctx, r.Client, controllerName, &pools, withoutDeepCopy) {
		return requests
	}
	for i := range pools.Items {
		pool := &pools.Items[i]
		if pool.Spec.Static == nil {
			continue
		}
		selector, err := metav1.LabelSelectorAsSelector(&pool.Spec.Static.NodeSelector)
		if pool.Name != labelled && err == nil && selector.Matches(labels.Set(obj.GetLabels())) {
			requests = append(requests, reconcile.Request{NamespacedName: types.NamespacedName{Name: pool.Name}})
		}
	}
	return requests
}

// nodeChanged passes updates of what a pool reads of a node. The cache strips heartbeats, so they do not differ.
func nodeChanged() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		before, ok1 := e.ObjectOld.(*corev1.Node)
		after, ok2 := e.ObjectNew.(*corev1.Node)
		return !ok1 || !ok2 ||
			!maps.Equal(before.Labels, after.Labels) ||
			!maps.Equal(before.Annotations, after.Annotations) ||
			!equality.Semantic.DeepEqual(before.Spec, after.Spec) ||
			!equality.Semantic.DeepEqual(before.Status, after.Status) ||
			!before.DeletionTimestamp.Equal(after.DeletionTimestamp)
	}}
}
