package apply_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
	"foundation.team/operator/internal/setup"
	"foundation.team/operator/test/support/builder"
)

var (
	hanbit = builder.Team("hanbit")
	owner  = apply.OwnerOf(hanbit, nil)
	pods   = schema.GroupResource{Resource: "pods"}
)

// cluster is an API server with a cache in front of it that shows what cached says, or all.
type cluster struct {
	server client.WithWatch
	// cached, if not nil, is what the cache shows instead of what there is.
	cached map[client.ObjectKey]client.Object
	// cacheErr, liveErr and writeErr are returned instead of an answer.
	cacheErr, liveErr, writeErr error
	// applied are the requests, live counts reads of the API server.
	applied []request
	deleted []client.DeleteOptions
	patched []string
	evicted []metav1.DeleteOptions
	live    int
}

type request struct {
	uid   types.UID
	name  string
	force bool
	owner string
}

func newCluster(objects ...client.Object) *cluster {
	return &cluster{server: fake.NewClientBuilder().WithScheme(setup.Scheme()).WithReturnManagedFields().
		WithStatusSubresource(&foundationv1alpha1.GPUPool{}, &corev1.Namespace{}, &corev1.ResourceQuota{}).WithObjects(objects...).Build()}
}

// applier is the one under test.
func (c *cluster) applier() *apply.Applier {
	return apply.New(interceptor.NewClient(c.server, interceptor.Funcs{
		Get: func(ctx context.Context, server client.WithWatch, key client.ObjectKey, obj client.Object, opts ...client.GetOption) error {
			if c.cacheErr != nil {
				return c.cacheErr
			}
			if c.cached == nil {
				return read(ctx, server, key, obj, opts...)
			}
			shown, ok := c.cached[key]
			if !ok {
				return apierrors.NewNotFound(schema.GroupResource{}, key.Name)
			}
			return copyInto(shown, obj)
		},
		Apply: func(ctx context.Context, server client.WithWatch, obj runtime.ApplyConfiguration, opts ...client.ApplyOption) error {
			options := client.ApplyOptions{}
			options.ApplyOptions(opts)
			var sent metav1.PartialObjectMetadata
			if err := copyInto(obj, &sent); err != nil {
				return err
			}
			c.applied = append(c.applied, request{
				uid: sent.UID, name: sent.Name, owner: options.FieldManager, force: options.Force != nil && *options.Force,
			})
			if c.writeErr != nil {
				return c.writeErr
			}
			return server.Apply(ctx, obj, opts...)
		},
		Delete: func(ctx context.Context, server client.WithWatch, obj client.Object, opts ...client.DeleteOption) error {
			options := client.DeleteOptions{}
			options.ApplyOptions(opts)
			c.deleted = append(c.deleted, options)
			if c.writeErr != nil {
				return c.writeErr
			}
			return server.Delete(ctx, obj)
		},
		Patch: func(ctx context.Context, server client.WithWatch, obj client.Object, patch client.Patch, opts ...client.PatchOption) error {
			return c.patch(obj, patch, func() error { return server.Patch(ctx, obj, patch, opts...) })
		},
		SubResourcePatch: func(ctx context.Context, server client.Client, sub string, obj client.Object, patch client.Patch, opts ...client.SubResourcePatchOption) error {
			return c.patch(obj, patch, func() error { return server.SubResource(sub).Patch(ctx, obj, patch, opts...) })
		},
		SubResourceCreate: func(_ context.Context, _ client.Client, sub string, _, body client.Object, _ ...client.SubResourceCreateOption) error {
			var eviction struct{ DeleteOptions metav1.DeleteOptions }
			if sub != "eviction" {
				return errors.New("unexpected " + sub)
			}
			c.evicted = append(c.evicted, eviction.DeleteOptions)
			if err := copyInto(body, &eviction); err != nil {
				return err
			}
			c.evicted[len(c.evicted)-1] = eviction.DeleteOptions
			return c.writeErr
		},
	}), interceptor.NewClient(c.server, interceptor.Funcs{
		Get: func(ctx context.Context, server client.WithWatch, key client.ObjectKey, obj client.Object, opts ...client.GetOption) error {
			c.live++
			if c.liveErr != nil {
				return c.liveErr
			}
			return read(ctx, server, key, obj, opts...)
		},
	}))
}

// read leaves out the empty spec and status that the fake client, unlike an API server, counts among applied fields.
func read(ctx context.Context, server client.Reader, key client.ObjectKey, obj client.Object, opts ...client.GetOption) error {
	if err := server.Get(ctx, key, obj, opts...); err != nil {
		return err
	}
	for _, entry := range obj.GetManagedFields() {
		for _, empty := range []string{`,"f:spec":{}`, `,"f:status":{}`} {
			entry.FieldsV1.SetRawString(strings.Replace(entry.FieldsV1.GetRawString(), empty, "", 1))
		}
	}
	return nil
}

func (c *cluster) patch(obj client.Object, patch client.Patch, send func() error) error {
	data, err := patch.Data(obj)
	if err != nil {
		return err
	}
	c.patched = append(c.patched, string(data))
	if c.writeErr != nil {
		return c.writeErr
	}
	return send()
}

func (c *cluster) writes() int {
	return len(c.applied) + len(c.deleted) + len(c.patched) + len(c.evicted)
}

func copyInto(from, to any) error {
	data, err := json.Marshal(from)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, to)
}

// wanted is a namespace as the team's controller would want it.
func wanted(labels ...string) *corev1ac.NamespaceApplyConfiguration {
	namespace := corev1ac.Namespace("hanbit-train").
		WithLabels(map[string]string{foundationv1alpha1.LabelTeam: "hanbit"}).
		WithAnnotations(map[string]string{foundationv1alpha1.AnnotationTeamUID: string(hanbit.UID)})
	for _, label := range labels {
		namespace.WithLabels(map[string]string{label: "true"})
	}
	return namespace
}

// quota is a namespaced object that is wanted.
func quota() *corev1ac.ResourceQuotaApplyConfiguration {
	return corev1ac.ResourceQuota("foundation-team", "hanbit-train").
		WithLabels(map[string]string{foundationv1alpha1.LabelTeam: "hanbit"}).
		WithAnnotations(map[string]string{foundationv1alpha1.AnnotationTeamUID: string(hanbit.UID)})
}

func foreign(mods ...func(*corev1.Namespace)) *corev1.Namespace {
	namespace := builder.ForeignNamespace("hanbit-train")
	namespace.ResourceVersion = ""
	for _, mod := range mods {
		mod(namespace)
	}
	return namespace
}

func labelled(team, uid string) func(*corev1.Namespace) {
	return func(namespace *corev1.Namespace) {
		namespace.Labels = map[string]string{foundationv1alpha1.LabelTeam: team}
		namespace.Annotations = map[string]string{foundationv1alpha1.AnnotationTeamUID: uid}
	}
}

func terminating(namespace *corev1.Namespace) {
	namespace.DeletionTimestamp = new(metav1.NewTime(builder.Now))
	namespace.Finalizers = []string{"example.com/wait"}
}

func adopt(team string) func(*corev1.Namespace) {
	return func(namespace *corev1.Namespace) {
		namespace.Annotations = map[string]string{foundationv1alpha1.AnnotationAdopt: team}
	}
}

func TestApplyMakesWhatIsNotThere(t *testing.T) {
	c := newCluster()
	a := c.applier()
	if err := a.Apply(t.Context(), owner, wanted()); err != nil {
		t.Fatal(err)
	}
	// A new object is not forced and names no UID: one that somebody else made just now is not taken.
	if want := (request{name: "hanbit-train", owner: foundationv1alpha1.FieldManager}); len(c.applied) != 1 || c.applied[0] != want {
		t.Errorf("sent %+v, want %+v once", c.applied, want)
	}
	if c.live != 1 {
		t.Errorf("looked %d times whether it is there, want once", c.live)
	}
	if err := a.Apply(t.Context(), owner, wanted()); err != nil {
		t.Fatal(err)
	}
	if len(c.applied) != 1 || c.live != 1 {
		t.Errorf("%d requests and %d live reads for what is there, want none more", len(c.applied)-1, c.live-1)
	}
	if err := c.applier().Apply(t.Context(), owner, wanted()); err != nil {
		t.Fatal(err)
	}
	if len(c.applied) != 1 || c.live != 1 {
		t.Errorf("%d requests and %d live reads after a restart, want none", len(c.applied)-1, c.live-1)
	}
}

func TestApplyChangesExactlyTheObjectThatItSaw(t *testing.T) {
	c := newCluster(foreign(labelled("hanbit", string(hanbit.UID))))
	if err := c.applier().Apply(t.Context(), owner, wanted()); err != nil {
		t.Fatal(err)
	}
	want := request{name: "hanbit-train", uid: "hanbit-train", force: true, owner: foundationv1alpha1.FieldManager}
	if len(c.applied) != 1 || c.applied[0] != want {
		t.Errorf("sent %+v, want %+v once", c.applied, want)
	}
}

func TestApplyRepairs(t *testing.T) {
	c := newCluster()
	a := c.applier()
	if err := a.Apply(t.Context(), owner, wanted(foundationv1alpha1.LabelLocked)); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name    string
		disturb func(*corev1.Namespace)
		desired *corev1ac.NamespaceApplyConfiguration
		want    int
	}{
		{"nothing happened", nil, wanted(foundationv1alpha1.LabelLocked), 0},
		{"somebody added something of theirs", func(n *corev1.Namespace) { n.Labels["app"] = "x" }, wanted(foundationv1alpha1.LabelLocked), 0},
		{"somebody changed ours", func(n *corev1.Namespace) { n.Labels[foundationv1alpha1.LabelLocked] = "false" }, wanted(foundationv1alpha1.LabelLocked), 1},
		{"somebody removed ours", func(n *corev1.Namespace) { delete(n.Labels, foundationv1alpha1.LabelLocked) }, wanted(foundationv1alpha1.LabelLocked), 1},
		{"it is not wanted any more", nil, wanted(), 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.disturb != nil {
				var live corev1.Namespace
				if err := c.server.Get(t.Context(), client.ObjectKey{Name: "hanbit-train"}, &live); err != nil {
					t.Fatal(err)
				}
				tt.disturb(&live)
				if err := c.server.Update(t.Context(), &live, client.FieldOwner("kubectl")); err != nil {
					t.Fatal(err)
				}
			}
			before := len(c.applied)
			if err := a.Apply(t.Context(), owner, tt.desired); err != nil {
				t.Fatal(err)
			}
			if got := len(c.applied) - before; got != tt.want {
				t.Errorf("%d requests, want %d", got, tt.want)
			}
		})
	}
	var live corev1.Namespace
	if err := c.server.Get(t.Context(), client.ObjectKey{Name: "hanbit-train"}, &live); err != nil {
		t.Fatal(err)
	}
	if _, ok := live.Labels[foundationv1alpha1.LabelLocked]; ok || live.Labels["app"] != "x" {
		t.Errorf("labels are %v", live.Labels)
	}
}

func TestApplyLeavesAloneWhatIsNotOurs(t *testing.T) {
	tests := map[string]struct {
		live *corev1.Namespace
		says string
	}{
		"nobody's":                    {foreign(), "Namespace hanbit-train exists and does not belong to any team"},
		"another team's":              {foreign(labelled("saebit", "saebit-uid")), "belongs to team saebit"},
		"another team's with our UID": {foreign(labelled("saebit", string(hanbit.UID))), "belongs to team saebit"},
		"an earlier team's":           {foreign(labelled("hanbit", "earlier")), "belongs to an earlier team of this name"},
		"for another team to adopt":   {foreign(adopt("saebit")), "annotate it foundation.team/adopt=hanbit"},
		"nobody's, and being deleted": {foreign(terminating), "does not belong to any team"},
	}
	for name, tt := range tests {
		for where, cached := range map[string]map[client.ObjectKey]client.Object{"in the cache": nil, "not in the cache": {}} {
			t.Run(name+", "+where, func(t *testing.T) {
				c := newCluster(tt.live.DeepCopy())
				c.cached = cached
				err := c.applier().Apply(t.Context(), owner, wanted())
				var conflict *apply.ConflictError
				if !errors.As(err, &conflict) || !strings.Contains(err.Error(), tt.says) {
					t.Errorf("error %v, want a conflict that says %q", err, tt.says)
				}
				if c.writes() > 0 {
					t.Errorf("%d writes", c.writes())
				}
			})
		}
	}
}

func TestApplyTakesOver(t *testing.T) {
	inNamespace := builder.Quota(builder.Team("hanbit", builder.TeamUID("earlier")), "train", nil)
	inNamespace.ResourceVersion = ""
	tests := map[string]struct {
		live    client.Object
		desired apply.Object
	}{
		"what an admin handed over":                             {foreign(adopt("hanbit")), wanted()},
		"what an earlier team left in a namespace that is ours": {inNamespace, quota()},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := newCluster(tt.live)
			if err := c.applier().Apply(t.Context(), owner, tt.desired); err != nil {
				t.Fatal(err)
			}
			if err := c.server.Get(t.Context(), client.ObjectKeyFromObject(tt.live), tt.live); err != nil {
				t.Fatal(err)
			}
			if !owner.Owns(tt.live) {
				t.Errorf("labels %v, annotations %v", tt.live.GetLabels(), tt.live.GetAnnotations())
			}
		})
	}
}

func TestApplyWaitsForWhatIsBeingDeleted(t *testing.T) {
	c := newCluster(foreign(labelled("hanbit", string(hanbit.UID)), terminating))
	err := c.applier().Apply(t.Context(), owner, wanted())
	var waits *apply.TerminatingError
	if !errors.As(err, &waits) || !strings.Contains(err.Error(), "Namespace hanbit-train is being deleted") {
		t.Errorf("error %v, want that it is being deleted", err)
	}
	if c.writes() > 0 {
		t.Errorf("%d writes", c.writes())
	}
}

// A cache that does not show our own last write yet is not asked what there is.
func TestApplyDoesNotTrustAStaleCache(t *testing.T) {
	c := newCluster()
	a := c.applier()
	if err := a.Apply(t.Context(), owner, wanted()); err != nil {
		t.Fatal(err)
	}
	old := &corev1.Namespace{}
	key := client.ObjectKey{Name: "hanbit-train"}
	if err := c.server.Get(t.Context(), key, old); err != nil {
		t.Fatal(err)
	}
	if err := a.Apply(t.Context(), owner, wanted(foundationv1alpha1.LabelLocked)); err != nil {
		t.Fatal(err)
	}

	c.cached, c.live = map[client.ObjectKey]client.Object{key: old}, 0
	if err := a.Apply(t.Context(), owner, wanted(foundationv1alpha1.LabelLocked)); err != nil {
		t.Fatal(err)
	}
	if len(c.applied) != 2 || c.live != 1 {
		t.Errorf("%d requests and %d live reads behind a stale cache, want 2 and 1", len(c.applied), c.live)
	}

	c.cached, c.live = nil, 0
	if err := a.Apply(t.Context(), owner, wanted(foundationv1alpha1.LabelLocked)); err != nil {
		t.Fatal(err)
	}
	if len(c.applied) != 2 || c.live != 0 {
		t.Errorf("%d requests and %d live reads once the cache has it, want 2 and 0", len(c.applied), c.live)
	}

	// It was deleted behind the cache's back: it is made anew.
	c.cached = map[client.ObjectKey]client.Object{key: old}
	if err := a.Apply(t.Context(), owner, wanted()); err != nil {
		t.Fatal(err)
	}
	if err := c.server.Delete(t.Context(), old); err != nil {
		t.Fatal(err)
	}
	if err := a.Apply(t.Context(), owner, wanted()); err != nil {
		t.Fatal(err)
	}
	if last := c.applied[len(c.applied)-1]; last.uid != "" || last.force {
		t.Errorf("sent %+v for what is gone", last)
	}
}

func TestApplyPassesErrorsOn(t *testing.T) {
	problem := errors.New("no")
	tests := map[string]struct {
		prepare func(*cluster)
		writes  int
	}{
		"reading the cache":      {func(c *cluster) { c.cacheErr = problem }, 0},
		"reading the API server": {func(c *cluster) { c.cached, c.liveErr = map[client.ObjectKey]client.Object{}, problem }, 0},
		"writing":                {func(c *cluster) { c.writeErr = problem }, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := newCluster(foreign(labelled("hanbit", string(hanbit.UID))))
			tt.prepare(c)
			err := c.applier().Apply(t.Context(), owner, wanted())
			if !errors.Is(err, problem) || !strings.Contains(err.Error(), "Namespace hanbit-train") {
				t.Errorf("error %v, want one that names the object and what went wrong", err)
			}
			if len(c.applied) != tt.writes {
				t.Errorf("%d writes, want %d", len(c.applied), tt.writes)
			}
		})
	}
}

func TestApplyRefusesKindsThatItDoesNotKnow(t *testing.T) {
	c := newCluster()
	if err := c.applier().Apply(t.Context(), owner, corev1ac.Secret("s", "hanbit-train")); err == nil || !strings.Contains(err.Error(), "Secret hanbit-train/s") {
		t.Errorf("error %v", err)
	}
	if c.writes() > 0 {
		t.Errorf("%d writes", c.writes())
	}
}

func TestDelete(t *testing.T) {
	earlier := builder.Team("hanbit", builder.TeamUID("earlier"))
	gone := builder.OwnedNamespace(hanbit, "train")
	gone.DeletionTimestamp = new(metav1.NewTime(builder.Now))
	tests := map[string]struct {
		seen     client.Object
		writeErr error
		writes   int
		conflict bool
		fails    bool
	}{
		"ours":                             {seen: builder.OwnedNamespace(hanbit, "train"), writes: 1},
		"nobody's":                         {seen: builder.ForeignNamespace("hanbit-train"), conflict: true},
		"handed over but not taken yet":    {seen: foreign(adopt("hanbit")), conflict: true},
		"an earlier team's":                {seen: builder.OwnedNamespace(earlier, "train"), conflict: true},
		"an earlier team's in a namespace": {seen: builder.Quota(earlier, "train", nil), writes: 1},
		"another team's in a namespace":    {seen: builder.Quota(builder.Team("saebit"), "train", nil), conflict: true},
		"being deleted already":            {seen: gone},
		"gone":                             {seen: builder.OwnedNamespace(hanbit, "train"), writeErr: apierrors.NewNotFound(pods, "x"), writes: 1},
		"changed since":                    {seen: builder.OwnedNamespace(hanbit, "train"), writeErr: apierrors.NewConflict(pods, "x", errors.New("changed")), writes: 1, fails: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := newCluster()
			c.writeErr = tt.writeErr
			err := c.applier().Delete(t.Context(), owner, tt.seen)
			var conflict *apply.ConflictError
			if errors.As(err, &conflict) != tt.conflict || (err != nil) != (tt.conflict || tt.fails) {
				t.Errorf("error %v, want conflict %t, failure %t", err, tt.conflict, tt.fails)
			}
			if c.writes() != tt.writes {
				t.Fatalf("%d writes, want %d", c.writes(), tt.writes)
			}
			for _, sent := range c.deleted {
				if exact := sent.Preconditions; exact == nil || *exact.UID != tt.seen.GetUID() || *exact.ResourceVersion != tt.seen.GetResourceVersion() {
					t.Errorf("preconditions %+v, want UID %s and version %s", exact, tt.seen.GetUID(), tt.seen.GetResourceVersion())
				}
			}
		})
	}
}

func TestPatch(t *testing.T) {
	c := newCluster(builder.Node("n1"), builder.Pool("b200"))
	a := c.applier()
	node := &corev1.Node{}
	if err := c.server.Get(t.Context(), client.ObjectKey{Name: "n1"}, node); err != nil {
		t.Fatal(err)
	}
	if err := a.Patch(t.Context(), node, node.DeepCopy()); err != nil || c.writes() > 0 {
		t.Errorf("%d writes for no difference, error %v", c.writes(), err)
	}
	after := node.DeepCopy()
	after.Labels = map[string]string{"x": "y"}
	if err := a.Patch(t.Context(), node, after); err != nil {
		t.Fatal(err)
	}
	if len(c.patched) != 1 || !strings.Contains(c.patched[0], `"resourceVersion":"`+node.ResourceVersion+`"`) || !strings.Contains(c.patched[0], `"x":"y"`) {
		t.Errorf("sent %s, want the difference and the version %s", c.patched, node.ResourceVersion)
	}
	late := node.DeepCopy()
	late.Labels = map[string]string{"x": "z"}
	if err := a.Patch(t.Context(), node, late); !apierrors.IsConflict(err) || !strings.Contains(err.Error(), "n1") {
		t.Errorf("error %v from a patch of an old version, want a conflict", err)
	}
}

func TestPatchStatus(t *testing.T) {
	c := newCluster(builder.Pool("b200"))
	a := c.applier()
	pool := &foundationv1alpha1.GPUPool{}
	if err := c.server.Get(t.Context(), client.ObjectKey{Name: "b200"}, pool); err != nil {
		t.Fatal(err)
	}
	if err := a.PatchStatus(t.Context(), pool, pool.DeepCopy()); err != nil || c.writes() > 0 {
		t.Errorf("%d writes for no difference, error %v", c.writes(), err)
	}
	after := pool.DeepCopy()
	after.Status.ObservedGeneration = 7
	if err := a.PatchStatus(t.Context(), pool, after); err != nil {
		t.Fatal(err)
	}
	live := &foundationv1alpha1.GPUPool{}
	if err := c.server.Get(t.Context(), client.ObjectKey{Name: "b200"}, live); err != nil {
		t.Fatal(err)
	}
	if live.Status.ObservedGeneration != 7 || !strings.Contains(c.patched[0], `"resourceVersion":"`+pool.ResourceVersion+`"`) {
		t.Errorf("status %+v after %s", live.Status, c.patched)
	}
	if err := a.PatchStatus(t.Context(), pool, after); !apierrors.IsConflict(err) {
		t.Errorf("error %v from a patch of an old version, want a conflict", err)
	}
}

func TestFinalizer(t *testing.T) {
	fresh := builder.Pool("b200")
	fresh.Finalizers = nil
	c := newCluster(fresh)
	a := c.applier()
	if err := c.server.Get(t.Context(), client.ObjectKey{Name: "b200"}, fresh); err != nil {
		t.Fatal(err)
	}
	with, err := apply.EnsureFinalizer(t.Context(), a, fresh)
	if err != nil || len(c.patched) != 1 || len(with.Finalizers) != 1 || with.ResourceVersion == fresh.ResourceVersion {
		t.Fatalf("finalizers %v at version %s after %d patches, error %v", with.Finalizers, with.ResourceVersion, len(c.patched), err)
	}
	if again, err := apply.EnsureFinalizer(t.Context(), a, with); err != nil || again != with || len(c.patched) != 1 {
		t.Errorf("%d patches for a finalizer that is there, error %v", len(c.patched)-1, err)
	}
	if err := apply.RemoveFinalizer(t.Context(), a, with); err != nil || len(c.patched) != 2 {
		t.Errorf("%d patches to remove it, error %v", len(c.patched)-1, err)
	}

	leaving := builder.Pool("h100", builder.PoolDeleted())
	leaving.Finalizers = nil
	if _, err := apply.EnsureFinalizer(t.Context(), a, leaving); err != nil || len(c.patched) != 2 {
		t.Errorf("%d patches to hold up a deletion, error %v", len(c.patched)-2, err)
	}

	c.writeErr = apierrors.NewNotFound(pods, "x")
	if err := apply.RemoveFinalizer(t.Context(), a, with); err != nil {
		t.Errorf("error %v when it is gone, want none", err)
	}
	c.writeErr = errors.New("no")
	if err := apply.RemoveFinalizer(t.Context(), a, with); !errors.Is(err, c.writeErr) {
		t.Errorf("error %v, want that of the write", err)
	}
}

func TestEvict(t *testing.T) {
	pod := builder.Pod("hanbit-train", "job-0", builder.Now)
	going := builder.Pod("hanbit-train", "job-1", builder.Now)
	going.DeletionTimestamp = new(metav1.NewTime(builder.Now))
	tests := map[string]struct {
		pod      corev1.Pod
		writeErr error
		requests int
		fails    bool
	}{
		"a running one":                {pod: pod, requests: 1},
		"one that goes already":        {pod: going},
		"one that is gone":             {pod: pod, writeErr: apierrors.NewNotFound(pods, "job-0"), requests: 1},
		"a disruption budget refuses":  {pod: pod, writeErr: apierrors.NewTooManyRequests("budget", 10), requests: 1, fails: true},
		"another one of the same name": {pod: pod, writeErr: apierrors.NewConflict(pods, "job-0", errors.New("UID")), requests: 1, fails: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := newCluster()
			c.writeErr = tt.writeErr
			if err := c.applier().Evict(t.Context(), &tt.pod); (err != nil) != tt.fails || tt.fails && !errors.Is(err, tt.writeErr) {
				t.Errorf("error %v, want failure %t", err, tt.fails)
			}
			if len(c.evicted) != tt.requests {
				t.Fatalf("%d requests, want %d", len(c.evicted), tt.requests)
			}
			for _, sent := range c.evicted {
				if sent.Preconditions == nil || *sent.Preconditions.UID != tt.pod.UID {
					t.Errorf("preconditions %+v, want UID %s", sent.Preconditions, tt.pod.UID)
				}
			}
		})
	}
}
