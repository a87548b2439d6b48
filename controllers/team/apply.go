package team

import (
	"cmp"
	"context"
	"errors"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/utils/ptr"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
)

// Problem is something that could not be made as desired.
type Problem struct {
	Reason, Message string
}

// Outcome is what became of the desired objects, by the condition that tells of it.
type Outcome struct {
	Problems map[string][]Problem
	// errs are the errors that trying again may mend.
	errs []error
}

// Err is what makes the reconcile try again; nil if only a human or an event can help.
func (o *Outcome) Err() error { return errors.Join(o.errs...) }

// failed records an error of an area and says whether there was one.
func (o *Outcome) failed(area string, err error) bool {
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
	default:
		o.errs = append(o.errs, err)
	}
	o.add(area, reason, err.Error())
	return true
}

func (o *Outcome) add(area, reason, message string) {
	o.Problems[area] = append(o.Problems[area], Problem{Reason: reason, Message: message})
}

// applyDesired makes it so. Access is taken away before anything else, and is given in a namespace only when its
// isolation and quota are there. Nothing that fails in one namespace holds up another.
func (r *Reconciler) applyDesired(ctx context.Context, in Input, desired Desired) *Outcome {
	out := &Outcome{Problems: map[string][]Problem{}}
	r.pruneAccess(ctx, in, desired, out)

	isolated := map[string]bool{}
	for _, p := range desired.Places {
		isolated[p.name] = r.applyPlace(ctx, in, p, out)
	}
	for name := range r.applyQuotas(ctx, in, desired, isolated, out) {
		isolated[name] = false
	}
	given := in.accessGiven()
	for _, p := range desired.Places {
		if isolated[p.name] {
			r.applyVolumes(ctx, in, p, out)
		}
		for _, binding := range p.Access {
			// A binding that is there is always brought up to date: who has left it must go.
			if isolated[p.name] || given[nameOf("RoleBinding", p.name, *binding.GetName())] {
				out.failed(foundationv1alpha1.ConditionAccessReady, r.Applier.Apply(ctx, in.owner(), binding))
			}
		}
	}
	for _, obj := range desired.Access {
		out.failed(foundationv1alpha1.ConditionAccessReady, r.Applier.Apply(ctx, in.owner(), obj))
	}
	r.pruneOthers(ctx, in, desired, out)
	return out
}

// applyPlace makes a namespace and its isolation and says whether both are there.
func (r *Reconciler) applyPlace(ctx context.Context, in Input, p DesiredPlace, out *Outcome) bool {
	if out.failed(foundationv1alpha1.ConditionNamespacesReady, r.Applier.Apply(ctx, in.owner(), p.Namespace)) {
		return false
	}
	complete := true
	for _, obj := range p.Isolation {
		if out.failed(foundationv1alpha1.ConditionNamespacesReady, r.Applier.Apply(ctx, in.owner(), obj)) {
			complete = false
		}
	}
	return complete
}

// applyQuotas lowers quotas before it raises any, so that their sum never exceeds the grant on the way. It returns the
// namespaces whose quota is not as desired.
func (r *Reconciler) applyQuotas(ctx context.Context, in Input, desired Desired, ready map[string]bool, out *Outcome) map[string]bool {
	rise := func(p DesiredPlace) int32 {
		had := int32(0)
		if live := in.Quotas[p.name]; live != nil {
			had = in.gpusOf(live.Spec.Hard)
		}
		return in.gpusOf(*p.Quota.Spec.Hard) - had
	}
	failed := map[string]bool{}
	lowering := true
	for _, p := range slices.SortedStableFunc(slices.Values(desired.Places), func(a, b DesiredPlace) int { return cmp.Compare(rise(a), rise(b)) }) {
		if !ready[p.name] {
			continue
		}
		if rise(p) > 0 && !lowering {
			out.add(foundationv1alpha1.ConditionQuotaReady, foundationv1alpha1.ReasonProgressing, p.name+": waits until the quotas of the team's other namespaces are lowered")
			failed[p.name] = true
			continue
		}
		if out.failed(foundationv1alpha1.ConditionQuotaReady, r.Applier.Apply(ctx, in.owner(), p.Quota)) {
			failed[p.name] = true
			lowering = false
		}
	}
	return failed
}

// applyVolumes makes claims once the cluster enforces the namespace's quota: before that it refuses them.
func (r *Reconciler) applyVolumes(ctx context.Context, in Input, p DesiredPlace, out *Outcome) {
	if p.open() && !enforced(in.Quotas[p.name], *p.Quota.Spec.Hard) {
		return
	}
	for _, claim := range p.Volumes {
		out.failed(foundationv1alpha1.ConditionVolumesReady, r.Applier.Apply(ctx, in.owner(), claim))
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
		if kind := kindOf(obj); isAccess(kind) && !keep[nameOf(kind, obj.GetNamespace(), obj.GetName())] && in.owner().May(obj) {
			out.failed(foundationv1alpha1.ConditionAccessReady, r.Applier.Delete(ctx, in.owner(), obj))
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
		if kind := kindOf(obj); !isAccess(kind) && !keep[nameOf(kind, obj.GetNamespace(), obj.GetName())] {
			out.failed(foundationv1alpha1.ConditionNamespacesReady, r.Applier.Delete(ctx, in.owner(), obj))
		}
	}
}

// accessGiven are the access objects that are there.
func (in Input) accessGiven() map[string]bool {
	names := map[string]bool{}
	for _, obj := range in.Others {
		if kind := kindOf(obj); isAccess(kind) {
			names[nameOf(kind, obj.GetNamespace(), obj.GetName())] = true
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
	for _, p := range d.Places {
		add(p.Quota)
		add(p.Isolation...)
		add(p.Access...)
	}
	return names
}

func nameOf(kind, namespace, name string) string { return kind + " " + namespace + "/" + name }
