package attack

import (
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

const (
	system  = "kube-system"
	enforce = "pod-security.kubernetes.io/enforce"
	stolen  = ": the operator has no business there: its token may be stolen"

	// adoption is the patch by which the operator adopts a namespace.
	adoption = `{"metadata":{"labels":{"foundation.team/team":"hanbit","` + enforce + `":"restricted"},"annotations":{"foundation.team/team-uid":"c0ffee"}}}`
)

// A namespace that an admin offers for adoption, and access that the operator gave in one that was a team's.
var (
	offeredNamespace = &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		Name: "offered", Labels: map[string]string{enforce: "baseline"},
		Annotations: map[string]string{foundationv1alpha1.AnnotationAdopt: team},
	}}
	leftBinding   = roleBinding(plain, "viewer", actor{name: "left@hanbit.example"})
	widenedByHand = bindingNamed(roleBinding(train, "viewer", intern), "widened")
	brokenNode    = node("node-broken", team)
	plainPolicy   = unowned(elsewhere(plain, networkPolicy("closed")))
	// pausedBinding is one of a lead's while the team is suspended.
	pausedBinding = bindingNamed(stamped(furtherRights()), "paused")
)

func operatorFixtures() []client.Object {
	widenedByHand.Annotations[foundationv1alpha1.AnnotationAdopt] = team
	widenedByHand.Subjects = append(widenedByHand.Subjects, account(train))
	brokenNode.Spec.Taints = append([]corev1.Taint{{Key: "example.com/broken", Effect: corev1.TaintEffectNoSchedule}}, brokenNode.Spec.Taints...)
	pausedBinding.Annotations[foundationv1alpha1.AnnotationSuspendedSubject] = "User " + intern.name
	return []client.Object{offeredNamespace, leftBinding, widenedByHand, brokenNode, plainPolicy, pausedBinding}
}

// unowned removes the operator's label and annotation.
func unowned[T client.Object](o T) T {
	o.SetLabels(nil)
	o.SetAnnotations(nil)
	return o
}

// suspendFor takes the subjects out of a binding and remembers somebody.
func suspendFor(who actor) func(*rbacv1.RoleBinding) {
	return func(b *rbacv1.RoleBinding) {
		b.Subjects = nil
		b.Annotations[foundationv1alpha1.AnnotationSuspendedSubject] = "User " + who.name
	}
}

// elsewhere is the same in another namespace.
func elsewhere[T client.Object](namespace string, o T) T {
	moved := clone(o)
	moved.SetNamespace(namespace)
	return moved
}

// Whoever has the operator's token can change teams' objects and nothing else. RBAC allows these attacks; the policy has to
// refuse them.
func stolenAttacks() map[string]attack {
	const noTeams = " is in a namespace without label foundation.team/team" + stolen
	const more = " would let its pods do more than the restricted level does"
	by := func(refused string, try, control request) attack {
		return attack{who: operator, try: try, refused: refused + stolen, control: control}
	}
	outside := func(what string, try, control request) attack {
		return attack{who: operator, try: try, refused: what + noTeams, control: control}
	}
	fresh := func(namespace string, mutate func(*rbacv1.RoleBinding)) request {
		b := roleBinding(namespace, "lead", ops)
		b.Name = "new"
		mutate(b)
		return create(b)
	}
	as := func(role string) func(*rbacv1.RoleBinding) {
		return func(b *rbacv1.RoleBinding) { b.RoleRef.Name = role }
	}
	to := func(subjects ...rbacv1.Subject) func(*rbacv1.RoleBinding) {
		return func(b *rbacv1.RoleBinding) { b.Subjects = subjects }
	}
	fine := fresh(train, func(*rbacv1.RoleBinding) {})
	systems := &rbacv1.RoleBinding{ObjectMeta: metav1.ObjectMeta{Namespace: system, Name: "system::leader-locking-kube-scheduler"}}
	unmarked := elsewhere(system, ownedQuota)
	return map[string]attack{
		"bind a lead in the system": outside("rolebindings kube-system/new",
			fresh(system, func(b *rbacv1.RoleBinding) { unowned(b) }), fine),
		"bind a lead in the system, as a team's": outside("rolebindings kube-system/new", fresh(system, func(*rbacv1.RoleBinding) {}), fine),
		"take access away from the system":       outside("rolebindings kube-system/"+systems.Name, remove(systems), remove(ownedBinding)),
		"take the system's bindings over": outside("rolebindings kube-system/"+systems.Name,
			merge(systems, label), merge(ownedBinding, harmless)),
		"starve the system":           outside("resourcequotas kube-system/foundation", create(unowned(unmarked)), merge(ownedQuota, harmless)),
		"limit the system":            outside("limitranges kube-system/foundation", create(elsewhere(system, ownedLimits)), remove(ownedLimits)),
		"isolate the system":          outside("networkpolicies kube-system/foundation-default-deny", create(elsewhere(system, ownedPolicy)), remove(ownedPolicy)),
		"open the network elsewhere":  outside("networkpolicies plain/closed", merge(plainPolicy, `{"spec":{"ingress":[{}]}}`), merge(ownedPolicy, harmless)),
		"end the isolation elsewhere": outside("networkpolicies plain/closed", remove(plainPolicy), remove(ownedPolicy)),
		"claim a volume elsewhere":    outside("persistentvolumeclaims plain/corpus", create(elsewhere(plain, ownedClaim)), merge(ownedClaim, harmless)),
		"pass a quota off as a rival's": by("metadata.labels: foundation.team/team: saebom of resourcequotas hanbit-train/foundation is not the team of the namespace, hanbit",
			merge(ownedQuota, relabel), merge(ownedQuota, harmless)),
		"make a quota nobody's": by("metadata.labels: foundation.team/team: (none) of resourcequotas hanbit-train/foundation is not the team of the namespace, hanbit",
			merge(ownedQuota, unlabel), merge(ownedQuota, harmless)),

		"make a namespace nobody's": by("metadata.labels: foundation.team/team: (none) of namespaces hanbit-train makes it no team's",
			merge(teamNamespace, unlabel), merge(teamNamespace, relabel)),
		"create a namespace outside": by("metadata.labels: foundation.team/team: (none) of namespaces new makes it no team's",
			create(namespaceFor("new", "app", "x")), create(namespaceFor("new", teamKey, team))),
		"adopt the system": by("namespaces kube-system is no team's, and no admin consented to adoption with annotation foundation.team/adopt",
			merge(namespace(system, nil), label), merge(offeredNamespace, adoption)),
		"delete a namespace that is no team's": by("namespaces plain is no team's", remove(plainNamespace), remove(teamNamespace)),
		"delete a namespace that was offered":  by("namespaces offered is no team's", remove(offeredNamespace), remove(teamNamespace)),

		"make a namespace of a privileged team": by("metadata.labels: "+enforce+": privileged of namespaces hanbit-new"+more,
			create(namespace("hanbit-new", map[string]string{teamKey: team, enforce: "privileged"})), create(namespaceFor("hanbit-new", teamKey, team))),
		"adopt a namespace as it is": by("metadata.labels: "+enforce+": baseline of namespaces offered"+more,
			merge(offeredNamespace, label), merge(offeredNamespace, adoption)),
		"lower a team's pod security": by("metadata.labels: "+enforce+": (none) of namespaces hanbit-train"+more,
			merge(teamNamespace, `{"metadata":{"labels":{"`+enforce+`":null}}}`), merge(teamNamespace, harmless)),
		"lower a team's pod security to an old version": by("metadata.labels: "+enforce+"-version: v1.20 of namespaces hanbit-train"+more,
			merge(teamNamespace, `{"metadata":{"labels":{"`+enforce+`-version":"v1.20"}}}`), merge(teamNamespace, `{"metadata":{"labels":{"`+enforce+`-version":"latest"}}}`)),
		"get a team admin access to devices": by("metadata.labels: resource.kubernetes.io/admin-access: true of namespaces hanbit-train"+more,
			merge(teamNamespace, `{"metadata":{"labels":{"resource.kubernetes.io/admin-access":"true"}}}`), merge(namespace(audited, nil), harmless)),

		"bind all rights in a team's namespace": by("roleRef: ClusterRole cluster-admin of rolebindings hanbit-train/new is no role of staff",
			fresh(train, as("cluster-admin")), fresh(train, as("foundation-team-data-steward"))),
		"bind everybody in a team's namespace": by("subjects: Group system:authenticated of rolebindings hanbit-train/new is no person and no group of the identity provider",
			fresh(train, to(group("system:authenticated"))), fresh(train, to(group("hanbit-interns")))),
		"bind an account of the system": by("subjects: ServiceAccount saebom-train/bot of rolebindings hanbit-train/new is no person and no group of the identity provider",
			fresh(train, to(account(rivalTrain))), fresh(train, to(user(engineer)))),
		"bind the operator later": by("subjects: User "+operator.name+" of rolebindings hanbit-train/foundation-team-viewer is no person and no group of the identity provider",
			change(ownedBinding, func(b *rbacv1.RoleBinding) { b.Subjects = append(b.Subjects, user(operator)) }),
			change(ownedBinding, func(b *rbacv1.RoleBinding) { b.Subjects = append(b.Subjects, user(engineer)) })),
		"pass a binding off as staff's": by("roleRef: Role team-lead of rolebindings hanbit-train/new is no role of staff",
			fresh(train, func(b *rbacv1.RoleBinding) {
				b.Labels[foundationv1alpha1.LabelDelegated] = "true"
				b.RoleRef.Kind, b.RoleRef.Name = "Role", "team-lead"
			}), fine),
		"give another what a lead gave": by("subjects: User "+ops.name+" of rolebindings hanbit-train/"+leadsBinding.Name+" is not whom staff bound",
			change(leadsBinding, to(user(ops))), change(leadsBinding, to())),
		"resume a binding for another": by("subjects: User "+ops.name+" of rolebindings hanbit-train/paused is not whom staff bound",
			change(pausedBinding, to(user(ops))), change(pausedBinding, to(user(intern)))),
		"suspend a binding, to resume it for another": by("metadata.annotations: foundation.team/suspended-subject: User "+ops.name+" of rolebindings hanbit-train/"+leadsBinding.Name+" is not whom staff bound",
			change(leadsBinding, suspendFor(ops)), change(leadsBinding, suspendFor(intern))),
	}
}

func stolenClusterAttacks() map[string]attack {
	by := func(refused string, try, control request) attack {
		return attack{who: operator, try: try, refused: refused + stolen, control: control}
	}
	role := func(name string, mutate func(*rbacv1.ClusterRole)) request {
		r := teamRole(name, team)
		mutate(r)
		return create(r)
	}
	grant := func(mutate func(*rbacv1.ClusterRoleBinding)) request {
		b := &rbacv1.ClusterRoleBinding{
			ObjectMeta: owned("", "foundation-team:hanbit"),
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "foundation-team:hanbit"},
			Subjects:   []rbacv1.Subject{user(viewer)},
		}
		mutate(b)
		return create(b)
	}
	asMade := role("foundation-team:hanbit", func(*rbacv1.ClusterRole) {})
	granted := grant(func(*rbacv1.ClusterRoleBinding) {})
	widened := func(mutate func(*rbacv1.ClusterRole)) attack {
		return by("rules: clusterroles foundation-team:hanbit gives more than get and watch of FoundationTeam hanbit",
			role("foundation-team:hanbit", mutate), asMade)
	}
	onNode := func(refused, body string) attack {
		return by(refused+" of nodes node-hanbit is not the operator's to set", merge(heldNode, body),
			merge(heldNode, `{"metadata":{"labels":{"`+nodeTeam+`":"saebom"},"annotations":{"foundation.team/draining-since":"2026-01-01T00:00:00Z"}}}`))
	}
	onVolume := func(refused, body string) attack {
		return by(refused, merge(dataVolume, body), merge(spareVolume, `{"metadata":{"labels":{"foundation.team/team":"hanbit"},
			"annotations":{"foundation.team/reclaim-policy":"Delete"}},"spec":{"persistentVolumeReclaimPolicy":"Retain"}}`))
	}
	freed := merge(leftVolume, `{"spec":{"claimRef":{"uid":null,"resourceVersion":null}},"metadata":{"annotations":{"foundation.team/team-uid":"newer"}}}`)
	released := func(body string) attack {
		return by("spec.claimRef of persistentvolumes pv-left is not the operator's to set", merge(leftVolume, body), freed)
	}
	return map[string]attack{
		"make a role of another name": by("clusterroles own is not called foundation-team:<team>", create(teamRole("own", "own")), asMade),
		"delete a role of the cluster": by("clusterroles edit is not called foundation-team:<team>",
			remove(&rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: "edit"}}), remove(ownedRole)),
		"delete a binding of the cluster": by("clusterrolebindings nodes is not called foundation-team:<team>",
			remove(&rbacv1.ClusterRoleBinding{ObjectMeta: metav1.ObjectMeta{Name: "nodes"}}), remove(ownedGrant)),
		"let a team's role write":        widened(func(r *rbacv1.ClusterRole) { r.Rules[0].Verbs = append(r.Rules[0].Verbs, "patch") }),
		"let a team's role read all":     widened(func(r *rbacv1.ClusterRole) { r.Rules[0].ResourceNames = nil }),
		"let a team's role read a rival": widened(func(r *rbacv1.ClusterRole) { r.Rules[0].ResourceNames = []string{team, rival} }),
		"let a team's role read secrets": widened(func(r *rbacv1.ClusterRole) {
			r.Rules[0].APIGroups, r.Rules[0].Resources = []string{""}, []string{"secrets"}
		}),
		"give a team's role a second rule": widened(func(r *rbacv1.ClusterRole) { r.Rules = append(r.Rules, r.Rules[0]) }),
		"have a team's role aggregated": widened(func(r *rbacv1.ClusterRole) {
			r.AggregationRule = &rbacv1.AggregationRule{ClusterRoleSelectors: []metav1.LabelSelector{{MatchLabels: map[string]string{"x": "y"}}}}
		}),
		"bind all rights in the cluster": by("roleRef: ClusterRole cluster-admin of clusterrolebindings foundation-team:hanbit is not the ClusterRole of that name",
			grant(func(b *rbacv1.ClusterRoleBinding) { b.RoleRef.Name = "cluster-admin" }), granted),
		"let everybody read a team": by("subjects: Group system:authenticated of clusterrolebindings foundation-team:hanbit is no person and no group of the identity provider",
			grant(func(b *rbacv1.ClusterRoleBinding) { b.Subjects = []rbacv1.Subject{group("system:authenticated")} }), granted),

		"cordon a node":                 onNode("spec.unschedulable", `{"spec":{"unschedulable":true}}`),
		"relabel a node":                onNode("metadata.labels: "+corev1.LabelHostname, `{"metadata":{"labels":{"kubernetes.io/hostname":"node-rival"}}}`),
		"annotate a node":               onNode("metadata.annotations: example.com/note", harmless),
		"have a node garbage collected": onNode("metadata.ownerReferences", orphan),
		"put a finalizer on a node":     onNode("metadata.finalizers", `{"metadata":{"finalizers":["example.com/stay"]}}`),
		"drive pods off a node":         onNode("spec.taints", `{"spec":{"taints":[{"key":"node.kubernetes.io/out-of-service","effect":"NoExecute"}]}}`),
		"relabel and take a node":       onNode("metadata.labels: role", `{"metadata":{"labels":{"role":"x","`+nodeTeam+`":"saebom"}}}`),

		"hand on data as the operator":                    onVolume("spec.claimRef of persistentvolumes pv-hanbit is not the operator's to set", `{"spec":{"claimRef":{"namespace":"saebom-train"}}}`),
		"set data free as the operator":                   onVolume("spec.claimRef of persistentvolumes pv-hanbit is not the operator's to set", `{"spec":{"claimRef":null}}`),
		"set data free that is in use":                    by("spec.claimRef of persistentvolumes "+usedVolume().Name+" is not the operator's to set", merge(usedVolume(), `{"spec":{"claimRef":{"uid":null}}}`), freed),
		"set data of others free":                         by("spec.claimRef of persistentvolumes pv-stray is not the operator's to set", merge(strayVolume, `{"spec":{"claimRef":{"uid":null}}}`), freed),
		"set data free for a rival":                       released(`{"spec":{"claimRef":{"namespace":"saebom-train","uid":null}}}`),
		"set data free for another namespace of the team": released(`{"spec":{"claimRef":{"namespace":"hanbit-eval","uid":null}}}`),
		"set data free for another claim of the team":     released(`{"spec":{"claimRef":{"name":"mine","uid":null}}}`),
		"set data free for anybody":                       released(`{"spec":{"claimRef":null}}`),
		"change how data is mounted":                      onVolume("spec of persistentvolumes pv-hanbit is not the operator's to set", `{"spec":{"mountOptions":["suid"]}}`),
		"have a volume garbage collected":                 onVolume("metadata.ownerReferences of persistentvolumes pv-hanbit is not the operator's to set", orphan),
		"move data to a rival as the operator":            onVolume("metadata.labels: foundation.team/team: saebom of persistentvolumes pv-hanbit would move data of team hanbit", relabel),
		"make data nobody's as the operator":              onVolume("metadata.labels: foundation.team/team: (none) of persistentvolumes pv-hanbit would move data of team hanbit", unlabel),
		"have data deleted with its PersistentVolumeClaim as the operator": onVolume("spec.persistentVolumeReclaimPolicy: Delete of persistentvolumes pv-hanbit is neither Retain nor what it was before, Retain",
			`{"spec":{"persistentVolumeReclaimPolicy":"Delete"}}`),
		"have data deleted with its PersistentVolumeClaim, by the volume's annotation": onVolume(
			"metadata.annotations: foundation.team/reclaim-policy: Delete of persistentvolumes pv-hanbit is not what it was before, Retain",
			`{"metadata":{"annotations":{"foundation.team/reclaim-policy":"Delete"}}}`),
		"forget what becomes of a volume": by("metadata.annotations: foundation.team/reclaim-policy: (none) of persistentvolumes pv-held is not what it was before, Delete",
			merge(heldVolume, `{"metadata":{"annotations":{"foundation.team/reclaim-policy":null}}}`),
			merge(heldVolume, `{"metadata":{"annotations":{"foundation.team/team-uid":"newer"}}}`)),
	}
}

// usedVolume is one with the team's data that a claim uses. Controllers release those whose claim does not exist.
func usedVolume() *corev1.PersistentVolume {
	if wholeControlPlane {
		return corpusVolume
	}
	return dataVolume
}

// teamRole is the ClusterRole by which staff read their FoundationTeam.
func teamRole(name, team string) *rbacv1.ClusterRole {
	return &rbacv1.ClusterRole{ObjectMeta: owned("", name), Rules: []rbacv1.PolicyRule{{
		APIGroups: []string{foundationv1alpha1.GroupVersion.Group}, Resources: []string{"foundationteams"},
		ResourceNames: []string{team}, Verbs: []string{"get", "watch"},
	}}}
}

// repairs are changes that the operator must be allowed to make to objects without a team's label.
func repairs() map[string]legitimateWork {
	all := map[string]legitimateWork{}
	for name, try := range map[string]request{
		"restores a namespace that lost its label":                                    merge(plainNamespace, label),
		"adopts a namespace":                                                          merge(offeredNamespace, adoption),
		"ends access in a namespace that was taken from the team":                     remove(leftBinding),
		"removes subjects from a binding in a namespace that was taken from the team": merge(leftBinding, `{"subjects":null}`),
		"changes subjects of a binding in a namespace that was taken from the team":   change(leftBinding, func(b *rbacv1.RoleBinding) { b.Subjects = []rbacv1.Subject{user(viewer)} }),
		"gives a volume back its reclaim policy":                                      merge(heldVolume, `{"spec":{"persistentVolumeReclaimPolicy":"Delete"}}`),
		"ends access that staff gave":                                                 remove(leadsBinding),
		"ends a copy of a team's cluster role":                                        remove(ownedRole),
		"ends a copy of a team's cluster role binding":                                remove(ownedGrant),
		"restores the label of a PersistentVolumeClaim":                               merge(ownClaim, label),
		"labels a retired PersistentVolumeClaim":                                      merge(ownedClaim, `{"metadata":{"labels":{"foundation.team/retired":"true"}}}`),
		"uses up the consent on a binding that somebody widened":                      merge(widenedByHand, `{"metadata":{"annotations":{"foundation.team/adopt":null}}}`),
		"mends a binding that somebody widened":                                       change(widenedByHand, func(b *rbacv1.RoleBinding) { b.Subjects = b.Subjects[:1] }),
		"takes its taints off a node and leaves those of others": patch(brokenNode, types.JSONPatchType,
			`[{"op":"test","path":"/spec/taints/1/key","value":"foundation.team/team"},{"op":"remove","path":"/spec/taints/1"},
			{"op":"add","path":"/spec/taints/-","value":{"key":"foundation.team/unassigned","effect":"NoSchedule"}}]`),
	} {
		all["the operator "+name] = legitimateWork{operator, try}
	}
	return all
}
