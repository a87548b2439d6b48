package team

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
	"foundation.team/operator/internal/setup"
	"foundation.team/operator/test/support/builder"
)

// recorder is a fake API server that records writes in order and fails those with a given prefix.
type recorder struct {
	writes []string
	fail   string
	// gpus are the written quotas by namespace, limit is the most that they may add up to, and exceeded describes the first
	// write after which they add up to more.
	gpus     map[string]int32
	limit    int32
	exceeded string
}

// quota records a namespace's quota of GPUs.
func (r *recorder) quota(fields map[string]any) {
	if r.gpus == nil || fields["kind"] != "ResourceQuota" {
		return
	}
	namespace, _, _ := unstructured.NestedString(fields, "metadata", "namespace")
	hard, _, _ := unstructured.NestedStringMap(fields, "spec", "hard")
	r.gpus[namespace] = int32(new(resource.MustParse(hard["requests.nvidia.com/gpu"])).Value())
	var sum int32
	for _, gpus := range r.gpus {
		sum += gpus
	}
	if sum > r.limit && r.exceeded == "" {
		r.exceeded = fmt.Sprintf("%d of %d GPUs after %s: %v", sum, r.limit, namespace, r.gpus)
	}
}

func (r *recorder) write(what string) error {
	if r.fail != "" && strings.HasPrefix(what, r.fail) {
		return errors.New("no " + what)
	}
	r.writes = append(r.writes, what)
	return nil
}

// reconciler returns a Reconciler that writes to the recorder and reads the objects of an Input.
func (r *recorder) reconciler(in Input) *Reconciler {
	server := fake.NewClientBuilder().WithScheme(setup.Scheme())
	add := func(obj client.Object) {
		obj, _ = obj.DeepCopyObject().(client.Object)
		obj.SetResourceVersion("")
		server.WithObjects(obj)
	}
	for _, namespace := range in.LiveNamespaces {
		add(namespace)
	}
	for _, quota := range in.Quotas {
		add(quota)
	}
	for _, obj := range in.Others {
		add(obj)
	}
	c := interceptor.NewClient(server.Build(), interceptor.Funcs{
		Patch: func(_ context.Context, _ client.WithWatch, obj client.Object, patch client.Patch, _ ...client.PatchOption) error {
			if patch.Type() == types.ApplyPatchType {
				return r.apply(obj, patch)
			}
			if binding, ok := obj.(*rbacv1.RoleBinding); ok {
				return r.write(fmt.Sprintf("patch RoleBinding %s: %d subjects", binding.Name, len(binding.Subjects)))
			}
			return r.write("patch " + apply.KindOf(obj).Name + " " + obj.GetName())
		},
		Delete: func(_ context.Context, _ client.WithWatch, obj client.Object, _ ...client.DeleteOption) error {
			return r.write("delete " + apply.KindOf(obj).Name + " " + obj.GetName())
		},
	})
	return &Reconciler{Client: c, Live: c, Applier: apply.New(c, c)}
}

func (r *recorder) apply(obj client.Object, patch client.Patch) error {
	fields, err := fieldsOf(obj, patch)
	if err != nil {
		return err
	}
	name := strings.TrimSuffix(obj.GetObjectKind().GroupVersionKind().Kind+" "+obj.GetName()+"/"+obj.GetNamespace(), "/")
	if err := r.write(name); err != nil {
		return err
	}
	r.quota(fields)
	return nil
}

// applyAndPrune applies and prunes what follows from an Input.
func (r *recorder) applyAndPrune(t *testing.T, in Input) *Outcome {
	t.Helper()
	reconciler, out, m := r.reconciler(in), newOutcome(), NewModel(in)
	desired := Build(m)
	reconciler.endAccess(t.Context(), newAccessModel(in), out)
	reconciler.restrict(t.Context(), m, desired, out)
	reconciler.provide(t.Context(), m, desired, out)
	reconciler.pruneOthers(t.Context(), m, desired.keys(), out)
	return out
}

func (r *recorder) position(t *testing.T, what string) int {
	t.Helper()
	return slices.Index(r.writes, what)
}

const (
	trainBinding = "RoleBinding foundation-team-lead/hanbit-train"
	evalBinding  = "RoleBinding foundation-team-lead/hanbit-eval"
)

// applyCase lists what is written for an Input.
type applyCase struct {
	in   Input
	fail string
	// writes are expected, noWrites must not happen; first are expected before all others.
	writes, noWrites []string
	first            []string
	problems         []string
	retry            bool
}

func runApplyCases(t *testing.T, tests map[string]applyCase) {
	t.Helper()
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := &recorder{fail: tt.fail}
			out := r.applyAndPrune(t, tt.in)
			for _, what := range append(tt.writes, tt.first...) {
				if r.position(t, what) < 0 {
					t.Errorf("%s is not among the writes %v", what, r.writes)
				}
			}
			for _, what := range tt.noWrites {
				if r.position(t, what) >= 0 {
					t.Errorf("%s is among the writes %v", what, r.writes)
				}
			}
			if len(tt.first) > 0 {
				if diff := cmp.Diff(tt.first, r.writes[:min(len(tt.first), len(r.writes))]); diff != "" {
					t.Errorf("first: %s", diff)
				}
			}
			var areas []string
			for area := range out.Problems {
				areas = append(areas, area)
			}
			if diff := cmp.Diff(tt.problems, areas); diff != "" {
				t.Errorf("problems: %s", diff)
			}
			if again := out.Err() != nil; again != tt.retry {
				t.Errorf("tries again: %t", again)
			}
		})
	}
}

func TestApplyAndPruneInOrder(t *testing.T) {
	hanbit := twoNamespaces(builder.Staff("kim", foundationv1alpha1.RoleLead))
	formerLevel := &flowcontrolv1.PriorityLevelConfiguration{ObjectMeta: builder.OwnedMeta(hanbit, "", "foundation-team.hanbit")}
	foreignLevel := &flowcontrolv1.PriorityLevelConfiguration{ObjectMeta: metav1.ObjectMeta{Name: "foundation-team.hanbit", Labels: map[string]string{foundationv1alpha1.LabelTeam: "hanbit"}}}
	large := twoNamespaces(builder.Staff("kim", foundationv1alpha1.RoleLead), builder.Award("b200", 64))
	former := &rbacv1.RoleBinding{ObjectMeta: builder.OwnedMeta(hanbit, "hanbit-train", "foundation-team-engineer")}
	formerOfTeam := &rbacv1.ClusterRoleBinding{ObjectMeta: builder.OwnedMeta(hanbit, "", "foundation-team:former")}
	policy := &networkingv1.NetworkPolicy{ObjectMeta: builder.OwnedMeta(hanbit, "hanbit-train", "former")}
	foreign := &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: "somebody's", Labels: map[string]string{foundationv1alpha1.LabelTeam: "hanbit"}}}
	runApplyCases(t, map[string]applyCase{
		"everything is applied, the priority level first": {
			in: input(large), writes: []string{"Namespace hanbit-train", "Namespace hanbit-eval", trainBinding, evalBinding, "ClusterRoleBinding foundation-team:hanbit"},
			first: []string{"PriorityLevelConfiguration foundation-team.hanbit", "FlowSchema foundation-team.hanbit"},
		},
		"the level of a team that is not large any more goes when no request leads to it": {
			in: input(hanbit, formerLevel), first: []string{"FlowSchema foundation-team.hanbit"}, writes: []string{"delete PriorityLevelConfiguration foundation-team.hanbit"},
		},
		"somebody else's level is not pruned": {in: input(hanbit, foreignLevel), noWrites: []string{"delete PriorityLevelConfiguration foundation-team.hanbit"}},
		"access that has ended is pruned first": {
			in: input(hanbit, former, formerOfTeam), first: []string{"delete RoleBinding foundation-team-engineer", "delete ClusterRoleBinding foundation-team:former"},
		},
		"access is pruned also when namespaces cannot be written": {
			in: input(hanbit, former), fail: "Namespace", first: []string{"delete RoleBinding foundation-team-engineer"},
			noWrites: []string{trainBinding}, problems: []string{foundationv1alpha1.ConditionNamespacesReady}, retry: true,
		},
		"somebody else's access object is not pruned": {in: input(hanbit, foreign), noWrites: []string{"delete ClusterRole somebody's"}, writes: []string{trainBinding}},
		"other objects are pruned last":               {in: input(hanbit, policy), writes: []string{"delete NetworkPolicy former"}},
		"other objects are not pruned while something desired is missing": {
			in: input(hanbit, policy), fail: "ResourceQuota", noWrites: []string{"delete NetworkPolicy former"},
			problems: []string{foundationv1alpha1.ConditionQuotaReady}, retry: true,
		},
	})
}

func TestAccessNeedsIsolationAndQuota(t *testing.T) {
	hanbit := twoNamespaces(builder.Staff("kim", foundationv1alpha1.RoleLead))
	there := bindingOf(hanbit, "hanbit-train", "lead")
	runApplyCases(t, map[string]applyCase{
		"no access where the namespace cannot be written, while the other namespace is applied": {
			in: input(hanbit), fail: "Namespace hanbit-train", writes: []string{evalBinding, "ResourceQuota foundation-team/hanbit-eval"},
			noWrites: []string{trainBinding, "ResourceQuota foundation-team/hanbit-train"}, problems: []string{foundationv1alpha1.ConditionNamespacesReady}, retry: true,
		},
		"no access where isolation cannot be written": {
			in: input(hanbit), fail: "NetworkPolicy foundation-team-default-deny/hanbit-train", writes: []string{evalBinding, "ResourceQuota foundation-team/hanbit-train"},
			noWrites: []string{trainBinding}, problems: []string{foundationv1alpha1.ConditionNamespacesReady}, retry: true,
		},
		"no access where the quota cannot be written": {
			in: input(hanbit), fail: "ResourceQuota foundation-team/hanbit-train", writes: []string{evalBinding},
			noWrites: []string{trainBinding}, problems: []string{foundationv1alpha1.ConditionQuotaReady}, retry: true,
		},
		"an existing binding is brought up to date though the quota cannot be written": {
			in: input(hanbit, there), fail: "ResourceQuota foundation-team/hanbit-train", writes: []string{trainBinding},
			problems: []string{foundationv1alpha1.ConditionQuotaReady}, retry: true,
		},
		"somebody else's namespace is left alone without a retry": {
			in: input(hanbit, builder.ForeignNamespace("hanbit-train")), writes: []string{evalBinding},
			noWrites: []string{"Namespace hanbit-train", trainBinding, "ResourceQuota foundation-team/hanbit-train"}, problems: []string{foundationv1alpha1.ConditionNamespacesReady},
		},
	})
}

// The API server refuses a PersistentVolumeClaim that the enforced quota does not allow yet.
func TestVolumesWaitForTheirQuota(t *testing.T) {
	hanbit := twoNamespaces(builder.Volume("corpus", "train", "200Ti", ""))
	const claim = "PersistentVolumeClaim corpus/hanbit-train"
	enforcedOne := converged(input(hanbit))
	lagging := converged(input(hanbit))
	lagging.Quotas["hanbit-train"].Status.Hard = corev1.ResourceList{}
	for name, tt := range map[string]struct {
		in   Input
		want bool
	}{
		"no quota exists yet":           {input(hanbit), false},
		"the quota is not enforced yet": {lagging, false},
		"the quota is enforced":         {enforcedOne, true},
	} {
		t.Run(name, func(t *testing.T) {
			r := &recorder{}
			r.applyAndPrune(t, tt.in)
			if got := r.position(t, claim) >= 0; got != tt.want {
				t.Errorf("claim made: %t, want %t", got, tt.want)
			}
		})
	}
}

func TestRequeueAfter(t *testing.T) {
	conflict := noProblems()
	conflict.failed(foundationv1alpha1.ConditionNamespacesReady, "hanbit-train", &apply.ConflictError{Object: "Namespace hanbit-train", Team: "hanbit"})
	ends := func(after time.Duration) Input {
		return input(twoNamespaces(builder.Term(time.Time{}, now.Add(after))))
	}
	told := func(condition metav1.Condition, lasted time.Duration) Input {
		team := twoNamespaces()
		condition.LastTransitionTime = metav1.NewTime(now.Add(-lasted))
		team.Status.Conditions = []metav1.Condition{condition}
		return input(team)
	}
	stalledFor := func(lasted time.Duration) Input {
		return told(metav1.Condition{Type: foundationv1alpha1.ConditionStalled, Status: metav1.ConditionTrue}, lasted)
	}
	notReady := func(reason string) Input {
		return told(metav1.Condition{Type: foundationv1alpha1.ConditionReady, Status: metav1.ConditionFalse, Reason: reason}, 2*time.Minute)
	}
	tests := map[string]struct {
		in   Input
		out  *Outcome
		want time.Duration
	}{
		"time changes nothing":                         {input(twoNamespaces()), noProblems(), 0},
		"the term ends":                                {ends(time.Minute), noProblems(), time.Minute},
		"waits are rounded up to whole seconds":        {ends(time.Millisecond), noProblems(), time.Second},
		"a name conflict is rechecked soon":            {input(twoNamespaces()), conflict, firstStalledRecheck},
		"one that is a second old":                     {stalledFor(time.Second), conflict, firstStalledRecheck},
		"one that is two minutes old":                  {stalledFor(2 * time.Minute), conflict, 2 * time.Minute},
		"one that is an hour old":                      {stalledFor(time.Hour), conflict, stalledRecheck},
		"one that Ready tells of for two minutes":      {notReady(foundationv1alpha1.ReasonNameConflict), conflict, 2 * time.Minute},
		"one after two minutes of another":             {notReady(foundationv1alpha1.ReasonShortfall), conflict, firstStalledRecheck},
		"one of which the clock says that it is to be": {stalledFor(-time.Hour), conflict, firstStalledRecheck},
		"the term ends before the recheck":             {ends(10 * time.Second), conflict, 10 * time.Second},
		"the recheck comes before the end of the term": {ends(time.Hour), conflict, firstStalledRecheck},
		"a problem that an event mends":                {input(twoNamespaces()), oneProblem("Area", foundationv1alpha1.ReasonTerminating, "x"), 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := requeueAfter(NewModel(tt.in), tt.out); got != tt.want {
				t.Errorf("again after %s, want %s", got, tt.want)
			}
		})
	}
}
