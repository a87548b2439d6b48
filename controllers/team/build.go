package team

import (
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
)

// objectName is the name of the objects of which a namespace has one.
const objectName = "foundation-team"

// Desired is all that a team shall have.
type Desired struct {
	Places []DesiredPlace
	// Access are the team's cluster-scoped access objects.
	Access []apply.Object
	// Flow is the team's share of the API server.
	Flow []apply.Object
	// PersistentVolumes are the changes of those that the team's claims are bound to.
	PersistentVolumes []volumeChange
}

// DesiredPlace is a namespace and what is in it.
type DesiredPlace struct {
	place
	Namespace *corev1ac.NamespaceApplyConfiguration
	// Isolation must be there before anybody gets access.
	Isolation []apply.Object
	Quota     *corev1ac.ResourceQuotaApplyConfiguration
	Volumes   []apply.Object
	Access    []apply.Object
}

// Build makes all of a team's objects.
func Build(in Input) Desired {
	desired := Desired{Access: buildTeamAccess(in), Flow: buildFlow(in), PersistentVolumes: buildPersistentVolumes(in)}
	shares := gpuShares(in)
	for _, p := range in.places() {
		desired.Places = append(desired.Places, DesiredPlace{
			place:     p,
			Namespace: buildNamespace(in, p, shares),
			Isolation: append(buildNetworkPolicies(in, p), buildLimitRange(in, p)),
			Quota:     buildQuota(in, p, shares),
			Volumes:   buildVolumes(in, p),
			Access:    buildAccess(in, p),
		})
	}
	return desired
}

// marks are the labels and annotations that say whose an object is.
func marks(in Input) (labels, annotations map[string]string) {
	return map[string]string{foundationv1alpha1.LabelTeam: in.Team.Name},
		map[string]string{foundationv1alpha1.AnnotationTeamUID: string(in.Team.UID)}
}
