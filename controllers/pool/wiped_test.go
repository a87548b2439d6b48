package pool

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/events"
	clocktesting "k8s.io/utils/clock/testing"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/event"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
	"foundation.team/operator/internal/index"
	"foundation.team/operator/internal/setup"
	"foundation.team/operator/test/support/builder"
)

// operator is a whole pool controller on a fake API server.
type operator struct {
	*Reconciler
	t     *testing.T
	clock *clocktesting.FakePassiveClock
}

func nodeNameOf(obj client.Object) []string {
	pod, isPod := obj.(*corev1.Pod)
	if !isPod {
		return nil
	}
	return []string{pod.Spec.NodeName}
}

func newOperator(t *testing.T, objects ...client.Object) *operator {
	t.Helper()
	s := fake.NewClientBuilder().WithScheme(setup.Scheme()).WithObjects(objects...).WithStatusSubresource(&foundationv1alpha1.GPUPool{}).
		WithIndex(&foundationv1alpha1.FoundationTeam{}, index.AwardPool, index.AwardPools).
		WithIndex(&corev1.Pod{}, "spec.nodeName", nodeNameOf).Build()
	o := &operator{t: t, clock: clocktesting.NewFakePassiveClock(now)}
	o.Reconciler = &Reconciler{Client: s, Live: s, Clock: o.clock, Guards: guarded{}, Applier: apply.New(s, s), Events: events.NewFakeRecorder(1000)}
	return o
}

// reconcile reconciles the pool some time later, as after a restart: nothing is remembered but what is written.
func (o *operator) reconcile(later time.Duration) *foundationv1alpha1.GPUPool {
	o.t.Helper()
	o.clock.SetTime(o.clock.Now().Add(later))
	o.Reconciler = &Reconciler{Client: o.Client, Live: o.Live, Clock: o.clock, Guards: guarded{}, Applier: apply.New(o.Client, o.Live), Events: o.Events}
	if _, err := o.Reconcile(o.t.Context(), ctrl.Request{NamespacedName: client.ObjectKey{Name: b200}}); err != nil {
		o.t.Fatal(err)
	}
	return o.pool()
}

// again reconciles the pool some time later, without a restart.
func (o *operator) again(later time.Duration) *foundationv1alpha1.GPUPool {
	o.t.Helper()
	o.clock.SetTime(o.clock.Now().Add(later))
	if _, err := o.Reconcile(o.t.Context(), ctrl.Request{NamespacedName: client.ObjectKey{Name: b200}}); err != nil {
		o.t.Fatal(err)
	}
	return o.pool()
}

func (o *operator) pool() *foundationv1alpha1.GPUPool {
	o.t.Helper()
	pool := &foundationv1alpha1.GPUPool{}
	if err := o.Client.Get(o.t.Context(), client.ObjectKey{Name: b200}, pool); err != nil {
		o.t.Fatal(err)
	}
	return pool
}

// node returns the ownership metadata of a node.
func (o *operator) node(name string) string {
	o.t.Helper()
	node := &corev1.Node{}
	if err := o.Client.Get(o.t.Context(), client.ObjectKey{Name: name}, node); err != nil {
		o.t.Fatal(err)
	}
	return describe(node)
}

// change changes the status of a node.
func (o *operator) change(name string, mod builder.NodeMod) {
	o.t.Helper()
	node := &corev1.Node{}
	if err := o.Client.Get(o.t.Context(), client.ObjectKey{Name: name}, node); err != nil {
		o.t.Fatal(err)
	}
	mod(node)
	if err := o.Client.Status().Update(o.t.Context(), node); err != nil {
		o.t.Fatal(err)
	}
}

// The grants of a status that somebody emptied are derived from the nodes that teams hold, at once.
func TestWipedStatus(t *testing.T) {
	o := newOperator(t, builder.Pool(b200), hanbit, builder.Team("saebit", builder.Award(b200, 16), builder.Priority(9)),
		builder.Node("n1", builder.HeldIn(b200, hanbit)), builder.Node("n2", builder.HeldIn(b200, hanbit)), builder.Node("n3", builder.HeldIn(b200, saebit)))
	before := o.reconcile(0)
	wiped := before.DeepCopy()
	wiped.Status = foundationv1alpha1.GPUPoolStatus{}
	if err := o.Client.Status().Update(t.Context(), wiped); err != nil {
		t.Fatal(err)
	}
	if !o.statusEdited().Update(event.UpdateEvent{ObjectOld: before, ObjectNew: o.pool()}) {
		t.Error("the pool is not reconciled")
	}
	after := o.reconcile(time.Second)
	for i, grant := range after.Status.Grants {
		if want := before.Status.Grants[i]; grant.TeamName != want.TeamName || grant.Granted != want.Granted {
			t.Errorf("%s is granted %d of %s, and had %d of %s", grant.TeamName, grant.Granted, b200, want.Granted, want.TeamName)
		}
	}
	for name, want := range map[string]string{"n1": isHeld, "n2": isHeld, "n3": isSaebit} {
		if got := o.node(name); got != want {
			t.Errorf("%s is %s", name, got)
		}
	}
}

// What the operator itself writes into a status does not make it reconcile again, nor does an edit of anything else.
func TestStatusEdited(t *testing.T) {
	o := newOperator(t, builder.Pool(b200), hanbit, builder.Node("n1", builder.HeldIn(b200, hanbit)))
	before := o.pool()
	if _, err := o.Reconcile(t.Context(), ctrl.Request{NamespacedName: client.ObjectKey{Name: b200}}); err != nil {
		t.Fatal(err)
	}
	own := o.pool()
	labelled := own.DeepCopy()
	labelled.Labels, labelled.ResourceVersion = map[string]string{"app": "x"}, "later"
	edited := labelled.DeepCopy()
	edited.Status.Grants = nil
	for name, tt := range map[string]struct {
		before, after client.Object
		want          bool
	}{
		"the operator's own write":    {before, own, false},
		"a label":                     {own, labelled, false},
		"grants are taken out":        {own, edited, true},
		"an object of another kind":   {builder.Node("n1"), builder.Node("n1"), false},
		"the same status, once again": {own, own, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := o.statusEdited().Update(event.UpdateEvent{ObjectOld: tt.before, ObjectNew: tt.after}); got != tt.want {
				t.Errorf("passes: %t", got)
			}
		})
	}
}

// Since when a node is broken survives a restart; a device plugin that restarts drains nothing; a spare takes the place of
// what stays broken, which is a spare once it is mended.
func TestSpareBesideBrokenAfterRestarts(t *testing.T) {
	o := newOperator(t, builder.Pool(b200, builder.Grace(0)), hanbit,
		builder.Node("n1", builder.HeldIn(b200, hanbit)), builder.Node("n2", builder.HeldIn(b200, hanbit)), builder.Node("n3", builder.FreeIn(b200)))
	o.reconcile(0)
	change := func(mod builder.NodeMod) { o.change("n1", mod) }
	expect := func(step string, pool *foundationv1alpha1.GPUPool, ready int32, want map[string]string) {
		t.Helper()
		if grant := pool.Status.Grants[0]; grant.Granted != 16 || grant.Ready != ready {
			t.Errorf("%s: %d granted, %d ready: %s", step, grant.Granted, grant.Ready, grant.Message)
		}
		for name, is := range want {
			if got := o.node(name); got != is {
				t.Errorf("%s: %s is %s, want %s", step, name, got, is)
			}
		}
	}
	all := builder.Node("n1").Status.Allocatable
	change(builder.WithoutGPUs())
	expect("its device plugin restarts", o.reconcile(time.Second), 8, map[string]string{"n1": broken(now.Add(time.Second)), "n3": isFree})
	change(func(node *corev1.Node) { node.Status.Allocatable = all })
	expect("it reports again", o.reconcile(5*time.Second), 16, map[string]string{"n1": isHeld, "n3": isFree})
	change(builder.WithoutGPUs())
	since := o.clock.Now()
	expect("it is broken", o.reconcile(0), 8, map[string]string{"n1": broken(since), "n3": isFree})
	expect("9 minutes later", o.reconcile(9*time.Minute), 8, map[string]string{"n1": broken(since), "n3": isFree})
	o.reconcile(time.Minute)
	expect("10 minutes later", o.reconcile(0), 16, map[string]string{"n1": draining(since.Add(10 * time.Minute)), "n2": isHeld, "n3": isHeld})
	expect("after a restart", o.reconcile(5*time.Second), 16, map[string]string{"n1": draining(since.Add(10 * time.Minute)), "n3": isHeld})
	expect("when it was seen empty for five seconds", o.again(5*time.Second), 16, map[string]string{"n1": isFree, "n2": isHeld, "n3": isHeld})
	if pool := o.reconcile(time.Hour); pool.Status.Capacity.Free != 0 || pool.Status.Capacity.Healthy != 16 {
		t.Errorf("while it waits outside: %+v", pool.Status.Capacity)
	}
	change(func(node *corev1.Node) { node.Status.Allocatable = all })
	if pool := o.reconcile(time.Second); pool.Status.Capacity.Free != 8 {
		t.Errorf("when it is mended: %+v", pool.Status.Capacity)
	}
}

// A node that is NotReady for less than the time in which it is replaced, again and again, is not drained.
func TestFlappingNode(t *testing.T) {
	o := newOperator(t, builder.Pool(b200), hanbit,
		builder.Node("n1", builder.HeldIn(b200, hanbit)), builder.Node("n2", builder.HeldIn(b200, hanbit)), builder.Node("n3", builder.FreeIn(b200)))
	for range 20 {
		for _, ready := range []corev1.ConditionStatus{corev1.ConditionUnknown, corev1.ConditionTrue} {
			o.change("n1", func(node *corev1.Node) {
				node.Status.Conditions[0].Status, node.Status.Conditions[0].LastTransitionTime = ready, *builder.MetaTime(o.clock.Now())
			})
			o.reconcile(time.Minute)
			if got := o.node("n1"); got != isHeld {
				t.Fatalf("n1 is %s at %s", got, o.clock.Now())
			}
		}
	}
}
