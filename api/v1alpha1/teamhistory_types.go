package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// TeamChange is one change of a team, as text in the time zone of its programme. The TeamRecord has it as facts.
type TeamChange struct {
	// time is when it was changed, or when time changed it (RFC 3339).
	// +required
	Time metav1.Time `json:"time,omitzero"`
	// what is what was changed, for example gpus[stage-1], or state.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	What string `json:"what,omitempty"`
	// from is what it was before; empty if it was not there.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	From string `json:"from,omitempty"`
	// to is what it became; empty if it was taken out.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	To string `json:"to,omitempty"`
	// by is the field manager that changed it, for example kubectl-client-side-apply; empty if time did.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	By string `json:"by,omitempty"`
	// effect is what the team had in use and lost by it at once, for example 64 GPUs and the access of 12 people.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Effect string `json:"effect,omitempty"`
	// late is how long after its time the operator acted, if it was more than a minute: it was down then.
	// +optional
	Late *metav1.Duration `json:"late,omitempty"`
}
