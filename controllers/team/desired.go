package team

import (
	corev1 "k8s.io/api/core/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"foundation.team/operator/internal/apply"
)

// Desired is every object that a team should have.
type Desired struct {
	Namespaces []DesiredNamespace
	// Access are the team's cluster-scoped access objects.
	Access []apply.Object
	// Flow is the team's priority level and flow schema of API Priority and Fairness.
	Flow []apply.Object
	// PersistentVolumes are patches of the volumes that the team's PersistentVolumeClaims are bound to, or that keep its data.
	PersistentVolumes []volumeChange
}

// DesiredNamespace is a namespace with its contents.
type DesiredNamespace struct {
	teamNamespace
	Namespace *corev1ac.NamespaceApplyConfiguration
	// Isolation is applied before anybody gets access.
	Isolation []apply.Object
	Quota     *corev1ac.ResourceQuotaApplyConfiguration
	// Releases are patches of PersistentVolumes that let the PersistentVolumeClaims in Volumes have their data back.
	Releases []volumeChange
	Volumes  []apply.Object
	// Retired are PersistentVolumeClaims that are kept and never made anew.
	Retired []apply.Object
	Access  []apply.Object
}

// hard returns spec.hard of the namespace's quota.
func (n DesiredNamespace) hard() corev1.ResourceList { return *n.Quota.Spec.Hard }

// Build builds all of a team's objects.
func Build(m *Model) Desired {
	desired := Desired{Access: buildTeamAccess(m), Flow: buildFlow(m), PersistentVolumes: buildPersistentVolumes(m)}
	for _, n := range m.Namespaces {
		desired.Namespaces = append(desired.Namespaces, DesiredNamespace{
			teamNamespace: n,
			Namespace:     buildNamespace(m, n),
			Isolation:     buildNetworkPolicies(m, n),
			Quota:         buildQuota(m, n),
			Releases:      buildReleases(m, n),
			Volumes:       buildVolumes(m, n),
			Retired:       buildRetired(m, n),
			Access:        buildAccess(m, n),
		})
	}
	return desired
}

// keys returns the objects that pruning must keep. Namespaces and PersistentVolumeClaims are never pruned: they are
// retired.
func (d Desired) keys() map[objectKey]bool {
	keys := map[objectKey]bool{}
	add := func(objects ...apply.Object) {
		for _, obj := range objects {
			keys[keyOfDesired(obj)] = true
		}
	}
	add(d.Access...)
	add(d.Flow...)
	for _, n := range d.Namespaces {
		add(n.Quota)
		add(n.Isolation...)
		add(n.Access...)
	}
	return keys
}
