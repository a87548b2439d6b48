package v1alpha1

// ResourceState is the state of a namespace or volume of a team.
//
// +kubebuilder:validation:Enum=Active;DataAccess;Locked;Retired;Released;Pending;Conflict
type ResourceState string

// Resource states.
const (
	// ResourceActive: there and in use.
	ResourceActive ResourceState = "Active"
	// ResourceDataAccess: the team's time is over; staff may read and copy data.
	ResourceDataAccess ResourceState = "DataAccess"
	// ResourceLocked: kept; the team's state allows no access.
	ResourceLocked ResourceState = "Locked"
	// ResourceRetired: kept; the spec has it no more.
	ResourceRetired ResourceState = "Retired"
	// ResourceReleased: the PersistentVolumeClaim is gone; its PersistentVolume is kept with the data.
	ResourceReleased ResourceState = "Released"
	// ResourcePending: not there, or not complete, yet.
	ResourcePending ResourceState = "Pending"
	// ResourceConflict: the name belongs to an object that is not the team's.
	ResourceConflict ResourceState = "Conflict"
)

// TeamNamespaceStatus is one namespace of a team.
type TeamNamespaceStatus struct {
	// name is the real name, <team>-<name>.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name,omitempty"`
	// state is Active, DataAccess, Locked, Retired, Pending or Conflict.
	// +optional
	State ResourceState `json:"state,omitempty"`
	// granted is the namespace's GPU quota.
	// +required
	Granted int32 `json:"granted"`
	// used is how many GPUs its pods ask for, as its quota counts them.
	// +required
	Used int32 `json:"used"`
}

// TeamVolumeStatus is one PersistentVolumeClaim of a team.
type TeamVolumeStatus struct {
	// namespace is the real name of its namespace.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Namespace string `json:"namespace,omitempty"`
	// name is its name.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name,omitempty"`
	// state is Active, DataAccess, Locked, Retired, Released, Pending or Conflict.
	// +optional
	State ResourceState `json:"state,omitempty"`
	// persistentVolumeNames are, if it is Released, the PersistentVolumes that keep its data, the newest first.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=4
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=253
	PersistentVolumeNames []string `json:"persistentVolumeNames,omitempty"`
	// capacity is what is provisioned; while it is not, it is empty.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	Capacity string `json:"capacity,omitempty"`
}
