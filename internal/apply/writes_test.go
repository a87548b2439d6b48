package apply_test

import (
	"errors"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
	"foundation.team/operator/test/support/builder"
)

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
			if kind := apply.KindOf(tt.seen).Name; tt.conflict && !strings.HasPrefix(err.Error(), kind+" ") {
				t.Errorf("error %q does not begin with the kind, %s", err, kind)
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
