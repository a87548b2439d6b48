package transitions

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/setup"
	"foundation.team/operator/test/support"
)

const (
	// settleTimeout is how long the operator may take for one edit on a busy machine, pollEvery how often it is looked.
	settleTimeout, pollEvery = 60 * time.Second, 100 * time.Millisecond
	// calm is how many looks in a row have to see the same.
	calm = 4
)

// place has one object of each base, with names of its own.
type place struct {
	names names
	// edited are the objects as of their last edits, by base: what is cached may be older.
	edited map[string]*unstructured.Unstructured
}

var scheme = setup.Scheme()

// fixed is a world that does not change.
func fixed(w world) func(context.Context) (world, error) {
	return func(context.Context) (world, error) { return w, nil }
}

// now returns the world of the place as it is.
func (p *place) now(ctx context.Context) (world, error) {
	found, _, err := p.read(ctx)
	return found, err
}

// newPlace creates the objects of a place, with other specs where they are given, and nodes for its pool.
func newPlace(ctx context.Context, name string, specs map[int]map[string]any) (*place, error) {
	p := &place{names: names{team: "tm" + name, pool: "pl" + name, burst: "bu" + name, nation: "nt" + name}, edited: map[string]*unstructured.Unstructured{}}
	for i := range 3 {
		if err := newNode(ctx, fmt.Sprintf("nd%s-%d", name, i), p.names.pool); err != nil {
			return nil, err
		}
	}
	for i, base := range kinds {
		made := &unstructured.Unstructured{Object: object(p.names.replacer().Replace(base.manifest))}
		if spec, given := specs[i]; given {
			made.Object["spec"] = p.named(spec)
		}
		if err := client.WithFieldValidation(k8s, metav1.FieldValidationStrict).Create(ctx, made); err != nil {
			return nil, fmt.Errorf("create the %s: %w", base.name, err)
		}
		p.edited[base.name] = made
	}
	return p, nil
}

// newNode creates a Ready node of a pool. The API server adds the taint of one that is not; it is taken off.
func newNode(ctx context.Context, name, pool string) error {
	made := node(name, pool)
	spec, err := json.Marshal(map[string]any{"spec": map[string]any{"taints": made.Spec.Taints}})
	if err != nil {
		return err
	}
	status, err := json.Marshal(map[string]any{"status": map[string]any{"allocatable": made.Status.Allocatable, "conditions": made.Status.Conditions}})
	if err != nil {
		return err
	}
	if err := k8s.Create(ctx, made); err != nil {
		return err
	}
	if err := k8s.Patch(ctx, made, client.RawPatch(types.MergePatchType, spec)); err != nil {
		return err
	}
	return k8s.Status().Patch(ctx, made, client.RawPatch(types.MergePatchType, status))
}

// named is a base's spec with the names of the place.
func (p *place) named(spec map[string]any) map[string]any {
	replacer := p.names.replacer()
	var replace func(any) any
	replace = func(value any) any {
		switch typed := value.(type) {
		case string:
			return replacer.Replace(typed)
		case map[string]any:
			for name, field := range typed {
				typed[name] = replace(field)
			}
		case []any:
			for i := range typed {
				typed[i] = replace(typed[i])
			}
		}
		return value
	}
	copied := runtime.DeepCopyJSON(spec)
	replace(copied)
	return copied
}

func (p *place) get(ctx context.Context, manifest string) (*unstructured.Unstructured, error) {
	live := &unstructured.Unstructured{Object: object(p.names.replacer().Replace(manifest))}
	err := k8s.Get(ctx, client.ObjectKeyFromObject(live), live)
	return live, err
}

// cachedStatus returns the status of one of the place's objects, and whether it is about the last edit. It asks the API server for
// nothing: places are looked at all the time.
func (p *place) cachedStatus(ctx context.Context, base base) (status map[string]any, settled bool, err error) {
	edited := p.edited[base.name]
	typed, err := scheme.New(edited.GroupVersionKind())
	if err != nil {
		return nil, false, err
	}
	seen, ok := typed.(client.Object)
	if !ok {
		return nil, false, fmt.Errorf("%T is no object", typed)
	}
	if err := cached.Get(ctx, client.ObjectKeyFromObject(edited), seen); err != nil {
		return nil, false, client.IgnoreNotFound(err) // it was made just now
	}
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(seen)
	if err != nil {
		return nil, false, err
	}
	status, _, err = unstructured.NestedMap(fields, "status")
	observed, _, _ := unstructured.NestedInt64(status, "observedGeneration")
	return status, seen.GetGeneration() >= edited.GetGeneration() && observed == seen.GetGeneration(), err
}

// edit gives one of the place's objects another spec.
func (p *place) edit(ctx context.Context, kind int, spec map[string]any) error {
	for {
		live, err := p.get(ctx, kinds[kind].manifest)
		if err != nil {
			return err
		}
		live.Object["spec"] = p.named(spec)
		err = client.WithFieldValidation(k8s, metav1.FieldValidationStrict).Update(ctx, live)
		if err == nil {
			p.edited[kinds[kind].name] = live
		}
		if meta.IsNoMatchError(err) || !isConflict(err) {
			return err
		}
	}
}

// settle waits until the operator has seen the specs and nothing changes any more, and returns the world then.
func (p *place) settle(ctx context.Context) (world, error) {
	var last world
	same, why := 0, "nothing was read"
	err := wait.PollUntilContextTimeout(ctx, pollEvery, settleTimeout, true, func(ctx context.Context) (bool, error) {
		found, settled, err := p.read(ctx)
		if err != nil {
			return false, err
		}
		switch {
		case !settled:
			same, why = 0, "a status is about an older generation"
		case found.isMoving():
			same, why = 0, "something is still being done"
		case last != nil && len(difference(last, found)) == 0:
			same++
		default:
			same, why = 0, "it changes all the time"
		}
		last = found
		return same >= calm, nil
	})
	if err != nil {
		return last, fmt.Errorf("does not settle, %s: %w", why, err)
	}
	return last, nil
}

// becomes waits until the world is as the wanted one is then, and returns in what it differs if it does not become so.
func (p *place) becomes(ctx context.Context, want func(context.Context) (world, error), ignored ...string) []string {
	var lines []string
	err := wait.PollUntilContextTimeout(ctx, pollEvery, settleTimeout, true, func(ctx context.Context) (bool, error) {
		found, settled, err := p.read(ctx)
		if err != nil {
			return false, err
		}
		wanted, err := want(ctx)
		if err != nil {
			return false, err
		}
		lines = difference(wanted, found, ignored...)
		return settled && len(lines) == 0, nil
	})
	if err != nil && len(lines) == 0 {
		lines = []string{err.Error()}
	}
	return lines
}

// remove removes the place's objects, so that the operator has no work with them any more. What is left of the team is not
// looked at again.
func (p *place) remove(ctx context.Context) error {
	var errs []error
	for _, base := range kinds {
		live := &unstructured.Unstructured{Object: object(p.names.replacer().Replace(base.manifest))}
		errs = append(errs, support.Delete(ctx, k8s, live))
	}
	return errors.Join(append(errs, k8s.DeleteAllOf(ctx, &corev1.Node{}, client.MatchingLabels{"example.com/pool": p.names.pool}))...)
}

// state returns the state of the place's team.
func (p *place) state(ctx context.Context) string {
	live, err := p.get(ctx, baseTeam)
	if err != nil {
		return err.Error()
	}
	state, _, _ := unstructured.NestedString(live.Object, "status", "state")
	return state
}

// untold returns what is wrong with what the statuses of a place tell: an object without Ready, or one that is not Ready and does not
// say why.
func (p *place) untold(ctx context.Context) []string {
	var wrong []string
	for _, base := range kinds {
		live, err := p.get(ctx, base.manifest)
		if err != nil {
			return []string{err.Error()}
		}
		status := struct {
			Status struct {
				Conditions []metav1.Condition `json:"conditions"`
			} `json:"status"`
		}{}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(live.Object, &status); err != nil {
			return []string{err.Error()}
		}
		switch ready := meta.FindStatusCondition(status.Status.Conditions, foundationv1alpha1.ConditionReady); {
		case ready == nil:
			wrong = append(wrong, base.name+" has no condition Ready")
		case ready.Status != metav1.ConditionTrue && len(strings.TrimSpace(ready.Message)) < 10:
			wrong = append(wrong, fmt.Sprintf("%s is not Ready and does not say why: %q", base.name, ready.Message))
		case strings.Contains(ready.Message, "panic"):
			wrong = append(wrong, base.name+": "+ready.Message)
		}
	}
	for _, name := range []string{p.names.team, p.names.pool, p.names.burst, p.names.nation} {
		wrong = append(wrong, failed.about(name)...)
	}
	return wrong
}

func TestMutationsAreMany(t *testing.T) {
	all, err := mutations()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d edits", len(all))
	if len(all) < 1000 {
		t.Errorf("only %d edits are made of the bases", len(all))
	}
}
