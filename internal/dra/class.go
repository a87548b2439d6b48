// Package dra reads which devices DRA drivers publish for nodes, as the scheduler does (KEP-4381), and which of them are tainted
// (KEP-5055).
package dra

import (
	"context"
	"fmt"
	"slices"
	"sync"

	resourcev1 "k8s.io/api/resource/v1"
	"k8s.io/apimachinery/pkg/types"
	dracel "k8s.io/dynamic-resource-allocation/cel"
)

// Classes knows which devices of ResourceSlices DeviceClasses choose. It remembers that for each slice, because evaluating a
// class's CEL expressions for all devices of a large cluster takes long, and slices seldom change. The zero value is ready.
type Classes struct {
	mu      sync.Mutex
	classes map[string]*class
}

// class is what is known of one DeviceClass.
type class struct {
	expressions []string
	programs    []dracel.CompilationResult
	chosen      map[types.UID]choice
}

// choice is which devices of one version of a slice a class chooses, by their places in the slice.
type choice struct {
	version string
	devices []int
}

// features are those of the API server's compiler that widen what an expression may say: what the API server accepted is evaluated.
var features = dracel.Features{EnableConsumableCapacity: true, EnableListTypeAttributes: true}

// choose returns which devices of each slice a DeviceClass chooses, by their places in it. Slices that are not among them any more
// are forgotten.
func (c *Classes) choose(ctx context.Context, from *resourcev1.DeviceClass, of []*resourcev1.ResourceSlice) ([][]int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	known, err := c.compiled(from)
	if err != nil {
		return nil, err
	}
	before := known.chosen
	known.chosen = make(map[types.UID]choice, len(of))
	chosen := make([][]int, len(of))
	for i, slice := range of {
		this, ok := before[slice.UID]
		if !ok || this.version != slice.ResourceVersion {
			this = choice{version: slice.ResourceVersion, devices: known.devicesOf(ctx, slice)}
		}
		known.chosen[slice.UID], chosen[i] = this, this.devices
	}
	return chosen, nil
}

// compiled returns what is known of a class, whose expressions are compiled again when they have changed.
func (c *Classes) compiled(from *resourcev1.DeviceClass) (*class, error) {
	expressions := make([]string, 0, len(from.Spec.Selectors))
	for _, selector := range from.Spec.Selectors {
		if selector.CEL == nil {
			return nil, fmt.Errorf("DeviceClass %s: it has a selector of a kind that this version does not know", from.Name)
		}
		expressions = append(expressions, selector.CEL.Expression)
	}
	if known := c.classes[from.Name]; known != nil && slices.Equal(known.expressions, expressions) {
		return known, nil
	}
	made := &class{expressions: expressions}
	for _, expression := range expressions {
		program := dracel.GetCompiler(features).CompileCELExpression(expression, dracel.Options{DisableCostEstimation: true})
		if program.Error != nil {
			return nil, fmt.Errorf("DeviceClass %s: %w", from.Name, program.Error)
		}
		made.programs = append(made.programs, program)
	}
	if c.classes == nil {
		c.classes = map[string]*class{}
	}
	c.classes[from.Name] = made
	return made, nil
}

// devicesOf returns the places of the devices that the class chooses. One for which an expression cannot be evaluated, for example
// because it lacks an attribute, is given to no pod.
func (c *class) devicesOf(ctx context.Context, slice *resourcev1.ResourceSlice) []int {
	var chosen []int
	for i := range slice.Spec.Devices {
		device := &slice.Spec.Devices[i]
		input := dracel.Device{
			Driver: slice.Spec.Driver, AllowMultipleAllocations: device.AllowMultipleAllocations,
			Attributes: device.Attributes, Capacity: device.Capacity,
		}
		if !slices.ContainsFunc(c.programs, func(program dracel.CompilationResult) bool {
			matches, _, err := program.DeviceMatches(ctx, input)
			return err != nil || !matches
		}) {
			chosen = append(chosen, i)
		}
	}
	return chosen
}
