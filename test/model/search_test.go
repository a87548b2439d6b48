package model

import (
	"fmt"
	"hash/maphash"
	"slices"
	"strings"
)

// seen is a set of 64-bit hashes of states: with 50 million states the chance that two are taken for one is below 1 in 10,000.
type seen struct {
	slots []uint64
	count int
}

func newSeen() *seen { return &seen{slots: make([]uint64, 1<<16)} }

// add adds a hash and reports whether it is new.
func (s *seen) add(hash uint64) bool {
	if hash == 0 {
		hash = 1
	}
	if s.count*4 > len(s.slots)*3 {
		old := s.slots
		s.slots, s.count = make([]uint64, 2*len(old)), 0
		for _, h := range old {
			if h != 0 {
				s.add(h)
			}
		}
	}
	for at := hash & uint64(len(s.slots)-1); ; at = (at + 1) & uint64(len(s.slots)-1) {
		switch s.slots[at] {
		case hash:
			return false
		case 0:
			s.slots[at] = hash
			s.count++
			return true
		}
	}
}

// step is how a state was reached first: from which one, by which of the moves there.
type step struct {
	parent uint32
	move   uint16
}

// search visits every state that can be reached from a first one, those first that are fewest steps away.
type search struct {
	w     *world
	seed  maphash.Seed
	first state
	known *seen
	steps []step
	// settled are the states from which it was shown that the world comes to rest.
	settled *seen
	depth   int
	// overPromised is in how many states the quotas together are more than the nodes: those that were lowered lag behind.
	overPromised int
	// progress is called for every million states.
	progress func()
}

func newSearch(w *world, first state) *search {
	return &search{w: w, seed: maphash.MakeSeed(), first: first, known: newSeen(), settled: newSeen()}
}

func (x *search) hash(s *state) uint64 { return maphash.Comparable(x.seed, *s) }

// numbered is a state with its number.
type numbered struct {
	state  state
	number uint32
}

// run returns what was violated, with how it came to that; nil if nothing was.
func (x *search) run() error {
	frontier := []numbered{{x.first, 0}}
	x.known.add(x.hash(&x.first))
	x.steps = append(x.steps, step{})
	var list []next
	for ; len(frontier) > 0; x.depth++ {
		var following []numbered
		for at := range frontier {
			list = x.w.after(&frontier[at].state, list, false)
			for move := range list {
				n := &list[move]
				isNew := x.known.add(x.hash(&n.state))
				if n.broken != nil {
					return x.explain(frontier[at].number, n.move, n.broken)
				}
				if !isNew {
					continue
				}
				number := uint32(len(x.steps))
				x.steps = append(x.steps, step{frontier[at].number, uint16(move)})
				if err := x.settle(n.state); err != nil {
					return x.explain(number, "everything comes to rest", err)
				}
				if n.state.Quota[0]+n.state.Quota[1] > uint8(x.w.Nodes) {
					x.overPromised++
				}
				if x.progress != nil && len(x.steps)%1_000_000 == 0 {
					x.progress()
				}
				following = append(following, numbered{n.state, number})
			}
		}
		frontier = following
	}
	return nil
}

// explain tells how a state was reached, by making the steps again.
func (x *search) explain(number uint32, last string, why error) error {
	var path []uint16
	for ; number != 0; number = x.steps[number].parent {
		path = append(path, x.steps[number].move)
	}
	var b strings.Builder
	s := x.first
	fmt.Fprintf(&b, "%v\n   0 %s\n", why, &s)
	for i, move := range slices.Backward(path) {
		n := x.w.after(&s, nil, true)[move]
		s = n.state
		fmt.Fprintf(&b, "%4d %s\n     %s\n", len(path)-i, n.move, &s)
	}
	fmt.Fprintf(&b, "then %s", last)
	return fmt.Errorf("%s", b.String())
}
