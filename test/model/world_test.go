package model

import (
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/controllers/pool"
	"foundation.team/operator/controllers/team"
	"foundation.team/operator/internal/lifecycle"
	"foundation.team/operator/test/support/builder"
)

// bounds are how large a world is, and what may happen in it.
type bounds struct {
	Nodes int
	// Awards are what the teams are awarded at first, in nodes.
	Awards [teams]uint8
	Left   budget
	// Grace and ReplaceAfter are the pool's settings, in ticks.
	Grace, ReplaceAfter uint8
	Spares              int32
	// Cordon is true if nodes break by being cordoned, which nothing dates, instead of becoming NotReady.
	Cordon bool
	// Strangers is true if there are pods of nobody's.
	Strangers bool
	// SlowWrites is true if time passes while a plan is applied.
	SlowWrites bool
}

// mutant is a world in which one guard of the protocol is missing.
type mutant struct {
	ignoresVersion, ignoresPods, ignoresDelay, ignoresStatusError, quotaFromAward, ignoresGrace bool
	trustsAnnotation, forgetsWrites, neverCompares, neverRequeues, forgetsNodeEvents            bool
}

// world drives the product's decisions. What follows from a view is computed once.
type world struct {
	bounds
	mutant
	turns  map[view]*turn
	quotas map[quotaView][teams]uint8
	opens  map[version]uint8
}

func newWorld(b bounds) *world {
	return &world{bounds: b, turns: map[view]*turn{}, quotas: map[quotaView][teams]uint8{}, opens: map[version]uint8{}}
}

// oldest is the age from which on nothing changes: a node is Arriving for three ticks.
func (w *world) oldest() uint8 { return max(3, w.Grace) }

// view is what the pool's controller reads of the world, but for pods.
type view struct {
	Nodes  [maxNodes]version
	Status grants
	Awards [teams]uint8
	Seen   [maxNodes]uint8
}

type podsView [maxNodes]uint8

// turn is what a reconcile does.
type turn struct {
	status grants
	// inspect are the nodes whose pods are listed.
	inspect [maxNodes]bool
	plans   map[podsView]*plans
}

// plans are what follows for nodes if the status was written, and if it was not.
type plans struct {
	written, failed plan
	wait            uint8
}

type plan struct {
	tasks [maxNodes]task
	evict [maxNodes]uint8
}

func (w *world) input(v view) pool.Input {
	period := time.Duration(w.Grace) * tick
	if w.ignoresGrace {
		period = 0
	}
	mods := []builder.PoolMod{
		builder.Grace(period), builder.Repair(time.Duration(w.ReplaceAfter)*tick, w.Spares),
	}
	for t := range uint8(teams) {
		if g := v.Status[t]; g.Recorded {
			mods = append(mods, builder.WithGrant(foundationv1alpha1.Grant{
				TeamName: teamNames[t], UID: string(builder.UIDOf(teamNames[t])), Granted: int32(g.Granted) * builder.PerNode, Held: int32(g.Held) * builder.PerNode,
			}))
		}
	}
	in := pool.Input{Pool: builder.Pool(poolName, mods...), Now: builder.Now, Pods: map[string][]corev1.Pod{}, SeenClosed: map[string]time.Time{}}
	in.Selector = labels.SelectorFromSet(in.Pool.Spec.Static.NodeSelector.MatchLabels)
	for t, nodes := range v.Awards {
		in.Teams = append(in.Teams, lifecycle.NewTeam(builder.Team(teamNames[t], builder.Award(poolName, int32(nodes)*builder.PerNode)), nil))
	}
	for i, n := range v.Nodes {
		if n.Phase != gone {
			in.Nodes = append(in.Nodes, w.object(i, n))
			if n.closed() && v.Seen[i] > 0 && !w.trustsAnnotation {
				in.SeenClosed[fmt.Sprint("n", i)] = ago(v.Seen[i] - 1)
			}
		}
	}
	return in
}

// turnOf returns what a reconcile of the pool does that sees a view.
func (w *world) turnOf(v view) *turn {
	if known := w.turns[v]; known != nil {
		return known
	}
	in := w.input(v)
	decision := pool.Decide(in)
	r := &turn{status: grantsOf(pool.BuildStatus(in, decision)), plans: map[podsView]*plans{}}
	for _, name := range pool.NodesToInspect(decision) {
		r.inspect[indexOf(name)] = true
	}
	w.turns[v] = r
	return r
}

func grantsOf(status foundationv1alpha1.GPUPoolStatus) grants {
	var g grants
	for _, entry := range status.Grants {
		for t := range teams {
			if entry.TeamName == teamNames[t] {
				g[t] = grant{Recorded: true, Granted: uint8(entry.Granted / builder.PerNode), Held: uint8(entry.Held / builder.PerNode)}
			}
		}
	}
	return g
}

func indexOf(node string) int { return int(node[1] - '0') }

// plansOf returns what a reconcile of the pool plans for nodes, with the pods that are on them.
func (w *world) plansOf(v view, r *turn, s *state) (*plans, error) {
	var pods podsView
	for i := range s.Nodes {
		if r.inspect[i] && !w.ignoresPods {
			pods[i] = s.Nodes[i].Pods
		}
	}
	if known := r.plans[pods]; known != nil {
		return known, nil
	}
	in := w.input(v)
	for i, mask := range pods {
		for t := range teams + 1 {
			if mask>>t&1 == 1 {
				name := fmt.Sprint("n", i)
				in.Pods[name] = append(in.Pods[name], builder.Pod(teamName(t), name, builder.Now.Add(-time.Hour)))
			}
		}
	}
	decision := pool.Decide(in)
	built := pool.BuildPlan(in, decision)
	all, ok1 := built.AfterStatus(nil)
	some, ok2 := built.AfterStatus(errors.New("the API server is not there"))
	_, ok3 := built.AfterStatus(apierrors.NewConflict(schema.GroupResource{}, poolName, nil))
	if !ok1 || !ok2 || ok3 {
		return nil, errors.New("what follows after a status is written is not known to the model")
	}
	if w.ignoresStatusError {
		some = all
	}
	wait := pool.RequeueAfter(in, decision, built)
	result := &plans{wait: uint8((wait + tick - 1) / tick)}
	var err error
	if result.written, err = w.planOf(v, all); err != nil {
		return nil, err
	}
	if result.failed, err = w.planOf(v, some); err != nil {
		return nil, err
	}
	r.plans[pods] = result
	return result, nil
}

// planOf returns a plan's writes, by node.
func (w *world) planOf(v view, from pool.Plan) (plan, error) {
	var p plan
	for _, transition := range from.Transitions {
		i := indexOf(transition.After.Name)
		to, err := w.read(transition.After, v.Nodes[i].Fault)
		if err != nil {
			return plan{}, err
		}
		if w.ignoresDelay && (to.Phase == draining || to.Phase == entering) {
			to.Since = 1
		}
		p.tasks[i] = task{To: to, Due: true}
	}
	for _, pods := range [][]corev1.Pod{from.Evictions, from.PodDeletions} {
		for _, pod := range pods {
			p.evict[indexOf(pod.Name)] |= maskOf(pod.Namespace)
		}
	}
	return p, nil
}

func maskOf(namespace string) uint8 {
	for t := range teams + 1 {
		if teamName(t) == namespace {
			return 1 << t
		}
	}
	return 0
}

// quotaView is what a team's controller reads of the world.
type quotaView struct {
	Status grants
	Awards [teams]uint8
}

// quotasOf returns the quotas of the teams' namespaces, in nodes.
func (w *world) quotasOf(v quotaView) [teams]uint8 {
	if known, ok := w.quotas[v]; ok {
		return known
	}
	if w.quotaFromAward {
		return v.Awards
	}
	in := w.input(view{Status: v.Status, Awards: v.Awards})
	in.Pool.Status.Capacity = &foundationv1alpha1.PoolCapacity{}
	for _, entry := range in.Pool.Status.Grants {
		in.Pool.Status.Capacity.Granted += entry.Granted
	}
	var quotas [teams]uint8
	for t, of := range in.Teams {
		builder.Namespace("work", 1)(of.FoundationTeam)
		of.Spec.Term = &foundationv1alpha1.Window{}
		model := team.NewModel(team.Input{
			Team: of.FoundationTeam, Now: builder.Now, Pools: map[string]*foundationv1alpha1.GPUPool{poolName: in.Pool},
		})
		hard := model.Devices.Hard(foundationv1alpha1.NamespaceName(of.Name, "work"))
		gpus := hard[corev1.DefaultResourceRequestsPrefix+builder.GPU]
		quotas[t] = uint8(gpus.Value() / builder.PerNode)
	}
	w.quotas[v] = quotas
	return quotas
}

func (w *world) open(v version) uint8 {
	mask, known := w.opens[v]
	if !known {
		mask = w.openTo(v)
		w.opens[v] = mask
	}
	return mask
}
