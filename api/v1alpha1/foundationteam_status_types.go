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
	// state is where the team is in its life: NotSelected, NotFinal, NotStarted, InTerm, Suspended, Ended, Eliminated,
	// Withdrawn, ProgramNotFound or Deleting.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	State TeamState `json:"state,omitempty"`
	// stateTransitionTime is when that state began, by the programme, the term or the clock; empty if it always was.
	// +optional
	StateTransitionTime *metav1.Time `json:"stateTransitionTime,omitempty"`
	// program is what the team's programme decided on it.
	// +optional
	Program *TeamProgramStatus `json:"program,omitempty"`
	// retention is from when to when data can be read and is kept, once the team's time is over.
	// +optional
	Retention *TeamRetentionStatus `json:"retention,omitempty"`
	// budget is the team's money, by line.
	// +optional
	// +listType=map
	// +listMapKey=line
	// +kubebuilder:validation:MaxItems=3
	Budget []TeamBudgetStatus `json:"budget,omitempty"`
	// history is what changed last, the oldest first. The TeamRecord has more of it.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=10
	History []TeamChange `json:"history,omitempty"`
	// formerUIDs are the UIDs that this team had before its manifest was removed and applied again. What carries one of
	// them is the team's.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=64
	FormerUIDs []string `json:"formerUIDs,omitempty"`
	// nextTransitionTime is the next moment at which time alone changes something: a decision of the programme takes
	// effect, or a term, an award, a staff entry or a period of retention begins or ends.
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
	// volumes are the PersistentVolumeClaims of the team, retired ones after the others, and last those that are gone, with
	// the PersistentVolumes that keep their data.
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
	// nodeSummary is ready/granted, in nodes.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	NodeSummary string `json:"nodeSummary,omitempty"`
	// requested is the sum of the awards in force.
	// +required
	Requested int32 `json:"requested"`
	// granted is how many the pools gave; the namespaces' quotas add up to it.
	// +required
	Granted int32 `json:"granted"`
	// ready is how many of them are on nodes that are the team's and Ready.
	// +required
	Ready int32 `json:"ready"`
	// used is how many the team's pods ask for, as the namespaces' quotas count them.
	// +required
	Used int32 `json:"used"`
	// pools are the same numbers, by pool.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=256
	Pools []TeamPoolStatus `json:"pools,omitempty"`
	// incidents are the times in which nodes of the team were broken, the newest last.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	Incidents []TeamIncident `json:"incidents,omitempty"`
}

// TeamIncident is a time in which a node of the team was broken.
type TeamIncident struct {
	// poolName is the GPUPool's.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	PoolName string `json:"poolName,omitempty"`
	// nodeName is the node's.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	NodeName  string `json:"nodeName,omitempty"`
	NodeFault `json:",inline"`
}

// TeamPoolStatus is what a team has of one pool. Numbers are GPUs.
type TeamPoolStatus struct {
	// name is the GPUPool's.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name,omitempty"`
	// requested is the sum of the awards of this pool that are in force.
	// +required
	Requested int32 `json:"requested"`
	// granted is how many the pool gave.
	// +required
	Granted int32 `json:"granted"`
	// ready is how many are on nodes that are the team's and Ready.
	// +required
	Ready int32 `json:"ready"`
	// held is how many are on nodes that the team holds, those being drained included.
	// +required
	Held int32 `json:"held"`
	// shortfall is requested less granted.
	// +required
	Shortfall int32 `json:"shortfall"`
	// nextFreeTime is the earliest time at which more of the pool comes free for this team, as far as is known now.
	// +optional
	NextFreeTime *metav1.Time `json:"nextFreeTime,omitempty"`
	// forecastMessage says what an award will be short of later, and what helps. It is empty if all awards fit.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	ForecastMessage string `json:"forecastMessage,omitempty"`
	// message says what is missing and what helps. It is empty when nothing is.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Message string `json:"message,omitempty"`
}

// TeamStaffStatus is who has access.
type TeamStaffStatus struct {
	// active is how many staff entries are in date while the team is active.
	// +required
	Active int32 `json:"active"`
	// nextExpiryTime is when the next of them ends.
	// +optional
	NextExpiryTime *metav1.Time `json:"nextExpiryTime,omitempty"`
	// expiring are those that end within 30 days, the first to end first. An event tells of each 30 and 7 days before.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=200
	Expiring []ExpiringStaff `json:"expiring,omitempty"`
}

// ExpiringStaff is a staff entry that ends soon.
type ExpiringStaff struct {
	// name is the entry's name.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name,omitempty"`
	// endTime is when it ends.
	// +required
	EndTime metav1.Time `json:"endTime,omitzero"`
	// withinDays is 7 if that is within 7 days, else 30.
	// +required
	WithinDays int32 `json:"withinDays"`
}

// TeamProgramStatus is what a programme decided on a team.
type TeamProgramStatus struct {
	// name is the FoundationProgram's name.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name,omitempty"`
	// observedGeneration is the generation of the programme's spec that this is about.
	// +optional
	// +kubebuilder:validation:Minimum=1
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// outcome is the decision that counts now; empty if there is none yet.
	// +optional
	Outcome Outcome `json:"outcome,omitempty"`
	// reason is why it was decided so.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Reason string `json:"reason,omitempty"`
	// decisionTime is when it was decided.
	// +optional
	DecisionTime *metav1.Time `json:"decisionTime,omitempty"`
	// effectiveTime is when it takes, or took, effect.
	// +optional
	EffectiveTime *metav1.Time `json:"effectiveTime,omitempty"`
	// finalTime is until when the team can object; empty if it cannot.
	// +optional
	FinalTime *metav1.Time `json:"finalTime,omitempty"`
	// score is the team's own total in the evaluation that it was decided on, of 100.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=16
	Score string `json:"score,omitempty"`
	// failedGates are the gates that it failed there.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=63
	FailedGates []string `json:"failedGates,omitempty"`
}

// RetentionPhase is what can be done with the data of a team whose time is over.
//
// +kubebuilder:validation:Enum=DataAccess;Locked;Expired
type RetentionPhase string

// Retention phases.
const (
	// RetentionDataAccess: staff may read and copy.
	RetentionDataAccess RetentionPhase = "DataAccess"
	// RetentionLocked: kept, and nobody gets at it.
	RetentionLocked RetentionPhase = "Locked"
	// RetentionExpired: kept, and need not be any longer.
	RetentionExpired RetentionPhase = "Expired"
)

// TeamRetentionStatus is from when to when data can be read and is kept.
type TeamRetentionStatus struct {
	// phase is DataAccess, Locked or Expired.
	// +optional
	Phase RetentionPhase `json:"phase,omitempty"` //nolint:kubeapilinter // which part of a span of time it is, no state machine
	// dataAccessEndTime is until when staff may read and copy.
	// +optional
	DataAccessEndTime *metav1.Time `json:"dataAccessEndTime,omitempty"`
	// keepEndTime is until when data is kept at least.
	// +optional
	KeepEndTime *metav1.Time `json:"keepEndTime,omitempty"`
}

// TeamBudgetStatus is a team's money on a line, in whole units of the programme's currency.
type TeamBudgetStatus struct {
	// line is what the money is for.
	// +required
	Line BudgetLine `json:"line,omitempty"`
	// awarded is all that spec.budget has.
	// +required
	Awarded int64 `json:"awarded"`
	// due is what of it was due by now.
	// +required
	Due int64 `json:"due"`
	// heldBack is what of it is beyond what the programme has or lets a team have in a year.
	// +required
	HeldBack int64 `json:"heldBack"`
	// nextDueTime is when the next instalment is due, and nextAmount how much that is.
	// +optional
	NextDueTime *metav1.Time `json:"nextDueTime,omitempty"`
	// nextAmount is how much is due next.
	// +optional
	// +kubebuilder:validation:Minimum=1
	NextAmount int64 `json:"nextAmount,omitempty"`
}
