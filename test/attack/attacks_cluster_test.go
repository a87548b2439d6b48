package attack

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

func namespaceAttacks() map[string]attack {
	const forOperator = " is for the operator and admins to set on namespace "
	byOps := func(refused string, try, control request) attack {
		return attack{who: ops, try: try, refused: refused, control: control}
	}
	unlabelled := func(n *corev1.Namespace) { delete(n.Labels, teamKey) }
	noted := func(n *corev1.Namespace) { n.Annotations["example.com/note"] = "x" }
	note := merge(teamNamespace, harmless)
	const removed = "metadata.labels: foundation.team/team: (removed)" + forOperator + train
	return map[string]attack{
		"leave the team":                                byOps(removed, merge(teamNamespace, unlabel), note),
		"leave the team, by update":                     byOps(removed, change(teamNamespace, unlabelled), change(teamNamespace, noted)),
		"leave the team, by JSON patch":                 byOps(removed, patch(teamNamespace, types.JSONPatchType, `[{"op":"remove","path":"/metadata/labels/foundation.team~1team"}]`), note),
		"leave the team through status":                 byOps(removed, changeSub("status", teamNamespace, unlabelled), changeSub("status", teamNamespace, noted)),
		"leave the team through status, by patch":       byOps(removed, patchSub("status", teamNamespace, types.MergePatchType, unlabel), note),
		"leave the team through finalize":               byOps(removed, changeSub("finalize", teamNamespace, unlabelled), changeSub("finalize", teamNamespace, noted)),
		"join a rival":                                  byOps("metadata.labels: foundation.team/team: saebom"+forOperator+train, merge(teamNamespace, relabel), note),
		"join a rival, by apply":                        byOps("metadata.labels: foundation.team/team: saebom"+forOperator+train, patch(teamNamespace, types.ApplyPatchType, `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"hanbit-train","labels":{"foundation.team/team":"saebom"}}}`), note),
		"join a team":                                   byOps("metadata.labels: foundation.team/team: hanbit"+forOperator+plain, merge(plainNamespace, label), merge(plainNamespace, harmless)),
		"create a namespace of a team":                  byOps("metadata.labels: foundation.team/team: hanbit"+forOperator+"hanbit-x", create(namespaceFor("hanbit-x", teamKey, team)), create(namespaceFor("hanbit-x", "app", "x"))),
		"be trusted with devices":                       byOps("metadata.labels: foundation.team/trusted: true"+forOperator+plain, merge(plainNamespace, `{"metadata":{"labels":{"foundation.team/trusted":"true"}}}`), merge(plainNamespace, harmless)),
		"unlock a namespace":                            byOps("metadata.labels: foundation.team/locked: (removed)"+forOperator+locked, merge(namespace(locked, nil), `{"metadata":{"labels":{"foundation.team/locked":null}}}`), merge(namespace(locked, nil), harmless)),
		"lower pod security":                            byOps("metadata.labels: pod-security.kubernetes.io/enforce: privileged"+forOperator+train, merge(teamNamespace, `{"metadata":{"labels":{"pod-security.kubernetes.io/enforce":"privileged"}}}`), merge(plainNamespace, `{"metadata":{"labels":{"pod-security.kubernetes.io/enforce":"privileged"}}}`)),
		"pin pod security to an old version":            byOps("metadata.labels: pod-security.kubernetes.io/enforce-version: v1.20"+forOperator+train, merge(teamNamespace, `{"metadata":{"labels":{"pod-security.kubernetes.io/enforce-version":"v1.20"}}}`), note),
		"get admin access to devices":                   byOps("metadata.labels: resource.kubernetes.io/admin-access: true"+forOperator+train, merge(teamNamespace, `{"metadata":{"labels":{"resource.kubernetes.io/admin-access":"true"}}}`), note),
		"forge the owner of a namespace":                byOps("metadata.annotations: foundation.team/team-uid: x"+forOperator+train, merge(teamNamespace, `{"metadata":{"annotations":{"foundation.team/team-uid":"x"}}}`), note),
		"forge the owner through status":                byOps("metadata.annotations: foundation.team/team-uid: x"+forOperator+train, patchSub("status", teamNamespace, types.MergePatchType, `{"metadata":{"annotations":{"foundation.team/team-uid":"x"}}}`), note),
		"consent to adoption":                           byOps("metadata.annotations: foundation.team/adopt: hanbit"+forOperator+plain, merge(plainNamespace, `{"metadata":{"annotations":{"foundation.team/adopt":"hanbit"}}}`), merge(plainNamespace, harmless)),
		"have a namespace garbage collected":            byOps("metadata.ownerReferences: namespace hanbit-train belongs to team hanbit", merge(teamNamespace, orphan), merge(plainNamespace, orphan)),
		"delete a namespace of a team":                  byOps("namespace hanbit-train holds data of team hanbit", remove(teamNamespace), remove(plainNamespace)),
		"delete a namespace by garbage collection":      {who: collector, try: remove(teamNamespace), refused: "namespace hanbit-train holds data of team hanbit", control: remove(plainNamespace)},
		"delete the namespace as the lead":              {who: lead, try: remove(teamNamespace), refused: `cannot delete resource "namespaces"`, control: canI("get", "", "namespaces", "", train)},
		"change the namespace as the lead":              {who: lead, try: merge(teamNamespace, harmless), refused: `cannot patch resource "namespaces"`, control: note, by: ops},
		"adopt a namespace as a service account":        {who: teamBot, try: merge(plainNamespace, label), refused: forOperator + plain, control: merge(plainNamespace, label), by: operator},
		"leave the team as a controller of kube-system": {who: namespaces, try: changeSub("finalize", teamNamespace, unlabelled), refused: removed, control: changeSub("finalize", teamNamespace, noted)},
	}
}

func namespaceFor(name, key, value string) *corev1.Namespace {
	n := namespace(name, map[string]string{key: value})
	n.Annotations = nil
	return n
}

func nodeAttacks() map[string]attack {
	const forOperator = " is for the operator and admins to set on node "
	by := func(who actor, refused string, try, control request) attack {
		return attack{who: who, try: try, refused: refused, control: control}
	}
	nodeLabel := func(key, value string) string { return `{"metadata":{"labels":{"` + key + `":` + value + `}}}` }
	heartbeat := patchSub("status", looseNode, types.StrategicMergePatchType,
		`{"status":{"conditions":[{"type":"Ready","status":"True","lastHeartbeatTime":"2026-01-01T00:00:00Z"}]}}`)
	untaint := merge(heldNode, `{"spec":{"taints":[]}}`)
	otherTaint := patch(heldNode, types.JSONPatchType, `[{"op":"add","path":"/spec/taints/-","value":{"key":"x","effect":"NoSchedule"}}]`)
	registers := func(change func(*corev1.Node)) request {
		n := node("node-new", "")
		n.Labels = nil
		change(n)
		return create(n)
	}
	plainly := registers(func(*corev1.Node) {})
	const joined = "metadata.labels: node-restriction.kubernetes.io/foundation-team: hanbit" + forOperator
	return map[string]attack{
		"a kubelet joins a team":                  by(kubelet, joined+freeNode, merge(looseNode, nodeLabel(nodeTeam, `"hanbit"`)), merge(looseNode, nodeLabel("x", `"y"`))),
		"a kubelet joins a team through status":   by(kubelet, joined+freeNode, patchSub("status", looseNode, types.MergePatchType, nodeLabel(nodeTeam, `"hanbit"`)), heartbeat),
		"a kubelet registers as a team's":         by(kubelet, joined+"node-new", registers(func(n *corev1.Node) { n.Labels = map[string]string{nodeTeam: team} }), plainly),
		"a kubelet registers as a pool's":         by(kubelet, "metadata.labels: foundation.team/pool: b200"+forOperator+"node-new", registers(func(n *corev1.Node) { n.Labels = map[string]string{foundationv1alpha1.LabelPool: "b200"} }), plainly),
		"a kubelet registers with a team's taint": by(kubelet, "spec.taints: [foundation.team/team=hanbit:NoSchedule] instead of []"+forOperator+"node-new", registers(func(n *corev1.Node) { n.Spec.Taints = node("", team).Spec.Taints }), plainly),
		"a kubelet leaves its team":               by(kubelet, "metadata.labels: node-restriction.kubernetes.io/foundation-team: (removed)"+forOperator+ownNode, merge(heldNode, nodeLabel(nodeTeam, "null")), merge(heldNode, nodeLabel("x", `"y"`))),
		"a kubelet drops its taint":               by(kubelet, "spec.taints: [] instead of [foundation.team/team=hanbit:NoSchedule]"+forOperator+ownNode, untaint, otherTaint),
		"move a node to a rival":                  by(ops, "metadata.labels: foundation.team/team: saebom"+forOperator+ownNode, merge(heldNode, relabel), merge(heldNode, harmless)),
		"move a node to another pool":             by(ops, "metadata.labels: foundation.team/pool: x"+forOperator+ownNode, merge(heldNode, nodeLabel("foundation.team/pool", `"x"`)), merge(heldNode, nodeLabel("x", `"y"`))),
		"drop a node's taint":                     by(ops, "spec.taints: [] instead of", untaint, otherTaint),
		"change a node's taint":                   by(ops, "spec.taints: [foundation.team/team=saebom:NoSchedule] instead of", merge(heldNode, `{"spec":{"taints":[{"key":"foundation.team/team","value":"saebom","effect":"NoSchedule"}]}}`), otherTaint),
		"weaken a node's taint":                   by(ops, "spec.taints: [foundation.team/team=hanbit:PreferNoSchedule] instead of", merge(heldNode, `{"spec":{"taints":[{"key":"foundation.team/team","value":"hanbit","effect":"PreferNoSchedule"}]}}`), otherTaint),
		"take a node out of use":                  by(ops, "spec.taints: [foundation.team/team=hanbit:NoSchedule, foundation.team/draining=:NoSchedule] instead of", patch(heldNode, types.JSONPatchType, `[{"op":"add","path":"/spec/taints/-","value":{"key":"foundation.team/draining","effect":"NoSchedule"}}]`), otherTaint),
		"age a node's release":                    by(ops, "metadata.annotations: foundation.team/draining-since: 2000-01-01T00:00:00Z"+forOperator+ownNode, merge(heldNode, `{"metadata":{"annotations":{"foundation.team/draining-since":"2000-01-01T00:00:00Z"}}}`), merge(heldNode, harmless)),
		"age a node's fault":                      by(ops, "metadata.annotations: foundation.team/broken-since: 2000-01-01T00:00:00Z"+forOperator+ownNode, merge(heldNode, `{"metadata":{"annotations":{"foundation.team/broken-since":"2000-01-01T00:00:00Z"}}}`), merge(heldNode, harmless)),
		"move a node through status":              by(ops, "metadata.labels: foundation.team/team: saebom"+forOperator+ownNode, patchSub("status", heldNode, types.MergePatchType, relabel), merge(heldNode, harmless)),
		"move a node to a rival as the lead":      {who: lead, try: merge(heldNode, relabel), refused: `cannot patch resource "nodes"`, control: merge(heldNode, relabel), by: admin},
	}
}

func teamAttacks() map[string]attack {
	by := func(who actor, refused string, try, control request) attack {
		return attack{who: who, try: try, refused: refused, control: control}
	}
	respec := merge(foundationTeam, `{"spec":{"displayName":"Hanbit!"}}`)
	const grant = `{"status":{"state":"InTerm"}}`
	return map[string]attack{
		"write a team's status": by(ops, "status: foundationteams hanbit has its status from the operator",
			patchSub("status", foundationTeam, types.MergePatchType, grant), respec),
		"write a pool's status": by(ops, "status: gpupools b200 has its status from the operator",
			patchSub("status", gpuPool, types.MergePatchType, `{"status":{"observedGeneration":9}}`),
			merge(gpuPool, `{"spec":{"model":"NVIDIA B300"}}`)),
		"skip a team's teardown": by(ops, "metadata.finalizers: [] instead of [foundation.team/teardown]",
			merge(foundationTeam, `{"metadata":{"finalizers":null}}`), merge(foundationTeam, `{"metadata":{"finalizers":["foundation.team/teardown"]}}`)),
		"put a finalizer on a pool": by(ops, "metadata.finalizers: [foundation.team/teardown] instead of []",
			merge(gpuPool, `{"metadata":{"finalizers":["foundation.team/teardown"]}}`), merge(gpuPool, `{"metadata":{"finalizers":["x.example/y"]}}`)),
		"raise the own award": {
			who: lead, try: respec, refused: `cannot patch resource "foundationteams"`, control: respec, by: ops,
		},
		"write the own status": {
			who: lead, try: patchSub("status", foundationTeam, types.MergePatchType, grant),
			refused: `cannot patch resource "foundationteams/status"`,
			control: patchSub("status", foundationTeam, types.MergePatchType, grant), by: operator,
		},
		"delete the own team": {
			who: lead, try: remove(foundationTeam), refused: `cannot delete resource "foundationteams"`, control: remove(foundationTeam), by: ops,
		},
	}
}
