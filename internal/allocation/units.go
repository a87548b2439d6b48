// Package allocation gives out a pool's nodes: what teams demand (Demand), what each of them is granted now (Allocation), and
// what lies ahead (Forecast), by the same rules. It reads no clock and calls no API.
package allocation

// Nodes is a number of whole nodes. They are what is granted, held and given back.
type Nodes int

// GPUs is a number of GPUs. They are what is awarded, and what status shows.
type GPUs int32

// GPUs are the GPUs of so many nodes.
func (n Nodes) GPUs(perNode GPUs) GPUs { return GPUs(n) * perNode }

// WholeNodes are the nodes that so many GPUs fill.
func (g GPUs) WholeNodes(perNode GPUs) Nodes { return Nodes(g / perNode) }
