// Package karpenter is the part of Karpenter's API that the operator reads and writes. Karpenter's own module would
// bring all of Karpenter along.
//
// +kubebuilder:object:generate=true
package karpenter

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// GroupVersion is the version of Karpenter's API that the operator speaks.
var GroupVersion = schema.GroupVersion{Group: "karpenter.sh", Version: "v1"}

// LabelNodePool names the NodePool on its NodeClaims and Nodes.
const LabelNodePool = "karpenter.sh/nodepool"

// Types of a NodeClaim's conditions, in the order in which they come true.
const (
	ConditionLaunched    = "Launched"
	ConditionRegistered  = "Registered"
	ConditionInitialized = "Initialized"
)

// Types of a NodePool's conditions that say why it makes no nodes. Its Ready is about its configuration only.
const (
	ConditionValidationSucceeded     = "ValidationSucceeded"
	ConditionNodeClassReady          = "NodeClassReady"
	ConditionNodeRegistrationHealthy = "NodeRegistrationHealthy"
)

// NodePool says which nodes Karpenter shall make. See https://karpenter.sh/docs/concepts/nodepools.
//
// +kubebuilder:object:root=true
type NodePool struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   NodePoolSpec   `json:"spec,omitzero"`
	Status NodePoolStatus `json:"status,omitzero"`
}

// NodePoolStatus is what Karpenter says of a NodePool.
type NodePoolStatus struct {
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// NodePoolList is a list of NodePools.
//
// +kubebuilder:object:root=true
type NodePoolList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []NodePool `json:"items"`
}

// NodePoolSpec is what the operator sets of a NodePool.
type NodePoolSpec struct {
	// Replicas is how many nodes there shall be; nil makes them as pods need them.
	Replicas *int64 `json:"replicas,omitempty"`
	// Limits bound the sum of the nodes' resources. With Replicas, only nodes can be bounded.
	Limits     corev1.ResourceList `json:"limits,omitempty"`
	Template   *Template           `json:"template,omitempty"`
	Disruption *Disruption         `json:"disruption,omitempty"`
}

// Template is what each node shall be.
type Template struct {
	Metadata *TemplateMeta `json:"metadata,omitempty"`
	Spec     *TemplateSpec `json:"spec,omitempty"`
}

// TemplateMeta is put on each NodeClaim and Node.
type TemplateMeta struct {
	Labels      map[string]string `json:"labels,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

// TemplateSpec is what a node is made from.
type TemplateSpec struct {
	Taints       []Taint       `json:"taints,omitempty"`
	Requirements []Requirement `json:"requirements,omitempty"`
	NodeClassRef *NodeClassRef `json:"nodeClassRef,omitempty"`
	// ExpireAfter is when Karpenter ends a node by itself; Never is a value.
	ExpireAfter string `json:"expireAfter,omitempty"`
}

// Taint is a taint of a node. A core Taint has a time that is not the operator's to set.
type Taint struct {
	Key    string             `json:"key,omitempty"`
	Value  string             `json:"value,omitempty"`
	Effect corev1.TaintEffect `json:"effect,omitempty"`
}

// Requirement is what a label of a node must be.
type Requirement struct {
	Key      string                      `json:"key,omitempty"`
	Operator corev1.NodeSelectorOperator `json:"operator,omitempty"`
	Values   []string                    `json:"values,omitempty"`
}

// NodeClassRef is the cloud provider's configuration.
type NodeClassRef struct {
	Group string `json:"group,omitempty"`
	Kind  string `json:"kind,omitempty"`
	Name  string `json:"name,omitempty"`
}

// Disruption is what Karpenter may do to nodes that run.
type Disruption struct {
	ConsolidationPolicy string `json:"consolidationPolicy,omitempty"`
	// ConsolidateAfter is how long a node is empty before it goes; Never is a value.
	ConsolidateAfter string   `json:"consolidateAfter,omitempty"`
	Budgets          []Budget `json:"budgets,omitempty"`
}

// Budget is how many nodes may go at a time, for reasons of Karpenter's own.
type Budget struct {
	Nodes   string   `json:"nodes,omitempty"`
	Reasons []string `json:"reasons,omitempty"`
}

// NodeClaim is a node that Karpenter is making, has or ends. See https://karpenter.sh/docs/concepts/nodeclaims.
//
// +kubebuilder:object:root=true
type NodeClaim struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Status NodeClaimStatus `json:"status,omitzero"`
}

// NodeClaimList is a list of NodeClaims.
//
// +kubebuilder:object:root=true
type NodeClaimList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []NodeClaim `json:"items"`
}

// NodeClaimStatus is how far the node is.
type NodeClaimStatus struct {
	// NodeName is empty until the node registered.
	NodeName   string             `json:"nodeName,omitempty"`
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// AddToScheme adds the kinds to a scheme.
func AddToScheme(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(GroupVersion, &NodePool{}, &NodePoolList{}, &NodeClaim{}, &NodeClaimList{})
	metav1.AddToGroupVersion(scheme, GroupVersion)
	return nil
}
