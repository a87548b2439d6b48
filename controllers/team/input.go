package team

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	resourcev1 "k8s.io/api/resource/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
	"foundation.team/operator/internal/guards"
	"foundation.team/operator/internal/lifecycle"
)

// objectName is the name of every object of which a namespace has exactly one.
const objectName = "foundation-team"

// objectKey identifies an object among all of a team's.
type objectKey struct{ kind, namespace, name string }

func keyOf(obj client.Object) objectKey {
	return objectKey{apply.KindOf(obj).Name, obj.GetNamespace(), obj.GetName()}
}

// keyOfDesired is keyOf for an object that is desired.
func keyOfDesired(obj apply.Object) objectKey {
	return objectKey{ptr.Deref(obj.GetKind(), ""), ptr.Deref(obj.GetNamespace(), ""), ptr.Deref(obj.GetName(), "")}
}

// Input is everything that was observed of a team. Its objects and its status are made from nothing else.
type Input struct {
	Team *foundationv1alpha1.FoundationTeam
	// Program is the programme that the team names; nil if it names none, or if the programme does not exist.
	Program *lifecycle.Program
	Now     time.Time
	// WorkingSince is since when this process reconciles; zero if that is not known.
	WorkingSince time.Time
	// ProgramUnread, RecordUnread, NamespacesUnread and QuotasUnread are true if these could not be read. Such an Input says no
	// more than whose access has ended.
	ProgramUnread, RecordUnread, NamespacesUnread, QuotasUnread bool
	// Guards is whether the admission policies are in place; without them nothing new is provisioned.
	Guards guards.Result
	// Record is the team's TeamRecord; nil if there is none yet.
	Record *foundationv1alpha1.TeamRecord
	// OtherRecords are all other TeamRecords of the team's name, the last one in use first.
	OtherRecords []*foundationv1alpha1.TeamRecord
	// Pools, StorageClasses and DeviceClasses are all of these in the cluster, by name.
	Pools          map[string]*foundationv1alpha1.GPUPool
	StorageClasses map[string]*storagev1.StorageClass
	DeviceClasses  map[string]*resourcev1.DeviceClass
	// LiveNamespaces are those with the team's label and those with a name that its spec asks for, by name.
	LiveNamespaces map[string]*corev1.Namespace
	// Quotas are the team's ResourceQuotas, by namespace.
	Quotas map[string]*corev1.ResourceQuota
	// Volumes are the team's PersistentVolumeClaims, by namespace and name.
	Volumes []*corev1.PersistentVolumeClaim
	// UnmanagedClaims are PersistentVolumeClaims with the team's label that the operator has not written: they come from a
	// backup, or from a template.
	UnmanagedClaims []*corev1.PersistentVolumeClaim
	// LabelledVolumes are the PersistentVolumes with the team's label, of earlier teams of the name too.
	LabelledVolumes []*corev1.PersistentVolume
	// PersistentVolumes are those that the team's PersistentVolumeClaims are bound to, by name.
	PersistentVolumes map[string]*corev1.PersistentVolume
	// Fairness says what of the API server the team gets. SharedLevelMissing is true if the priority level that it would share is not
	// there: then it gets one of its own.
	Fairness           Fairness
	SharedLevelMissing bool
	// Others are all other objects that carry the team's label.
	Others []client.Object
}
