package attack

import (
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// Merge patches that several attacks share.
const (
	unlabel  = `{"metadata":{"labels":{"foundation.team/team":null}}}`
	relabel  = `{"metadata":{"labels":{"foundation.team/team":"saebom"}}}`
	label    = `{"metadata":{"labels":{"foundation.team/team":"hanbit"}}}`
	harmless = `{"metadata":{"annotations":{"example.com/note":"x"}}}`
	orphan   = `{"metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"gone","uid":"gone"}]}}`
)

// ownedByOperator is the reason with which changes of the operator's objects are refused.
const ownedByOperator = "metadata.labels: foundation.team/team: hanbit says that "

func ownedAttacks() map[string]attack {
	own := func(o metav1.Object) { o.SetLabels(nil); o.SetName("own") }
	ownPolicy := clone(ownedPolicy)
	own(ownPolicy)
	sneaked := roleBinding(plain, "lead", ops) // in a team's namespace it would become a delegated one
	sneaked.Name = "sneaked"
	ownBinding := clone(sneaked)
	own(ownBinding)
	byOps := func(what string, try, control request) attack {
		return attack{who: ops, try: try, refused: ownedByOperator + what, control: control}
	}
	return map[string]attack{
		"raise the quota": byOps("resourcequotas foundation", change(ownedQuota, func(q *corev1.ResourceQuota) {
			q.Spec.Hard["count/replicationcontrollers"] = resource.MustParse("9")
		}), change(ownQuota, func(q *corev1.ResourceQuota) {
			q.Spec.Hard = corev1.ResourceList{"count/replicationcontrollers": resource.MustParse("9")}
		})),
		"raise the quota, by JSON patch": byOps("resourcequotas foundation",
			patch(ownedQuota, types.JSONPatchType, `[{"op":"remove","path":"/spec/hard"}]`),
			patch(ownQuota, types.JSONPatchType, `[{"op":"add","path":"/spec","value":{"hard":{}}}]`)),
		"raise the quota, by strategic merge patch": byOps("resourcequotas foundation",
			patch(ownedQuota, types.StrategicMergePatchType, `{"spec":{"hard":{"pods":"9"}}}`),
			patch(ownQuota, types.StrategicMergePatchType, `{"spec":{"hard":{"pods":"9"}}}`)),
		"raise the quota, by apply": byOps("resourcequotas foundation",
			patch(ownedQuota, types.ApplyPatchType, quotaApply("foundation")), patch(ownQuota, types.ApplyPatchType, quotaApply("own"))),
		"raise the quota's status": byOps("resourcequotas foundation",
			patchSub("status", ownedQuota, types.MergePatchType, `{"status":{"hard":{"pods":"9"}}}`),
			patchSub("status", ownQuota, types.MergePatchType, `{"status":{"hard":{"pods":"9"}}}`)),
		"unlabel the quota through its status": byOps("resourcequotas foundation",
			patchSub("status", ownedQuota, types.MergePatchType, unlabel), patchSub("status", ownQuota, types.MergePatchType, harmless)),
		"delete the quota":      byOps("resourcequotas foundation", remove(ownedQuota), remove(ownQuota)),
		"delete all quotas":     byOps("resourcequotas foundation", removeAll(&corev1.ResourceQuota{}, train), removeAll(&corev1.Secret{}, train)),
		"delete the limits":     byOps("limitranges foundation", remove(ownedLimits), remove(ownQuota)),
		"change the limits":     byOps("limitranges foundation", merge(ownedLimits, `{"spec":{"limits":[]}}`), merge(ownQuota, harmless)),
		"delete the isolation":  byOps("networkpolicies foundation-default-deny", remove(ownedPolicy), create(ownPolicy)),
		"open the isolation":    byOps("networkpolicies foundation-default-deny", merge(ownedPolicy, `{"spec":{"ingress":[{}]}}`), create(ownPolicy)),
		"unlabel the isolation": byOps("networkpolicies foundation-default-deny", merge(ownedPolicy, unlabel), create(ownPolicy)),
		"add to the staff": byOps("rolebindings foundation-team-viewer", change(ownedBinding, func(b *rbacv1.RoleBinding) {
			b.Subjects = append(b.Subjects, user(ops))
		}), create(ownBinding)),
		"pass a binding off as the operator's": byOps("rolebindings sneaked", create(sneaked), create(ownBinding)),
		"delete a binding of staff":            byOps("rolebindings foundation-team-viewer", remove(ownedBinding), create(ownBinding)),
		"have the quota garbage collected":     byOps("resourcequotas foundation", merge(ownedQuota, orphan), merge(ownQuota, orphan)),
		"widen the team's cluster role": byOps("clusterroles foundation-team-reader-hanbit",
			merge(ownedRole, `{"rules":[{"apiGroups":["*"],"resources":["*"],"verbs":["*"]}]}`), create(renamedRole())),
		"add to the team's cluster role binding": byOps("clusterrolebindings foundation-team-reader-hanbit",
			change(ownedGrant, func(b *rbacv1.ClusterRoleBinding) { b.Subjects = append(b.Subjects, user(ops)) }), create(renamedRole())),
		"delete the team's cluster role": byOps("clusterroles foundation-team-reader-hanbit", remove(ownedRole), create(renamedRole())),
		"change the quota as the lead": {
			who: lead, try: merge(ownedQuota, harmless), refused: `cannot patch resource "resourcequotas"`,
			control: canI("get", "", "resourcequotas", "", train),
		},
	}
}

func quotaApply(name string) string {
	return `{"apiVersion":"v1","kind":"ResourceQuota","metadata":{"name":"` + name + `","namespace":"` + train + `"},"spec":{"hard":{"pods":"9"}}}`
}

func renamedRole() *rbacv1.ClusterRole {
	return &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: "own"}}
}

func ownedClaimAttacks() map[string]attack {
	const what = ownedByOperator + "persistentvolumeclaims corpus"
	byStewards := func(try, control request) attack {
		return attack{who: steward, try: try, refused: what, control: control}
	}
	return map[string]attack{
		"delete the team's volume": byStewards(remove(ownedClaim), remove(ownClaim)),
		"enlarge the team's volume": byStewards(merge(ownedClaim, `{"spec":{"resources":{"requests":{"storage":"9Ti"}}}}`),
			merge(ownClaim, harmless)),
		"unlabel the team's volume":                byStewards(merge(ownedClaim, unlabel), merge(ownClaim, harmless)),
		"give the team's volume away":              byStewards(merge(ownedClaim, relabel), merge(ownClaim, harmless)),
		"have the team's volume garbage collected": byStewards(merge(ownedClaim, orphan), merge(ownClaim, harmless)),
		"hold the team's volume":                   byStewards(merge(ownedClaim, `{"metadata":{"finalizers":["x.example/y"]}}`), merge(ownClaim, `{"metadata":{"finalizers":["x.example/y"]}}`)),
		"annotate the team's volume":               byStewards(merge(ownedClaim, harmless), merge(ownClaim, harmless)),
		"pass a claim off as the operator's": {
			who: steward, try: merge(ownClaim, label), refused: ownedByOperator + "persistentvolumeclaims scratch",
			control: merge(ownClaim, `{"metadata":{"labels":{"app":"x"}}}`),
		},
		"create a claim as the operator's": {
			who: steward, try: create(claim(train, "fake", func(c *corev1.PersistentVolumeClaim) { c.ObjectMeta = owned(train, "fake") })),
			refused: ownedByOperator + "persistentvolumeclaims fake", control: create(claim(train, "fresh")),
		},
		"delete the team's volume as the lead": {
			who: lead, try: remove(ownedClaim), refused: what, control: remove(ownClaim),
		},
		"delete the team's volume as the engineer": {
			who: engineer, try: remove(ownedClaim), refused: `cannot delete resource "persistentvolumeclaims"`,
			control: canI("get", "", "persistentvolumeclaims", "", train),
		},
		"delete all claims": {
			who: ops, try: removeAll(&corev1.PersistentVolumeClaim{}, train), refused: what, control: remove(ownClaim),
		},
		"annotate the team's volume as a service account of the team": {
			who: teamBot, try: merge(ownedClaim, harmless), refused: what, control: merge(ownedClaim, harmless), by: csiDriver,
		},
		"enlarge the team's volume as a storage driver": {
			who: csiDriver, try: merge(ownedClaim, `{"spec":{"resources":{"requests":{"storage":"9Ti"}}}}`), refused: what,
			control: merge(ownedClaim, `{"metadata":{"finalizers":["snapshot.storage.kubernetes.io/x"]}}`),
		},
		"unlabel the team's volume as a storage driver": {
			who: csiDriver, try: merge(ownedClaim, unlabel), refused: what,
			control: patchSub("status", ownedClaim, types.MergePatchType, `{"status":{"capacity":{"storage":"1Ti"}}}`),
		},
		"unlabel the team's volume as a kubelet": {
			who: kubelet, try: patchSub("status", ownedClaim, types.MergePatchType, unlabel), refused: what,
			control: patchSub("status", ownedClaim, types.MergePatchType, `{"status":{"capacity":{"storage":"1Ti"}}}`),
		},
		"forge the owner of the team's volume as a storage driver": {
			who: csiDriver, try: merge(ownedClaim, `{"metadata":{"annotations":{"foundation.team/team-uid":"x"}}}`), refused: what,
			control: merge(ownedClaim, harmless),
		},
		"delete the team's volume as a storage driver": {
			who: csiDriver, try: remove(ownedClaim), refused: what, control: remove(ownClaim),
		},
	}
}
