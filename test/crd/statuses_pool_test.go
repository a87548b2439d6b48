package crd

import (
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	poolcontroller "foundation.team/operator/controllers/pool"
	"foundation.team/operator/internal/lifecycle"
	"foundation.team/operator/test/support/builder"
)

func poolInput(t *testing.T, manifest string) poolcontroller.Input {
	t.Helper()
	pool := decoded(t, manifest, &foundationv1alpha1.GPUPool{})
	pool.Generation = 1
	return poolcontroller.Input{
		Pool: pool, Selector: labels.SelectorFromSet(labels.Set{foundationv1alpha1.LabelPool: pool.Name}), Now: within, Pods: map[string][]corev1.Pod{},
	}
}

// manyAwards are as many GPUs of a pool as a team can be awarded.
func manyAwards(pool string) builder.TeamMod {
	return func(team *foundationv1alpha1.FoundationTeam) {
		for range 30 {
			builder.Award(pool, 100_000)(team)
		}
	}
}

// demanding are teams with awards of a pool for now and for after its end, each with a node of it if held is true.
func demanding(in *poolcontroller.Input, n int, held bool) {
	perNode := in.Pool.Spec.GPUsPerNode
	for i := range n {
		team := builder.Team(numbered(40, i), builder.Award(in.Pool.Name, perNode), manyAwards(in.Pool.Name), builder.AwardBetween(in.Pool.Name, 100_000, within.AddDate(2, 0, 0), within.AddDate(3, 0, 0)))
		team.UID = types.UID(numbered(36, i))
		in.Teams = append(in.Teams, lifecycle.NewTeam(team, nil))
		if held {
			in.Nodes = append(in.Nodes, brokenNode(i, in.Pool.Name, builder.HeldIn(in.Pool.Name, team)))
		}
	}
}

func TestLargestPoolStatusIsStored(t *testing.T) {
	tests := map[string]struct {
		manifest string
		change   func(t *testing.T, in *poolcontroller.Input)
	}{
		"no node is there":     {largestPool(), func(_ *testing.T, in *poolcontroller.Input) { demanding(in, 5000, false) }},
		"every node is broken": {largestPool(), func(_ *testing.T, in *poolcontroller.Input) { demanding(in, 2000, true) }},
		"some teams have nodes, thousands wait": {largestPool(), func(_ *testing.T, in *poolcontroller.Input) {
			demanding(in, 1000, true)
			demanding(in, 5000, false)
		}},
		"nobody may have it": {largestPool(), func(_ *testing.T, in *poolcontroller.Input) {
			demanding(in, 4500, false)
			for _, team := range in.Teams {
				team.Spec.Consortium = &foundationv1alpha1.Consortium{Lead: in.Pool.Spec.Ineligible[0]}
			}
		}},
		"it is being deleted": {largestPool(), func(_ *testing.T, in *poolcontroller.Input) {
			demanding(in, 1500, true)
			deleted(in.Pool)
		}},
		"a hundred incidents and more": {largestPool(), func(t *testing.T, in *poolcontroller.Input) {
			t.Helper()
			demanding(in, 1500, true)
			for i := range 128 {
				in.Pool.Status.Incidents = append(in.Pool.Status.Incidents, largest[foundationv1alpha1.NodeIncident](t, "GPUPool", i, "status", "incidents"))
			}
		}},
		"Karpenter is missing": {largestKarpenterPool(), func(_ *testing.T, in *poolcontroller.Input) {
			demanding(in, 4500, false)
			in.KarpenterMissing = true
		}},
		"the admission policies are missing": {largestKarpenterPool(), func(_ *testing.T, in *poolcontroller.Input) {
			demanding(in, 4500, false)
			in.Guards = policiesMissing
			in.Invalid = fmt.Errorf("%s", strings.Repeat("<", 100_000))
		}},
	}
	n := 0
	for name, tt := range tests {
		n++
		named := numbered(20, n)
		if hardest := name == "some teams have nodes, thousands wait"; !hardest && !full {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := poolInput(t, tt.manifest)
			tt.change(t, &in)
			status := poolcontroller.BuildStatus(in, poolcontroller.Decide(in))
			storeStatus(t, pools, tt.manifest, named, &status)
		})
	}
}
