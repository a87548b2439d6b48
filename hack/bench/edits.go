package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/test/support"
)

const (
	// editsOfEach is how many edits of each kind are made at most, one after the other, each of another team.
	editsOfEach = 100
	// editWithin is how long one may take.
	editWithin = time.Minute
	// editEvery is how long nobody edits anything after an edit has had its effect: what else follows from it, such as a status, is not a part
	// of the next one.
	editEvery = 200 * time.Millisecond
)

// edit is a change of which the effect on an object is awaited.
type edit struct {
	what string
	// list is of the kind of object that shows the effect.
	list client.ObjectList
	// make makes the nth change, for a team, and returns what tells its effect.
	make func(ctx context.Context, c client.Client, team string, n int) (shows func(client.Object) bool, err error)
}

// bare is a change that shows itself: what the API server and a watch take alone.
var bare = edit{
	what: "a bare patch, seen by a watch", list: &corev1.ConfigMapList{},
	make: func(ctx context.Context, c client.Client, _ string, n int) (func(client.Object) bool, error) {
		value := fmt.Sprint(n)
		object := &corev1.ConfigMap{}
		object.Namespace, object.Name = "default", "bench"
		err := c.Patch(ctx, object, client.RawPatch(types.MergePatchType, fmt.Appendf(nil, `{"data":{"n":%q}}`, value)))
		return func(seen client.Object) bool {
			changed, ok := seen.(*corev1.ConfigMap)
			return ok && changed.Name == object.Name && changed.Data["n"] == value
		}, err
	},
}

// patchTeam merges JSON into a team's spec.
func patchTeam(ctx context.Context, c client.Client, name, spec string) error {
	team := &foundationv1alpha1.FoundationTeam{}
	team.Name = name
	return c.Patch(ctx, team, client.RawPatch(types.MergePatchType, []byte(`{"spec":`+spec+`}`)))
}

// patchStaff makes these the leads of a team, besides its engineer and viewer.
func patchStaff(ctx context.Context, c client.Client, team string, leads ...string) error {
	entry := `{"name":%q,"role":%q,"subject":{"kind":"User","name":%q}}`
	var staff []string
	for i, user := range leads {
		staff = append(staff, fmt.Sprintf(entry, fmt.Sprint("lead", i), "Lead", user))
	}
	staff = append(staff, fmt.Sprintf(entry, "engineer", "Engineer", team+"-engineer@bench.example"), fmt.Sprintf(entry, "viewer", "Viewer", team+"-viewer@bench.example"))
	return patchTeam(ctx, c, team, `{"staff":[`+strings.Join(staff, ",")+`]}`)
}

// quota is an edit of a quota.
var quota = edit{
	what: "a quota", list: &corev1.ResourceQuotaList{},
	make: func(ctx context.Context, c client.Client, team string, n int) (func(client.Object) bool, error) {
		pods := fmt.Sprint(100 + n)
		err := patchTeam(ctx, c, team, fmt.Sprintf(`{"namespaces":[{"name":"train","quota":{"pods":%q}},{"name":"eval"},{"name":"bench"}]}`, pods))
		return func(seen client.Object) bool {
			quota, ok := seen.(*corev1.ResourceQuota)
			if !ok || quota.Namespace != team+"-train" {
				return false
			}
			has := quota.Spec.Hard[corev1.ResourcePods]
			return has.String() == pods
		}, err
	},
}

// bareTeam is a change of a team that shows itself: what the API server takes before anything can follow from it.
var bareTeam = edit{
	what: "the patch of a team, seen by a watch", list: &foundationv1alpha1.FoundationTeamList{},
	make: func(ctx context.Context, c client.Client, team string, n int) (func(client.Object) bool, error) {
		name := fmt.Sprintf("Bench %d", n)
		return func(seen client.Object) bool {
			changed, ok := seen.(*foundationv1alpha1.FoundationTeam)
			return ok && changed.Name == team && changed.Spec.DisplayName == name
		}, patchTeam(ctx, c, team, fmt.Sprintf(`{"displayName":%q}`, name))
	},
}

// edits are what is measured. Others are compared with the first.
var edits = []edit{
	bare,
	bareTeam,
	quota,
	staffed("somebody comes", true, func(team, user string) []string { return []string{leadOf(team), user} }),
	staffed("somebody leaves", false, func(team, _ string) []string { return []string{leadOf(team)} }),
	staffed("somebody takes another's place", true, func(_, user string) []string { return []string{user} }),
}

// staffed is a change of who leads a team, after which somebody is bound or is not any more.
func staffed(what string, bound bool, leads func(team, user string) []string) edit {
	return edit{
		what: what, list: &rbacv1.RoleBindingList{},
		make: func(ctx context.Context, c client.Client, team string, n int) (func(client.Object) bool, error) {
			user := fmt.Sprintf("lead-%d@bench.example", n)
			return func(seen client.Object) bool {
				binding, ok := seen.(*rbacv1.RoleBinding)
				return ok && binding.Namespace == team+"-train" && binding.Name == "foundation-team-lead" && bound == slices.ContainsFunc(
					binding.Subjects, func(subject rbacv1.Subject) bool { return subject.Name == user })
			}, patchStaff(ctx, c, team, leads(team, user)...)
		},
	}
}

// leadOf returns who leads a team that teamManifest makes.
func leadOf(team string) string { return team + "-lead@bench.example" }

// measureEdits makes edits of teams, one at a time, and measures how long each takes to reach its object.
func (r *results) measureEdits(ctx context.Context, lab *support.Lab, teams []string) error {
	object := &corev1.ConfigMap{}
	object.Namespace, object.Name = "default", "bench"
	if err := lab.Client.Create(ctx, object); err != nil {
		return err
	}
	for _, e := range edits {
		say("%d teams: an edit: %s", len(teams), e.what)
		took, err := e.measure(ctx, lab, teams[:min(len(teams), editsOfEach)], 0)
		if err != nil {
			return fmt.Errorf("%s: %w", e.what, err)
		}
		r.Edits = append(r.Edits, edited{What: e.what, P50: millis(quantile(took, 0.5)), P99: millis(quantile(took, 0.99))})
	}
	return nil
}

// measure makes an edit of each team, numbered from a number on, and returns how long each took.
func (e edit) measure(ctx context.Context, lab *support.Lab, teams []string, from int) ([]time.Duration, error) {
	w, err := watchNow(ctx, lab.Client, e.list)
	if err != nil {
		return nil, err
	}
	defer w.Stop()
	var took []time.Duration
	for i, team := range teams {
		began := realClock.Now()
		shows, err := e.make(ctx, lab.Client, team, from+i)
		if err != nil {
			return nil, err
		}
		if err := await(ctx, w, shows); err != nil {
			return nil, fmt.Errorf("the edit of %s: %w", team, err)
		}
		took = append(took, realClock.Since(began))
		if err := pause(ctx, editEvery); err != nil {
			return nil, err
		}
	}
	return took, nil
}

// watchNow watches what changes from now on. Without a version a watch would begin with all that is there: the first edit of thousands of
// teams would wait for that.
func watchNow(ctx context.Context, c client.WithWatch, kind client.ObjectList) (watch.Interface, error) {
	list, ok := kind.DeepCopyObject().(client.ObjectList)
	if !ok {
		return nil, fmt.Errorf("a copy of %T is no list", kind)
	}
	if err := c.List(ctx, list, client.Limit(1)); err != nil {
		return nil, err
	}
	return c.Watch(ctx, list, watchFrom(list))
}

// watchFrom lets a watch begin where a list ended.
func watchFrom(list client.ObjectList) client.ListOption {
	return &client.ListOptions{Raw: &metav1.ListOptions{ResourceVersion: list.GetResourceVersion()}}
}

// await waits until a watch shows an object.
func await(ctx context.Context, w watch.Interface, shows func(client.Object) bool) error {
	limit := realClock.After(editWithin)
	for {
		select {
		case event, ok := <-w.ResultChan():
			if !ok {
				return errors.New("the watch has ended")
			}
			if obj, isObject := event.Object.(client.Object); isObject && (event.Type == watch.Added || event.Type == watch.Modified || event.Type == watch.Deleted) && shows(obj) {
				return nil
			}
		case <-limit:
			return fmt.Errorf("no effect within %s", editWithin)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
