package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// TeamRecord is what was awarded to a team, decided on it and changed of it. The operator writes it, and it outlives the
// FoundationTeam: a manifest that was removed by mistake gets its place back by it. Nobody but admins can read it.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:scope=Cluster,shortName=ftrec,categories=foundation
// +kubebuilder:printcolumn:name="Team",type=string,JSONPath=`.spec.teamName`
// +kubebuilder:printcolumn:name="Program",type=string,JSONPath=`.spec.programName`
// +kubebuilder:printcolumn:name="State",type=string,JSONPath=`.spec.state`
// +kubebuilder:printcolumn:name="Since",type=date,JSONPath=`.spec.stateTransitionTime`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type TeamRecord struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is the record.
	// +required
	Spec TeamRecordSpec `json:"spec,omitzero"`

	// Unreadable says of which values the operator's cache has not read. It is no part of the API: nobody can set it there.
	Unreadable []string `json:"-"`
}

// TeamRecordSpec is the record of a team.
type TeamRecordSpec struct {
	// teamName is the FoundationTeam's name.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=40
	TeamName string `json:"teamName,omitempty"`
	// uids are the UIDs that the team has had, the newest last: one more each time that its manifest was removed and
	// applied again.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=64
	UIDs []string `json:"uids,omitempty"`
	// programName is the FoundationProgram that it takes part in.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	ProgramName string `json:"programName,omitempty"`
	// lead is the organisation that leads its consortium.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Lead string `json:"lead,omitempty"`
	// suspensionKept is true while the team is suspended because it was when its manifest was removed, and the manifest that
	// was applied again says nothing of it.
	// +optional
	SuspensionKept bool `json:"suspensionKept,omitempty"` //nolint:kubeapilinter // false and missing mean the same
	// state is where the team is in its life; Deleted if it has no FoundationTeam any more.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	State TeamState `json:"state,omitempty"`
	// stateTransitionTime is when that began.
	// +optional
	StateTransitionTime *Timestamp `json:"stateTransitionTime,omitempty"`
	// tenure is what was seen of the team's time: since when its end is known, and what counts from that.
	// +optional
	Tenure *TenureFact `json:"tenure,omitempty"`
	// facts are what was awarded and decided last.
	// +optional
	Facts TeamFacts `json:"facts,omitempty,omitzero"`
	// payments are the money that was due to the team by now, the oldest first. It stays due, whatever is edited now; only an
	// award of less than was due takes the rest of it back.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=256
	Payments []PaymentFact `json:"payments,omitempty"`
	// history is what changed, the oldest first. Of more than 200 changes, or 192 KiB of them, the oldest of what changed most
	// often are dropped.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=200
	History []RecordedChange `json:"history,omitempty"`
	// incidents are the times in which nodes of the team were broken and that are over, the oldest first. Of more than 128 the
	// oldest are dropped. They are no part of history, so that no award is dropped for them.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=128
	Incidents []TeamIncident `json:"incidents,omitempty"`
}

// TeamRecordList is a list of TeamRecords.
//
// +kubebuilder:object:root=true
type TeamRecordList struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard list metadata.
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`
	// items are the TeamRecords.
	Items []TeamRecord `json:"items"`
}
