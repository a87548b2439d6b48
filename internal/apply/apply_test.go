package apply_test

import (
	"errors"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
	"foundation.team/operator/test/support/builder"
)

func TestApplyMakesWhatIsNotThere(t *testing.T) {
	c := newCluster()
	a := c.applier()
	if err := a.Apply(t.Context(), owner, wanted()); err != nil {
		t.Fatal(err)
	}
	// A new object is applied without force and without UID, so that an object that somebody just created is a
	// conflict.
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

// While the cache is older than the last write, the object is read from the API server.
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

	// It was deleted and the cache does not know: it is created again.
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

// What is kept as it is and was deleted is not made anew, whenever the deletion is noticed.
func TestApplyExistingMakesNothing(t *testing.T) {
	kept := builder.OwnedNamespace(hanbit, "train")
	tests := map[string]struct {
		cached   map[client.ObjectKey]client.Object
		live     []client.Object
		writeErr error
		writes   int
		gone     bool
	}{
		"it is there":                      {live: []client.Object{kept}, writes: 1},
		"it is gone":                       {gone: true},
		"it is gone, and the cache has it": {cached: map[client.ObjectKey]client.Object{client.ObjectKeyFromObject(kept): kept}, writeErr: apierrors.NewConflict(pods, "x", errors.New("uid")), writes: 1, gone: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for _, obj := range tt.live {
				obj.SetResourceVersion("")
			}
			c := newCluster(tt.live...)
			c.cached, c.writeErr = tt.cached, tt.writeErr
			err := c.applier().ApplyExisting(t.Context(), owner, wanted(foundationv1alpha1.LabelLocked))
			var gone *apply.GoneError
			if errors.As(err, &gone) != tt.gone || err != nil && !tt.gone {
				t.Errorf("error %v, want gone %t", err, tt.gone)
			}
			if len(c.applied) != tt.writes {
				t.Errorf("sent %+v, want %d", c.applied, tt.writes)
			}
			for _, sent := range c.applied {
				if sent.uid != kept.UID {
					t.Errorf("sent for UID %q, want %q", sent.uid, kept.UID)
				}
			}
		})
	}
}
