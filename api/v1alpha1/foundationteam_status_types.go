package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// FoundationTeamStatus is what a team has, and what is missing and why.
type FoundationTeamStatus struct {
	// conditions are Ready and the areas it stands for: Active, NamespacesReady, QuotaReady, AccessReady,
	// VolumesReady and GPUsReady; Reconciling and Stalled only while they are true.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// observedGeneration is the generation of the spec that this status is about.
	// +optional
	// +kubebuilder:validation:Minimum=1
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// state is where the team is in its life: NotStarted, InTerm, Suspended, Ended or Deleting.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	State string `json:"state,omitempty"`
	// nextTransitionTime is the next moment at which time alone changes something: a term, an award or a staff
	// entry begins or ends.
	// +optional
	NextTransitionTime *metav1.Time `json:"nextTransitionTime,omitempty"`
	// gpus is what was granted, by pool.
	// +optional
	GPUs *TeamGPUStatus `json:"gpus,omitempty"`
	// storage is the sum of the declared volumes' sizes, for example 200Ti.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	Storage string `json:"storage,omitempty"`
	// staff is who has access.
	// +optional
	Staff *TeamStaffStatus `json:"staff,omitempty"`
	// namespaces are the namespaces of the team, retired ones last.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=1024
	Namespaces []TeamNamespaceStatus `json:"namespaces,omitempty"`
	// volumes are the claims of the team, retired ones last.
	// +optional
	// +listType=map
	// +listMapKey=namespace
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=2048
	Volumes []TeamVolumeStatus `json:"volumes,omitempty"`
}

// TeamGPUStatus is what a team was granted. Numbers are GPUs.
type TeamGPUStatus struct {
	// summary is granted/requested.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	Summary string `json:"summary,omitempty"`
	// nodes is ready/granted, in nodes.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	Nodes string `json:"nodes,omitempty"`
	// requested is the sum of the awards in force.
	// +optional
	Requested *int32 `json:"requested,omitempty"`
	// granted is how many the pools gave; the namespaces' quotas add up to it.
	// +optional
	Granted *int32 `json:"granted,omitempty"`
	// ready is how many of them are on nodes that are the team's and Ready.
	// +optional
	Ready *int32 `json:"ready,omitempty"`
	// used is how many the team's pods ask for, as the namespaces' quotas count them.
	// +optional
	Used *int32 `json:"used,omitempty"`
	// pools are the parts, by pool.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=256
	Pools []TeamPoolStatus `json:"pools,omitempty"`
}

// TeamPoolStatus is what a team has of one pool. Numbers are GPUs.
type TeamPoolStatus struct {
	// name is the GPUPool's.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name,omitempty"`
	// requested is the sum of the awards of this pool that are in force.
	// +optional
	Requested *int32 `json:"requested,omitempty"`
	// granted is how many the pool gave.
	// +optional
	Granted *int32 `json:"granted,omitempty"`
	// ready is how many are on nodes that are the team's and Ready.
	// +optional
	Ready *int32 `json:"ready,omitempty"`
	// held is how many are on nodes that are the team's own, those on their way back included.
	// +optional
	Held *int32 `json:"held,omitempty"`
	// shortfall is requested less granted.
	// +optional
	Shortfall *int32 `json:"shortfall,omitempty"`
	// nextFree is the earliest time at which the pool's calendar shows more for this team.
	// +optional
	NextFree *metav1.Time `json:"nextFree,omitempty"`
	// forecast says what an award will be short of later, and what helps. It is empty if all awards fit.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Forecast string `json:"forecast,omitempty"`
	// message says what is missing and what helps. It is empty when nothing is.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Message string `json:"message,omitempty"`
}

// TeamStaffStatus is who has access.
type TeamStaffStatus struct {
	// active is how many staff entries are in date while the team is active.
	// +optional
	Active *int32 `json:"active,omitempty"`
	// nextExpiry is when the next of them ends.
	// +optional
	NextExpiry *metav1.Time `json:"nextExpiry,omitempty"`
}

// PlaceState is the state of a namespace or volume of a team.
//
// +kubebuilder:validation:Enum=Active;Locked;Retired;Pending;Conflict
type PlaceState string

// Place states.
const (
	// PlaceActive: there and in use.
	PlaceActive PlaceState = "Active"
	// PlaceLocked: kept; the team's state allows no access.
	PlaceLocked PlaceState = "Locked"
	// PlaceRetired: kept; the spec has it no more.
	PlaceRetired PlaceState = "Retired"
	// PlacePending: not there, or not complete, yet.
	PlacePending PlaceState = "Pending"
	// PlaceConflict: the name belongs to an object that is not the team's.
	PlaceConflict PlaceState = "Conflict"
)

// TeamNamespaceStatus is one namespace of a team.
type TeamNamespaceStatus struct {
	// name is the real name, <team>-<name>.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name,omitempty"`
	// state is Active, Locked, Retired, Pending or Conflict.
	// +optional
	State PlaceState `json:"state,omitempty"`
	// gpus is the namespace's GPU quota.
	// +optional
	GPUs *int32 `json:"gpus,omitempty"`
	// used is how many GPUs its pods ask for.
	// +optional
	Used *int32 `json:"used,omitempty"`
}

// TeamVolumeStatus is one claim of a team.
type TeamVolumeStatus struct {
	// namespace is the real name of the claim's namespace.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Namespace string `json:"namespace,omitempty"`
	// name is the claim's name.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name,omitempty"`
	// state is Active, Locked, Retired, Pending or Conflict.
	// +optional
	State PlaceState `json:"state,omitempty"`
	// capacity is what is provisioned; while it is not, it is empty.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	Capacity string `json:"capacity,omitempty"`
}
