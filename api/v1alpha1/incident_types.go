package v1alpha1

// NodeIncident is a time in which a node of a team was broken. It is over when the node is mended, or when another one took its
// place. One that was over within a minute, such as a restart of the kubelet, is not kept; one that begins within ten minutes
// after the last of the same node is the same.
type NodeIncident struct {
	// nodeName is the node's name.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	NodeName string `json:"nodeName,omitempty"`
	// teamName is the FoundationTeam that held it.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	TeamName string `json:"teamName,omitempty"`
	// uid is that FoundationTeam's UID.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	UID       string `json:"uid,omitempty"`
	NodeFault `json:",inline"`
}

// NodeFault is what was wrong with a node, from when to when.
type NodeFault struct {
	// fault is what was wrong last: NotReady, Cordoned, Tainted, MissingGPUs, TaintedDevices, TooSmall or Deleted.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	Fault string `json:"fault,omitempty"`
	// detail is what exactly: which taint, how many GPUs, which device of which driver.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Detail string `json:"detail,omitempty"`
	// count is how many GPUs the team was short of meanwhile, at most.
	// +required
	Count int32 `json:"count"`
	// startTime is since when the node was broken.
	// +required
	StartTime Timestamp `json:"startTime,omitempty,omitzero"`
	// endTime is when that was over for the team.
	// +optional
	EndTime *Timestamp `json:"endTime,omitempty"`
	// outcome is how it was over.
	// +optional
	Outcome IncidentOutcome `json:"outcome,omitempty"`
}

// IncidentOutcome is how a node's fault was over for its team.
//
// +kubebuilder:validation:Enum=Mended;Drained;Gone
type IncidentOutcome string

// Outcomes.
const (
	// IncidentMended: the node is healthy again.
	IncidentMended IncidentOutcome = "Mended"
	// IncidentDrained: it was drained, because another node took its place or because the grant shrank.
	IncidentDrained IncidentOutcome = "Drained"
	// IncidentGone: the node was deleted.
	IncidentGone IncidentOutcome = "Gone"
)
