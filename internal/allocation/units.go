// Package allocation decides which team is granted how many of a pool's nodes: what teams demand (Demand), what each
// is granted now (Allocation), and what will change later (Forecast), by the same rules. It reads no clock and calls
// no API.
package allocation

import "math"

// Nodes is a number of whole nodes, the unit of grants, holdings and drains.
type Nodes int

// GPUs is a number of GPUs, the unit of awards and of status.
type GPUs int64

// GPUs returns the number of GPUs on n nodes.
func (n Nodes) GPUs(perNode GPUs) GPUs { return GPUs(n) * perNode }

// Int32 returns the number as status has it, and the largest there if it is larger: awards of valid specs can add up to more.
func (g GPUs) Int32() int32 { return int32(min(g, math.MaxInt32)) }

// WholeNodes returns how many whole nodes g GPUs fill, rounded down.
func (g GPUs) WholeNodes(perNode GPUs) Nodes { return Nodes(g / perNode) }
