package attack

import (
	"context"
	"errors"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// Bindings in the team's namespace that the operator did not create: the lead's, with the labels that
// foundation-binding-stamps sets, and an admin's.
var (
	leadsBinding  = stamped(furtherRights(user(intern)))
	adminsBinding = bindingNamed(furtherRights(user(ops)), "auditor")
)

func delegationFixtures() []client.Object {
	return []client.Object{leadsBinding, adminsBinding}
}

// furtherRights is a binding as a lead writes it, of the data steward's role to somebody.
func furtherRights(subjects ...rbacv1.Subject) *rbacv1.RoleBinding {
	return &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: train, Name: "further-rights"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "foundation-team-data-steward"},
		Subjects:   subjects,
	}
}

func bindingNamed(b *rbacv1.RoleBinding, name string) *rbacv1.RoleBinding {
	b.Name = name
	return b
}

// stamped adds what foundation-binding-stamps sets.
func stamped(b *rbacv1.RoleBinding) *rbacv1.RoleBinding {
	b.Labels = map[string]string{teamKey: team, foundationv1alpha1.LabelDelegated: "true"}
	b.Annotations = map[string]string{foundationv1alpha1.AnnotationTeamUID: "c0ffee"}
	return b
}

func account(namespace string) rbacv1.Subject {
	return rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Namespace: namespace, Name: "bot"}
}

func group(name string) rbacv1.Subject {
	return rbacv1.Subject{APIGroup: rbacv1.GroupName, Kind: rbacv1.GroupKind, Name: name}
}

// roleOf is one of the lead's own.
func roleOf(name string, verbs ...string) *rbacv1.Role {
	return &rbacv1.Role{
		ObjectMeta: metav1.ObjectMeta{Namespace: train, Name: name},
		Rules:      []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"configmaps"}, Verbs: verbs}},
	}
}

func delegationAttacks() map[string]attack {
	const noStaff = " is no staff of team hanbit and no service account of hanbit-train"
	const escalation = "attempting to grant RBAC permissions not currently held"
	fine := create(bindingNamed(furtherRights(user(engineer)), "new"))
	bind := func(refused string, subjects ...rbacv1.Subject) attack {
		return attack{who: lead, try: create(bindingNamed(furtherRights(subjects...), "new")), refused: refused, control: fine}
	}
	later := func(refused string, mutate func(*rbacv1.RoleBinding)) attack {
		return attack{
			who: lead, try: change(leadsBinding, mutate), refused: refused,
			control: change(leadsBinding, func(b *rbacv1.RoleBinding) { b.Subjects = []rbacv1.Subject{user(steward)} }),
		}
	}
	toAll := bindingNamed(furtherRights(user(engineer)), "new")
	toAll.RoleRef.Name = "cluster-admin"
	toEdit := bindingNamed(furtherRights(user(engineer)), "new")
	toEdit.RoleRef.Name = "system:aggregate-to-edit" // edit itself is empty until a controller fills it
	wildcard := roleOf("wildcard", "*")
	wildcard.Rules[0].Resources = []string{"*"}
	finalized := func(b *rbacv1.RoleBinding) { b.Finalizers = []string{"example.com/stay"} }
	marked := func(b *rbacv1.RoleBinding) { b.Annotations[foundationv1alpha1.AnnotationAdopt] = rival }
	return map[string]attack{
		"bind a rival":                      bind("subjects: User lead@saebom.example"+noStaff, user(rivalLead)),
		"bind a rival's service account":    bind("subjects: ServiceAccount saebom-train/bot"+noStaff, account(rivalTrain)),
		"bind everybody":                    bind("subjects: Group system:authenticated"+noStaff, group("system:authenticated")),
		"bind all service accounts":         bind("subjects: Group system:serviceaccounts:hanbit-train"+noStaff, group("system:serviceaccounts:"+train)),
		"bind a service account as a user":  bind("subjects: User system:serviceaccount:saebom-train:bot"+noStaff, rbacv1.Subject{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: "system:serviceaccount:saebom-train:bot"}),
		"bind a group by the name of staff": bind("subjects: Group engineer@hanbit.example"+noStaff, group(engineer.name)),
		"bind two of staff at once":         bind("subjects: 2 instead of 1", user(engineer), user(steward)),
		"bind nobody yet":                   bind("subjects: 0 instead of 1"),
		"bind a rival with all rights": {
			who: ops, try: create(bindingNamed(furtherRights(user(rivalLead)), "new")), refused: noStaff, control: create(bindingNamed(furtherRights(user(rivalLead)), "new")), by: admin,
		},
		"give all rights":           {who: lead, try: create(toAll), refused: escalation, control: fine},
		"give the rights of edit":   {who: lead, try: create(toEdit), refused: escalation, control: fine},
		"make a role of every verb": {who: lead, try: create(wildcard), refused: escalation, control: create(roleOf("reader", "get", "list"))},
		"make a role that binds":    {who: lead, try: create(roleThatBinds()), refused: escalation, control: create(roleOf("reader", "get", "list"))},
		"take a name of the operator's": {
			who: lead, try: create(bindingNamed(furtherRights(user(engineer)), "foundation-team-extra")),
			refused: "metadata.name: foundation-team-extra is one of those that the operator gives", control: fine,
		},
		"take a name of the operator's for a role": {
			who: lead, try: create(roleOf("foundation-team-lead", "get")),
			refused: "metadata.name: foundation-team-lead is one of those that the operator gives", control: create(roleOf("team-lead", "get")),
		},
		"make a role the operator's": {
			who: lead, try: create(func() *rbacv1.Role { r := roleOf("reader", "get"); r.Labels = owned("", "").Labels; return r }()),
			refused: ownedByOperator + "roles reader", control: create(roleOf("reader", "get")),
		},
		"bind a rival later":           later("subjects: User lead@saebom.example"+noStaff, func(b *rbacv1.RoleBinding) { b.Subjects = []rbacv1.Subject{user(rivalLead)} }),
		"bind another of staff later":  later("subjects: 2 instead of 1", func(b *rbacv1.RoleBinding) { b.Subjects = append(b.Subjects, user(steward)) }),
		"keep a binding after its end": later("metadata.finalizers: example.com/stay would keep rolebindings further-rights", finalized),
		"offer a binding to a rival":   later("metadata: foundation.team/adopt is for the operator and admins to set", marked),
		"change an admin's binding": {
			who: lead, try: merge(adminsBinding, harmless), refused: "rolebindings auditor was made by an admin", control: merge(leadsBinding, harmless),
		},
		"make an admin's binding one's own": {
			who: lead, try: change(adminsBinding, func(b *rbacv1.RoleBinding) { stamped(b); b.Subjects = []rbacv1.Subject{user(engineer)} }),
			refused: "rolebindings auditor", control: merge(leadsBinding, harmless), // foundation-owned refuses it as well
		},
		"delete an admin's binding": {
			who: lead, try: remove(adminsBinding), refused: "rolebindings auditor was made by an admin", control: remove(leadsBinding),
		},
		"take over a binding of the operator's": {
			who: lead, try: change(ownedBinding, func(b *rbacv1.RoleBinding) { b.Labels[foundationv1alpha1.LabelDelegated] = "true" }),
			refused: ownedByOperator + "rolebindings foundation-team-viewer", control: merge(leadsBinding, harmless),
		},
		"take a binding out of the operator's care": {
			who: lead, try: merge(ownedBinding, unlabel), refused: ownedByOperator + "rolebindings foundation-team-viewer", control: merge(leadsBinding, harmless),
		},
		"end a binding of the operator's": {
			who: lead, try: remove(ownedBinding), refused: ownedByOperator + "rolebindings foundation-team-viewer", control: remove(leadsBinding),
		},
		"delete all bindings as the lead": {
			who: lead, try: removeAll(&rbacv1.RoleBinding{}, train), refused: "cannot deletecollection resource \"rolebindings\"", control: remove(leadsBinding),
		},
		"give rights as the engineer": {
			who: engineer, try: create(bindingNamed(furtherRights(user(engineer)), "new")), refused: `cannot create resource "rolebindings"`, control: fine, by: lead,
		},
		"give rights in a rival's namespace": {
			who: lead, try: create(func() *rbacv1.RoleBinding { b := furtherRights(user(lead)); b.Namespace = rivalTrain; return b }()),
			refused: `cannot create resource "rolebindings"`, control: fine,
		},
	}
}

func roleThatBinds() *rbacv1.Role {
	r := roleOf("binder", "bind", "escalate")
	r.Rules[0].APIGroups, r.Rules[0].Resources = []string{rbacv1.GroupName}, []string{"roles"}
	return r
}

// stampAttacks try to have a binding without the labels that foundation-binding-stamps sets. None is refused: the policy
// sets them again.
func stampAttacks() map[string]attack {
	keeps := func(try func(context.Context, client.Client, *rbacv1.RoleBinding) error) attack {
		return attack{
			who: lead, refused: "is stamped", control: merge(leadsBinding, harmless),
			try: func(ctx context.Context, c client.Client) error {
				b := leadsBinding.DeepCopy()
				if err := try(ctx, c, b); err != nil {
					return err
				}
				return mustLackStamps(b)
			},
		}
	}
	patched := func(kind types.PatchType, body string) attack {
		return keeps(func(ctx context.Context, c client.Client, b *rbacv1.RoleBinding) error {
			return c.Patch(ctx, b, client.RawPatch(kind, []byte(body)), client.DryRunAll)
		})
	}
	const bare = `{"metadata":{"labels":null,"annotations":null}}`
	return map[string]attack{
		"bind without stamps": {who: lead, try: admittedUnstamped(bindingNamed(furtherRights(user(engineer)), "new")), refused: "is stamped", control: merge(leadsBinding, harmless)},
		"bind as another team's": {
			who: lead, refused: "is stamped", control: merge(leadsBinding, harmless),
			try: admittedUnstamped(func() *rbacv1.RoleBinding {
				b := stamped(furtherRights(user(engineer)))
				b.Name, b.Labels[teamKey] = "new", rival
				return b
			}()),
		},
		"take the stamps off": keeps(func(ctx context.Context, c client.Client, b *rbacv1.RoleBinding) error {
			if err := masters.Get(ctx, client.ObjectKeyFromObject(b), b); err != nil {
				return err
			}
			b.Labels, b.Annotations = nil, nil
			return c.Update(ctx, b, client.DryRunAll)
		}),
		"take the stamps off, by merge patch":           patched(types.MergePatchType, bare),
		"take the stamps off, by strategic merge patch": patched(types.StrategicMergePatchType, bare),
		"take the stamps off, by JSON patch": patched(types.JSONPatchType,
			`[{"op":"remove","path":"/metadata/labels"},{"op":"remove","path":"/metadata/annotations"}]`),
		"move a binding to a rival":    patched(types.MergePatchType, relabel),
		"forge the owner of a binding": patched(types.MergePatchType, `{"metadata":{"annotations":{"foundation.team/team-uid":"mine"}}}`),
	}
}

// admittedUnstamped succeeds if a binding is admitted without the labels by which the operator finds it.
func admittedUnstamped(b *rbacv1.RoleBinding) request {
	return func(ctx context.Context, c client.Client) error {
		admitted := clone(b)
		if err := c.Create(ctx, admitted, client.DryRunAll); err != nil {
			return err
		}
		return mustLackStamps(admitted)
	}
}

func mustLackStamps(b *rbacv1.RoleBinding) error {
	want := stamped(furtherRights())
	for key, value := range want.Labels {
		if b.Labels[key] != value {
			return nil
		}
	}
	if b.Annotations[foundationv1alpha1.AnnotationTeamUID] != want.Annotations[foundationv1alpha1.AnnotationTeamUID] {
		return nil
	}
	return errors.New("is stamped")
}
