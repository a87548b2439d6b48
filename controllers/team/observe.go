package team

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	resourcev1 "k8s.io/api/resource/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
	"foundation.team/operator/internal/index"
	"foundation.team/operator/internal/lifecycle"
)

// observe reads a team's Input from the cache.
func (r *Reconciler) observe(ctx context.Context, team *foundationv1alpha1.FoundationTeam, records []foundationv1alpha1.TeamRecord) (Input, error) {
	in := Input{
		Team:           team,
		Now:            r.Clock.Now(),
		APIShares:      r.APIShares,
		Pools:          map[string]*foundationv1alpha1.GPUPool{},
		StorageClasses: map[string]*storagev1.StorageClass{},
		DeviceClasses:  map[string]*resourcev1.DeviceClass{},
		LiveNamespaces: map[string]*corev1.Namespace{},
		Quotas:         map[string]*corev1.ResourceQuota{},

		PersistentVolumes: map[string]*corev1.PersistentVolume{},
	}
	in.Record, in.OtherRecords = matchRecords(team, records)
	var err error
	if in.Guards, err = r.Guards.Check(ctx); err != nil {
		return Input{}, err
	}
	for _, read := range []func(context.Context, *Input) error{
		r.observeProgram, r.observeCluster, r.observeNamespaces, r.observeOwned, r.observePersistentVolumes,
	} {
		if err := read(ctx, &in); err != nil {
			return Input{}, err
		}
	}
	// An index lists in any order; sorting keeps an unchanged status equal.
	slices.SortFunc(in.Volumes, func(a, b *corev1.PersistentVolumeClaim) int { return compareObjects(a, b) })
	slices.SortFunc(in.Others, compareObjects)
	return in, nil
}

func compareObjects(a, b client.Object) int {
	return cmp.Or(cmp.Compare(apply.KindOf(a).Name, apply.KindOf(b).Name), cmp.Compare(a.GetNamespace(), b.GetNamespace()), cmp.Compare(a.GetName(), b.GetName()))
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
	in.Program = lifecycle.NewProgram(program)
	return nil
}

// observePersistentVolumes reads the volumes that the team's own PersistentVolumeClaims are bound to, and those with its
// label.
func (r *Reconciler) observePersistentVolumes(ctx context.Context, in *Input) error {
	var labelled corev1.PersistentVolumeList
	if err := r.Client.List(ctx, &labelled, client.MatchingFields{index.Team: in.Team.Name}); err != nil {
		return fmt.Errorf("list the PersistentVolumes of team %s: %w", in.Team.Name, err)
	}
	for i := range labelled.Items {
		in.LabelledVolumes = append(in.LabelledVolumes, &labelled.Items[i])
	}
	for _, claim := range in.Volumes {
		if claim.Spec.VolumeName == "" {
			continue
		}
		volume := &corev1.PersistentVolume{}
		if err := r.Client.Get(ctx, client.ObjectKey{Name: claim.Spec.VolumeName}, volume); apierrors.IsNotFound(err) {
			continue
		} else if err != nil {
			return fmt.Errorf("read PersistentVolume %s: %w", claim.Spec.VolumeName, err)
		}
		if ref := volume.Spec.ClaimRef; ref != nil && ref.UID == claim.UID {
			in.PersistentVolumes[volume.Name] = volume
		}
	}
	return nil
}

func (r *Reconciler) observeCluster(ctx context.Context, in *Input) error {
	var pools foundationv1alpha1.GPUPoolList
	if err := r.Client.List(ctx, &pools); err != nil {
		return fmt.Errorf("list pools: %w", err)
	}
	for i := range pools.Items {
		in.Pools[pools.Items[i].Name] = &pools.Items[i]
	}
	var classes storagev1.StorageClassList
	if err := r.Client.List(ctx, &classes); err != nil {
		return fmt.Errorf("list storage classes: %w", err)
	}
	for i := range classes.Items {
		in.StorageClasses[classes.Items[i].Name] = &classes.Items[i]
	}
	var devices resourcev1.DeviceClassList
	if err := r.Client.List(ctx, &devices); err != nil {
		return fmt.Errorf("list device classes: %w", err)
	}
	for i := range devices.Items {
		in.DeviceClasses[devices.Items[i].Name] = &devices.Items[i]
	}
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

// observeOwned reads the objects in the team's namespaces. An object in another namespace is left out, whatever its label,
// unless it gives access and has the team's UID: such access must be removed when it ends.
func (r *Reconciler) observeOwned(ctx context.Context, in *Input) error {
	owner := ownerFrom(*in)
	for _, kind := range apply.Kinds() {
		if kind.Name == "Namespace" {
			continue
		}
		list := kind.NewList()
		if err := r.Client.List(ctx, list, client.MatchingFields{index.Team: in.Team.Name}); err != nil {
			return fmt.Errorf("list %T of team %s: %w", list, in.Team.Name, err)
		}
		if err := meta.EachListItem(list, func(item runtime.Object) error { in.addOwned(owner, item); return nil }); err != nil {
			return fmt.Errorf("read %T of team %s: %w", list, in.Team.Name, err)
		}
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
