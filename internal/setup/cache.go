package setup

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	resourcev1 "k8s.io/api/resource/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
	"foundation.team/operator/internal/guards"
)

// CacheOptions keep in memory what the operator reads and no more: of the kinds it makes, only objects with a team's
// label; of Nodes, Namespaces, StorageClasses and DeviceClasses, all, without the fields that nothing here looks at; and
// all admission policies, with when they were written.
// Pods, Secrets and ConfigMaps are not cached at all: reading a kind that nobody watches is an error, not a new watch. Karpenter's
// kinds are cached whole, and only when a pool needs them: a cluster may not have them, and options for them would be
// an error then.
func CacheOptions() cache.Options {
	owned := cache.ByObject{Label: ofAnyTeam(), Transform: keepOwnFields}
	byObject := map[client.Object]cache.ByObject{
		&corev1.Node{}:             {Transform: trimNode},
		&corev1.PersistentVolume{}: {Transform: trimPersistentVolume},
		// Who edited what is kept on record.
		&foundationv1alpha1.FoundationTeam{}: {Transform: keepManagers},
		// A name is all that finds them, and they are written whole.
		&foundationv1alpha1.TeamRecord{}: {Label: ofAnyTeam(), Transform: dropManagedFields},
		&storagev1.StorageClass{}:        {Transform: trimStorageClass},
		&resourcev1.DeviceClass{}:        {Transform: trimDeviceClass},
	}
	for _, kind := range guards.Kinds() {
		byObject[kind] = cache.ByObject{Transform: keepManagers}
	}
	for _, kind := range apply.Kinds() {
		if kind.Name != "Namespace" {
			byObject[kind.New()] = owned
		}
	}
	return cache.Options{ReaderFailOnMissingInformer: true, DefaultTransform: keepOwnFields, ByObject: byObject}
}

func ofAnyTeam() labels.Selector {
	has, err := labels.NewRequirement(foundationv1alpha1.LabelTeam, selection.Exists, nil)
	utilruntime.Must(err)
	return labels.NewSelector().Add(*has)
}

// keepOwnFields drops the records of other field managers. Our own is what the apply gate compares with.
func keepOwnFields(obj any) (any, error) {
	if accessor, err := meta.Accessor(obj); err == nil {
		accessor.SetManagedFields(slices.DeleteFunc(accessor.GetManagedFields(), func(entry metav1.ManagedFieldsEntry) bool {
			return entry.Manager != foundationv1alpha1.FieldManager || entry.Subresource != ""
		}))
	}
	return obj, nil
}

// trimNode keeps metadata, spec, allocatable resources and the Ready condition.
func trimNode(obj any) (any, error) {
	if node, ok := obj.(*corev1.Node); ok {
		node.ManagedFields = nil
		ready := slices.DeleteFunc(node.Status.Conditions, func(condition corev1.NodeCondition) bool {
			return condition.Type != corev1.NodeReady
		})
		for i := range ready {
			// A heartbeat is no news.
			ready[i].LastHeartbeatTime = metav1.Time{}
		}
		node.Status = corev1.NodeStatus{Allocatable: node.Status.Allocatable, Conditions: ready}
	}
	return obj, nil
}

// keepManagers keeps who wrote an object and when, without the list of fields.
func keepManagers(obj any) (any, error) {
	if accessor, err := meta.Accessor(obj); err == nil {
		entries := accessor.GetManagedFields()
		for i := range entries {
			entries[i].FieldsV1 = nil
		}
	}
	return obj, nil
}

func dropManagedFields(obj any) (any, error) {
	if accessor, err := meta.Accessor(obj); err == nil {
		accessor.SetManagedFields(nil)
	}
	return obj, nil
}

// trimPersistentVolume keeps metadata, whose it is and what becomes of it.
func trimPersistentVolume(obj any) (any, error) {
	if volume, ok := obj.(*corev1.PersistentVolume); ok {
		volume.ManagedFields = nil
		volume.Spec = corev1.PersistentVolumeSpec{
			ClaimRef: volume.Spec.ClaimRef, PersistentVolumeReclaimPolicy: volume.Spec.PersistentVolumeReclaimPolicy,
		}
		volume.Status = corev1.PersistentVolumeStatus{}
	}
	return obj, nil
}

func trimStorageClass(obj any) (any, error) {
	if class, ok := obj.(*storagev1.StorageClass); ok {
		class.ManagedFields = nil
		class.Parameters = nil
	}
	return obj, nil
}

// trimDeviceClass keeps what quotas are about.
func trimDeviceClass(obj any) (any, error) {
	if class, ok := obj.(*resourcev1.DeviceClass); ok {
		class.ManagedFields = nil
		class.Spec = resourcev1.DeviceClassSpec{ExtendedResourceName: class.Spec.ExtendedResourceName}
	}
	return obj, nil
}
