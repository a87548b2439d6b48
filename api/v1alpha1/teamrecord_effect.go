package v1alpha1

// EffectFact is what a team had in use and lost by an edit at once.
type EffectFact struct {
	// gpus is how many granted GPUs are taken back.
	// +optional
	// +kubebuilder:validation:Minimum=0
	GPUs int32 `json:"gpus,omitempty"` //nolint:kubeapilinter // 0 and missing mean the same
	// accessEnded is how many subjects of staff lost access.
	// +optional
	// +kubebuilder:validation:Minimum=0
	AccessEnded int32 `json:"accessEnded,omitempty"` //nolint:kubeapilinter // 0 and missing mean the same
	// accessReduced is how many subjects of staff may do less than before.
	// +optional
	// +kubebuilder:validation:Minimum=0
	AccessReduced int32 `json:"accessReduced,omitempty"` //nolint:kubeapilinter // 0 and missing mean the same
	// namespaces is how many namespaces are closed to work.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Namespaces int32 `json:"namespaces,omitempty"` //nolint:kubeapilinter // 0 and missing mean the same
	// volumes is how many volumes are retired.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Volumes int32 `json:"volumes,omitempty"` //nolint:kubeapilinter // 0 and missing mean the same
}
