package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Window is a span of time: start is inclusive, end exclusive. A missing bound is open.
//
// +kubebuilder:validation:XValidation:fieldPath=".endTime",rule="!has(self.startTime) || !has(self.endTime) || [self.startTime, self.endTime].exists(t, format.datetime().validate(t).hasValue()) || timestamp(self.startTime) < timestamp(self.endTime)",message="must be after startTime: move endTime, or leave it out for an open end"
// +kubebuilder:validation:MinProperties=1
type Window struct {
	// startTime is the first moment of the window (RFC 3339). Without it the window has always begun.
	// +optional
	StartTime *Timestamp `json:"startTime,omitempty"`
	// endTime is the first moment after the window (RFC 3339). Without it the window never ends.
	// +optional
	EndTime *Timestamp `json:"endTime,omitempty"`
}

// Retention is what becomes of a team's data when its time is over: staff may read and copy it for a while, then it is
// locked, and after a while it need not be kept any longer. The operator deletes nothing by itself.
//
// +kubebuilder:validation:MinProperties=1
// +kubebuilder:validation:XValidation:fieldPath=".keep",rule="!has(self.keep) || !has(self.dataAccess) || [self.keep, self.dataAccess].exists(d, !d.matches('^([0-9]{1,6}h)?([0-9]{1,5}m)?([0-9]{1,7}s)?$') || d.size() == 0) || duration(self.keep) >= duration(self.dataAccess)",messageExpression="self.keep + ' is shorter than dataAccess, ' + self.dataAccess + ', and both are counted from the same moment: make it as long or longer'",message="must be as long as dataAccess or longer: both are counted from the same moment"
type Retention struct {
	// dataAccess is how long staff may read and copy data after the team's time ended, for example 720h, the default.
	// Hours, minutes and seconds; 0s locks at once, the most is 87600h.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.size() > 0 && self.matches('^([0-9]{1,6}h)?([0-9]{1,5}m)?([0-9]{1,7}s)?$') && duration(self) <= duration('87600h')",message="must be between 0s and 87600h, written in hours, minutes and seconds, for example 720h"
	DataAccess *metav1.Duration `json:"dataAccess,omitempty"`
	// keep is how long data is kept at least after the team's time ended, for example 2160h, the default. After it data is
	// deleted only where deletionPolicy is Delete and an admin has confirmed it. Hours, minutes and seconds; the most is
	// 876000h.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.size() > 0 && self.matches('^([0-9]{1,6}h)?([0-9]{1,5}m)?([0-9]{1,7}s)?$') && duration(self) <= duration('876000h')",message="must be between 0s and 876000h, written in hours, minutes and seconds, for example 2160h"
	Keep *metav1.Duration `json:"keep,omitempty"`
}
