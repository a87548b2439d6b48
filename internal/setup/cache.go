package setup

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
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
	"foundation.team/operator/internal/edits"
	"foundation.team/operator/internal/guards"
)

// CacheOptions limits the cache to what the operator reads: of the namespaced kinds that it makes, only objects with a team's
// label; all Nodes, StorageClasses, DeviceClasses, Namespaces and other kinds of the cluster's level that it makes, without the
// fields that are never read; and all admission policies, with the times of their writes. Pods, Secrets and ConfigMaps are not cached at all: reading a
// kind that is not watched is an error, not a new watch. Karpenter's kinds, ResourceSlices and DeviceTaintRules have no
// options here, because a cluster that does not serve them would fail to start; they are cached when a pool needs them.
func CacheOptions() cache.Options {
	owned := cache.ByObject{Label: hasTeamLabel(), Transform: keepOwnFields}
	byObject := map[client.Object]cache.ByObject{
		&corev1.Node{}:             {Transform: trimNode},
		&corev1.PersistentVolume{}: {Transform: trimPersistentVolume},
		&corev1.Namespace{}:        {Transform: keepOwnFieldsAndOffer},
		// The team's record names who edited what.
		&foundationv1alpha1.FoundationTeam{}:    {Transform: dropOwnFields},
		&foundationv1alpha1.FoundationProgram{}: {Transform: dropOwnFields},
		&foundationv1alpha1.GPUPool{}:           {Transform: dropOwnFields},
		// Who wrote a record tells one that was restored from a backup.
		&foundationv1alpha1.TeamRecord{}: {Transform: keepManagers},
		&storagev1.StorageClass{}:        {Transform: trimStorageClass},
		&resourcev1.DeviceClass{}:        {Transform: trimDeviceClass},
	}
	for _, kind := range guards.Kinds() {
		byObject[kind] = cache.ByObject{Transform: keepManagers}
	}
	for _, kind := range apply.Kinds() {
		switch {
		case kind.Name == "Namespace": // above
		case kind.AllCached:
			byObject[kind.New()] = cache.ByObject{Transform: trimForeign}
		default:
			byObject[kind.New()] = owned
		}
	}
	return cache.Options{ReaderFailOnMissingInformer: true, DefaultTransform: trimDevices, ByObject: byObject}
}

func hasTeamLabel() labels.Selector {
	has, err := labels.NewRequirement(foundationv1alpha1.LabelTeam, selection.Exists, nil)
	utilruntime.Must(err)
	return labels.NewSelector().Add(*has)
}

// keepOwnFields drops the managedFields entries of other field managers, and leaves a digest of the operator's own, which is what
// Apply compares with the desired object. What nothing else reads is dropped, too.
func keepOwnFields(obj any) (any, error) {
	accessor, ok := obj.(client.Object)
	if !ok {
		return obj, nil
	}
	accessor.SetManagedFields(slices.DeleteFunc(accessor.GetManagedFields(), func(entry metav1.ManagedFieldsEntry) bool {
		return entry.Manager != foundationv1alpha1.FieldManager || entry.Subresource != ""
	}))
	if apply.Digest(accessor) {
		dropContent(obj)
	}
	share(accessor)
	return obj, nil
}

// dropContent drops what is compared by its digest and read for nothing else.
func dropContent(obj any) {
	switch typed := obj.(type) {
	case *corev1.LimitRange:
		typed.Spec = corev1.LimitRangeSpec{}
	case *networkingv1.NetworkPolicy:
		typed.Spec = networkingv1.NetworkPolicySpec{}
	case *rbacv1.ClusterRole:
		typed.Rules, typed.AggregationRule = nil, nil
	case *flowcontrolv1.FlowSchema:
		typed.Spec, typed.Status = flowcontrolv1.FlowSchemaSpec{}, flowcontrolv1.FlowSchemaStatus{}
	case *flowcontrolv1.PriorityLevelConfiguration:
		typed.Spec, typed.Status = flowcontrolv1.PriorityLevelConfigurationSpec{}, flowcontrolv1.PriorityLevelConfigurationStatus{}
	}
}

// trimForeign keeps of objects that are no team's only that they are there, and their annotations and labels; of a team's what
// keepOwnFields does.
func trimForeign(obj any) (any, error) {
	if accessor, err := meta.Accessor(obj); err == nil {
		_, labelled := accessor.GetLabels()[foundationv1alpha1.LabelTeam]
		_, ofTeam := accessor.GetAnnotations()[foundationv1alpha1.AnnotationTeamUID]
		if labelled || ofTeam {
			return keepOwnFields(obj)
		}
		accessor.SetManagedFields(nil)
	}
	dropContent(obj)
	if binding, ok := obj.(*rbacv1.ClusterRoleBinding); ok {
		binding.Subjects, binding.RoleRef = nil, rbacv1.RoleRef{}
	}
	return obj, nil
}

// keepOwnFieldsAndOffer keeps, besides, who offers an object to a team: that is on the team's record.
func keepOwnFieldsAndOffer(obj any) (any, error) {
	if accessor, err := meta.Accessor(obj); err == nil {
		offers := offersOf(accessor)
		if _, err := keepOwnFields(obj); err != nil {
			return nil, err
		}
		accessor.SetManagedFields(append(accessor.GetManagedFields(), offers...))
	}
	return obj, nil
}

// offersOf returns the managedFields entries of those who offer an object to a team, with nothing else in them.
func offersOf(obj metav1.Object) []metav1.ManagedFieldsEntry {
	if obj.GetAnnotations()[foundationv1alpha1.AnnotationAdopt] == "" {
		return nil
	}
	var offers []metav1.ManagedFieldsEntry
	for _, entry := range obj.GetManagedFields() {
		if entry.Manager != foundationv1alpha1.FieldManager && edits.Owns(entry, edits.AdoptPath()) {
			entry.FieldsV1 = metav1.NewFieldsV1(`{"f:metadata":{"f:annotations":{"f:` + foundationv1alpha1.AnnotationAdopt + `":{}}}}`)
			offers = append(offers, entry)
		}
	}
	return offers
}

// trimNode keeps metadata, spec, allocatable resources and the Ready condition.
func trimNode(obj any) (any, error) {
	if node, ok := obj.(*corev1.Node); ok {
		node.ManagedFields = nil
		ready := slices.DeleteFunc(node.Status.Conditions, func(condition corev1.NodeCondition) bool {
			return condition.Type != corev1.NodeReady
		})
		for i := range ready {
			// Without this every heartbeat would change the cached Node and start a reconcile.
			ready[i].LastHeartbeatTime = metav1.Time{}
		}
		node.Status = corev1.NodeStatus{Allocatable: node.Status.Allocatable, Conditions: ready}
	}
	return obj, nil
}

// keepManagers keeps the managers and times in managedFields, without the lists of fields.
func keepManagers(obj any) (any, error) {
	if accessor, err := meta.Accessor(obj); err == nil {
		entries := accessor.GetManagedFields()
		for i := range entries {
			entries[i].FieldsV1 = nil
		}
	}
	return obj, nil
}

// dropOwnFields drops the managedFields entries of the operator and of status.
func dropOwnFields(obj any) (any, error) {
	if accessor, err := meta.Accessor(obj); err == nil {
		accessor.SetManagedFields(slices.DeleteFunc(accessor.GetManagedFields(), func(entry metav1.ManagedFieldsEntry) bool {
			return entry.Manager == foundationv1alpha1.FieldManager || entry.Subresource != ""
		}))
	}
	return obj, nil
}

// trimPersistentVolume keeps metadata, who offers the volume to a team, claimRef, the reclaim policy, the capacity and the phase.
func trimPersistentVolume(obj any) (any, error) {
	if volume, ok := obj.(*corev1.PersistentVolume); ok {
		volume.ManagedFields = offersOf(volume)
		volume.Spec = corev1.PersistentVolumeSpec{
			ClaimRef: volume.Spec.ClaimRef, PersistentVolumeReclaimPolicy: volume.Spec.PersistentVolumeReclaimPolicy,
			Capacity: volume.Spec.Capacity,
		}
		volume.Status = corev1.PersistentVolumeStatus{Phase: volume.Status.Phase}
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

// trimDeviceClass keeps the extended resource, which quotas count, and what chooses devices.
func trimDeviceClass(obj any) (any, error) {
	if class, ok := obj.(*resourcev1.DeviceClass); ok {
		class.ManagedFields = nil
		class.Spec = resourcev1.DeviceClassSpec{ExtendedResourceName: class.Spec.ExtendedResourceName, Selectors: class.Spec.Selectors}
	}
	return obj, nil
}

// trimDevices keeps of ResourceSlices and DeviceTaintRules what tells which devices a node has, what CEL expressions of DeviceClasses
// may read, and taints; of other kinds what keepOwnFields does.
func trimDevices(obj any) (any, error) {
	switch typed := obj.(type) {
	case *resourcev1.ResourceSlice:
		typed.ManagedFields = nil
		spec := &typed.Spec
		typed.Spec = resourcev1.ResourceSliceSpec{Driver: spec.Driver, Pool: spec.Pool, NodeName: spec.NodeName, Devices: spec.Devices}
		for i := range typed.Spec.Devices {
			device := &typed.Spec.Devices[i]
			typed.Spec.Devices[i] = resourcev1.Device{
				Name: device.Name, NodeName: device.NodeName, Attributes: device.Attributes, Capacity: device.Capacity,
				AllowMultipleAllocations: device.AllowMultipleAllocations, Taints: device.Taints,
			}
		}
		return obj, nil
	case *resourcev1.DeviceTaintRule:
		typed.ManagedFields = nil
		typed.Status = resourcev1.DeviceTaintRuleStatus{}
		return obj, nil
	default:
		return keepOwnFields(obj)
	}
}
