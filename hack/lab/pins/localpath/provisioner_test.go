package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v13/controller"
)

// options ask for a volume of the first node.
func options(mode corev1.PersistentVolumeAccessMode) controller.ProvisionOptions {
	return controller.ProvisionOptions{
		PVName:       "pvc-1",
		StorageClass: &storagev1.StorageClass{ReclaimPolicy: new(corev1.PersistentVolumeReclaimDelete)},
		PVC: &corev1.PersistentVolumeClaim{
			ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{selectedNode: "real-0"}},
			Spec: corev1.PersistentVolumeClaimSpec{
				AccessModes: []corev1.PersistentVolumeAccessMode{mode},
				Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}},
			},
		},
	}
}

func TestAVolumeIsOfOneNode(t *testing.T) {
	p := provisioner{root: t.TempDir(), node: "real-0"}
	asked := options(corev1.ReadWriteOnce)
	volume, _, err := p.Provision(t.Context(), asked)
	if err != nil {
		t.Fatal(err)
	}
	for node, is := range map[string]bool{"real-0": true, "real-1": false} {
		other := provisioner{root: p.root, node: node}
		if got := other.ShouldProvision(t.Context(), asked.PVC); got != is {
			t.Errorf("%s provisions it: %v", node, got)
		}
		if got := other.ShouldDelete(t.Context(), volume); got != is {
			t.Errorf("%s deletes it: %v", node, got)
		}
	}
}

func TestTheDirectoryIsForEveryUserAndGoesWithItsVolume(t *testing.T) {
	p := provisioner{root: t.TempDir(), node: "real-0"}
	volume, _, err := p.Provision(t.Context(), options(corev1.ReadWriteOncePod))
	if err != nil {
		t.Fatal(err)
	}
	directory := volume.Spec.Local.Path
	if info, err := os.Stat(directory); err != nil || info.Mode().Perm() != 0o777 {
		t.Errorf("it is %v, error %v", info, err)
	}
	if err := os.WriteFile(filepath.Join(directory, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := p.Delete(t.Context(), volume); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(directory); !os.IsNotExist(err) {
		t.Errorf("it is left: %v", err)
	}
}

func TestADirectoryOfOthersIsNotDeleted(t *testing.T) {
	p := provisioner{root: t.TempDir(), node: "real-0"}
	volume, _, err := p.Provision(t.Context(), options(corev1.ReadWriteOnce))
	if err != nil {
		t.Fatal(err)
	}
	volume.Name = "pvc-2"
	if err := p.Delete(t.Context(), volume); err == nil {
		t.Error("the directory of pvc-1 was deleted for pvc-2")
	}
	if _, err := os.Stat(volume.Spec.Local.Path); err != nil {
		t.Error(err)
	}
}

func TestADirectoryIsNotSharedBetweenNodes(t *testing.T) {
	p := provisioner{root: t.TempDir(), node: "real-0"}
	_, _, err := p.Provision(t.Context(), options(corev1.ReadWriteMany))
	if err == nil || !strings.Contains(err.Error(), "ask for ReadWriteOnce") {
		t.Errorf("error %v", err)
	}
}
