package transitions

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

const (
	// fullEnv has every edit made; without it one of sampled.
	fullEnv, sampled = "FULL", 200
	// allPlaces are how many places edits are made in side by side, fewPlaces how many for a sample.
	allPlaces, fewPlaces = 10, 2
	// chainLength is how many accepted edits follow each other before the end is compared with a fresh create.
	chainLength = 4
	// reportEvery is after how many transitions the progress is printed.
	reportEvery = 100
)

// keptByDesign is what an edit changes for good, by a part of its path: which objects may differ after it was taken back.
var keptByDesign = map[string][]string{
	// Money that was due stays due, whatever is edited later.
	"team.spec.budget": {"status of team", "status of program"},
}

// heldByDesign are the fields whose edit is not followed as a fresh create is, because of what there was before it.
var heldByDesign = []string{
	// A node that a team holds stays in the pool until it is free.
	"pool.spec.static.nodeSelector",
	// What a team was granted is not taken for spares.
	"pool.spec.repair.spares",
	// Nodes that are in use are not scrubbed before they are free.
	"pool.spec.reclaim.requireScrub",
	// A typo in the pool's name takes nothing.
	"team.spec.gpus[0].poolName", "team.spec.gpus[1].poolName",
}

// toldByDesign are the fields of which the programme's status tells that they were edited: of an evaluation, after it was closed.
const toldByDesign = "program.spec.evaluations"

func holds(chain []mutation) bool {
	return slices.ContainsFunc(heldByDesign, func(part string) bool { return edits(chain, part) })
}

// edits reports whether one of the chain is of a part of the specs.
func edits(chain []mutation, part string) bool {
	return slices.ContainsFunc(chain, func(m mutation) bool { return strings.Contains(kinds[m.kind].name+"."+m.path, part) })
}

// tally counts what was done.
type tally struct {
	sync.Mutex
	transitions, bad int
}

func (c *tally) add(transitions, bad int) {
	c.Lock()
	defer c.Unlock()
	before := c.transitions / reportEvery
	c.transitions += transitions
	c.bad += bad
	if c.transitions/reportEvery > before {
		fmt.Fprintf(os.Stderr, "  %d transitions, %d of them refused\n", c.transitions, c.bad)
	}
}

// Whatever is edited in a team, a programme or a pool is refused with a message that names it, or followed and told; what is taken back
// is as it was before; and what was edited many times is as if it had been created so.
func TestTransitions(t *testing.T) {
	all, err := mutations()
	if err != nil {
		t.Fatal(err)
	}
	// All kinds of edits come early, so that a part of the run says something of all.
	rand.New(rand.NewPCG(1, 1)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	var chosen []mutation
	for i, m := range all {
		if os.Getenv(fullEnv) != "" || i%sampled == 0 {
			chosen = append(chosen, m)
		}
	}
	places := fewPlaces
	if os.Getenv(fullEnv) != "" {
		places = allPlaces
	}
	count := &tally{}
	var workers sync.WaitGroup
	for i := range places {
		// Not by t.Parallel, which runs as many as there are processors: these mostly wait.
		workers.Go(func() {
			w := &worker{TB: t, ctx: t.Context(), name: string(rune('a' + i)), count: count}
			for j := i; j < len(chosen); j += places {
				w.try(chosen[j])
			}
			w.endChain()
		})
	}
	workers.Wait()
	fmt.Fprintf(os.Stderr, "transitions: %d bad_inputs: %d panics: %d\n", count.transitions, count.bad, failed.panics())
	if failed.panics() > 0 {
		t.Errorf("%d reconciles panicked", failed.panics())
	}
}

// worker makes edits one after the other in a place.
type worker struct {
	testing.TB
	ctx   context.Context //nolint:containedctx // of one test
	name  string
	count *tally
	made  int
	*place
	// before is the place's world with the specs of the bases.
	before world
	// chain are the accepted edits since the last comparison with a fresh create.
	chain []mutation
}

// fresh goes on in a new place, and reports whether it could: after a fault the old one would show its consequences.
func (w *worker) fresh() bool {
	w.made++
	p, err := newPlace(w.ctx, fmt.Sprintf("%s%dq", w.name, w.made), nil)
	if err != nil {
		w.Error(err)
		return false
	}
	w.before, err = p.settle(w.ctx)
	for range 10 {
		if err != nil || strings.Contains(w.before["status of team"], `"nodeSummary": "1/1"`) {
			break
		}
		w.before, err = p.settle(w.ctx) // its nodes are late
	}
	if err != nil {
		w.Errorf("a new place %v", err)
		return false
	}
	if wrong := p.untold(w.ctx); len(wrong) > 0 {
		w.Errorf("a new place: %s", strings.Join(wrong, "\n"))
		return false
	}
	w.place = p
	return true
}

// leave removes the place: the operator would go on with it, beside all others.
func (w *worker) leave() {
	if err := w.remove(w.ctx); err != nil {
		w.Errorf("a place cannot be removed: %v", err)
	}
	w.place = nil
}

// try makes an edit and takes it back.
func (w *worker) try(m mutation) {
	if w.place == nil && !w.fresh() {
		return
	}
	err := w.edit(w.ctx, m.kind, m.spec)
	if err != nil {
		w.count.add(1, 1)
		if !isClear(err, m.path) {
			w.Errorf("%s: is refused without naming the field: %v", m, err)
		}
		return
	}
	_, err = w.settle(w.ctx)
	wrong := w.untold(w.ctx)
	if err != nil {
		wrong = append(wrong, err.Error())
	}
	if len(wrong) > 0 {
		w.count.add(1, 0)
		w.Errorf("%s: %s", m, strings.Join(wrong, "\n  "))
		w.leave()
		return
	}
	base := specOf(kinds[m.kind].manifest)
	if err := w.edit(w.ctx, m.kind, base); err != nil {
		w.Logf("%s: cannot be taken back: %v", m, err) // an immutable field, or a size that grew
		w.count.add(2, 1)
		w.leave()
		return
	}
	w.count.add(2, 0)
	if lines := w.becomes(w.ctx, fixed(w.before), ignoredFor(m)...); len(lines) > 0 {
		w.Errorf("%s: taken back, the world is not as before:\n%s", m, strings.Join(lines[:min(len(lines), 30)], "\n"))
		w.leave()
		return
	}
	if len(ignoredFor(m)) > 0 {
		w.leave() // it is another one now
		return
	}
	if w.chain = append(w.chain, m); len(w.chain) == chainLength {
		w.endChain()
	}
}

// endChain edits the place by each of the chain, and compares it with one that is created as the last one says.
func (w *worker) endChain() {
	chain := w.chain
	if w.chain = nil; len(chain) == 0 || w.place == nil {
		return
	}
	final := map[int]map[string]any{}
	for _, m := range chain {
		if err := w.edit(w.ctx, m.kind, m.spec); err != nil {
			w.count.add(1, 1)
			continue
		}
		w.count.add(1, 0)
		final[m.kind] = m.spec
	}
	w.made++
	fresh, err := newPlace(w.ctx, fmt.Sprintf("%s%dq", w.name, w.made), final)
	if err != nil {
		w.Errorf("%v: as created: %v", chain, err)
		w.leave()
		return
	}
	if _, err := fresh.settle(w.ctx); err != nil {
		w.Errorf("%v: as created %v", chain, err)
	}
	// A team that was in and is not any more is served as one whose time ended: one that never was in has nothing to be served.
	if state := fresh.state(w.ctx); state == string(foundationv1alpha1.StateInTerm) && !holds(chain) {
		var ignored []string
		if edits(chain, toldByDesign) {
			ignored = []string{"status of program"}
		}
		if lines := w.becomes(w.ctx, fresh.now, ignored...); len(lines) > 0 {
			w.Errorf("%v: is not as if it had been created so:\n%s", chain, strings.Join(lines[:min(len(lines), 30)], "\n"))
		}
	}
	if err := fresh.remove(w.ctx); err != nil {
		w.Errorf("%v: cannot be removed: %v", chain, err)
	}
	for kind := range final {
		if err := w.edit(w.ctx, kind, specOf(kinds[kind].manifest)); err != nil {
			w.leave()
			return
		}
	}
	if lines := w.becomes(w.ctx, fixed(w.before)); len(lines) > 0 {
		w.Errorf("%v: taken back, the world is not as before:\n%s", chain, strings.Join(lines[:min(len(lines), 30)], "\n"))
		w.leave()
	}
}

func ignoredFor(m mutation) []string {
	for part, objects := range keptByDesign {
		if strings.Contains(kinds[m.kind].name+"."+m.path, part) {
			return objects
		}
	}
	return nil
}

func isConflict(err error) bool { return apierrors.IsConflict(err) }

// explained is a refusal that names a field, another one than was edited, and says why and what to do.
var explained = regexp.MustCompile(`spec\.[A-Za-z]\S*: Invalid value: \S.{30,}`)

// isClear reports whether a refusal names the field, or explains which other one contradicts it.
func isClear(err error, path string) bool {
	if apierrors.IsInternalError(err) || apierrors.IsTimeout(err) {
		return false
	}
	parts := strings.FieldsFunc(path, func(r rune) bool { return strings.ContainsRune(".[]0123456789", r) })
	return strings.Contains(err.Error(), parts[len(parts)-1]) || explained.MatchString(err.Error())
}
