package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Reclaim is how GPUs are taken back from a team whose grant shrinks or ends.
//
// +kubebuilder:validation:XValidation:fieldPath=".forceAfter",rule="!has(self.forceAfter) || !has(self.gracePeriod) || [self.forceAfter, self.gracePeriod].exists(d, d.size() == 0 || !d.matches('^([0-9]{1,4}h)?([0-9]{1,5}m)?([0-9]{1,7}s)?$')) || duration(self.forceAfter) >= duration(self.gracePeriod)",messageExpression="self.forceAfter + ' is before gracePeriod, ' + self.gracePeriod + ', is over, and both are counted from the same moment: make it as long or longer'",message="must be as long as gracePeriod or longer: both are counted from the same moment"
type Reclaim struct {
	// gracePeriod is how long running pods may stay on a node that is being drained, for example 72h. After it
	// they are evicted. Hours, minutes and seconds, for example 1h30m; 0s evicts at once, the most is 720h.
	// +optional
	// +default="72h"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.size() > 0 && self.matches('^([0-9]{1,3}h)?([0-9]{1,5}m)?([0-9]{1,7}s)?$') && duration(self) <= duration('720h')",message="must be between 0s and 720h, written in hours, minutes and seconds, for example 72h or 1h30m"
	GracePeriod *metav1.Duration `json:"gracePeriod,omitempty"`
	// forceAfter is how long after a drain began pods are deleted even if a PodDisruptionBudget refuses their
	// eviction, for example 96h; not before gracePeriod. Without it budgets are always respected. Hours, minutes and
	// seconds; the most is 1440h.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.size() > 0 && self.matches('^([0-9]{1,4}h)?([0-9]{1,5}m)?([0-9]{1,7}s)?$') && duration(self) <= duration('1440h')",message="must be between 0s and 1440h, written in hours, minutes and seconds, for example 96h"
	ForceAfter *metav1.Duration `json:"forceAfter,omitempty"`
	// requireScrub gives a static node to nobody before its GPUs were scrubbed for this hand-over: the operator sets the
	// annotation foundation.team/scrub-request on a node that is empty, and who scrubs answers with the same value in
	// foundation.team/scrubbed. That holds for nodes that are new in the pool too,
	// and not for those that are free already when it is set.
	// +optional
	// +default=false
	RequireScrub bool `json:"requireScrub,omitempty"` //nolint:kubeapilinter // false and missing mean the same
}

// Repair is how a team's node is replaced that is NotReady, cordoned, tainted by others or short of GPUs. At most a quarter of a
// team's nodes, and at least one, are drained for it at a time.
type Repair struct {
	// replaceAfter is how long a team's node has to be broken before it is drained, as reclaim says, and another one takes its
	// place: a static node that is free, or one that Karpenter provisions. It stays with its team while there is none. Hours,
	// minutes and seconds, for example 10m; 0s turns it off, the most is 720h.
	// +optional
	// +default="10m"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.size() > 0 && self.matches('^([0-9]{1,3}h)?([0-9]{1,5}m)?([0-9]{1,7}s)?$') && duration(self) <= duration('720h')",message="must be between 0s and 720h, written in hours, minutes and seconds, for example 10m"
	ReplaceAfter *metav1.Duration `json:"replaceAfter,omitempty"`
	// spares is how many nodes are kept back to take the place of broken ones. They are no part of what can be awarded.
	// +optional
	// +default=0
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1024
	Spares int32 `json:"spares,omitempty"` //nolint:kubeapilinter // 0 and missing mean the same
}
