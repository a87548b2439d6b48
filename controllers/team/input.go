package team

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	resourcev1 "k8s.io/api/resource/v1"
	storagev1 "k8s.io/api/storage/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
	"foundation.team/operator/internal/guards"
	"foundation.team/operator/internal/lifecycle"
)

// objectName is the name of the objects of which a namespace has one.
const objectName = "foundation-team"

// objectKey names an object among all of a team's.
type objectKey struct{ kind, namespace, name string }

func keyOf(obj client.Object) objectKey {
	return objectKey{apply.KindOf(obj).Name, obj.GetNamespace(), obj.GetName()}
}

// Input is all that was observed of a team: its objects and its status follow from nothing else.
type Input struct {
	Team *foundationv1alpha1.FoundationTeam
	// Program is the programme that the team takes part in; nil if it stands alone, or the programme does not exist.
	Program *lifecycle.Program
	Now     time.Time
	// Guards tells whether anything new may be provisioned.
	Guards guards.Result
	// Record is what is remembered of the team; nil if nothing is yet.
	Record *foundationv1alpha1.TeamRecord
	// Pools are all GPUPools, StorageClasses and DeviceClasses all of these, by name.
	Pools          map[string]*foundationv1alpha1.GPUPool
	StorageClasses map[string]*storagev1.StorageClass
	DeviceClasses  map[string]*resourcev1.DeviceClass
	// LiveNamespaces are those that carry the team's label, and those that have a name that the team asks for, by name.
	LiveNamespaces map[string]*corev1.Namespace
	// Quotas are the team's ResourceQuotas, by namespace.
	Quotas map[string]*corev1.ResourceQuota
	// Volumes are the team's PersistentVolumeClaims, by namespace and name.
	Volumes []*corev1.PersistentVolumeClaim
	// PersistentVolumes are those that the claims are bound to, by name.
	PersistentVolumes map[string]*corev1.PersistentVolume
	// APIShares are the team's shares of the API server's seats; 0 means DefaultAPIShares.
	APIShares int32
	// Others are all other objects that carry the team's label.
	Others []client.Object
}
