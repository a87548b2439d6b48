package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// GPUPoolStatus is what there is of a stock and who has it.
type GPUPoolStatus struct {
	// conditions are Ready, Oversubscribed and AwardsCovered; Reconciling and Stalled only while they are true.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// observedGeneration is the generation of the spec that this status is about.
	// +optional
	// +kubebuilder:validation:Minimum=1
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// capacity is the sums.
	// +optional
	Capacity *PoolCapacity `json:"capacity,omitempty"`
	// nodeAllocatable is what the smallest healthy node offers to pods. Quotas of cpu, memory and ephemeral storage follow from
	// it in proportion to the GPUs. A node that offers less than half of the median is not healthy, so it changes no quota.
	// +optional
	NodeAllocatable corev1.ResourceList `json:"nodeAllocatable,omitempty"`
	// grants are what each team demands and is granted. A FoundationTeam that was deleted and created again under its name
	// has a grant of its own, unless it took over what it had.
	// +optional
	// +listType=map
	// +listMapKey=teamName
	// +listMapKey=uid
	// +kubebuilder:validation:MaxItems=4096
	Grants []Grant `json:"grants,omitempty"`
	// incidents are the times in which nodes of teams were broken, the oldest first: those that are not over and the newest of the
	// others. TeamRecords keep them for longer.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=128
	Incidents []NodeIncident `json:"incidents,omitempty"`
	// nextTransitionTime is the next moment at which time alone changes a grant.
	// +optional
	NextTransitionTime *metav1.Time `json:"nextTransitionTime,omitempty"`
}

// PoolCapacity is the sums of a pool. Numbers are GPUs.
type PoolCapacity struct {
	// total is what the pool's nodes have; nodes without the pool's GPUs are none of it.
	// +required
	Total int32 `json:"total"`
	// healthy is what is on nodes that the scheduler can use: Ready, not cordoned, without foreign taints, with all their GPUs
	// and no less of the rest than half of what most nodes have.
	// +required
	Healthy int32 `json:"healthy"`
	// granted is what teams were given.
	// +required
	Granted int32 `json:"granted"`
	// held is what is on nodes that teams hold, draining ones included.
	// +required
	Held int32 `json:"held"`
	// free is what can be granted now.
	// +required
	Free int32 `json:"free"`
	// spares is what is kept back to take the place of broken nodes (spec.repair.spares). It is a part of total and cannot be
	// awarded.
	// +required
	Spares int32 `json:"spares"`
	// shortfall is what teams are short of.
	// +required
	Shortfall int32 `json:"shortfall"`
}

// Grant is what a team demands of a pool and is granted. Numbers are GPUs.
type Grant struct {
	// teamName is the FoundationTeam's name.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	TeamName string `json:"teamName,omitempty"`
	// uid is the FoundationTeam's UID: another team of the same name has nothing of this grant.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	UID string `json:"uid,omitempty"`
	// requested is the sum of the awards that are in force.
	// +required
	Requested int32 `json:"requested"`
	// granted is what the team may use. It is raised only when nodes are free for it.
	// +required
	Granted int32 `json:"granted"`
	// held is what is on nodes that the team holds, draining ones included.
	// +required
	Held int32 `json:"held"`
	// ready is what is on healthy nodes that the team holds and that are not draining.
	// +required
	Ready int32 `json:"ready"`
	// evictionTime is when the first pods on draining nodes are evicted.
	// +optional
	EvictionTime *metav1.Time `json:"evictionTime,omitempty"`
	// shortfall is requested less granted.
	// +required
	Shortfall int32 `json:"shortfall"`
	// nextFreeTime is the earliest time at which more comes free for this team, as far as is known now.
	// +optional
	NextFreeTime *metav1.Time `json:"nextFreeTime,omitempty"`
	// nextFreeCount is how many more that will be.
	// +optional
	// +kubebuilder:validation:Minimum=1
	NextFreeCount int32 `json:"nextFreeCount,omitempty"`
	// forecastTime is the first later moment at which an award of this team is not covered.
	// +optional
	ForecastTime *metav1.Time `json:"forecastTime,omitempty"`
	// forecastShortfall is how many GPUs will be missing then.
	// +optional
	// +kubebuilder:validation:Minimum=1
	ForecastShortfall int32 `json:"forecastShortfall,omitempty"`
	// forecastReason is why an award of this team will be short of something later: Overcommitted, PoolEnds or Ineligible.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	ForecastReason string `json:"forecastReason,omitempty"`
	// forecastMessage says what an award of this team will be short of later, and what helps. It is empty if all awards fit.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	ForecastMessage string `json:"forecastMessage,omitempty"`
	// reason is why the team has less than it asked for: Ineligible, PoolUnavailable, NotWholeNodes or Shortfall.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Reason string `json:"reason,omitempty"`
	// message says what is missing and what helps.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Message string `json:"message,omitempty"`
}
