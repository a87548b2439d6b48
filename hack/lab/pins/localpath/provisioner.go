package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v13/controller"
)

// selectedNode is the annotation by which the scheduler tells provisioners the node of a claim's first pod.
const selectedNode = "volume.kubernetes.io/selected-node"

// provisioner makes and deletes the directories of one node.
type provisioner struct {
	// root is where they are, on the node and in this container.
	root string
	node string
}

var (
	_ controller.Qualifier     = provisioner{}
	_ controller.DeletionGuard = provisioner{}
)

// ShouldProvision reports whether the scheduler has selected this node for the claim.
func (p provisioner) ShouldProvision(_ context.Context, claim *corev1.PersistentVolumeClaim) bool {
	return claim.Annotations[selectedNode] == p.node
}

// Provision makes a directory that every user can write to: the user of a pod is not known, and only the claim's pods get to see it.
func (p provisioner) Provision(_ context.Context, options controller.ProvisionOptions) (*corev1.PersistentVolume, controller.ProvisioningState, error) {
	claim := options.PVC
	for _, mode := range claim.Spec.AccessModes {
		if mode != corev1.ReadWriteOnce && mode != corev1.ReadWriteOncePod {
			return nil, controller.ProvisioningFinished, fmt.Errorf(
				"a directory of node %s cannot be %s: ask for ReadWriteOnce or ReadWriteOncePod", p.node, mode)
		}
	}
	directory := p.directory(options.PVName)
	if err := os.MkdirAll(directory, 0o777); err != nil {
		return nil, controller.ProvisioningFinished, fmt.Errorf("make the directory of the volume: %w", err)
	}
	// What the process's umask took away.
	if err := os.Chmod(directory, 0o777); err != nil {
		return nil, controller.ProvisioningFinished, fmt.Errorf("let everybody write to the volume: %w", err)
	}
	return &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: options.PVName},
		Spec: corev1.PersistentVolumeSpec{
			PersistentVolumeReclaimPolicy: *options.StorageClass.ReclaimPolicy,
			AccessModes:                   claim.Spec.AccessModes,
			VolumeMode:                    claim.Spec.VolumeMode,
			Capacity:                      corev1.ResourceList{corev1.ResourceStorage: claim.Spec.Resources.Requests[corev1.ResourceStorage]},
			PersistentVolumeSource:        corev1.PersistentVolumeSource{Local: &corev1.LocalVolumeSource{Path: directory}},
			NodeAffinity:                  p.affinity(),
		},
	}, controller.ProvisioningFinished, nil
}

// affinity keeps pods with the volume on this node.
func (p provisioner) affinity() *corev1.VolumeNodeAffinity {
	return &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
		MatchExpressions: []corev1.NodeSelectorRequirement{{
			Key: corev1.LabelHostname, Operator: corev1.NodeSelectorOpIn, Values: []string{p.node},
		}},
	}}}}
}

// ShouldDelete reports whether the volume's directory is on this node.
func (p provisioner) ShouldDelete(_ context.Context, volume *corev1.PersistentVolume) bool {
	affinity := volume.Spec.NodeAffinity
	if affinity == nil || affinity.Required == nil || len(affinity.Required.NodeSelectorTerms) != 1 {
		return false
	}
	return slices.ContainsFunc(affinity.Required.NodeSelectorTerms[0].MatchExpressions, func(r corev1.NodeSelectorRequirement) bool {
		return r.Key == corev1.LabelHostname && slices.Equal(r.Values, []string{p.node})
	})
}

// Delete deletes the volume's directory. It is called for released volumes whose reclaim policy is Delete, and for no others. Whoever wrote the volume's path, it is only ever the directory that Provision made.
func (p provisioner) Delete(_ context.Context, volume *corev1.PersistentVolume) error {
	directory := p.directory(volume.Name)
	if local := volume.Spec.Local; local == nil || local.Path != directory {
		return fmt.Errorf("volume %s is not the directory %s, which was made for it", volume.Name, directory)
	}
	return os.RemoveAll(directory)
}

// directory is the directory of a volume. The names of objects have no slashes.
func (p provisioner) directory(volume string) string { return filepath.Join(p.root, volume) }
