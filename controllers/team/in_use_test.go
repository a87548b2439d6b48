package team

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/text"
	"foundation.team/operator/test/support/builder"
)

// using is the live quota of a namespace of a team, with what is used of it.
func using(team *foundationv1alpha1.FoundationTeam, namespace string, used map[corev1.ResourceName]string) *corev1.ResourceQuota {
	quota := builder.Quota(team, namespace, nil)
	quota.Status.Used = corev1.ResourceList{}
	for key, value := range used {
		quota.Status.Used[key] = quantity(value)
	}
	return quota
}

// What pods in a retired namespace, or in one whose weight was lowered, still use is not given to the other namespaces before it
// is free, and the status says where it is.
func TestARetiredNamespaceHoldsItsGPUsUntilTheyAreFree(t *testing.T) {
	train := builder.Namespace("train", 1)
	one := builder.Team("hanbit", train)
	two := twoNamespaces(weights{train: 3, eval: 1}.set)
	pool := builder.Pool("b200", builder.Granted(one, 16))
	classed := builder.Pool("b200", builder.Granted(one, 16), builder.DeviceClassName(gpuClass))
	tests := map[string]struct {
		in   Input
		want map[string]string
		told string
	}{
		"nothing is used there any more": {
			input(one, pool, builder.OwnedNamespace(one, "old"), using(one, "old", nil)), map[string]string{"hanbit-train": "16", "hanbit-old": "0"}, "",
		},
		"pods are left in a retired namespace": {
			input(one, pool, builder.OwnedNamespace(one, "old"), using(one, "old", map[corev1.ResourceName]string{gpuKey: "8", "pods": "1"})),
			map[string]string{"hanbit-train": "8", "hanbit-old": "0"},
			"8 GPUs are still used in hanbit-old (retired): end its pods; until then hanbit-train has 8 of 16",
		},
		"claims of devices are left in a retired namespace": {
			input(one, classed, builder.OwnedNamespace(one, "old"), using(one, "old", map[corev1.ResourceName]string{devicesOfGPU: "4"})),
			map[string]string{"hanbit-train": "16", "hanbit-old": "0"},
			"4 GPUs are still used in hanbit-old (retired): end its pods; until then hanbit-train has 12 of 16",
		},
		"the weight of a namespace was lowered": {
			input(two, pool, using(two, "eval", map[corev1.ResourceName]string{gpuKey: "12"})),
			map[string]string{"hanbit-train": "4", "hanbit-eval": "4"},
			"12 GPUs are used in hanbit-eval, whose share is 4: end some of its pods; until then hanbit-train has 4 of 12",
		},
		"each uses its share": {
			input(two, pool, using(two, "eval", map[corev1.ResourceName]string{gpuKey: "4"}), using(two, "train", map[corev1.ResourceName]string{gpuKey: "12"})),
			map[string]string{"hanbit-train": "12", "hanbit-eval": "4"},
			"",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			m := NewModel(tt.in)
			desired := Build(m)
			got := map[string]string{}
			for _, n := range desired.Namespaces {
				got[n.name] = hardOf(n)[string(gpuKey)]
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(tt.told, usedBeyondShare(m)); diff != "" {
				t.Error(diff)
			}
			for _, n := range desired.Namespaces {
				if m.Quotas[n.name] == nil {
					m.Quotas[n.name] = builder.Quota(m.Team, n.name, nil)
				}
				m.Quotas[n.name].Status.Hard = n.hard()
			}
			want := "True AsDeclared: " + text.Count(len(desired.Namespaces), "namespace")
			if tt.told != "" {
				want = "False GPUsInUse: " + tt.told
			}
			if diff := cmp.Diff(want, conditionLine(quotaCondition(m, desired, noProblems()))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Staff who may end pods may see and end those that are left in a retired namespace, as long as there are any.
func TestStaffEndWhatIsLeftInARetiredNamespace(t *testing.T) {
	team := func(mods ...builder.TeamMod) *foundationv1alpha1.FoundationTeam {
		return builder.Team("hanbit", append([]builder.TeamMod{
			builder.Namespace("train", 1), builder.Staff("kim", foundationv1alpha1.RoleLead), builder.Staff("lee", foundationv1alpha1.RoleDataSteward),
			builder.Staff("vera", foundationv1alpha1.RoleViewer),
		}, mods...)...)
	}
	tests := map[string]struct {
		team *foundationv1alpha1.FoundationTeam
		used map[corev1.ResourceName]string
		want []string
	}{
		"nothing is left":                   {team(), map[corev1.ResourceName]string{"pods": "0"}, nil},
		"a pod without GPUs is left":        {team(), map[corev1.ResourceName]string{"pods": "1"}, []string{"kim", "lee"}},
		"a claim of a device is left":       {team(), map[corev1.ResourceName]string{"count/resourceclaims.resource.k8s.io": "1"}, []string{"kim", "lee"}},
		"the team is suspended":             {team(builder.Suspended()), map[corev1.ResourceName]string{"pods": "1"}, nil},
		"the team is being deleted":         {team(builder.Deleted()), map[corev1.ResourceName]string{"pods": "1"}, nil},
		"only finished pods are left there": {team(), map[corev1.ResourceName]string{"count/pods": "1"}, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in := input(tt.team, builder.OwnedNamespace(tt.team, "old"), using(tt.team, "old", tt.used))
			access := namespaceOf(t, Build(NewModel(in)), "old").Access
			var got []string
			for _, obj := range access {
				binding := typed[rbacv1.RoleBinding](t, obj)
				if binding.RoleRef.Name != cleanupRole || binding.Name != cleanupRole {
					t.Errorf("%s is bound to %s", binding.Name, binding.RoleRef.Name)
				}
				for _, subject := range binding.Subjects {
					got = append(got, subject.Name)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
