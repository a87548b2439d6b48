package team

import (
	"context"
	"errors"
	"slices"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/utils/ptr"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
	"foundation.team/operator/internal/guards"
)

// Problem is something that could not be made as desired.
type Problem struct {
	// Place is the namespace it is about; empty if it is about none.
	Place           string
	Reason, Message string
}

// Outcome is what became of the desired objects, by the condition that tells of it.
type Outcome struct {
	Problems map[string][]Problem
	// errs are the errors that trying again may mend.
	errs []error
	// behind is true if somebody wrote first what is shared: it is tried again when the cache has that.
	behind bool
	// ended are the bindings of staff that have ended.
	ended []*rbacv1.RoleBinding
}

// Err is what makes the reconcile try again; nil if only a human or an event can help.
func (o *Outcome) Err() error { return errors.Join(o.errs...) }

// failed records an error of an area and a place, and says whether there was one.
func (o *Outcome) failed(area, place string, err error) bool {
	if err == nil {
		return false
	}
	var conflict *apply.ConflictError
	var terminating *apply.TerminatingError
	reason := foundationv1alpha1.ReasonApplyFailed
	switch {
	case errors.As(err, &conflict):
		reason = foundationv1alpha1.ReasonNameConflict
	case errors.As(err, &terminating):
		reason = foundationv1alpha1.ReasonTerminating
	case apierrors.IsInvalid(err):
		reason = foundationv1alpha1.ReasonRefused
	default:
		o.errs = append(o.errs, err)
	}
	o.Problems[area] = append(o.Problems[area], Problem{Place: place, Reason: reason, Message: err.Error()})
	return true
}

// refuse records that something new has to wait for the guards.
func (o *Outcome) refuse(area, place string, why guards.Result) {
	o.Problems[area] = append(o.Problems[area], Problem{Place: place, Reason: why.Reason, Message: place + ": " + why.Message})
}

// has says whether an area has a problem in a place.
func (o *Outcome) has(area, place string) bool {
	return slices.ContainsFunc(o.Problems[area], func(p Problem) bool { return p.Place == place })
}

// applyDesired makes it so. Access is taken away before anything else, and is given in a namespace only when its
// isolation and quota are there. Before that it is known whose share of the API server those who get it use. Nothing that fails in one namespace holds up another.
func (r *Reconciler) applyDesired(ctx context.Context, in Input, desired Desired) *Outcome {
	out := &Outcome{Problems: map[string][]Problem{}}
	r.pruneAccess(ctx, in, desired, out)
	for _, obj := range desired.Flow {
		out.failed(foundationv1alpha1.ConditionAccessReady, "", r.Applier.Apply(ctx, in.owner(), obj))
	}

	given := in.accessGiven()
	raises := r.allowedRaises(in, desired)
	for _, p := range desired.Places {
		if !in.Guards.OK() && !in.provided(p.place) {
			out.refuse(foundationv1alpha1.ConditionNamespacesReady, p.name, in.Guards)
			continue
		}
		there, isolated := r.applyPlace(ctx, in, p, out)
		if there && r.applyQuota(ctx, in, p, raises, out) && isolated {
			r.applyVolumes(ctx, in, p, out)
		} else {
			isolated = false
		}
		for _, binding := range p.Access {
			// A binding that is there is always brought up to date: who has left it must go.
			if isolated || given[nameOf("RoleBinding", p.name, *binding.GetName())] {
				out.failed(foundationv1alpha1.ConditionAccessReady, p.name, r.Applier.Apply(ctx, in.owner(), binding))
			}
		}
	}
	for _, obj := range desired.Access {
		out.failed(foundationv1alpha1.ConditionAccessReady, "", r.Applier.Apply(ctx, in.owner(), obj))
	}
	for _, volume := range desired.PersistentVolumes {
		err := r.Applier.Patch(ctx, volume.before, volume.after)
		if apierrors.IsConflict(err) {
			out.behind = true // the binder wrote first
			continue
		}
		out.failed(foundationv1alpha1.ConditionVolumesReady, "", err)
	}
	r.pruneOthers(ctx, in, desired, out)
	return out
}

// provided says whether a place's namespace is there and the team's already, and not only offered by an admin.
func (in Input) provided(p place) bool {
	live := in.Namespaces[p.name]
	return live != nil && (in.owner().Owns(live) ||
		in.owner().CanAdopt(live) && live.Annotations[foundationv1alpha1.AnnotationAdopt] == "")
}

// applyPlace makes a namespace and its isolation and says whether they are there.
func (r *Reconciler) applyPlace(ctx context.Context, in Input, p DesiredPlace, out *Outcome) (there, isolated bool) {
	if out.failed(foundationv1alpha1.ConditionNamespacesReady, p.name, r.Applier.Apply(ctx, in.owner(), p.Namespace)) {
		return false, false
	}
	isolated = true
	for _, obj := range p.Isolation {
		if out.failed(foundationv1alpha1.ConditionNamespacesReady, p.name, r.Applier.Apply(ctx, in.owner(), obj)) {
			isolated = false
		}
	}
	return true, isolated
}

// applyQuota brings a namespace's quota as far as it may go now and says whether a quota is there.
func (r *Reconciler) applyQuota(ctx context.Context, in Input, p DesiredPlace, raises raises, out *Outcome) bool {
	quota := raises.clamp(in.Quotas[p.name], p)
	if !in.Guards.OK() {
		quota = frozen(in.Quotas[p.name], quota)
	}
	return !out.failed(foundationv1alpha1.ConditionQuotaReady, p.name, r.Applier.Apply(ctx, in.owner(), quota))
}

// applyVolumes makes claims once the cluster enforces the namespace's quota: before that it refuses them.
func (r *Reconciler) applyVolumes(ctx context.Context, in Input, p DesiredPlace, out *Outcome) {
	if p.open() && !enforced(in.Quotas[p.name], *p.Quota.Spec.Hard) {
		return
	}
	if !in.Guards.OK() {
		return // neither new nor larger
	}
	for _, claim := range p.Volumes {
		out.failed(foundationv1alpha1.ConditionVolumesReady, p.name, r.Applier.Apply(ctx, in.owner(), claim))
	}
}

// enforced says whether the quota that the cluster enforces is the desired one.
func enforced(quota *corev1.ResourceQuota, hard corev1.ResourceList) bool {
	return quota != nil && equality.Semantic.DeepEqual(quota.Status.Hard, hard)
}

// pruneAccess takes away access that nobody shall have any more. It does not depend on anything else going well.
func (r *Reconciler) pruneAccess(ctx context.Context, in Input, desired Desired, out *Outcome) {
	keep := desired.names()
	for _, obj := range in.Others {
		kind := apply.KindOf(obj)
		if !kind.Access || keep[nameOf(kind.Name, obj.GetNamespace(), obj.GetName())] || in.keepsDelegated(obj) || !in.owner().CanAdopt(obj) {
			continue
		}
		failed := out.failed(foundationv1alpha1.ConditionAccessReady, obj.GetNamespace(), r.Applier.Delete(ctx, in.owner(), obj))
		if binding := delegated(obj); binding != nil && !failed && binding.DeletionTimestamp.IsZero() {
			out.ended = append(out.ended, binding)
		}
	}
}

// pruneOthers deletes the rest of what is not desired any more, and only when all that is desired is there.
func (r *Reconciler) pruneOthers(ctx context.Context, in Input, desired Desired, out *Outcome) {
	if len(out.Problems) > 0 {
		return
	}
	keep := desired.names()
	for _, obj := range in.Others {
		if kind := apply.KindOf(obj); !kind.Access && !keep[nameOf(kind.Name, obj.GetNamespace(), obj.GetName())] {
			out.failed(foundationv1alpha1.ConditionNamespacesReady, obj.GetNamespace(), r.Applier.Delete(ctx, in.owner(), obj))
		}
	}
}

// accessGiven are the access objects that are there.
func (in Input) accessGiven() map[string]bool {
	names := map[string]bool{}
	for _, obj := range in.Others {
		if kind := apply.KindOf(obj); kind.Access {
			names[nameOf(kind.Name, obj.GetNamespace(), obj.GetName())] = true
		}
	}
	return names
}

// names are the desired objects, by kind, namespace and name.
func (d Desired) names() map[string]bool {
	names := map[string]bool{}
	add := func(objects ...apply.Object) {
		for _, obj := range objects {
			names[nameOf(ptr.Deref(obj.GetKind(), ""), ptr.Deref(obj.GetNamespace(), ""), ptr.Deref(obj.GetName(), ""))] = true
		}
	}
	add(d.Access...)
	add(d.Flow...)
	for _, p := range d.Places {
		add(p.Quota)
		add(p.Isolation...)
		add(p.Access...)
	}
	return names
}

func nameOf(kind, namespace, name string) string { return kind + " " + namespace + "/" + name }
