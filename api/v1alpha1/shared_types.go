package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Window is a span of time: start is inclusive, end exclusive. A missing bound is open.
//
// +kubebuilder:validation:XValidation:fieldPath=".end",rule="!has(self.start) || !has(self.end) || self.start < self.end",message="must be after start: move end, or leave it out for an open end"
// +kubebuilder:validation:MinProperties=1
type Window struct {
	// start is the first moment of the window (RFC 3339). Without it the window has always begun.
	// +optional
	Start *metav1.Time `json:"start,omitempty"`
	// end is the first moment after the window (RFC 3339). Without it the window never ends.
	// +optional
	End *metav1.Time `json:"end,omitempty"`
}
