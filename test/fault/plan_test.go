package fault

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"foundation.team/operator/controllers"
	"foundation.team/operator/controllers/team"
	"foundation.team/operator/test/support"
)

const (
	// debounce is the operator's --debounce-requests in a plan.
	debounce = 100 * time.Millisecond
	// settledFor is how long nothing may change or be written until a step without faults counts as ended, and restFor for how
	// long nothing may be written after the last one.
	settledFor = 2 * time.Second
	restFor    = time.Second
	restLimit  = 30 * time.Second
)

// plan is a workload that is done once, with one thing that goes wrong in a step or none.
type plan struct {
	*WithT
	t    *testing.T
	name string
	work workload
	// want is the state after each step; nil if this run is the one that tells.
	want []map[string]string
	// lost is how often objects with data in them are deleted in it.
	lost map[string]int

	// harm says what goes wrong.
	harm string
	// outside is true if the operator is a process that the plan neither starts nor stops.
	outside bool
	// notBefore is when the step ends at the earliest, because it waits for a time.
	notBefore time.Time
	proxy     *proxy
	operator  *operator
}

// operator is one process of it: when it is killed, all that it knew is gone.
type operator struct {
	cancel context.CancelFunc
	done   chan error
}

func newPlan(t *testing.T, name string, work workload) *plan {
	t.Helper()
	support.DependOnSources(t)
	p := &plan{WithT: NewWithT(t), t: t, name: name, work: work, proxy: newProxy(name)}
	t.Cleanup(func() { p.end() })
	return p
}

// start starts an operator that asks through the plan's proxy.
func (p *plan) start() {
	p.t.Helper()
	if p.outside {
		return
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(p.t.Context()))
	mgr, err := p.manager(ctx)
	if err != nil {
		cancel()
		p.Expect(p.proxy.isHarmed()).To(BeTrue(), "nothing went wrong, and the operator does not start: %v", err)
		p.proxy = p.proxy.successor() // the process has ended, and another one is started
		p.start()
		return
	}
	started := &operator{cancel: cancel, done: make(chan error, 1)}
	go func() { started.done <- mgr.Start(ctx) }()
	p.operator = started
}

// manager returns an operator that is about to start.
func (p *plan) manager(ctx context.Context) (manager.Manager, error) {
	cfg := support.AsOperator(lab.Admin)
	cfg.Wrap(p.proxy.wrap)
	mgr, err := support.NewManager(cfg, func(o *manager.Options) { o.GracefulShutdownTimeout = new(time.Duration(0)) })
	if err != nil {
		return nil, err
	}
	return mgr, controllers.Add(ctx, mgr, realClock, controllers.Options{Debounce: debounce, Fairness: team.Fairness{Shares: team.DefaultFairness.Shares}})
}

// stop stops the operator, and nothing that it still writes arrives.
func (p *plan) stop() {
	if p.operator == nil {
		return
	}
	p.proxy.kill()
	p.operator.cancel()
	select {
	case err := <-p.operator.done:
		if err != nil {
			p.t.Logf("the operator ended: %v", err)
		}
	case <-realClock.After(stepLimit):
		p.t.Errorf("%s, %s: the operator does not end when it is told to", p.work.name, p.harm)
	}
	p.operator = nil
}

// restart starts another operator after one was killed.
func (p *plan) restart() {
	p.t.Helper()
	p.stop()
	p.proxy = p.proxy.successor()
	p.start()
}

// run does the workload and returns the state after each step.
func (p *plan) run() []map[string]string {
	p.t.Helper()
	p.harm = p.describeHarm()
	p.start()
	states := make([]map[string]string, 0, len(p.work.steps))
	for i, step := range p.work.steps {
		stream := p.proxy.streamFaultOf(i)
		if stream != nil && stream.kind == frozen {
			stream.version = p.version()
			p.stop()
		}
		p.proxy.begin(i)
		if stream != nil {
			stream.arm()
		}
		step(p)
		if p.operator == nil && !p.outside {
			p.restart()
		}
		states = append(states, p.await(i))
	}
	if !p.outside {
		p.rest()
	}
	return states
}

// version returns the newest resourceVersion.
func (p *plan) version() string {
	p.t.Helper()
	list := &corev1.NodeList{}
	p.Expect(people.List(p.t.Context(), list, client.Limit(1))).To(Succeed())
	return list.ResourceVersion
}

// await waits until a step has ended, and returns the state then.
func (p *plan) await(step int) map[string]string {
	p.t.Helper()
	defer waiting.begin(p)()
	limit := realClock.After(stepLimit)
	poll := realClock.NewTicker(200 * time.Millisecond)
	defer poll.Stop()
	since := realClock.Now()
	var last map[string]string
	for {
		state, changed := p.look()
		if p.want != nil && realClock.Now().After(p.notBefore) && maps.Equal(state, p.wanted(step)) {
			return state
		}
		if !maps.Equal(state, last) {
			last, since = state, realClock.Now()
		}
		if p.want == nil && realClock.Now().After(p.notBefore) && realClock.Since(since) > settledFor && p.proxy.quietFor() > settledFor && p.underWay(state) == "" {
			return state
		}
		if p.want != nil {
			select {
			case <-changed:
			case <-poll.C():
			case <-p.proxy.killed:
				p.restart()
			case <-limit:
				p.fail(fmt.Sprintf("step %d did not end in the state that it does without faults:\n%s", step, difference(p.wanted(step), state)))
			}
			continue
		}
		select {
		case <-poll.C():
		case <-limit:
			p.fail(fmt.Sprintf("step %d does not settle: %s", step, p.underWay(state)))
		}
	}
}

// look returns the state of the plan's objects, and a channel that is closed when it changes.
func (p *plan) look() (map[string]string, <-chan struct{}) {
	state, changed := view.look(p.name)
	if p.outside {
		state = withoutLateness(state)
	}
	return state, changed
}

// wanted returns the state that a step has to end in.
func (p *plan) wanted(step int) map[string]string {
	if p.outside {
		return withoutLateness(p.want[step])
	}
	return p.want[step]
}

// settle waits until nothing was written for a while.
func (p *plan) settle() {
	p.t.Helper()
	p.Eventually(p.proxy.quietFor).WithTimeout(stepLimit).WithPolling(100 * time.Millisecond).Should(BeNumerically(">", 4*settledFor))
}

// rest waits until nothing is written any more, and expects that the state is still the one that it should be.
func (p *plan) rest() {
	p.t.Helper()
	limit := realClock.After(restLimit)
	poll := realClock.NewTicker(100 * time.Millisecond)
	defer poll.Stop()
	for p.proxy.quietFor() < restFor {
		select {
		case <-poll.C():
		case <-p.proxy.killed:
			p.restart()
		case <-limit:
			p.fail(fmt.Sprintf("still written at rest: %s", p.proxy.last(20)))
		}
	}
	if p.want == nil {
		return
	}
	state, _ := p.look()
	if last := p.want[len(p.want)-1]; !maps.Equal(state, last) {
		p.fail("at rest the state is another one:\n" + difference(last, state))
	}
}

// fail ends a plan; what became of it is told with its fault.
func (p *plan) fail(message string) {
	p.t.Helper()
	p.t.Fatalf("%s, %s: %s", p.work.name, p.harm, message)
}

// describeHarm says what goes wrong in the plan.
func (p *plan) describeHarm() string {
	switch {
	case p.outside:
		return "the operator is killed at times"
	case len(p.proxy.harms) == 0:
		return "nothing goes wrong"
	}
	var all []string
	for _, h := range p.proxy.harms {
		all = append(all, h.String())
	}
	return strings.Join(all, "; ")
}

// end stops the operator and removes what would go on costing: nodes, and pods on them.
func (p *plan) end() {
	p.stop()
	if lost := view.lost(p.name); p.want != nil && !maps.Equal(lost, p.lost) {
		p.t.Errorf("%s, %s: deleted %v, without faults %v", p.work.name, p.harm, lost, p.lost)
	}
	ctx := context.WithoutCancel(p.t.Context())
	err := people.DeleteAllOf(ctx, &corev1.Node{}, client.MatchingLabels{planLabel: p.name})
	if err != nil {
		p.t.Error(err)
	}
	if broken := view.verdict(p.name); len(broken) > 0 {
		p.t.Errorf("%s, %s: %s", p.work.name, p.harm, strings.Join(slices.Compact(broken), "\n"))
	}
	if !p.outside {
		p.forgetFairness(ctx)
	}
}

// forgetFairness deletes the FlowSchemas and levels of a plan that is over: each makes every request of the plans to come dearer.
func (p *plan) forgetFairness(ctx context.Context) {
	for _, team := range []string{"a", "b"} {
		name := metav1.ObjectMeta{Name: "foundation-team." + p.named(team)}
		for _, obj := range []client.Object{&flowcontrolv1.FlowSchema{ObjectMeta: name}, &flowcontrolv1.PriorityLevelConfiguration{ObjectMeta: name}} {
			if err := client.IgnoreNotFound(janitor.Delete(ctx, obj)); err != nil {
				p.t.Error(err)
			}
		}
	}
}

// named returns the name of something of the plan.
func (p *plan) named(name string) string { return p.name + "-" + name }

// apply applies manifests as an admin does. The plan's label is put on what they make at the cluster's level.
func (p *plan) apply(manifests string) {
	p.t.Helper()
	label := fmt.Sprintf("labels: {%s: %s}", planLabel, p.name)
	labelled := strings.ReplaceAll(manifests, "metadata: {name: "+p.name, "metadata: {"+label+", name: "+p.name)
	p.Expect(support.Apply(p.t.Context(), people, labelled)).To(Succeed())
}

// delete confirms a deletion and deletes.
func (p *plan) delete(obj client.Object, name string) {
	p.t.Helper()
	obj.SetName(p.named(name))
	p.Expect(support.Delete(p.t.Context(), people, obj)).To(Succeed())
}

// patch merges JSON into an object, as kubectl patch does.
func (p *plan) patch(obj client.Object, namespace, name, json string) {
	p.t.Helper()
	obj.SetName(p.named(name))
	if namespace != "" {
		obj.SetNamespace(p.named(namespace))
		obj.SetName(name)
	}
	p.Expect(people.Patch(p.t.Context(), obj, client.RawPatch(types.MergePatchType, []byte(json)), client.FieldOwner("kubectl"))).To(Succeed())
}

// remove deletes an object of a namespace of the plan by hand.
func (p *plan) remove(obj client.Object, namespace, name string) {
	p.t.Helper()
	obj.SetNamespace(p.named(namespace))
	obj.SetName(name)
	p.Expect(client.IgnoreNotFound(people.Delete(p.t.Context(), obj))).To(Succeed())
}
