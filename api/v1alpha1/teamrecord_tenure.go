package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// TenureFact is what was seen of a team's time. Specs say only what holds now; periods that protect people and data count
// from what is here.
type TenureFact struct {
	// phase is the team's standing in its programme when that existed last: In, Objection, Pending, HeldBack, Rejected,
	// Eliminated or Withdrawn; empty if it had none. A team without a programme is In.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=16
	Phase string `json:"phase,omitempty"` //nolint:kubeapilinter // a programme's standing, no state machine
	// begun is true if the team was in term at some time.
	// +optional
	Begun bool `json:"begun,omitempty"` //nolint:kubeapilinter // false and missing mean the same
	// plannedEndTime is when the team's time ends, or ended, as its specs say; without it, they do not say.
	// +optional
	PlannedEndTime *Timestamp `json:"plannedEndTime,omitempty"`
	// plannedEndObservedTime is when the operator saw that first.
	// +optional
	PlannedEndObservedTime *Timestamp `json:"plannedEndObservedTime,omitempty"`
	// endedTime is from when on the periods of retention count: the planned end if it was on record before it came, else when
	// it was seen. Without it the team's time is not over.
	// +optional
	EndedTime *Timestamp `json:"endedTime,omitempty"`
	// dataAccessEndTime is until when staff may read and copy.
	// +optional
	DataAccessEndTime *Timestamp `json:"dataAccessEndTime,omitempty"`
	// keepEndTime is until when data is kept at least.
	// +optional
	KeepEndTime *Timestamp `json:"keepEndTime,omitempty"`
	// confirmation is what was confirmed with the annotation foundation.team/confirm-deletion; without it, nothing is.
	// +optional
	Confirmation *ConfirmationFact `json:"confirmation,omitempty"`
}

// ConfirmationFact is what an admin confirmed, as it was when the operator saw the confirmation first.
type ConfirmationFact struct {
	// observedTime is when that was.
	// +required
	ObservedTime Timestamp `json:"observedTime,omitempty,omitzero"`
	// deletionPolicy is what spec.deletionPolicy was.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=16
	DeletionPolicy string `json:"deletionPolicy,omitempty"`
	// keep is how long data was to be kept after the end of the team's time.
	// +required
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Pattern=`^([0-9]{1,7}h)?([0-9]{1,2}m)?[0-9]{1,2}s$`
	Keep metav1.Duration `json:"keep"` // 0s is a keep, too
	// plannedEndTime is when the team's time was to end, or had ended; without it, that was not known.
	// +optional
	PlannedEndTime *Timestamp `json:"plannedEndTime,omitempty"`
}
