package builder

import (
	corev1 "k8s.io/api/core/v1"
	resourcev1 "k8s.io/api/resource/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// OwnedMeta is the metadata of an object that the operator created for a team.
func OwnedMeta(team *foundationv1alpha1.FoundationTeam, namespace, name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Namespace: namespace, Name: name, UID: types.UID(namespace + "-" + name), ResourceVersion: "1",
		Labels:      map[string]string{foundationv1alpha1.LabelTeam: team.Name},
		Annotations: map[string]string{foundationv1alpha1.AnnotationTeamUID: string(team.UID)},
	}
}

// OwnedNamespace is a namespace that the operator created for a team.
func OwnedNamespace(team *foundationv1alpha1.FoundationTeam, name string) *corev1.Namespace {
	return &corev1.Namespace{ObjectMeta: OwnedMeta(team, "", foundationv1alpha1.NamespaceName(team.Name, name))}
}

// ForeignNamespace is a namespace that somebody else created.
func ForeignNamespace(name string) *corev1.Namespace {
	return &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, UID: types.UID(name), ResourceVersion: "1"}}
}

// Quota is a team's ResourceQuota that the cluster enforces.
func Quota(team *foundationv1alpha1.FoundationTeam, namespace string, hard corev1.ResourceList) *corev1.ResourceQuota {
	return &corev1.ResourceQuota{
		ObjectMeta: OwnedMeta(team, foundationv1alpha1.NamespaceName(team.Name, namespace), "foundation-team"),
		Spec:       corev1.ResourceQuotaSpec{Hard: hard},
		Status:     corev1.ResourceQuotaStatus{Hard: hard},
	}
}

// Claim is a team's PersistentVolumeClaim. Capacity is what was provisioned; without it the PersistentVolumeClaim is
// Pending.
func Claim(team *foundationv1alpha1.FoundationTeam, namespace, name, size, capacity string) *corev1.PersistentVolumeClaim {
	claim := &corev1.PersistentVolumeClaim{
		ObjectMeta: OwnedMeta(team, foundationv1alpha1.NamespaceName(team.Name, namespace), name),
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteMany},
			Resources: corev1.VolumeResourceRequirements{
				Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse(size)},
			},
		},
		Status: corev1.PersistentVolumeClaimStatus{Phase: corev1.ClaimPending},
	}
	if capacity != "" {
		claim.Status = corev1.PersistentVolumeClaimStatus{
			Phase: corev1.ClaimBound, Capacity: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse(capacity)},
		}
	}
	return claim
}

// StorageClass is a StorageClass with a volume binding mode.
func StorageClass(name string, mode storagev1.VolumeBindingMode) *storagev1.StorageClass {
	return &storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: name}, VolumeBindingMode: &mode}
}

// DeviceClass is a DeviceClass, with an extended resource or, if that is empty, without.
func DeviceClass(name, extendedResource string) *resourcev1.DeviceClass {
	class := &resourcev1.DeviceClass{ObjectMeta: metav1.ObjectMeta{Name: name}}
	if extendedResource != "" {
		class.Spec.ExtendedResourceName = &extendedResource
	}
	return class
}

// KeptVolume is a PersistentVolume with a team's data whose PersistentVolumeClaim is gone.
func KeptVolume(team *foundationv1alpha1.FoundationTeam, name, namespace, claim string, mods ...func(*corev1.PersistentVolume)) *corev1.PersistentVolume {
	volume := &corev1.PersistentVolume{
		ObjectMeta: OwnedMeta(team, "", name),
		Spec: corev1.PersistentVolumeSpec{
			Capacity:                      corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("2Ti")},
			ClaimRef:                      &corev1.ObjectReference{Namespace: foundationv1alpha1.NamespaceName(team.Name, namespace), Name: claim, UID: "gone", ResourceVersion: "7"},
			PersistentVolumeReclaimPolicy: corev1.PersistentVolumeReclaimRetain,
		},
		Status: corev1.PersistentVolumeStatus{Phase: corev1.VolumeReleased},
	}
	return build(volume, mods)
}
