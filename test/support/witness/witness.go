// Package witness watches every revision of what the operator writes, and checks the invariants that revisions can show.
package witness

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	crcache "sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/hack/lab/cluster"
	"foundation.team/operator/internal/setup"
)

// Witness checks invariants of every revision. What has to be true only at the end is checked by the tests.
type Witness struct {
	cancel context.CancelFunc
	done   chan struct{}

	mu        sync.Mutex
	revisions int
	broken    []string
	// isolatedAt and openedAt are, by namespace, the first resourceVersion of the default-deny policy and of a role
	// binding for staff. Informers of different kinds do not keep pace; resourceVersions do.
	isolatedAt, openedAt map[string]string
	// granted is the newest grant, by pool and team; highestGrant and highestQuota are the most that a team's grants,
	// and the quotas of its namespaces, ever added up to.
	granted      map[string]map[string]int32
	quotas       map[string]map[string]int64
	highestGrant map[string]int64
	highestQuota map[string]int64
	timeline     timeline
}

// During watches while a package's tests run, and prints how many revisions there were. run returns the tests' exit code;
// the error has also the invariants that some revision broke.
func During(cfg *rest.Config, out io.Writer, run func() (int, error)) (int, error) {
	w, err := Start(cfg)
	if err != nil {
		return 1, err
	}
	defer w.Stop()
	code, err := run()
	fmt.Fprintf(out, "the witness saw %d revisions\n", w.Seen())
	if broken := w.Violations(); len(broken) > 0 {
		err = errors.Join(err, fmt.Errorf("invariants that some revision broke: %q", broken))
	}
	return code, err
}

// Start watches from now on, until Stop.
func Start(cfg *rest.Config) (*Witness, error) {
	w := &Witness{
		done: make(chan struct{}), isolatedAt: map[string]string{}, openedAt: map[string]string{},
		granted: map[string]map[string]int32{}, quotas: map[string]map[string]int64{},
		highestGrant: map[string]int64{}, highestQuota: map[string]int64{},
	}
	ctx, cancel := context.WithCancel(context.Background())
	w.cancel = cancel
	if err := w.watch(ctx, cfg); err != nil {
		w.Stop()
		return nil, err
	}
	return w, nil
}

func (w *Witness) watch(ctx context.Context, cfg *rest.Config) error {
	cfg = rest.CopyConfig(cfg)
	cfg.Wrap(func(next http.RoundTripper) http.RoundTripper { return lister{next: next, listed: w.listed} })
	informers, err := crcache.New(cfg, crcache.Options{Scheme: setup.Scheme()})
	if err != nil {
		close(w.done)
		return fmt.Errorf("make the witness's cache: %w", err)
	}
	go func() {
		defer close(w.done)
		_ = informers.Start(ctx)
	}()
	for _, obj := range []client.Object{
		&corev1.Node{}, &corev1.Namespace{}, &networkingv1.NetworkPolicy{}, &rbacv1.RoleBinding{}, &corev1.ResourceQuota{}, &foundationv1alpha1.GPUPool{},
	} {
		informer, err := informers.GetInformer(ctx, obj)
		if err != nil {
			return fmt.Errorf("watch %T: %w", obj, err)
		}
		if _, err = informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
			AddFunc:    func(obj any) { w.observe(nil, obj) },
			UpdateFunc: w.observe,
			DeleteFunc: func(obj any) { w.observe(obj, nil) },
		}); err != nil {
			return fmt.Errorf("watch %T: %w", obj, err)
		}
	}
	return nil
}

// lister tells when a resource is listed, by a list or by a watch that begins with one.
type lister struct {
	next   http.RoundTripper
	listed func(resource string)
}

// RoundTrip implements http.RoundTripper.
func (l lister) RoundTrip(req *http.Request) (*http.Response, error) {
	if query := req.URL.Query(); query.Get("watch") == "" || query.Get("sendInitialEvents") == "true" {
		l.listed(path.Base(req.URL.Path))
	}
	return l.next.RoundTrip(req)
}

func (w *Witness) listed(resource string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timeline.listed(resource)
}

// Stop ends the watches.
func (w *Witness) Stop() {
	w.cancel()
	<-w.done
}

// Violations returns the invariants that a revision broke.
func (w *Witness) Violations() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	broken := slices.Clone(w.broken)
	for namespace, opened := range w.openedAt {
		isolated, ok := w.isolatedAt[namespace]
		if order, err := resourceversion.CompareResourceVersion(isolated, opened); !ok || err != nil || order > 0 {
			broken = append(broken, fmt.Sprintf("namespace %s gave access (%s) before it was isolated (%s)", namespace, opened, isolated))
		}
	}
	for team, quota := range w.highestQuota {
		if quota > w.highestGrant[team] {
			broken = append(broken, fmt.Sprintf("the quotas of %s added up to %d, it never was granted more than %d", team, quota, w.highestGrant[team]))
		}
	}
	return append(broken, w.timeline.replay()...)
}

// Seen returns how many revisions there were.
func (w *Witness) Seen() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.revisions
}

func (w *Witness) fail(format string, args ...any) {
	w.broken = append(w.broken, time.Now().Format(time.TimeOnly)+" "+fmt.Sprintf(format, args...))
}

func (w *Witness) observe(before, after any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.revisions++
	w.timeline.add(before, after)
	switch obj := after.(type) {
	case *corev1.Node:
		if old, ok := before.(*corev1.Node); ok {
			w.node(old, obj)
		}
	case *corev1.Namespace:
		w.namespace(before, obj)
	case *foundationv1alpha1.GPUPool:
		w.pool(before, obj)
	case *corev1.ResourceQuota:
		w.quota(obj)
	case *networkingv1.NetworkPolicy:
		if before == nil && obj.Name == "foundation-team-default-deny" && w.isolatedAt[obj.Namespace] == "" {
			w.isolatedAt[obj.Namespace] = obj.ResourceVersion
		}
	case *rbacv1.RoleBinding:
		if before == nil && obj.Labels[foundationv1alpha1.LabelTeam] != "" && w.openedAt[obj.Namespace] == "" {
			w.openedAt[obj.Namespace] = obj.ResourceVersion
		}
	}
}

// node: a node belongs to one team at the most, and goes to another only through being free.
func (w *Witness) node(before, after *corev1.Node) {
	var taints []string
	for _, taint := range after.Spec.Taints {
		if taint.Key == foundationv1alpha1.TaintTeam {
			taints = append(taints, taint.Value)
		}
	}
	label, trusted := after.Labels[foundationv1alpha1.LabelTeam], after.Labels[foundationv1alpha1.LabelNodeTeam]
	if len(taints) > 1 || label != "" && trusted != "" && label != trusted || len(taints) == 1 && trusted != "" && taints[0] != trusted {
		w.fail("node %s belongs to more than one team: labels %q %q, taints %v", after.Name, label, trusted, taints)
	}
	had, has := before.Labels[foundationv1alpha1.LabelNodeTeam], trusted
	if had != "" && has != "" && had != has {
		w.fail("node %s went from %s to %s without being free in between", after.Name, had, has)
	}
}

// namespace: the restricted Pod Security level is there from the first revision on.
func (w *Witness) namespace(before any, after *corev1.Namespace) {
	if before == nil && after.Labels[foundationv1alpha1.LabelTeam] != "" && after.Labels["pod-security.kubernetes.io/enforce"] != "restricted" {
		w.fail("namespace %s was made without the restricted Pod Security level", after.Name)
	}
}

// unresolved are the reasons of a grant that is kept while something that an award names cannot be found.
var unresolved = []string{foundationv1alpha1.ReasonPoolNotFound, foundationv1alpha1.ReasonStageNotFound, foundationv1alpha1.ReasonProgramNotFound}

// pool: no grant is raised while the sum of grants would exceed the capacity. A team has more than it asks for only while something that
// its awards name cannot be found, and is not raised to that: it keeps what it had, and the reason says why. That is so for a moment, too,
// when an award moves to a pool that was just made, since the operator does not hear of teams and pools in one order.
func (w *Witness) pool(before any, after *foundationv1alpha1.GPUPool) {
	old := map[string]int32{}
	if pool, ok := before.(*foundationv1alpha1.GPUPool); ok {
		for _, grant := range pool.Status.Grants {
			old[grant.TeamName] = grant.Granted
		}
	}
	grants := map[string]int32{}
	var sum int32
	raised := ""
	for _, grant := range after.Status.Grants {
		sum += grant.Granted
		grants[grant.TeamName] = grant.Granted
		if grant.Granted > old[grant.TeamName] {
			raised = grant.TeamName
		}
		if grant.Granted > grant.Requested && (!slices.Contains(unresolved, grant.Reason) || grant.Granted > old[grant.TeamName] && before != nil) {
			w.fail("pool %s grants %s %d after %d, more than the %d that it asked for; reason %q",
				after.Name, grant.TeamName, grant.Granted, old[grant.TeamName], grant.Requested, grant.Reason)
		}
	}
	if after.Status.Capacity != nil && raised != "" && sum > after.Status.Capacity.Total {
		w.fail("pool %s raised the grant of %s while %d of %d GPUs were granted", after.Name, raised, sum, after.Status.Capacity.Total)
	}
	w.granted[after.Name] = grants
	for team := range grants {
		var total int64
		for _, byTeam := range w.granted {
			total += int64(byTeam[team])
		}
		w.highestGrant[team] = max(w.highestGrant[team], total)
	}
}

// quota: the quotas of a team's namespaces never add up to more than the team was granted. Quotas lag behind a grant
// that was lowered, so the bound is the highest grant; the specs check the newest.
func (w *Witness) quota(after *corev1.ResourceQuota) {
	team := after.Labels[foundationv1alpha1.LabelTeam]
	if team == "" || after.Name != "foundation-team" || changedByHand(after) {
		return
	}
	if w.quotas[team] == nil {
		w.quotas[team] = map[string]int64{}
	}
	gpus := after.Spec.Hard["requests."+cluster.GPUResource]
	w.quotas[team][after.Namespace] = gpus.Value()
	var sum int64
	for _, quota := range w.quotas[team] {
		sum += quota
	}
	w.highestQuota[team] = max(w.highestQuota[team], sum)
}

// changedByHand reports whether kubectl, and not the operator, wrote this revision.
func changedByHand(quota *corev1.ResourceQuota) bool {
	return slices.ContainsFunc(quota.ManagedFields, func(entry metav1.ManagedFieldsEntry) bool {
		return entry.Subresource == "" && strings.HasPrefix(entry.Manager, "kubectl")
	})
}
