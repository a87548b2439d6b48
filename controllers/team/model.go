package team

import (
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
	"foundation.team/operator/internal/gpuquota"
	"foundation.team/operator/internal/index"
	"foundation.team/operator/internal/lifecycle"
)

// Model is an Input with everything that follows from it, derived once. Building, applying, recording and reporting read it
// and change nothing in it.
type Model struct {
	Input
	// Life is the team in its programme, for questions about other times than now.
	Life lifecycle.Team
	// State is the team's state now. StateSince is when time put it into that state; zero if it was always so or an edit
	// did it.
	State      foundationv1alpha1.TeamState
	StateSince time.Time
	// Served is the state by which the team is served: State, or, while its programme is missing, the one that it had.
	Served foundationv1alpha1.TeamState
	// SuspensionKept is true if the team is suspended because it was when its manifest was removed.
	SuspensionKept bool
	// NextTransition is when time alone changes something next; zero if it never does.
	NextTransition time.Time
	// Owner identifies the team as the owner of objects, under its present UID and its former ones.
	Owner apply.Owner
	// Retention is what happens to the team's data; nil while its time is not over.
	Retention *lifecycle.Retention
	// Namespaces are those that the team should have, the declared ones first, in the order of the spec.
	Namespaces []teamNamespace
	// Claims are the team's PersistentVolumeClaims, and Kept the PersistentVolumes with its label that none of these is bound
	// to, by the namespace and name of their claim. Data is where their data, and that of declared volumes, is.
	Claims map[types.NamespacedName]*corev1.PersistentVolumeClaim
	Kept   map[types.NamespacedName][]*corev1.PersistentVolume
	Data   map[types.NamespacedName]claimData
	// Staff are those who have access now, with the roles that they have now.
	Staff []foundationv1alpha1.StaffMember
	// Grants are what the team requests and is granted, sorted by pool.
	Grants []poolGrant
	// Incidents are the times in which nodes of the team were broken, as the pools tell, the oldest first.
	Incidents []foundationv1alpha1.TeamIncident
	// Devices are the entries for GPUs and other devices in the namespaces' quotas.
	Devices gpuquota.Quotas
	// Confirmation is what an admin confirmed of the deletion of the team's data; nil while nothing is confirmed.
	Confirmation *foundationv1alpha1.ConfirmationFact
	// Deletion is how far the deletion of the team's data has come.
	Deletion Deletion
	// Hold is why the team gets nothing new.
	Hold Hold
}

// NewModel derives a Model from an Input.
func NewModel(in Input) *Model {
	m := newAccessModel(in)
	if m.Hold = holdForGuards(in.Guards); m.Hold.None() {
		m.Hold = holdForProgram(m)
	}
	m.Life.MissingPools = slices.DeleteFunc(index.AwardPools(in.Team), func(pool string) bool { return in.Pools[pool] != nil })
	m.Grants, m.Incidents = grantsOf(in, m.Life), incidentsOf(in)
	m.Claims = claimsOf(in)
	m.Kept = keptVolumes(in, m.Claims)
	m.Data = dataOfClaims(m)
	m.Devices = gpuquota.Compute(devicesInput(in, m.Namespaces))
	m.Deletion = deletionOf(m)
	return m
}

// ownerMetadata returns the label and the annotation that identify an object's owner.
func (m *Model) ownerMetadata() (labels, annotations map[string]string) {
	return map[string]string{foundationv1alpha1.LabelTeam: m.Team.Name},
		map[string]string{foundationv1alpha1.AnnotationTeamUID: string(m.Team.UID)}
}

// merged returns a copy of base with the entries of more, which win.
func merged[K comparable, V any](base, more map[K]V) map[K]V {
	all := maps.Clone(base)
	if all == nil {
		all = map[K]V{}
	}
	maps.Copy(all, more)
	return all
}
