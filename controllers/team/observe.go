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
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
	"foundation.team/operator/internal/guards"
	"foundation.team/operator/internal/index"
	"foundation.team/operator/internal/tracing"
)

// observe reads the rest of an Input that observeAccess has begun.
func (r *Reconciler) observe(ctx context.Context, in Input) (Input, error) {
	ctx, end := tracing.Step(ctx, "observe")
	defer end(nil)
	in.Pools = map[string]*foundationv1alpha1.GPUPool{}
	in.StorageClasses = map[string]*storagev1.StorageClass{}
	in.DeviceClasses = map[string]*resourcev1.DeviceClass{}
	in.PersistentVolumes = map[string]*corev1.PersistentVolume{}
	var err error
	if in.Guards, err = r.Guards.Check(ctx); err != nil {
		in.Guards = guards.Unchecked(err)
	}
	for _, read := range []func(context.Context, *Input) error{r.observeCluster, r.observeOwned, r.observePersistentVolumes} {
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

// observeCluster reads what all teams share, without copying it: a pool's status has an entry for each of its teams.
func (r *Reconciler) observeCluster(ctx context.Context, in *Input) error {
	var pools foundationv1alpha1.GPUPoolList
	if err := r.Client.List(ctx, &pools, client.UnsafeDisableDeepCopy); err != nil {
		return fmt.Errorf("list pools: %w", err)
	}
	for i := range pools.Items {
		if isCountable(&pools.Items[i]) {
			in.Pools[pools.Items[i].Name] = &pools.Items[i]
		}
	}
	var classes storagev1.StorageClassList
	if err := r.Client.List(ctx, &classes, client.UnsafeDisableDeepCopy); err != nil {
		return fmt.Errorf("list storage classes: %w", err)
	}
	for i := range classes.Items {
		in.StorageClasses[classes.Items[i].Name] = &classes.Items[i]
	}
	var devices resourcev1.DeviceClassList
	if err := r.Client.List(ctx, &devices, client.UnsafeDisableDeepCopy); err != nil {
		return fmt.Errorf("list device classes: %w", err)
	}
	for i := range devices.Items {
		in.DeviceClasses[devices.Items[i].Name] = &devices.Items[i]
	}
	return nil
}

// observeOwned reads those of the team's objects that observeAccess has not read.
func (r *Reconciler) observeOwned(ctx context.Context, in *Input) error {
	for _, kind := range apply.Kinds() {
		if kind.Access || kind.Name == "Namespace" || kind.Name == "ResourceQuota" {
			continue
		}
		if err := r.listOwned(ctx, in, kind); err != nil {
			return err
		}
	}
	return nil
}
