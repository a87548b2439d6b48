package placement_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"foundation.team/operator/internal/placement"
)

// nodes makes nodes of "spine/rack/name" paths.
func nodes(paths ...string) []placement.Node {
	list := make([]placement.Node, 0, len(paths))
	for _, path := range paths {
		parts := strings.Split(path, "/")
		list = append(list, placement.Node{Name: parts[len(parts)-1], Topology: parts[:len(parts)-1]})
	}
	return list
}

func TestChoose(t *testing.T) {
	tests := map[string]struct {
		n         int
		own, free []placement.Node
		want      []string
	}{
		"none wanted":                                   {0, nil, nodes("r1/a"), nil},
		"fewer than none wanted":                        {-1, nil, nodes("r1/a"), nil},
		"none free":                                     {2, nil, nil, nil},
		"without topology, by name":                     {2, nil, nodes("c", "a", "b"), []string{"a", "b"}},
		"all if there are fewer":                        {5, nil, nodes("r1/a", "r2/b"), []string{"a", "b"}},
		"the tightest fit":                              {2, nil, nodes("r1/a", "r1/b", "r1/c", "r2/d", "r2/e"), []string{"d", "e"}},
		"one that fits before two":                      {3, nil, nodes("r1/a", "r1/b", "r2/c", "r2/d", "r2/e", "r2/f"), []string{"c", "d", "e"}},
		"if none fits, the largest":                     {4, nil, nodes("r1/a", "r2/b", "r2/c", "r2/d", "r3/e", "r3/f"), []string{"b", "c", "d", "a"}},
		"then the tightest for the rest":                {5, nil, nodes("r1/a", "r1/b", "r1/c", "r2/d", "r2/e", "r3/f", "r3/g", "r3/h"), []string{"a", "b", "c", "d", "e"}},
		"where the team is, before fit":                 {1, nodes("r1/x"), nodes("r1/a", "r1/b", "r2/c"), []string{"a"}},
		"where most of the team is":                     {1, nodes("r1/x", "r2/y", "r2/z"), nodes("r1/a", "r2/b", "r2/c"), []string{"b"}},
		"the rest goes elsewhere":                       {3, nodes("r2/x"), nodes("r1/a", "r1/b", "r2/c"), []string{"c", "a", "b"}},
		"of spines that fit, the one with fewest racks": {2, nil, nodes("s1/r1/a", "s1/r2/b", "s1/r2/c", "s1/r2/d", "s2/r3/e", "s2/r4/f"), []string{"b", "c"}},
		"then the tightest racks":                       {2, nil, nodes("s1/r1/a", "s1/r1/b", "s1/r1/c", "s2/r3/d", "s2/r3/e", "s2/r4/f", "s2/r5/g"), []string{"d", "e"}},
		"then the tightest spine":                       {2, nil, nodes("s1/r1/a", "s1/r1/b", "s1/r2/c", "s2/r3/d", "s2/r3/e"), []string{"d", "e"}},
		"of two racks the ones that are used already":   {5, nil, nodes("r1/a", "r1/b", "r1/c", "r1/d", "r2/e", "r2/f", "r2/g", "r3/h", "r3/i", "r3/j", "r4/k"), []string{"e", "f", "g", "h", "i"}},
		"one spine before fewer racks":                  {2, nil, nodes("s1/r1/a", "s1/r2/b", "s2/r3/c"), []string{"a", "b"}},
		"the team's spine before fewer racks":           {2, nodes("s1/r0/x"), nodes("s1/r1/a", "s1/r2/b", "s2/r3/c", "s2/r3/d"), []string{"a", "b"}},
		"the team's racks in any of its spines":         {1, nodes("s1/r1/x", "s1/r1/y", "s2/r2/z"), nodes("s1/r3/a", "s2/r2/b"), []string{"b"}},
		"of racks as good where most of the team is":    {1, nodes("s1/r1/x", "s2/r2/y", "s2/r2/z"), nodes("s1/r3/a", "s2/r4/b"), []string{"b"}},
		"the tightest of the team's racks":              {1, nodes("r1/x", "r2/y"), nodes("r1/a", "r1/b", "r2/c"), []string{"c"}},
		"racks of one name in two spines are two":       {2, nil, nodes("s1/r1/a", "s2/r1/b", "s2/r2/c", "s3/r1/d", "s3/r1/e"), []string{"d", "e"}},
		"the team's rack in its spine":                  {2, nodes("s1/r2/x"), nodes("s1/r1/a", "s1/r1/b", "s1/r2/c", "s2/r3/d", "s2/r3/e"), []string{"c", "a"}},
		"racks of one name in two spines":               {1, nodes("s2/r1/x"), nodes("s1/r1/a", "s2/r1/b"), []string{"b"}},
		"nodes whose labels are missing stand together": {2, nil, nodes("/a", "/b", "r1/c"), []string{"a", "b"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, placement.Choose(tt.n, tt.own, tt.free)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func drawNodes(t *rapid.T, prefix string, atMost int) []placement.Node {
	list := make([]placement.Node, rapid.IntRange(0, atMost).Draw(t, prefix))
	for i := range list {
		list[i] = placement.Node{Name: fmt.Sprintf("%s%02d", prefix, i), Topology: []string{
			rapid.SampledFrom([]string{"s1", "s2", "s3"}).Draw(t, "spine"),
			rapid.SampledFrom([]string{"r1", "r2", "r3"}).Draw(t, "rack"),
		}}
	}
	return list
}

func TestChooseProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		own, free := drawNodes(t, "own", 6), drawNodes(t, "free", 12)
		n := rapid.IntRange(0, 14).Draw(t, "n")
		chosen := placement.Choose(n, own, free)

		if len(chosen) != min(n, len(free)) {
			t.Fatalf("%d chosen of %d free, want %d", len(chosen), len(free), n)
		}
		for i, name := range chosen {
			if slices.Contains(chosen[:i], name) || !slices.ContainsFunc(free, func(node placement.Node) bool { return node.Name == name }) {
				t.Fatalf("%s is not free, or chosen twice: %v", name, chosen)
			}
		}
		if again := placement.Choose(n, rapid.Permutation(own).Draw(t, "own shuffled"), rapid.Permutation(free).Draw(t, "free shuffled")); !slices.Equal(chosen, again) {
			t.Fatalf("%v, and in another order %v", chosen, again)
		}
	})
}

var start = time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)

func held(path string, mods ...func(*placement.Held)) placement.Held {
	h := placement.Held{Node: nodes(path)[0], Healthy: true}
	for _, mod := range mods {
		mod(&h)
	}
	return h
}

func leaving(h *placement.Held) { h.Leaving = true }
func sick(h *placement.Held)    { h.Healthy = false }
func busy(hours int) func(*placement.Held) {
	return func(h *placement.Held) { h.BusySince = start.Add(time.Duration(hours) * time.Hour) }
}

func TestRelease(t *testing.T) {
	tests := map[string]struct {
		n    int
		held []placement.Held
		want []string
	}{
		"none":                                   {0, []placement.Held{held("r1/a")}, []string{}},
		"fewer than none":                        {-1, []placement.Held{held("r1/a")}, []string{}},
		"no more than there are":                 {3, []placement.Held{held("r1/a")}, []string{"a"}},
		"those that left first":                  {1, []placement.Held{held("r1/a", sick), held("r1/b", leaving, busy(0)), held("r1/c")}, []string{"b"}},
		"then those that cannot run":             {1, []placement.Held{held("r1/a"), held("r1/b", sick, busy(0)), held("r1/c")}, []string{"b"}},
		"then idle ones":                         {1, []placement.Held{held("r1/a", busy(9)), held("r1/b"), held("r1/c", busy(1))}, []string{"b"}},
		"then those with newest work":            {2, []placement.Held{held("r1/a", busy(1)), held("r1/b", busy(9)), held("r1/c", busy(5))}, []string{"b", "c"}},
		"among equals, from the smallest domain": {1, []placement.Held{held("r1/c"), held("r1/d"), held("r2/a")}, []string{"a"}},
		"then by name, the last first":           {2, []placement.Held{held("r1/a"), held("r1/c"), held("r1/b")}, []string{"c", "b"}},
		"racks of one name in two spines": {1, []placement.Held{
			held("s1/r1/a"), held("s1/r1/b"), held("s2/r1/c"), held("s1/r2/x"), held("s1/r2/y"),
		}, []string{"c"}},
		"one domain after the other": {2, []placement.Held{held("r1/a"), held("r2/b"), held("r1/c"), held("r2/d")}, []string{"c", "a"}},
		"from the smallest spine, although a rack elsewhere is smaller": {2, []placement.Held{
			held("s1/r1/a"), held("s1/r2/b"), held("s1/r2/c"), held("s2/r3/d"), held("s2/r3/e"),
		}, []string{"e", "d"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, placement.ChooseToDrain(tt.n, tt.held)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestReleaseProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var list []placement.Held
		for _, node := range drawNodes(t, "own", 8) {
			h := placement.Held{Node: node, Leaving: rapid.Bool().Draw(t, "leaving"), Healthy: rapid.Bool().Draw(t, "healthy")}
			if hours := rapid.IntRange(0, 3).Draw(t, "busy"); hours > 0 {
				busy(hours)(&h)
			}
			list = append(list, h)
		}
		n := rapid.IntRange(0, 9).Draw(t, "n")
		released := placement.ChooseToDrain(n, list)
		if len(released) != min(n, len(list)) {
			t.Fatalf("%d released of %d, want %d", len(released), len(list), n)
		}
		if again := placement.ChooseToDrain(n, rapid.Permutation(list).Draw(t, "shuffled")); !slices.Equal(released, again) {
			t.Fatalf("%v, and in another order %v", released, again)
		}
		// Nobody is asked to give back more in order to give back one less later.
		if all := placement.ChooseToDrain(len(list), list); !slices.Equal(released, all[:len(released)]) {
			t.Fatalf("%v is not the beginning of %v", released, all)
		}
		for _, kept := range list {
			for _, gone := range list {
				if !slices.Contains(released, kept.Name) && slices.Contains(released, gone.Name) && kept.Leaving && !gone.Leaving {
					t.Fatalf("%s left the pool and is kept, %s is released", kept.Name, gone.Name)
				}
			}
		}
	})
}
