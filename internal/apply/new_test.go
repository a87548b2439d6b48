package apply_test

import (
	"context"
	"errors"
	"testing"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	rbacv1ac "k8s.io/client-go/applyconfigurations/rbac/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
)

// role is an object of the cluster's level that is wanted.
func role() *rbacv1ac.ClusterRoleApplyConfiguration {
	return rbacv1ac.ClusterRole("foundation-team:hanbit").
		WithLabels(map[string]string{foundationv1alpha1.LabelTeam: "hanbit"}).
		WithAnnotations(map[string]string{foundationv1alpha1.AnnotationTeamUID: string(hanbit.UID)}).
		WithRules(rbacv1ac.PolicyRule().WithAPIGroups("foundation.team").WithResources("foundationteams").WithVerbs("get"))
}

// A new team costs a look at each of its namespaces, and none at what it puts there, or at what the cache has all of.
func TestNewTeamsAreNotLookedFor(t *testing.T) {
	c := newCluster()
	c.cached = map[client.ObjectKey]client.Object{} // the watches show nothing yet
	a := c.applier()
	for _, step := range []struct {
		object apply.Object
		looks  int
	}{{wanted(), 1}, {quota(), 1}, {role(), 1}} {
		if err := a.Apply(t.Context(), owner, step.object); err != nil {
			t.Fatal(err)
		}
		if c.live != step.looks {
			t.Errorf("%d looks with %s, want %d", c.live, apply.NameOf(step.object), step.looks)
		}
	}
	// What was written and is not shown is looked at: it may have changed since.
	for _, object := range []apply.Object{quota(), role()} {
		before := c.live
		if err := a.Apply(t.Context(), owner, object); err != nil {
			t.Fatal(err)
		}
		if c.live != before+1 {
			t.Errorf("%s was written, is not shown, and not looked at", apply.NameOf(object))
		}
	}
}

// In a namespace that was there before, and in one that is shown, an object of somebody else may be, so it is looked for.
func TestOldNamespacesAreLookedInto(t *testing.T) {
	for name, prepare := range map[string]func(*testing.T, *cluster) *apply.Applier{
		"the namespace is the team's since before this process": func(_ *testing.T, c *cluster) *apply.Applier { return c.applier() },
		"the namespace was made, and the watch has shown it since": func(t *testing.T, c *cluster) *apply.Applier {
			t.Helper()
			a := c.applier()
			if err := a.Apply(t.Context(), owner, wanted()); err != nil {
				t.Fatal(err)
			}
			if err := a.Apply(t.Context(), owner, wanted()); err != nil { // from the cache
				t.Fatal(err)
			}
			return a
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster()
			a := prepare(t, c)
			taken := &corev1.ResourceQuota{ObjectMeta: metav1.ObjectMeta{Namespace: "hanbit-train", Name: "foundation-team"}}
			if err := c.server.Create(t.Context(), taken); err != nil {
				t.Fatal(err)
			}
			c.cached, c.applied = map[client.ObjectKey]client.Object{}, nil // it has no team's label
			conflict := (*apply.ConflictError)(nil)
			if err := a.Apply(t.Context(), owner, quota()); !errors.As(err, &conflict) {
				t.Errorf("error %v, want a conflict", err)
			}
			if len(c.applied) != 0 {
				t.Errorf("%d writes to an object of somebody else", len(c.applied))
			}
		})
	}
}

// Should somebody have been quicker than the watch, the object is left as it was, and reported.
func TestWhatSomebodyElseMadeIsGivenBack(t *testing.T) {
	taken := &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: "foundation-team:hanbit", Labels: map[string]string{"app": "x"}}}
	c := newCluster()
	if err := c.server.Create(t.Context(), taken, client.FieldOwner("kubectl")); err != nil {
		t.Fatal(err)
	}
	c.cached = map[client.ObjectKey]client.Object{}
	a := c.applier()
	conflict := (*apply.ConflictError)(nil)
	if err := a.Apply(t.Context(), owner, role()); !errors.As(err, &conflict) {
		t.Errorf("error %v, want a conflict", err)
	}
	left := &rbacv1.ClusterRole{}
	if err := c.server.Get(context.WithoutCancel(t.Context()), client.ObjectKeyFromObject(taken), left); err != nil {
		t.Fatal(err)
	}
	if len(left.Labels) != 1 || left.Labels["app"] != "x" || len(left.Annotations) > 0 || len(left.Rules) > 0 {
		t.Errorf("left with labels %v, annotations %v and rules %v", left.Labels, left.Annotations, left.Rules)
	}
	// As long as the watch does not show it, it is looked at.
	if err := a.Apply(t.Context(), owner, role()); !errors.As(err, &conflict) || len(c.applied) != 2 {
		t.Errorf("error %v after %d writes, want a conflict and no more than what was sent and taken back", err, len(c.applied))
	}
}
