package karpenter

import (
	"fmt"
	"sync"

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

// nodePoolSchema is as much of Karpenter's as tells who owns what: the template's labels are one field, and so is every list, as
// lists are where nothing is said of them.
const nodePoolSchema = `types:
- name: nodePool
  map:
    fields:
    - name: spec
      type:
        map:
          fields:
          - name: template
            type:
              map:
                fields:
                - name: metadata
                  type:
                    map:
                      fields:
                      - name: labels
                        type:
                          map:
                            elementType: {scalar: string}
                            elementRelationship: atomic
                      elementType: {namedType: __untyped_deduced_}
                elementType: {namedType: __untyped_deduced_}
          elementType: {namedType: __untyped_deduced_}
    elementType: {namedType: __untyped_deduced_}
- name: __untyped_atomic_
  scalar: untyped
  list: {elementType: {namedType: __untyped_atomic_}, elementRelationship: atomic}
  map: {elementType: {namedType: __untyped_atomic_}, elementRelationship: atomic}
- name: __untyped_deduced_
  scalar: untyped
  list: {elementType: {namedType: __untyped_atomic_}, elementRelationship: atomic}
  map: {elementType: {namedType: __untyped_deduced_}, elementRelationship: separable}
`

// nodePoolType parses the schema once.
var nodePoolType = sync.OnceValues(func() (typed.ParseableType, error) {
	parser, err := typed.NewParser(nodePoolSchema)
	if err != nil {
		return typed.ParseableType{}, fmt.Errorf("parse the schema of NodePools: %w", err)
	}
	return parser.Type("nodePool"), nil
})

// ExtractNodePool is what a field manager owns of a NodePool.
func ExtractNodePool(live *NodePool, fieldManager string) (*NodePoolApplyConfiguration, error) {
	schemaType, err := nodePoolType()
	if err != nil {
		return nil, err
	}
	config := NewNodePool(live.Name)
	if err := managedfields.ExtractInto(live, schemaType, fieldManager, config, ""); err != nil {
		return nil, fmt.Errorf("extract the fields of NodePool %s: %w", live.Name, err)
	}
	config.WithKind("NodePool").WithAPIVersion(GroupVersion.String())
	config.Name = &live.Name
	return config, nil
}
