package karpenter

import (
	"fmt"
	"sync"

	"k8s.io/apimachinery/pkg/util/managedfields"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
	"sigs.k8s.io/structured-merge-diff/v6/typed"
)

// NodePoolApplyConfiguration is the desired state of a NodePool, for server-side apply.
//
// +kubebuilder:object:generate=false
type NodePoolApplyConfiguration struct {
	metav1ac.TypeMetaApplyConfiguration    `json:",inline"`
	*metav1ac.ObjectMetaApplyConfiguration `json:"metadata,omitempty"`

	Spec *NodePoolSpec `json:"spec,omitempty"`
}

// NewNodePool returns the configuration of a NodePool with nothing but a name.
func NewNodePool(name string) *NodePoolApplyConfiguration {
	config := &NodePoolApplyConfiguration{ObjectMetaApplyConfiguration: metav1ac.ObjectMeta().WithName(name)}
	config.WithKind("NodePool").WithAPIVersion(GroupVersion.String())
	return config
}

// IsApplyConfiguration implements runtime.ApplyConfiguration.
func (*NodePoolApplyConfiguration) IsApplyConfiguration() {}

// GetKind returns the kind.
func (c *NodePoolApplyConfiguration) GetKind() *string { return c.Kind }

// GetAPIVersion returns the API version.
func (c *NodePoolApplyConfiguration) GetAPIVersion() *string { return c.APIVersion }

// GetName returns the name.
func (c *NodePoolApplyConfiguration) GetName() *string { return c.Name }

// GetNamespace returns nil: NodePools are cluster-scoped.
func (c *NodePoolApplyConfiguration) GetNamespace() *string { return c.Namespace }

// nodePoolSchema is as much of Karpenter's schema as field ownership depends on: the template's labels are atomic,
// and so is every list, because a list without a list type is.
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

// ExtractNodePool returns the fields of a NodePool that a field manager owns.
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
