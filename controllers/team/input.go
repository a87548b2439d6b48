package team

import (
	"maps"
	"slices"
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

// Input is all that a team's objects and status follow from.
type Input struct {
	Team *foundationv1alpha1.FoundationTeam
	// Program is the programme that the team takes part in; nil if it stands alone, or it does not exist.
	Program *lifecycle.Program
	Now     time.Time
	// Guards tells whether anything new may be provisioned.
	Guards guards.Result
	// Pools are all GPUPools, StorageClasses and DeviceClasses all of these, by name.
	Pools          map[string]*foundationv1alpha1.GPUPool
	StorageClasses map[string]*storagev1.StorageClass
	DeviceClasses  map[string]*resourcev1.DeviceClass
	// Namespaces are those that carry the team's label, and those that have a name that the team wants, by name.
	Namespaces map[string]*corev1.Namespace
	// Quotas are the team's ResourceQuotas, by namespace.
	Quotas map[string]*corev1.ResourceQuota
	// Volumes are the team's claims, by namespace and name.
	Volumes []*corev1.PersistentVolumeClaim
	// PersistentVolumes are those that the claims are bound to, by name.
	PersistentVolumes map[string]*corev1.PersistentVolume
	// Record is what is remembered of the team; nil if nothing is.
	Record *foundationv1alpha1.TeamRecord
	// APIShares are the team's shares of the API server's seats; 0 means DefaultAPIShares.
	APIShares int32
	// Others are all other objects that carry the team's label.
	Others []client.Object
}

func (in Input) owner() apply.Owner { return apply.OwnerOf(in.Team) }

// state is where the team is in its life.
func (in Input) state() foundationv1alpha1.TeamState { return in.life().State(in.Now) }

func (in Input) life() lifecycle.Team { return lifecycle.Of(in.Team, in.Program) }

// holds says whether the team keeps what it was awarded: it is in term, suspended or not.
func (in Input) holds() bool { return in.state().HoldsAwards() }

// closed is the state of the namespaces of a team that does not hold its awards.
func (in Input) closed() foundationv1alpha1.ResourceState {
	if retention, over := in.life().Retention(in.Now); over && retention.Phase == foundationv1alpha1.RetentionDataAccess {
		return foundationv1alpha1.ResourceDataAccess
	}
	return foundationv1alpha1.ResourceLocked
}

// place is one namespace of a team.
type place struct {
	// name is the real name.
	name  string
	state foundationv1alpha1.ResourceState
	// spec is nil for a retired namespace.
	spec *foundationv1alpha1.TeamNamespace
}

// open says whether the team can work there.
func (p place) open() bool { return p.state == foundationv1alpha1.ResourceActive }

// accessible says whether staff have access: to work, or to read and copy data.
func (p place) accessible() bool { return p.open() || p.state == foundationv1alpha1.ResourceDataAccess }

// places are the namespaces that there shall be: those of the spec while the team holds its awards; after that, and
// when they were taken out of the spec, those that are there. Declared ones come first, in the order of the spec.
func (in Input) places() []place {
	var places []place
	declared := map[string]bool{}
	for i := range in.Team.Spec.Namespaces {
		spec := &in.Team.Spec.Namespaces[i]
		p := place{name: foundationv1alpha1.NamespaceName(in.Team.Name, spec.Name), spec: spec, state: foundationv1alpha1.ResourceActive}
		declared[p.name] = true
		if !in.holds() {
			p.state = in.closed()
			if live := in.Namespaces[p.name]; live == nil || !in.owner().CanAdopt(live) {
				continue
			}
		}
		places = append(places, p)
	}
	for _, name := range slices.Sorted(maps.Keys(in.Namespaces)) {
		if !declared[name] && in.owner().Owns(in.Namespaces[name]) {
			places = append(places, place{name: name, state: foundationv1alpha1.ResourceRetired})
		}
	}
	return places
}
