package team

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/guards"
	"foundation.team/operator/test/support/builder"
)

func subject(kind, namespace, name string) rbacv1.Subject {
	return rbacv1.Subject{Kind: kind, Namespace: namespace, Name: name}
}

// delegatedTo is a binding that staff of the team made.
func delegatedTo(team *foundationv1alpha1.FoundationTeam, namespace string, subjects ...rbacv1.Subject) *rbacv1.RoleBinding {
	binding := &rbacv1.RoleBinding{ObjectMeta: builder.OwnedMeta(team, namespace, "further"), Subjects: subjects}
	binding.Labels[foundationv1alpha1.LabelDelegated] = "true"
	return binding
}

func TestDelegatedBindingsEndWithAccess(t *testing.T) {
	const train = "hanbit-train"
	staff := []builder.TeamMod{
		builder.Staff("kim", foundationv1alpha1.RoleLead), builder.StaffGroup("interns", foundationv1alpha1.RoleViewer),
		builder.StaffBetween("lee", foundationv1alpha1.RoleViewer, time.Time{}, july),
	}
	hanbit := func(mods ...builder.TeamMod) *foundationv1alpha1.FoundationTeam {
		return twoNamespaces(append(slices.Clone(staff), mods...)...)
	}
	kim, lee := subject("User", "", "kim"), subject("User", "", "lee")
	forged := delegatedTo(hanbit(), train, kim)
	forged.Annotations[foundationv1alpha1.AnnotationTeamUID] = "another"
	undelegated := delegatedTo(hanbit(), train, kim)
	delete(undelegated.Labels, foundationv1alpha1.LabelDelegated)
	ending := delegatedTo(hanbit(), train, subject("User", "", "stranger"))
	ending.DeletionTimestamp, ending.Finalizers = new(metav1.NewTime(now)), []string{"example.com/stay"}

	tests := map[string]struct {
		team    *foundationv1alpha1.FoundationTeam
		at      time.Time
		binding *rbacv1.RoleBinding
		// kept is true if the binding is kept, told if an event reports that it was deleted.
		kept, told bool
	}{
		"a user":                                 {team: hanbit(), at: now, binding: delegatedTo(hanbit(), train, kim), kept: true},
		"a group":                                {team: hanbit(), at: now, binding: delegatedTo(hanbit(), train, subject("Group", "", "interns")), kept: true},
		"a service account":                      {team: hanbit(), at: now, binding: delegatedTo(hanbit(), train, subject("ServiceAccount", train, "bot")), kept: true},
		"a service account of another namespace": {team: hanbit(), at: now, binding: delegatedTo(hanbit(), train, subject("ServiceAccount", "hanbit-eval", "bot")), kept: false, told: true},
		"a service account by a staff name":      {team: hanbit(), at: now, binding: delegatedTo(hanbit(), train, subject("ServiceAccount", "saebom-train", "kim")), kept: false, told: true},
		"a user who is no staff":                 {team: hanbit(), at: now, binding: delegatedTo(hanbit(), train, subject("User", "", "stranger")), kept: false, told: true},
		"a group with a user's name":             {team: hanbit(), at: now, binding: delegatedTo(hanbit(), train, subject("Group", "", "kim")), kept: false, told: true},
		"two subjects":                           {team: hanbit(), at: now, binding: delegatedTo(hanbit(), train, kim, lee), kept: false, told: true},
		"no subject":                             {team: hanbit(), at: now, binding: delegatedTo(hanbit(), train), kept: false, told: true},
		"staff in date":                          {team: hanbit(), at: july.Add(-time.Second), binding: delegatedTo(hanbit(), train, lee), kept: true},
		"staff out of date":                      {team: hanbit(), at: july, binding: delegatedTo(hanbit(), train, lee), kept: false, told: true},
		"after the term":                         {team: hanbit(builder.Term(now.Add(-time.Hour), now)), at: now, binding: delegatedTo(hanbit(), train, kim), kept: false, told: true},
		"a service account after the term":       {team: hanbit(builder.Term(now.Add(-time.Hour), now)), at: now, binding: delegatedTo(hanbit(), train, subject("ServiceAccount", train, "bot")), kept: false, told: true},
		"deleted":                                {team: hanbit(builder.Deleted()), at: now, binding: delegatedTo(hanbit(), train, kim), kept: false, told: true},
		"in a retired namespace":                 {team: builder.Team("hanbit", append(slices.Clone(staff), builder.Namespace("eval", 1))...), at: now, binding: delegatedTo(hanbit(), train, kim), kept: false, told: true},
		"in a namespace of nobody's":             {team: hanbit(), at: now, binding: delegatedTo(hanbit(), "plain", kim), kept: false, told: true},
		"a binding of an earlier team":           {team: hanbit(), at: now, binding: forged, kept: false, told: true},
		"a binding that staff did not make":      {team: hanbit(), at: now, binding: undelegated, kept: false},
		"a terminating binding":                  {team: hanbit(), at: now, binding: ending, kept: false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in := input(tt.team, tt.at, tt.binding, builder.OwnedNamespace(tt.team, "train"), builder.OwnedNamespace(tt.team, "eval"))
			r := &recorder{}
			out := r.applyAndPrune(t, in)
			ended := r.position(t, "delete RoleBinding further") >= 0 || !tt.binding.DeletionTimestamp.IsZero()
			if ended == tt.kept {
				t.Errorf("ended: %t, writes %v", ended, r.writes)
			}
			if told := len(out.delegated) > 0; told != tt.told {
				t.Errorf("told: %t", told)
			}
		})
	}
}

// Suspension takes the subjects out of the bindings that staff made, and resuming puts back those whose subject would still be
// allowed. Whatever ends such access for good deletes the binding.
func TestSuspensionRestoresWhatLeadsGave(t *testing.T) {
	const train, suspend, resume, end = "hanbit-train", "patch RoleBinding further: 0 subjects", "patch RoleBinding further: 1 subjects", "delete RoleBinding further"
	hanbit := func(mods ...builder.TeamMod) *foundationv1alpha1.FoundationTeam {
		return twoNamespaces(append([]builder.TeamMod{
			builder.Staff("kim", foundationv1alpha1.RoleLead), builder.StaffBetween("lee", foundationv1alpha1.RoleViewer, time.Time{}, july),
		}, mods...)...)
	}
	to := func(subjects ...rbacv1.Subject) *rbacv1.RoleBinding { return delegatedTo(hanbit(), train, subjects...) }
	kim, lee, bot := subject("User", "", "kim"), subject("User", "", "lee"), subject("ServiceAccount", train, "bot")
	forged := suspendedBinding(to(kim))
	forged.Annotations[foundationv1alpha1.AnnotationSuspendedSubject] = "nonsense"
	missing := guards.Result{Reason: foundationv1alpha1.ReasonPolicyMissing, Message: "a policy is missing"}
	tests := map[string]struct {
		in     Input
		fail   string
		writes []string
	}{
		"suspended":                                     {in: input(hanbit(builder.Suspended()), to(kim)), writes: []string{suspend}},
		"suspended, of a service account":               {in: input(hanbit(builder.Suspended()), to(bot)), writes: []string{suspend}},
		"suspended before":                              {in: input(hanbit(builder.Suspended()), suspendedBinding(to(kim)))},
		"suspended, and the binding cannot be updated":  {in: input(hanbit(builder.Suspended()), to(kim)), fail: suspend, writes: []string{end}},
		"suspended, and of nobody on the staff":         {in: input(hanbit(builder.Suspended()), to(subject("User", "", "stranger"))), writes: []string{end}},
		"suspended, and the staff entry ends":           {in: input(hanbit(builder.Suspended()), july, suspendedBinding(to(lee))), writes: []string{end}},
		"suspended, and the term ends":                  {in: input(hanbit(builder.Suspended(), builder.Term(time.Time{}, july)), july, suspendedBinding(to(kim))), writes: []string{end}},
		"resumed":                                       {in: input(hanbit(), suspendedBinding(to(kim))), writes: []string{resume}},
		"resumed, of a service account":                 {in: input(hanbit(), suspendedBinding(to(bot))), writes: []string{resume}},
		"resumed, and of nobody on the staff":           {in: input(hanbit(), suspendedBinding(to(subject("User", "", "stranger")))), writes: []string{end}},
		"resumed, and a staff entry that ended since":   {in: input(hanbit(), july, suspendedBinding(to(lee))), writes: []string{end}},
		"resumed, and the annotation names nobody":      {in: input(hanbit(), forged), writes: []string{end}},
		"resumed, and admission policies are missing":   {in: input(hanbit(), missing, suspendedBinding(to(kim)))},
		"resumed, and the namespace was taken out":      {in: input(builder.Team("hanbit", builder.Staff("kim", foundationv1alpha1.RoleLead)), suspendedBinding(to(kim))), writes: []string{end}},
		"an eliminated team that objects is suspended":  {in: inProgram(sovereign(builder.Decided("hanbit", foundationv1alpha1.OutcomeEliminated, now, builder.FinalAt(july))), hanbit(), to(kim)), writes: []string{suspend}},
		"its objection was upheld":                      {in: inProgram(sovereign(builder.Decided("hanbit", foundationv1alpha1.OutcomeEliminated, now.Add(-2*time.Hour), builder.FinalAt(july), builder.Overturned(now))), hanbit(), suspendedBinding(to(kim))), writes: []string{resume}},
		"its objection was not upheld, and it is final": {in: inProgram(sovereign(builder.Decided("hanbit", foundationv1alpha1.OutcomeEliminated, now.Add(-2*time.Hour), builder.FinalAt(now))), hanbit(), suspendedBinding(to(kim))), writes: []string{end}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tt.in.LiveNamespaces[train] = builder.OwnedNamespace(tt.in.Team, "train")
			r := &recorder{fail: tt.fail}
			out := r.applyAndPrune(t, tt.in)
			writes := slices.DeleteFunc(r.writes, func(write string) bool { return !strings.Contains(write, " RoleBinding further") })
			if diff := cmp.Diff(tt.writes, writes, cmpopts.EquateEmpty()); diff != "" {
				t.Error(diff)
			}
			if len(out.delegated) != len(tt.writes) {
				t.Errorf("told %v", out.delegated)
			}
		})
	}
}

// What resuming puts back is exactly what was there.
func TestSuspendedBindingsComeBackAsTheyWere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom([]string{"User", "Group", "ServiceAccount"}).Draw(t, "kind")
		before := delegatedTo(twoNamespaces(), "hanbit-train", rbacv1.Subject{
			Kind: kind, Name: rapid.StringMatching(`[a-z@: ]{1,20}`).Draw(t, "name"), APIGroup: rbacv1.GroupName,
		})
		if kind == "ServiceAccount" {
			before.Subjects[0].APIGroup, before.Subjects[0].Namespace = "", "hanbit-train"
		}
		before.RoleRef = rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "extra"}
		suspended := suspendedBinding(before)
		if len(suspended.Subjects) > 0 {
			t.Fatalf("a suspended binding has %v", suspended.Subjects)
		}
		if diff := cmp.Diff(before, resumedBinding(suspended)); diff != "" {
			t.Fatal(diff)
		}
	})
}

// A binding that cannot be deleted is reported as a problem, and stops nothing else.
func TestUndeletableBindingIsReported(t *testing.T) {
	hanbit := twoNamespaces()
	in := input(hanbit, delegatedTo(hanbit, "hanbit-train", subject("User", "", "kim")), builder.OwnedNamespace(hanbit, "train"))
	r := &recorder{fail: "delete RoleBinding further"}
	out := r.applyAndPrune(t, in)
	if len(out.delegated) > 0 || !out.has(foundationv1alpha1.ConditionAccessReady, "hanbit-train") || r.position(t, "Namespace hanbit-eval") < 0 {
		t.Errorf("ended %v, problems %v, writes %v", out.delegated, out.Problems, r.writes)
	}
}

func TestNamespacesListTheirDelegates(t *testing.T) {
	staff := []builder.TeamMod{
		builder.Staff("lee", foundationv1alpha1.RoleViewer), builder.StaffGroup("interns", foundationv1alpha1.RoleViewer),
		builder.Staff("kim", foundationv1alpha1.RoleLead), builder.Staff("kim", foundationv1alpha1.RoleEngineer),
		builder.StaffBetween("choi", foundationv1alpha1.RoleLead, july, time.Time{}),
	}
	hanbit := func(mods ...builder.TeamMod) *foundationv1alpha1.FoundationTeam {
		return twoNamespaces(append(slices.Clone(staff), mods...)...)
	}
	for name, tt := range map[string]struct {
		in   Input
		want string
	}{
		"in term":        {input(hanbit()), "Group interns\nUser kim\nUser lee"},
		"later":          {input(hanbit(), july), "Group interns\nUser choi\nUser kim\nUser lee"},
		"no staff":       {input(twoNamespaces()), ""},
		"suspended":      {input(hanbit(builder.Suspended())), ""},
		"after the term": {input(hanbit(builder.Term(now.Add(-time.Hour), now)), builder.OwnedNamespace(hanbit(), "train")), ""},
		"deleted":        {input(hanbit(builder.Deleted()), builder.OwnedNamespace(hanbit(), "train")), ""},
		"retired":        {input(builder.Team("hanbit", staff...), builder.OwnedNamespace(hanbit(), "train")), ""},
	} {
		t.Run(name, func(t *testing.T) {
			namespace := typed[corev1.Namespace](t, namespaceOf(t, Build(NewModel(tt.in)), "train").Namespace)
			if got := namespace.Annotations[foundationv1alpha1.AnnotationStaff]; got != tt.want {
				t.Errorf("%q", got)
			}
		})
	}
}
