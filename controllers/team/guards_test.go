package team

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/guards"
	"foundation.team/operator/test/support/builder"
)

var unguarded = guards.Result{Reason: foundationv1alpha1.ReasonPolicyMissing, Message: "ValidatingAdmissionPolicy x is missing"}

// bindingOf is a RoleBinding as the operator created it for the team.
func bindingOf(team *foundationv1alpha1.FoundationTeam, namespace, role string, users ...string) *rbacv1.RoleBinding {
	binding := &rbacv1.RoleBinding{ObjectMeta: builder.OwnedMeta(team, namespace, "foundation-team-"+role)}
	binding.RoleRef = rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: binding.Name}
	for _, user := range users {
		binding.Subjects = append(binding.Subjects, rbacv1.Subject{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: user})
	}
	return binding
}

// Nothing is provisioned for a new team while a policy is missing, and each condition says what it waits for.
func TestNewTeamsWaitForTheGuards(t *testing.T) {
	team := twoNamespaces(builder.Staff("kim", foundationv1alpha1.RoleLead), builder.Volume("corpus", "train", "1Ti", "fast"))
	in := input(team, unguarded, builder.StorageClass("fast", "Immediate"))
	server := &recorder{}
	out := server.applyAndPrune(t, in)
	for _, write := range server.writes {
		if !strings.HasPrefix(write, "ClusterRole") && !strings.HasSuffix(write, " foundation-team.hanbit") { // to read its own FoundationTeam; its share of the API server
			t.Errorf("wrote %s", write)
		}
	}
	if err := out.Err(); err != nil {
		t.Errorf("tries again at once: %v", err)
	}
	status := statusOf(in, out)
	got := map[string]string{}
	for _, condition := range status.Conditions {
		got[condition.Type] = string(condition.Status) + " " + condition.Reason + " " + condition.Message
	}
	const missing = "ValidatingAdmissionPolicy x is missing"
	for area, want := range map[string]string{
		foundationv1alpha1.ConditionPoliciesInstalled: "False PolicyMissing " + missing,
		foundationv1alpha1.ConditionNamespacesReady:   "False PolicyMissing hanbit-train: " + missing + " (and 1 more)",
		foundationv1alpha1.ConditionQuotaReady:        "False PolicyMissing hanbit-train: " + missing,
		foundationv1alpha1.ConditionAccessReady:       "False PolicyMissing 1 of 1 staff entries in date wait for access: " + missing,
		foundationv1alpha1.ConditionVolumesReady:      "False PolicyMissing 1 of 1 volumes wait: " + missing,
		foundationv1alpha1.ConditionReady:             "False PolicyMissing " + missing + " (also not: NamespacesReady, QuotaReady, AccessReady, VolumesReady)",
		foundationv1alpha1.ConditionStalled:           "True PolicyMissing " + missing,
	} {
		if got[area] != want {
			t.Errorf("%s: %s, want %s", area, got[area], want)
		}
	}
}

// Existing access is kept and expired access removed, while nobody gets a role that they do not have.
func TestAccessIsOnlyRemovedWithoutGuards(t *testing.T) {
	team := builder.Team("hanbit", builder.Namespace("train", 1),
		builder.Staff("kim", foundationv1alpha1.RoleLead), builder.Staff("new", foundationv1alpha1.RoleLead),
		builder.StaffBetween("gone", foundationv1alpha1.RoleLead, time.Time{}, now),
		builder.Staff("risen", foundationv1alpha1.RoleEngineer))
	in := input(team, unguarded, builder.OwnedNamespace(team, "train"),
		bindingOf(team, "hanbit-train", "lead", "kim", "gone"), bindingOf(team, "hanbit-train", "viewer", "risen"))
	server := &recorder{}
	server.applyAndPrune(t, in)
	if !slices.Contains(server.writes, "delete RoleBinding foundation-team-viewer") {
		t.Errorf("writes: %q", server.writes)
	}
	var users []string
	for _, obj := range namespaceOf(t, Build(NewModel(in)), "train").Access {
		for _, subject := range typed[rbacv1.RoleBinding](t, obj).Subjects {
			users = append(users, *obj.GetName()+" "+subject.Name)
		}
	}
	if diff := cmp.Diff([]string{"foundation-team-lead kim"}, users); diff != "" {
		t.Error(diff)
	}

	in.Guards = guards.Result{}
	users = nil
	for _, obj := range namespaceOf(t, Build(NewModel(in)), "train").Access {
		for _, subject := range typed[rbacv1.RoleBinding](t, obj).Subjects {
			users = append(users, *obj.GetName()+" "+subject.Name)
		}
	}
	if diff := cmp.Diff([]string{"foundation-team-engineer risen", "foundation-team-lead kim", "foundation-team-lead new"}, users); diff != "" {
		t.Error(diff)
	}
}

func TestQuotasAreOnlyLoweredWithoutGuards(t *testing.T) {
	list := func(entries ...string) corev1.ResourceList {
		all := corev1.ResourceList{}
		for i := 0; i < len(entries); i += 2 {
			all[corev1.ResourceName(entries[i])] = resource.MustParse(entries[i+1])
		}
		return all
	}
	team := builder.Team("hanbit", builder.Namespace("train", 1))
	in := input(team, builder.OwnedNamespace(team, "train"))
	desired := namespaceOf(t, Build(NewModel(in)), "train")
	hard := list("pods", "200", "secrets", "10", "configmaps", "5")
	desired.Quota.Spec.Hard = &hard
	for name, test := range map[string]struct {
		live *corev1.ResourceQuota
		want corev1.ResourceList
	}{
		"no live quota: the desired one": {nil, hard},
		"live quota: no increases, decreases and new keys written, live keys kept": {
			builder.Quota(team, "train", list("pods", "100", "secrets", "20", "services", "7")),
			list("pods", "100", "secrets", "10", "configmaps", "5", "services", "7"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, *withoutIncreases(test.live, desired.Quota).Spec.Hard); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A namespace that lost its label is restored; one that an admin offers for adoption waits.
func TestProvisionedNamespacesWithoutGuards(t *testing.T) {
	team := builder.Team("hanbit", builder.Namespace("train", 1))
	stripped, offered := builder.OwnedNamespace(team, "train"), builder.ForeignNamespace("hanbit-train")
	stripped.Labels = nil
	offered.Annotations = map[string]string{foundationv1alpha1.AnnotationAdopt: "hanbit"}
	for name, test := range map[string]struct {
		namespace *corev1.Namespace
		want      bool
	}{
		"own": {builder.OwnedNamespace(team, "train"), true}, "stripped": {stripped, true},
		"offered": {offered, false}, "foreign": {builder.ForeignNamespace("hanbit-train"), false},
	} {
		if got := isProvisioned(NewModel(input(team, test.namespace)), teamNamespace{name: "hanbit-train"}); got != test.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// The reconcile is repeated as soon as settling policies are expected to be enforced.
func TestSettlingGuardsAreCheckedAgain(t *testing.T) {
	team := builder.Team("hanbit", builder.Namespace("train", 1))
	in := input(team, guards.Result{Reason: foundationv1alpha1.ReasonPoliciesSettling, Message: "x", Wait: 3 * time.Second})
	if got := requeueAfter(NewModel(in), noProblems()); got != 3*time.Second {
		t.Errorf("again after %s", got)
	}
	conditions := statusOf(in, noProblems()).Conditions
	if !meta.IsStatusConditionTrue(conditions, foundationv1alpha1.ConditionReconciling) {
		t.Errorf("not Reconciling: %v", conditions)
	}
}
