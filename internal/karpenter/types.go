// Package karpenter has the types and fields of Karpenter's API that the operator reads and writes. Karpenter's own
// module would add all of Karpenter to the dependencies.
//
// +kubebuilder:object:generate=true
package karpenter

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// GroupVersion is the version of Karpenter's API that the operator uses.
var GroupVersion = schema.GroupVersion{Group: "karpenter.sh", Version: "v1"}

// LabelNodePool is the label by which Karpenter names the NodePool of a NodeClaim and of its Node.
const LabelNodePool = "karpenter.sh/nodepool"

// Types of a NodeClaim's conditions, in the order in which they become True.
const (
	ConditionLaunched    = "Launched"
	ConditionRegistered  = "Registered"
	ConditionInitialized = "Initialized"
)

// Types of a NodePool's conditions that explain why it provisions no nodes. Its Ready is about its configuration
// only.
const (
	ConditionValidationSucceeded     = "ValidationSucceeded"
	ConditionNodeClassReady          = "NodeClassReady"
	ConditionNodeRegistrationHealthy = "NodeRegistrationHealthy"
)

// NodePool describes the nodes that Karpenter provisions. See https://karpenter.sh/docs/concepts/nodepools.
//
// +kubebuilder:object:root=true
type NodePool struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   NodePoolSpec   `json:"spec,omitzero"`
	Status NodePoolStatus `json:"status,omitzero"`
}

// NodePoolStatus is what Karpenter reports about a NodePool.
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

// NodePoolSpec has the fields of a NodePool that the operator sets.
type NodePoolSpec struct {
	// Replicas is the number of nodes of a static NodePool; nil provisions them for pending pods.
	Replicas *int64 `json:"replicas,omitempty"`
	// Limits bound the sum of the nodes' resources. With Replicas, Karpenter allows only the resource nodes here.
	Limits     corev1.ResourceList `json:"limits,omitempty"`
	Template   *Template           `json:"template,omitempty"`
	Disruption *Disruption         `json:"disruption,omitempty"`
}

// Template describes each node.
type Template struct {
	Metadata *TemplateMeta `json:"metadata,omitempty"`
	Spec     *TemplateSpec `json:"spec,omitempty"`
}

// TemplateMeta is the metadata that Karpenter copies to each NodeClaim and Node.
type TemplateMeta struct {
	Labels      map[string]string `json:"labels,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

// TemplateSpec is the spec of each NodeClaim.
type TemplateSpec struct {
	Taints       []Taint       `json:"taints,omitempty"`
	Requirements []Requirement `json:"requirements,omitempty"`
	NodeClassRef *NodeClassRef `json:"nodeClassRef,omitempty"`
	// ExpireAfter is the age at which Karpenter terminates a node by itself: a duration, or Never.
	ExpireAfter string `json:"expireAfter,omitempty"`
}

// Taint is a taint of a node. A core Taint also has TimeAdded, which the operator must not own.
type Taint struct {
	Key    string             `json:"key,omitempty"`
	Value  string             `json:"value,omitempty"`
	Effect corev1.TaintEffect `json:"effect,omitempty"`
}

// Requirement restricts the values that a label of a node may have.
type Requirement struct {
	Key      string                      `json:"key,omitempty"`
	Operator corev1.NodeSelectorOperator `json:"operator,omitempty"`
	Values   []string                    `json:"values,omitempty"`
}

// NodeClassRef names the object with the cloud provider's configuration.
type NodeClassRef struct {
	Group string `json:"group,omitempty"`
	Kind  string `json:"kind,omitempty"`
	Name  string `json:"name,omitempty"`
}

// Disruption limits what Karpenter may do by itself to running nodes.
type Disruption struct {
	ConsolidationPolicy string `json:"consolidationPolicy,omitempty"`
	// ConsolidateAfter is how long a node is empty before Karpenter terminates it: a duration, or Never.
	ConsolidateAfter string   `json:"consolidateAfter,omitempty"`
	Budgets          []Budget `json:"budgets,omitempty"`
}

// Budget is how many nodes Karpenter may disrupt at a time, for reasons of its own.
type Budget struct {
	Nodes   string   `json:"nodes,omitempty"`
	Reasons []string `json:"reasons,omitempty"`
}

// NodeClaim is a node that Karpenter provisions, runs or terminates. See
// https://karpenter.sh/docs/concepts/nodeclaims.
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

// NodeClaimStatus is what Karpenter reports about the node.
type NodeClaimStatus struct {
	// NodeName is empty until the Node has registered.
	NodeName   string             `json:"nodeName,omitempty"`
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// AddToScheme adds the kinds to a scheme.
func AddToScheme(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(GroupVersion, &NodePool{}, &NodePoolList{}, &NodeClaim{}, &NodeClaimList{})
	metav1.AddToGroupVersion(scheme, GroupVersion)
	return nil
}
