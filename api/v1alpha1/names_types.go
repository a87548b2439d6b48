package v1alpha1

// Names by what they name. Each is an alias, so that the one rule for its kind of name is written here and Go code goes
// on with plain strings.
type (
	// EntryName tells the entries of a list apart.
	//
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="must be lower case letters, digits and hyphens, and start and end with a letter or digit"
	EntryName = string

	// TeamName is the name of a FoundationTeam. Namespaces are named after it, so it is shorter than most names are.
	//
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=40
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",message="must be the name of a FoundationTeam: lower case letters, digits and hyphens"
	TeamName = string

	// PoolName is the name of a GPUPool.
	//
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="must be the name of a GPUPool: lower case letters, digits and hyphens"
	PoolName = string

	// ProgramName is the name of a FoundationProgram.
	//
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="must be the name of a FoundationProgram: lower case letters, digits and hyphens"
	ProgramName = string

	// StageName is the name of one of a programme's stages.
	//
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="must be the name of one of the programme's stages"
	StageName = string

	// Organization is the name of an organisation. Organisations are compared letter by letter.
	//
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[^\s\p{Z}\p{C}]([^\p{C}]*[^\s\p{Z}\p{C}])?$')`,message="must not begin or end with a space, nor have control characters: organisations are compared letter by letter"
	Organization = string

	// DisplayName is a name for people, in any language.
	//
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[^\s\p{Z}\p{C}]([^\p{C}]*[^\s\p{Z}\p{C}])?$')`,message="must not begin or end with a space, nor have control characters or line breaks"
	DisplayName = string
)
