package fault

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/hack/lab/cluster"
	"foundation.team/operator/internal/apply"
	"foundation.team/operator/internal/setup"
)

// planNames are how the objects of a plan are told from those of others.
var planNames = regexp.MustCompile(`\bf\d{5}\b`)

// world is every plan's objects as an admin sees them.
type world struct {
	// stop ends the watches.
	stop  func()
	mu    sync.Mutex
	plans map[string]*planWorld
}

// planWorld is the objects of one plan and what became of them.
type planWorld struct {
	// state is the normal form of each object, by kind, namespace and name.
	state map[string]string
	// counted is how many GPUs the quotas say are in use, by namespace; told is what teams say of that.
	counted map[string]int64
	told    map[string]foundationv1alpha1.FoundationTeamStatus
	// deleted are the objects with data in them, or of which nothing else is known, that were deleted.
	deleted map[string]int
	judge   judge
	// changed is closed, and replaced, when an object changes.
	changed chan struct{}
}

// watched are the kinds of objects that the operator reads or writes for teams.
func watchedKinds() []client.Object {
	kinds := []client.Object{
		&foundationv1alpha1.FoundationTeam{}, &foundationv1alpha1.GPUPool{}, &foundationv1alpha1.FoundationProgram{},
		&foundationv1alpha1.TeamRecord{}, &corev1.Node{}, &corev1.PersistentVolume{},
	}
	for _, kind := range apply.Kinds() {
		kinds = append(kinds, kind.New())
	}
	return kinds
}

// watchAnew begins to watch for all plans, and forgets what was seen before: a watch knows nothing of a server that was taken back.
func watchAnew(ctx context.Context) error {
	if view != nil {
		view.stop()
	}
	var err error
	view, err = watchWorld(context.WithoutCancel(ctx), lab.Admin)
	return err
}

// watchWorld watches until the world is stopped.
func watchWorld(ctx context.Context, cfg *rest.Config) (*world, error) {
	ctx, cancel := context.WithCancel(ctx)
	w := &world{plans: map[string]*planWorld{}}
	informers, err := cache.New(cfg, cache.Options{Scheme: setup.Scheme()})
	if err != nil {
		cancel()
		return nil, fmt.Errorf("make a cache: %w", err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = informers.Start(ctx)
	}()
	w.stop = func() { cancel(); <-done }
	for _, kind := range watchedKinds() {
		informer, err := informers.GetInformer(ctx, kind)
		if err == nil {
			_, err = informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{
				AddFunc:    func(obj any) { w.observe(nil, obj) },
				UpdateFunc: w.observe,
				DeleteFunc: func(obj any) {
					if unknown, ok := obj.(toolscache.DeletedFinalStateUnknown); ok {
						obj = unknown.Obj
					}
					w.observe(obj, nil)
				},
			})
		}
		if err != nil {
			w.stop()
			return nil, fmt.Errorf("watch %T: %w", kind, err)
		}
	}
	return w, nil
}

func (w *world) observe(before, after any) {
	obj, ok := after.(client.Object)
	if !ok {
		if obj, ok = before.(client.Object); !ok {
			return
		}
	}
	plan := planOf(obj)
	if plan == "" {
		return
	}
	key, normal := normalOf(obj, plan)
	w.mu.Lock()
	defer w.mu.Unlock()
	p := w.plan(plan)
	if after == nil {
		delete(p.state, key)
		if isData(obj) {
			p.deleted[key]++
		}
	} else {
		p.state[key] = normal
	}
	p.seeUse(obj, after == nil)
	p.judge.see(obj, after == nil, realClock.Now())
	close(p.changed)
	p.changed = make(chan struct{})
}

// plan returns a plan's objects; the caller must hold w.mu.
func (w *world) plan(name string) *planWorld {
	p := w.plans[name]
	if p == nil {
		p = &planWorld{state: map[string]string{}, counted: map[string]int64{}, told: map[string]foundationv1alpha1.FoundationTeamStatus{}, deleted: map[string]int{}, changed: make(chan struct{})}
		w.plans[name] = p
	}
	return p
}

// look returns the state of a plan's objects, and a channel that is closed when it changes. Its nodes are one entry: which of
// several equal ones a team gets depends on which the operator knows to be empty first.
func (w *world) look(plan string) (map[string]string, <-chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	p := w.plan(plan)
	state := maps.Clone(p.state)
	var nodes []string
	for name, content := range p.state {
		if strings.HasPrefix(name, "Node ") {
			nodes = append(nodes, content)
			delete(state, name)
		}
	}
	slices.Sort(nodes)
	state["Nodes"] = strings.Join(nodes, "\n")
	state[gpusInUse] = p.use()
	return state, p.changed
}

// gpusInUse is the entry of a plan's state that tells where a team says something else than its quotas; empty in each step's end.
const gpusInUse = "GPUs in use"

// seeUse notes how many GPUs of a namespace are in use, as its quota says and as its team does.
func (p *planWorld) seeUse(obj client.Object, deleted bool) {
	switch obj := obj.(type) {
	case *corev1.ResourceQuota:
		used := obj.Status.Used[corev1.DefaultResourceRequestsPrefix+cluster.GPUResource]
		p.counted[obj.Namespace] = used.Value()
		if deleted {
			delete(p.counted, obj.Namespace)
		}
	case *foundationv1alpha1.FoundationTeam:
		p.told[obj.Name] = obj.Status
		if deleted {
			delete(p.told, obj.Name)
		}
	}
}

// use tells of which namespaces a team says something else than the quota, and of which teams it is not what their namespaces use.
func (p *planWorld) use() string {
	var differ []string
	for team, status := range p.told {
		sum := int32(0)
		for _, namespace := range status.Namespaces {
			sum += namespace.Used
			if counted := p.counted[namespace.Name]; counted != int64(namespace.Used) { // 0 without a quota
				differ = append(differ, fmt.Sprintf("%s: %d, its quota says %d", namespace.Name, namespace.Used, counted))
			}
		}
		if status.GPUs != nil && status.GPUs.Used != sum {
			differ = append(differ, fmt.Sprintf("%s: %d, its namespaces %d", team, status.GPUs.Used, sum))
		}
	}
	slices.Sort(differ)
	return planNames.ReplaceAllString(strings.Join(differ, "\n"), "PLAN")
}

// lost returns how often each object with data in it was deleted.
func (w *world) lost(plan string) map[string]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return maps.Clone(w.plan(plan).deleted)
}

// verdict returns what was promised of each revision and not kept, and forgets the plan.
func (w *world) verdict(plan string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	broken := w.plan(plan).judge.verdict()
	delete(w.plans, plan)
	return broken
}

// planOf returns the plan that an object belongs to; empty if it belongs to none.
func planOf(obj client.Object) string {
	where := obj.GetNamespace() + " " + obj.GetName()
	if volume, ok := obj.(*corev1.PersistentVolume); ok && volume.Spec.ClaimRef != nil {
		where = volume.Spec.ClaimRef.Namespace
	}
	return planNames.FindString(strings.ReplaceAll(where, ":", " "))
}

// isData reports whether an object holds what nobody could make again.
func isData(obj client.Object) bool {
	switch obj.(type) {
	case *corev1.Namespace, *corev1.PersistentVolumeClaim, *corev1.PersistentVolume, *foundationv1alpha1.TeamRecord:
		return true
	}
	return false
}

func kindName(obj client.Object) string { return reflect.TypeOf(obj).Elem().Name() }
