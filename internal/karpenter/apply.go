package karpenter

import (
	"fmt"

	"k8s.io/apimachinery/pkg/util/managedfields"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
	"sigs.k8s.io/structured-merge-diff/v6/typed"
)

// NodePoolApplyConfiguration is what the operator wants a NodePool to be.
//
// +kubebuilder:object:generate=false
type NodePoolApplyConfiguration struct {
	metav1ac.TypeMetaApplyConfiguration    `json:",inline"`
	*metav1ac.ObjectMetaApplyConfiguration `json:"metadata,omitempty"`

	Spec *NodePoolSpec `json:"spec,omitempty"`
}

// NewNodePool is the configuration of a NodePool with nothing but a name.
func NewNodePool(name string) *NodePoolApplyConfiguration {
	config := &NodePoolApplyConfiguration{ObjectMetaApplyConfiguration: metav1ac.ObjectMeta().WithName(name)}
	config.WithKind("NodePool").WithAPIVersion(GroupVersion.String())
	return config
}

// IsApplyConfiguration marks it as one.
func (*NodePoolApplyConfiguration) IsApplyConfiguration() {}

// GetKind is its kind.
func (c *NodePoolApplyConfiguration) GetKind() *string { return c.Kind }

// GetAPIVersion is its API version.
func (c *NodePoolApplyConfiguration) GetAPIVersion() *string { return c.APIVersion }

// GetName is its name.
func (c *NodePoolApplyConfiguration) GetName() *string { return c.Name }

// GetNamespace is nil: NodePools are in none.
func (c *NodePoolApplyConfiguration) GetNamespace() *string { return c.Namespace }

// ExtractNodePool is what a field manager owns of a NodePool. Every list that the operator sets is atomic in
// Karpenter's schema, as lists are in one that is deduced.
func ExtractNodePool(live *NodePool, fieldManager string) (*NodePoolApplyConfiguration, error) {
	config := NewNodePool(live.Name)
	if err := managedfields.ExtractInto(live, typed.DeducedParseableType, fieldManager, config, ""); err != nil {
		return nil, fmt.Errorf("extract the fields of NodePool %s: %w", live.Name, err)
	}
	config.WithKind("NodePool").WithAPIVersion(GroupVersion.String())
	config.Name = &live.Name
	return config, nil
}
