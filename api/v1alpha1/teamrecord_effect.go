package v1alpha1

// EffectFact is what a team had in use and lost by an edit: what ends at once, and how much sooner its data may go.
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
	// dataAccessSeconds is how much sooner staff lose access to the data.
	// +optional
	// +kubebuilder:validation:Minimum=0
	DataAccessSeconds int64 `json:"dataAccessSeconds,omitempty"` //nolint:kubeapilinter // 0 and missing mean the same
	// keepSeconds is how much sooner the data need not be kept any more.
	// +optional
	// +kubebuilder:validation:Minimum=0
	KeepSeconds int64 `json:"keepSeconds,omitempty"` //nolint:kubeapilinter // 0 and missing mean the same
	// deletable is how many namespaces, with the volumes in them, may be deleted in the end and were to be kept.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Deletable int32 `json:"deletable,omitempty"` //nolint:kubeapilinter // 0 and missing mean the same
}
