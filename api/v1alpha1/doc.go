// Package v1alpha1 holds the API of foundation.team: FoundationTeam, a team's award and place to work; GPUPool, the stock
// of GPUs that awards draw from; FoundationProgram, which selects teams; and TeamRecord, what is remembered of them.
//
// +kubebuilder:object:generate=true
// +groupName=foundation.team
package v1alpha1
