package team

import (
	"context"
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
	"foundation.team/operator/internal/index"
	"foundation.team/operator/internal/lifecycle"
	"foundation.team/operator/internal/text"
	"foundation.team/operator/internal/tracing"
)

// recordLister lists the records of a team's name.
type recordLister func(ctx context.Context, team string) ([]foundationv1alpha1.TeamRecord, error)

// observeAccess reads from the cache what decides who has access, and the objects that give it. What cannot be read is left
// out, marked in the Input and returned as an error: whose access has ended follows from the rest.
func (r *Reconciler) observeAccess(ctx context.Context, team *foundationv1alpha1.FoundationTeam, records recordLister) (Input, error) {
	ctx, end := tracing.Step(ctx, "observe access")
	defer end(nil)
	r.working.Do(func() { r.workingSince = r.Clock.Now() })
	in := Input{Team: team, Now: r.Clock.Now(), WorkingSince: r.workingSince, Fairness: r.Fairness, LiveNamespaces: map[string]*corev1.Namespace{}, Quotas: map[string]*corev1.ResourceQuota{}}
	var errs []error
	failed := func(err error) bool {
		errs = append(errs, err)
		return err != nil
	}
	found, err := records(ctx, team.Name)
	in.RecordUnread = failed(err)
	in.Record, in.OtherRecords = matchRecords(team, found)
	in.ProgramUnread = failed(r.observeProgram(ctx, &in))
	in.NamespacesUnread = failed(r.observeNamespaces(ctx, &in))
	for _, kind := range apply.Kinds() {
		switch {
		case kind.Access:
			failed(r.listOwned(ctx, &in, kind))
		case kind.Name == "ResourceQuota":
			// What is in use in a retired namespace decides on access there. A quota is the team's if its namespace is.
			in.QuotasUnread = failed(r.listOwned(ctx, &in, kind)) || in.NamespacesUnread
		}
	}
	slices.SortFunc(in.Others, compareObjects)
	level := &flowcontrolv1.PriorityLevelConfiguration{}
	err = r.Client.Get(ctx, client.ObjectKey{Name: sharedLevel(team.Name)}, level, client.UnsafeDisableDeepCopy)
	in.SharedLevelMissing = apierrors.IsNotFound(err)
	failed(client.IgnoreNotFound(err))
	return in, errors.Join(errs...)
}

// observeProgram reads the programme that the team names.
func (r *Reconciler) observeProgram(ctx context.Context, in *Input) error {
	name := in.Team.Spec.ProgramName
	if name == "" {
		return nil
	}
	program := &foundationv1alpha1.FoundationProgram{}
	if err := r.Client.Get(ctx, client.ObjectKey{Name: name}, program); apierrors.IsNotFound(err) {
		return nil
	} else if err != nil {
		return fmt.Errorf("read programme %s: %w", name, err)
	}
	if len(program.Unreadable) > 0 {
		return fmt.Errorf("programme %s cannot be read: %s; correct it", name, text.AndMore(program.Unreadable))
	}
	in.Program = lifecycle.NewProgram(program)
	return nil
}

// observeNamespaces reads the namespaces with the team's label, and whatever has a name that its spec asks for.
func (r *Reconciler) observeNamespaces(ctx context.Context, in *Input) error {
	var owned corev1.NamespaceList
	if err := r.Client.List(ctx, &owned, client.MatchingFields{index.Team: in.Team.Name}); err != nil {
		return fmt.Errorf("list the namespaces of team %s: %w", in.Team.Name, err)
	}
	for i := range owned.Items {
		in.LiveNamespaces[owned.Items[i].Name] = &owned.Items[i]
	}
	for _, spec := range in.Team.Spec.Namespaces {
		name := foundationv1alpha1.NamespaceName(in.Team.Name, spec.Name)
		if in.LiveNamespaces[name] != nil {
			continue
		}
		var namespace corev1.Namespace
		err := r.Client.Get(ctx, client.ObjectKey{Name: name}, &namespace)
		if client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("read namespace %s: %w", name, err)
		}
		if err == nil {
			in.LiveNamespaces[name] = &namespace
		}
	}
	return nil
}

// listOwned reads the objects of a kind in the team's namespaces. An object in another namespace is left out, whatever its
// label, unless it gives access and has the team's UID: such access must be removed when it ends.
func (r *Reconciler) listOwned(ctx context.Context, in *Input, kind apply.Kind) error {
	owner := ownerFrom(*in)
	list := kind.NewList()
	if err := r.Client.List(ctx, list, client.MatchingFields{index.Team: in.Team.Name}); err != nil {
		return fmt.Errorf("list %T of team %s: %w", list, in.Team.Name, err)
	}
	if err := meta.EachListItem(list, func(item runtime.Object) error { in.addOwned(owner, item); return nil }); err != nil {
		return fmt.Errorf("read %T of team %s: %w", list, in.Team.Name, err)
	}
	return nil
}

// addOwned adds an object to the Input if it is the team's.
func (in *Input) addOwned(owner apply.Owner, item runtime.Object) {
	obj, ok := item.(client.Object)
	if !ok || !in.isOfTeam(owner, obj) {
		return
	}
	switch typed := item.(type) {
	case *corev1.PersistentVolumeClaim:
		// Whoever may create pods can have PersistentVolumeClaims created from a template with the team's labels. The cache
		// keeps managed fields only of what the operator wrote, so the others have none here.
		if len(typed.ManagedFields) > 0 {
			in.Volumes = append(in.Volumes, typed)
		} else {
			in.UnmanagedClaims = append(in.UnmanagedClaims, typed)
		}
	case *corev1.ResourceQuota:
		if typed.Name == objectName {
			in.Quotas[typed.Namespace] = typed
			return
		}
		in.Others = append(in.Others, obj)
	default:
		in.Others = append(in.Others, obj)
	}
}

// isOfTeam reports whether an object is cluster-scoped, in a namespace of the team, or gives access elsewhere and has the
// team's UID.
func (in *Input) isOfTeam(owner apply.Owner, obj client.Object) bool {
	if obj.GetNamespace() == "" || apply.KindOf(obj).Access && owner.Owns(obj) {
		return true
	}
	namespace := in.LiveNamespaces[obj.GetNamespace()]
	return namespace != nil && owner.Owns(namespace)
}
