// Package model visits every state of a small world in which two teams, up to three nodes and the operator hand over nodes: all
// interleavings of what the operator decides and writes, what its cache shows, what pods do, and what breaks. The world is a model;
// what is decided, written on nodes and read back is the operator's own code.
package model

import (
	"fmt"
	"os"
	"testing"
)

// visited is how many states were visited, and violations how many searches found one.
var visited, violations int

func TestMain(m *testing.M) {
	code := m.Run()
	fmt.Fprintf(os.Stdout, "model: states=%d violations=%d\n", visited, violations)
	os.Exit(code)
}

// first is the state before anything happened: nodes are new in the pool, and both teams have awards.
func first(b bounds) state {
	s := state{Left: b.Left, Awards: b.Awards, CachedAwards: b.Awards}
	for i := range b.Nodes {
		s.Nodes[i].Now = version{Phase: outside}
		s.Nodes[i].Cached = s.Nodes[i].Now
	}
	return s
}

// searched is a world that is searched. One of full takes minutes, and is searched with FULL=1.
type searched struct {
	name string
	bounds
	full bool
}

func worlds() []searched {
	base := bounds{Nodes: 2, Awards: [teams]uint8{1, 1}, Grace: 2, ReplaceAfter: 1, SlowWrites: true}
	with := func(nodes int, left budget, mods ...func(*bounds)) bounds {
		b := base
		b.Nodes, b.Left = nodes, left
		for _, mod := range mods {
			mod(&b)
		}
		return b
	}
	cordon := func(b *bounds) { b.Cordon = true }
	strangers := func(b *bounds) { b.Strangers = true }
	spare := func(b *bounds) { b.Spares = 1 }
	return []searched{
		{"two awards change, and the operator crashes", with(2, budget{Awards: 2, Crashes: 1}), false},
		{"an award changes, and a write fails or its answer is lost", with(2, budget{Awards: 1, Faults: 1}), false},
		{"a node breaks, vanishes or comes back", with(2, budget{Nodes: 1}, strangers), false},
		{"two awards change, of three nodes", with(3, budget{Awards: 2}), false},

		{"three awards change, and the operator crashes twice", with(2, budget{Awards: 3, Crashes: 2}), true},
		{"two awards change, a write fails, and the operator crashes", with(2, budget{Awards: 2, Faults: 1, Crashes: 1}), true},
		{"an award changes, and nodes break, vanish and come back", with(2, budget{Awards: 1, Nodes: 2}, strangers), true},
		{"everything once", with(2, budget{Awards: 1, Nodes: 1, Faults: 1, Crashes: 1}), true},
		{"two awards change, and a node is cordoned, vanishes or comes back", with(2, budget{Awards: 2, Nodes: 1}, cordon), true},
		{"three awards change, of three nodes", with(3, budget{Awards: 3}), true},
		{"an award of three nodes changes, a write fails, and the operator crashes", with(3, budget{Awards: 1, Faults: 1, Crashes: 1}), true},
		{"an award of three nodes changes, and a node breaks, vanishes or comes back", with(3, budget{Awards: 1, Nodes: 1}), true},
		{"one of three nodes is a spare", with(3, budget{Nodes: 1, Awards: 1}, spare), true},
	}
}

// No interleaving breaks a promise, and from every state everything comes to be as declared, and then to rest.
func TestHandOver(t *testing.T) {
	for _, world := range worlds() {
		t.Run(world.name, func(t *testing.T) {
			if world.full && os.Getenv("FULL") == "" {
				t.Skip("takes minutes; set FULL=1")
			}
			x := newSearch(newWorld(world.bounds), first(world.bounds))
			x.progress = func() { t.Logf("%d states, %d steps deep", len(x.steps), x.depth) }
			err := x.run()
			t.Logf("%d states, %d steps deep, %d views decided; in %d states there is more quota than nodes, because what was lowered lags behind", len(x.steps), x.depth, len(x.w.turns), x.overPromised)
			visited += len(x.steps)
			if err != nil {
				violations++
				t.Error(err)
			}
		})
	}
}

// Each guard of the protocol is needed: without it a search finds what it is for.
func TestEachGuardIsNeeded(t *testing.T) {
	two := func(left budget) bounds {
		return bounds{Nodes: 2, Awards: [teams]uint8{1, 1}, Grace: 2, ReplaceAfter: 1, SlowWrites: true, Left: left}
	}
	tests := map[string]struct {
		bounds
		mutant
	}{
		"pods are not looked for":                                      {two(budget{Awards: 1}), mutant{ignoresPods: true}},
		"the look does not wait for pods on their way":                 {two(budget{Awards: 1}), mutant{ignoresDelay: true, trustsAnnotation: true}},
		"the wait counts from draining-since":                          {two(budget{Awards: 1}), mutant{trustsAnnotation: true}},
		"pods are evicted before their grace period is over":           {two(budget{Awards: 1}), mutant{ignoresGrace: true}},
		"nodes are patched without their resourceVersion":              {two(budget{Nodes: 2}), mutant{ignoresVersion: true}},
		"nodes that the cache shows older than own writes are decided": {two(budget{Awards: 2}), mutant{forgetsWrites: true}},
		"a new leader trusts its cache":                                {two(budget{Awards: 2, Crashes: 2}), mutant{neverCompares: true}},
		"a lost answer counts as a failure":                            {two(budget{Awards: 2, Faults: 1}), mutant{neverCompares: true}},
		"nodes are given although the grant was not written":           {two(budget{Faults: 1}), mutant{ignoresStatusError: true}},
		"quotas follow awards":                                         {two(budget{}), mutant{quotaFromAward: true}},
		"the operator does not ask to be woken":                        {two(budget{}), mutant{neverRequeues: true}},
		"events of nodes are lost":                                     {two(budget{}), mutant{forgetsNodeEvents: true}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(tt.bounds)
			w.mutant = tt.mutant
			x := newSearch(w, first(tt.bounds))
			err := x.run()
			if err == nil {
				t.Fatalf("none of %d states shows it", len(x.steps))
			}
			t.Logf("%d states, %.90s", len(x.steps), err)
		})
	}
}
