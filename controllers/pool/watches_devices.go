package pool

import (
	"context"
	"slices"

	corev1 "k8s.io/api/core/v1"
	resourcev1 "k8s.io/api/resource/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/requeue"
)

// poolsWithDevices returns requests for all pools with a DeviceClass: a DeviceTaintRule may apply to devices of any node.
func (r *Reconciler) poolsWithDevices(ctx context.Context, _ client.Object) []reconcile.Request {
	return r.poolsWith(ctx, func(pool *foundationv1alpha1.GPUPool) bool { return pool.Spec.DeviceClassName != "" })
}

// poolsOfClass returns requests for the pools that name a DeviceClass.
func (r *Reconciler) poolsOfClass(ctx context.Context, class client.Object) []reconcile.Request {
	return r.poolsWith(ctx, func(pool *foundationv1alpha1.GPUPool) bool { return pool.Spec.DeviceClassName == class.GetName() })
}

// poolsOfSlice returns requests for the pools with a DeviceClass that the node of a ResourceSlice is in. A slice that is not of one
// node may be of any.
func (r *Reconciler) poolsOfSlice(ctx context.Context, obj client.Object) []reconcile.Request {
	all := r.poolsWithDevices(ctx, obj)
	slice, ok := obj.(*resourcev1.ResourceSlice)
	if !ok || slice.Spec.NodeName == nil || len(all) == 0 {
		return all
	}
	node := &corev1.Node{}
	if r.Client.Get(ctx, client.ObjectKey{Name: *slice.Spec.NodeName}, node) != nil {
		return nil // the pool is reconciled for the Node when that comes
	}
	return slices.DeleteFunc(r.poolsOfNode(ctx, node), func(request reconcile.Request) bool { return !slices.Contains(all, request) })
}

func (r *Reconciler) poolsWith(ctx context.Context, is func(*foundationv1alpha1.GPUPool) bool) []reconcile.Request {
	var pools foundationv1alpha1.GPUPoolList
	if !requeue.List(ctx, r.Client, controllerName, &pools, withoutDeepCopy) {
		return nil
	}
	var requests []reconcile.Request
	for i := range pools.Items {
		if is(&pools.Items[i]) {
			requests = append(requests, reconcile.Request{NamespacedName: types.NamespacedName{Name: pools.Items[i].Name}})
		}
	}
	return requests
}

// devicesChanged passes updates of what a pool reads of ResourceSlices and DeviceTaintRules.
func devicesChanged() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		switch before := e.ObjectOld.(type) {
		case *resourcev1.ResourceSlice:
			after, ok := e.ObjectNew.(*resourcev1.ResourceSlice)
			return !ok || !equality.Semantic.DeepEqual(before.Spec, after.Spec)
		case *resourcev1.DeviceTaintRule:
			after, ok := e.ObjectNew.(*resourcev1.DeviceTaintRule)
			return !ok || !equality.Semantic.DeepEqual(before.Spec, after.Spec)
		default:
			return true
		}
	}}
}
