// Package v1alpha1 holds the API of foundation.team: FoundationTeam, a team's award and place to work, and
// GPUPool, the stock of GPUs that awards draw from.
//
// +kubebuilder:object:generate=true
// +groupName=foundation.team
package v1alpha1
