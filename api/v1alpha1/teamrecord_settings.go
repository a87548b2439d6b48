package v1alpha1

// SettingFact is a setting of a team, its programme or one of its pools, as JSON has it and not as text for people.
type SettingFact struct {
	// name is where it is set: a field of the FoundationTeam, such as priority or namespaces[train].gpuWeight, or of its
	// FoundationProgram or a GPUPool that it has awards of, such as program.seats or pools[b200].reclaim.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Name string `json:"name,omitempty"`
	// value is what it was set to. Of a long one it is the beginning, and a digest of all of it.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Value string `json:"value,omitempty"`
}
