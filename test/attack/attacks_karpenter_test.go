package attack

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// withLabel is a merge patch that sets one more label.
func withLabel(body, key, value string) string {
	return strings.Replace(body, `"labels":{`, `"labels":{"`+key+`":"`+value+`",`, 1)
}

// karpenterNodeAttacks are on nodes that Karpenter makes, or is said to have made.
func karpenterNodeAttacks() map[string]attack {
	const forOperator = " is for the operator and admins to set on node "
	const forKarpenter = " is for Karpenter to set on node "
	by := func(who actor, refused string, try, control request) attack {
		return attack{who: who, try: try, refused: refused, control: control}
	}
	labels := func(key, value string) string { return `{"metadata":{"labels":{"` + key + `":` + value + `}}}` }
	registers := merge(launchedNode, registration)
	instead := func(old, replacement string) request {
		return merge(launchedNode, strings.Replace(registration, old, replacement, 1))
	}
	makes := func(change func(*corev1.Node)) request {
		n := karpenterNode("node-new", teamNodePool, teamNodeLabels(team))
		change(n)
		return create(n)
	}
	made := makes(func(*corev1.Node) {})
	// What a kubelet may know from its user data.
	known := func(change func(*corev1.Node)) request {
		return makes(func(n *corev1.Node) {
			n.Annotations = nil
			delete(n.Labels, nodeTeam)
			change(n)
		})
	}
	plainly := known(func(*corev1.Node) {})
	hashed := merge(madeNode, `{"metadata":{"annotations":{"karpenter.sh/nodepool-hash":"2"}}}`)
	own := merge(madeNode, labels("x", `"y"`))

	return map[string]attack{
		"Karpenter registers a rival's node": by(karpenter, "metadata.labels: foundation.team/team: saebom"+forOperator,
			instead(`"foundation.team/team":"hanbit"`, `"foundation.team/team":"saebom"`), registers),
		"Karpenter registers a node that a rival is trusted on": by(karpenter, nodeTeam+": saebom"+forOperator,
			instead(nodeTeam+`":"hanbit"`, nodeTeam+`":"saebom"`), registers),
		"Karpenter registers a node of another pool": by(karpenter, "foundation.team/pool: b200"+forOperator,
			instead(`"burst"`, `"b200"`), registers),
		"Karpenter registers a node with a rival's taint": by(karpenter, "spec.taints: [foundation.team/team=saebom:NoSchedule] instead of []"+forOperator,
			instead(`"value":"hanbit"`, `"value":"saebom"`), registers),
		"Karpenter registers a node with a weak taint": by(karpenter, "spec.taints: [foundation.team/team=hanbit:PreferNoSchedule] instead of []"+forOperator,
			instead(`"effect":"NoSchedule"`, `"effect":"PreferNoSchedule"`), registers),
		"Karpenter registers a node with another taint of ours": by(karpenter, "spec.taints: [foundation.team/draining=hanbit:NoSchedule] instead of []"+forOperator,
			instead(`"key":"foundation.team/team"`, `"key":"foundation.team/draining"`), registers),
		"Karpenter registers a node with another annotation of ours": by(karpenter, "metadata.annotations: foundation.team/draining-since: c0ffee"+forOperator,
			instead("team-uid", "draining-since"), registers),
		"Karpenter registers a node with another label of ours": by(karpenter, "metadata.labels: foundation.team/trusted: true"+forOperator,
			merge(launchedNode, withLabel(registration, "foundation.team/trusted", "true")), registers),
		"Karpenter labels a node of nobody's as a team's": by(karpenter, "foundation.team/team: hanbit",
			merge(strangeNode, registration), merge(strangeNode, labels("karpenter.sh/registered", `"true"`))),
		"Karpenter gives a node of nobody's an owner": by(karpenter, "metadata.annotations: foundation.team/team-uid: c0ffee"+forOperator,
			merge(strangeNode, `{"metadata":{"annotations":{"foundation.team/team-uid":"c0ffee"}}}`), merge(strangeNode, harmless)),
		"Karpenter labels a node without a NodePool as a team's": by(karpenter, "foundation.team/team: hanbit",
			merge(bareNode, registration), merge(bareNode, withLabel(registration, nodePoolKey, teamNodePool))),
		"Karpenter labels a node of a look-alike NodePool as a team's": by(karpenter, "foundation.team/team: hanbit",
			merge(bareNode, withLabel(registration, nodePoolKey, team+"."+burst+".x")), merge(bareNode, withLabel(registration, nodePoolKey, teamNodePool))),
		"Karpenter moves a node to a rival": by(karpenter, "foundation.team/team: saebom",
			merge(madeNode, withLabel(`{"metadata":{"labels":{"foundation.team/team":"saebom","`+nodeTeam+`":"saebom"}}}`, nodePoolKey, rivalNodePool)), hashed),
		"Karpenter removes a team's label": by(karpenter, "metadata.labels: foundation.team/team: (removed)"+forOperator+"node-made",
			merge(madeNode, unlabel), hashed),
		"Karpenter takes the taint off": by(karpenter, "spec.taints: [] instead of [foundation.team/team=hanbit:NoSchedule]",
			merge(madeNode, `{"spec":{"taints":null}}`), hashed),
		"Karpenter changes the taint": by(karpenter, "spec.taints: [foundation.team/team=saebom:NoSchedule] instead of [foundation.team/team=hanbit:NoSchedule]",
			merge(madeNode, withLabel(`{"metadata":{"labels":{"x":"y"}},"spec":{"taints":[{"key":"foundation.team/team","value":"saebom","effect":"NoSchedule"}]}}`, nodePoolKey, rivalNodePool)), hashed),
		"Karpenter adds a rival's taint": by(karpenter, "foundation.team/team=hanbit:NoSchedule, foundation.team/team=hanbit:NoExecute] instead of",
			merge(madeNode, `{"spec":{"taints":[{"key":"foundation.team/team","value":"hanbit","effect":"NoSchedule"},{"key":"foundation.team/team","value":"hanbit","effect":"NoExecute"}]}}`), hashed),
		"Karpenter forges the owner": by(karpenter, "metadata.annotations: foundation.team/team-uid: x"+forOperator+"node-made",
			merge(madeNode, `{"metadata":{"annotations":{"foundation.team/team-uid":"x"}}}`), hashed),
		"Karpenter moves a node to another NodePool": by(karpenter, "metadata.labels: karpenter.sh/nodepool: hanbit.burst.d"+forKarpenter+"node-made",
			merge(madeNode, labels(nodePoolKey, `"hanbit.burst.d"`)), hashed),
		"Karpenter takes a static node for a rival's": by(karpenter, "foundation.team/team: hanbit, metadata.labels: "+nodeTeam+": hanbit, spec.taints: foundation.team/team=hanbit:NoSchedule of node "+ownNode+
			" does not agree with label karpenter.sh/nodepool: saebom.b200.s",
			merge(heldNode, labels(nodePoolKey, `"saebom.b200.s"`)), merge(heldNode, labels(nodePoolKey, `"hanbit.b200.s"`))),
		"Karpenter takes a static node for another pool's": by(karpenter, "metadata.labels: foundation.team/pool: b200 of node "+ownNode+" does not agree with",
			merge(heldNode, labels(nodePoolKey, `"hanbit.burst.s"`)), merge(heldNode, labels(nodePoolKey, `"hanbit.b200.s"`))),
		"Karpenter completes a node that a rival is trusted on": by(karpenter, "metadata.labels: "+nodeTeam+": saebom of node node-torn does not agree with label karpenter.sh/nodepool: hanbit.burst.s",
			merge(relabelledNode, label), merge(launchedNode, label)),
		"Karpenter taints a node that a rival is trusted on": by(karpenter, "metadata.labels: "+nodeTeam+": saebom of node node-torn does not agree with",
			merge(relabelledNode, `{"spec":{"taints":[{"key":"foundation.team/team","value":"hanbit","effect":"NoSchedule"}]}}`), merge(relabelledNode, harmless)),
		"Karpenter gives an owner to a node that a rival is trusted on": by(karpenter, "metadata.labels: "+nodeTeam+": saebom of node node-torn does not agree with",
			merge(relabelledNode, `{"metadata":{"annotations":{"foundation.team/team-uid":"c0ffee"}}}`), merge(relabelledNode, harmless)),
		"Karpenter makes a rival's node": by(karpenter, "foundation.team/team: saebom",
			makes(func(n *corev1.Node) { n.Labels[foundationv1alpha1.LabelTeam] = rival }), made),
		"Karpenter makes a node with a rival's taint": by(karpenter, "spec.taints: [foundation.team/team=saebom:NoSchedule] instead of []",
			makes(func(n *corev1.Node) { n.Spec.Taints[0].Value = rival }), made),
		"another Karpenter registers a node": {
			who: notKarpenter, try: registers, refused: "foundation.team/team: hanbit", control: registers, by: karpenterElsewhere,
		},
		"another Karpenter makes a node": {
			who: notKarpenter, try: made, refused: "foundation.team/team: hanbit", control: made, by: karpenterElsewhere,
		},
		"a kubelet registers as trusted by its team": by(newKubelet, nodeTeam+": hanbit"+forOperator+"node-new",
			known(func(n *corev1.Node) { n.Labels[nodeTeam] = team }), plainly),
		"a kubelet registers with its team's UID": by(newKubelet, "metadata.annotations: foundation.team/team-uid: c0ffee"+forOperator+"node-new",
			known(func(n *corev1.Node) {
				n.Annotations = map[string]string{foundationv1alpha1.AnnotationTeamUID: "c0ffee"}
			}), plainly),
		"a kubelet registers as a rival's, unlike its NodePool": by(newKubelet, "foundation.team/team: saebom",
			known(func(n *corev1.Node) { n.Labels[foundationv1alpha1.LabelTeam] = rival }), plainly),
		"a kubelet registers as another pool's": by(newKubelet, "foundation.team/pool: b200",
			known(func(n *corev1.Node) { n.Labels[foundationv1alpha1.LabelPool] = "b200" }), plainly),
		"a kubelet registers with a rival's taint": by(newKubelet, "spec.taints: [foundation.team/team=saebom:NoSchedule] instead of []"+forOperator+"node-new",
			known(func(n *corev1.Node) { n.Spec.Taints[0].Value = rival }), plainly),
		"a kubelet registers another node": by(kubelet, "foundation.team/team: hanbit", plainly, known(func(n *corev1.Node) {
			n.Labels = map[string]string{nodePoolKey: teamNodePool}
			n.Spec.Taints = nil
		})),
		"who is no kubelet registers a node": {
			who: noKubelet, try: known(func(n *corev1.Node) { n.Name = "node-odd" }),
			refused: "foundation.team/team: hanbit", control: plainly, by: newKubelet,
		},
		"a kubelet labels itself as a team's later": by(kubeletOf(launchedNode.Name), "foundation.team/team: hanbit"+forOperator+"node-launched",
			merge(launchedNode, label), merge(launchedNode, labels("x", `"y"`))),
		"a kubelet goes to another NodePool": by(kubeletOf(madeNode.Name), "metadata.labels: karpenter.sh/nodepool: saebom.burst.s"+forKarpenter+"node-made",
			merge(madeNode, labels(nodePoolKey, `"saebom.burst.s"`)), own),
		"a kubelet goes to another NodePool through status": by(kubeletOf(madeNode.Name), "metadata.labels: karpenter.sh/nodepool: saebom.burst.s"+forKarpenter+"node-made",
			patchSub("status", madeNode, types.MergePatchType, labels(nodePoolKey, `"saebom.burst.s"`)), own),
		"a kubelet leaves its NodePool": by(kubeletOf(madeNode.Name), "metadata.labels: karpenter.sh/nodepool: (removed)"+forKarpenter+"node-made",
			merge(madeNode, labels(nodePoolKey, "null")), own),
		"a kubelet leaves its NodePool before it is registered": by(kubeletOf(launchedNode.Name), "metadata.labels: karpenter.sh/nodepool: (removed)"+forKarpenter+"node-launched",
			merge(launchedNode, labels(nodePoolKey, "null")), own),
		"a kubelet passes as Karpenter's": by(kubeletOf(bareNode.Name), "metadata.labels: karpenter.sh/nodepool: saebom.burst.s"+forKarpenter+"node-bare",
			merge(bareNode, labels(nodePoolKey, `"saebom.burst.s"`)), merge(bareNode, labels(nodePoolKey, `"ordinary"`))),
		"a kubelet that is nobody's yet names a NodePool": by(kubeletOf(taintedNode.Name), "metadata.labels: karpenter.sh/nodepool: ordinary"+forKarpenter+"node-tainted",
			merge(taintedNode, labels(nodePoolKey, `"ordinary"`)), merge(taintedNode, labels("x", `"y"`))),
		"a kubelet of a pool leaves its NodePool": by(kubeletOf(labelledNode.Name), "metadata.labels: karpenter.sh/nodepool: (removed)"+forKarpenter+"node-labelled",
			merge(labelledNode, labels(nodePoolKey, "null")), merge(labelledNode, labels("x", `"y"`))),
		"pass a static node off as Karpenter's": by(ops, "metadata.labels: karpenter.sh/nodepool: hanbit.b200.s"+forKarpenter+ownNode,
			merge(heldNode, labels(nodePoolKey, `"hanbit.b200.s"`)), merge(bareNode, labels(nodePoolKey, `"ordinary"`))),
		"name a NodePool of nobody's on a static node": by(ops, "metadata.labels: karpenter.sh/nodepool: ordinary"+forKarpenter+freeNode,
			merge(looseNode, labels(nodePoolKey, `"ordinary"`)), merge(looseNode, labels("x", `"y"`))),
	}
}

func nodePoolAttacks() map[string]attack {
	const operators = " is the operator's to change, scale and delete"
	byOps := func(refused string, try, control request) attack {
		return attack{who: ops, try: try, refused: refused, control: control}
	}
	made := create(nodePool("theirs"))
	makes := func(with customOption) request { return create(nodePool("theirs", with)) }
	resized := merge(strangePool, `{"spec":{"replicas":9}}`)
	const whose = "metadata.name: hanbit.burst.s says that nodepools hanbit.burst.s" + operators
	all := map[string]attack{
		"make a NodePool of a team": byOps("metadata.labels: foundation.team/team: hanbit",
			makes(owns), made),
		"make a NodePool by the operator's name": byOps("metadata.name: hanbit.other.d is for the operator to set",
			create(nodePool("hanbit.other.d")), made),
		"make a NodePool that makes a team's nodes": byOps("spec.template.metadata.labels: foundation.team/team: hanbit",
			makes(set(map[string]any{teamKey: team}, "template", "metadata", "labels")), made),
		"make a NodePool that makes trusted nodes": byOps("spec.template.metadata.labels: "+nodeTeam+": hanbit is for the operator to set",
			makes(set(map[string]any{nodeTeam: team}, "template", "metadata", "labels")), made),
		"make a NodePool that forges the owner": byOps("spec.template.metadata.annotations: foundation.team/team-uid: x is for the operator to set",
			makes(set(map[string]any{foundationv1alpha1.AnnotationTeamUID: "x"}, "template", "metadata", "annotations")), made),
		"make a NodePool that requires trusted nodes": byOps("spec.template.spec.requirements: "+nodeTeam+" is for the operator to set",
			makes(set([]any{needs(nodeTeam, team)}, "template", "spec", "requirements")), made),
		"make a NodePool that requires a pool": byOps("spec.template.spec.requirements: foundation.team/pool is for the operator to set",
			makes(set([]any{needs("foundation.team/pool", "b200")}, "template", "spec", "requirements")), made),
		"make a NodePool with a team's taint": byOps("spec.template.spec.taints: foundation.team/team is for the operator to set",
			makes(set([]any{hasTaint(teamKey, team)}, "template", "spec", "taints")), made),
		"make a NodePool with a team's taint for a while": byOps("spec.template.spec.startupTaints: foundation.team/team is for the operator to set",
			makes(set([]any{hasTaint(teamKey, team)}, "template", "spec", "startupTaints")), made),
		"change a NodePool to make a team's nodes": byOps("spec.template.metadata.labels: foundation.team/team: hanbit is for the operator to set",
			merge(strangePool, `{"spec":{"template":{"metadata":{"labels":{"foundation.team/team":"hanbit"}}}}}`), resized),
		"label a NodePool as a team's": byOps("metadata.labels: foundation.team/team: hanbit is for the operator to set",
			merge(strangePool, label), merge(strangePool, harmless)),
		"enlarge a team's NodePool":                  byOps(whose, merge(teamPool, `{"spec":{"replicas":9}}`), resized),
		"scale a team's NodePool":                    byOps(whose, patchSub("scale", teamPool, types.MergePatchType, `{"spec":{"replicas":9}}`), patchSub("scale", strangePool, types.MergePatchType, `{"spec":{"replicas":9}}`)),
		"give a NodePool to a rival":                 byOps(whose, merge(teamPool, relabel), merge(strangePool, harmless)),
		"unlabel a NodePool":                         byOps(whose, merge(teamPool, unlabel), merge(strangePool, harmless)),
		"annotate a NodePool":                        byOps(whose, merge(teamPool, harmless), merge(strangePool, harmless)),
		"put a finalizer on a NodePool":              byOps(whose, merge(teamPool, `{"metadata":{"finalizers":["x.example/y"]}}`), merge(strangePool, `{"metadata":{"finalizers":["x.example/y"]}}`)),
		"have a NodePool garbage collected":          byOps(whose, merge(teamPool, orphan), merge(strangePool, orphan)),
		"write a NodePool's status":                  byOps(whose, patchSub("status", teamPool, types.MergePatchType, `{"status":{"nodes":9}}`), patchSub("status", strangePool, types.MergePatchType, `{"status":{"nodes":9}}`)),
		"delete a team's NodePool":                   byOps(whose, remove(teamPool), remove(strangePool)),
		"delete all NodePools":                       byOps(operators, removeAll(nodePool(""), ""), remove(strangePool)),
		"enlarge a NodePool, by apply":               byOps(whose, patch(teamPool, types.ApplyPatchType, `{"apiVersion":"karpenter.sh/v1","kind":"NodePool","metadata":{"name":"hanbit.burst.s"},"spec":{"replicas":9}}`), resized),
		"enlarge a NodePool, by its lead":            {who: lead, try: merge(teamPool, `{"spec":{"replicas":9}}`), refused: `cannot patch resource "nodepools"`, control: merge(teamPool, `{"spec":{"replicas":9}}`), by: operator},
		"delete a NodePool as the garbage collector": {who: collector, try: remove(teamPool), refused: whose, control: remove(teamClaim)},
		"adopt a NodePool, as a collector":           {who: collector, try: merge(teamPool, relabel), refused: whose, control: merge(endingPool, `{"metadata":{"finalizers":null}}`)},
	}
	for name, who := range map[string]actor{"Karpenter": karpenter, "Karpenter elsewhere": karpenterElsewhere} {
		by := func(refused string, try request) attack {
			return attack{who: who, try: try, refused: refused, control: merge(teamPool, `{"metadata":{"annotations":{"karpenter.sh/nodepool-hash":"2"}}}`)}
		}
		all[name+" makes a NodePool"] = by("metadata.name: hanbit.other.s, ", create(nodePool("hanbit.other.s", owns, withTeamTemplate)))
		all[name+" enlarges a NodePool"] = by(whose, merge(teamPool, `{"spec":{"replicas":9}}`))
		all[name+" relabels a NodePool"] = by(whose, merge(teamPool, relabel))
		all[name+" forges a NodePool's owner"] = by(whose, merge(teamPool, `{"metadata":{"annotations":{"foundation.team/team-uid":"x"}}}`))
		all[name+" consents to a NodePool's adoption"] = by(whose, merge(teamPool, `{"metadata":{"annotations":{"foundation.team/adopt":"saebom"}}}`))
		all[name+" takes a NodePool's owner off"] = by(whose, merge(teamPool, `{"metadata":{"annotations":null}}`))
		all[name+" has a NodePool collected"] = by(whose, merge(teamPool, orphan))
		all[name+" deletes a NodePool"] = by(whose, remove(teamPool))
	}
	all["another Karpenter notes the hash of a NodePool"] = attack{
		who: notKarpenter, try: merge(teamPool, harmless), refused: whose, control: merge(teamPool, harmless), by: karpenter,
	}
	return all
}

func nodeClaimAttacks() map[string]attack {
	const karpenters = " is Karpenter's to create, change and delete"
	const differs = " is not what label karpenter.sh/nodepool says of nodeclaims "
	byOps := func(refused string, try, control request) attack {
		return attack{who: ops, try: try, refused: refused, control: control}
	}
	made := create(nodeClaim("theirs"))
	makes := func(with customOption) request { return create(nodeClaim("theirs", with)) }
	const whose = " says that nodeclaims " + teamNodePool + "-x7k2p" + karpenters
	noted := merge(strangeClaim, harmless)

	agreeing := create(nodeClaim("new", claims(teamNodePool, team)))
	disagreeing := func(refused string, with customOption) attack {
		return attack{who: karpenter, try: create(nodeClaim("new", claims(teamNodePool, team), with)), refused: refused + differs + "new", control: agreeing}
	}
	learns := merge(teamClaim, `{"metadata":{"labels":{"topology.kubernetes.io/zone":"zone-a"}}}`)
	byKarpenter := func(refused string, try request) attack {
		return attack{who: karpenter, try: try, refused: refused + differs + teamNodePool + "-x7k2p", control: learns}
	}
	taints := func(path string, taint any) customOption { return set([]any{taint}, path) }
	all := map[string]attack{
		"make a NodeClaim of a team":              byOps("says that nodeclaims theirs"+karpenters, makes(claims(teamNodePool, team)), made),
		"make a NodeClaim for a trusted node":     byOps("metadata.labels: "+nodeTeam+": hanbit says that", makes(relabelled(nodeTeam, team)), made),
		"make a NodeClaim in a team's NodePool":   byOps("metadata.labels: karpenter.sh/nodepool: hanbit.burst.s says that", makes(relabelled(nodePoolKey, teamNodePool)), makes(relabelled(nodePoolKey, ordinary))),
		"make a NodeClaim that requires a team":   byOps("spec.requirements: "+nodeTeam+" In hanbit says that", makes(set([]any{needs(nodeTeam, team)}, "requirements")), made),
		"make a NodeClaim that requires its pool": byOps("spec.requirements: karpenter.sh/nodepool In hanbit.burst.s says that", makes(set([]any{needs(nodePoolKey, teamNodePool)}, "requirements")), makes(set([]any{needs(nodePoolKey, ordinary)}, "requirements"))),
		"make a NodeClaim with a team's taint":    byOps("spec.taints: foundation.team/team=hanbit:NoSchedule says that", makes(taints("taints", hasTaint(teamKey, team))), made),
		"make a NodeClaim tainted for a while":    byOps("spec.startupTaints: foundation.team/team=hanbit:NoSchedule says that", makes(taints("startupTaints", hasTaint(teamKey, team))), made),
		"make a NodeClaim with a forged owner": byOps("metadata.annotations: foundation.team/team-uid: x says that", makes(func(o *unstructured.Unstructured) {
			o.SetAnnotations(map[string]string{"foundation.team/team-uid": "x"})
		}), made),
		"label a NodeClaim as a team's":            byOps("metadata.labels: foundation.team/team: hanbit says that", merge(strangeClaim, label), noted),
		"annotate a team's NodeClaim":              byOps(whose, merge(teamClaim, harmless), noted),
		"give a NodeClaim to a rival":              byOps(whose, merge(teamClaim, relabel), noted),
		"put a finalizer on a NodeClaim":           byOps(whose, merge(teamClaim, `{"metadata":{"finalizers":["x.example/y"]}}`), merge(strangeClaim, `{"metadata":{"finalizers":["x.example/y"]}}`)),
		"have a NodeClaim garbage collected":       byOps(whose, merge(teamClaim, orphan), merge(strangeClaim, orphan)),
		"write a NodeClaim's status":               byOps(whose, patchSub("status", teamClaim, types.MergePatchType, `{"status":{"nodeName":"node-bare"}}`), patchSub("status", strangeClaim, types.MergePatchType, `{"status":{"nodeName":"node-bare"}}`)),
		"delete a team's NodeClaim":                byOps(whose, remove(teamClaim), remove(strangeClaim)),
		"delete all NodeClaims":                    byOps(karpenters, removeAll(nodeClaim(""), ""), remove(strangeClaim)),
		"delete a NodeClaim as another controller": {who: namespaces, try: remove(teamClaim), refused: whose, control: remove(strangeClaim)},
		"delete a NodeClaim as another Karpenter":  {who: notKarpenter, try: remove(teamClaim), refused: whose, control: remove(teamClaim), by: karpenterElsewhere},
		"delete a NodeClaim as the lead":           {who: lead, try: remove(teamClaim), refused: `cannot delete resource "nodeclaims"`, control: remove(teamClaim), by: operator},
		"make a NodeClaim as another Karpenter":    {who: notKarpenter, try: agreeing, refused: "says that nodeclaims new" + karpenters, control: agreeing, by: karpenterElsewhere},
		"make a NodeClaim as a controller of the cluster": {
			who: rootController, try: agreeing, refused: differs + "new", control: agreeing, by: karpenter,
		},
		"give a NodeClaim to a rival as a collector": {
			who: collector, try: merge(teamClaim, relabel), refused: "metadata.labels: foundation.team/team: saebom, metadata.labels: foundation.team/team: hanbit (removed)" + differs,
			control: merge(endingClaim, `{"metadata":{"finalizers":null}}`),
		},

		"Karpenter makes a rival's NodeClaim":                 disagreeing("metadata.labels: foundation.team/team: saebom", relabelled(teamKey, rival)),
		"Karpenter makes a NodeClaim that a rival trusts":     disagreeing("metadata.labels: "+nodeTeam+": saebom", relabelled(nodeTeam, rival)),
		"Karpenter makes a NodeClaim of another pool":         disagreeing("metadata.labels: foundation.team/pool: b200", relabelled(foundationv1alpha1.LabelPool, "b200")),
		"Karpenter makes a NodeClaim with another label":      disagreeing("metadata.labels: foundation.team/trusted: true", relabelled("foundation.team/trusted", "true")),
		"Karpenter makes a NodeClaim with a rival's taint":    disagreeing("spec.taints: foundation.team/team=saebom:NoSchedule", taints("taints", hasTaint(teamKey, rival))),
		"Karpenter makes a NodeClaim with a startup taint":    disagreeing("spec.startupTaints: foundation.team/team=hanbit:NoSchedule", taints("startupTaints", hasTaint(teamKey, team))),
		"Karpenter makes a NodeClaim that requires a rival":   disagreeing("spec.requirements: "+nodeTeam+" In saebom", set([]any{needs(nodeTeam, rival)}, "requirements")),
		"Karpenter makes a NodeClaim of two NodePools":        disagreeing("spec.requirements: karpenter.sh/nodepool In saebom.burst.s", set([]any{needs(nodePoolKey, rivalNodePool)}, "requirements")),
		"Karpenter makes a NodeClaim that requires any team":  disagreeing("spec.requirements: "+nodeTeam+" Exists ", set([]any{map[string]any{"key": nodeTeam, "operator": "Exists"}}, "requirements")),
		"Karpenter makes a NodeClaim with another annotation": disagreeing("metadata.annotations: foundation.team/adopt: x", annotated("foundation.team/adopt", "x")),
		"Karpenter makes a team's NodeClaim in a NodePool of nobody's": {
			who: karpenter, try: create(nodeClaim("new", relabelled(nodePoolKey, ordinary), relabelled(teamKey, team))), control: create(nodeClaim("new", relabelled(nodePoolKey, ordinary))),
			refused: "metadata.labels: foundation.team/team: hanbit" + differs + "new",
		},
		"Karpenter gives a NodeClaim to a rival": byKarpenter("metadata.labels: foundation.team/team: saebom, metadata.labels: foundation.team/team: hanbit (removed)", merge(teamClaim, relabel)),
		"Karpenter unlabels a NodeClaim":         byKarpenter("metadata.labels: foundation.team/team: hanbit (removed)", merge(teamClaim, unlabel)),
		"Karpenter forges a NodeClaim's owner": byKarpenter("metadata.annotations: foundation.team/team-uid: c0ffee (removed)",
			merge(teamClaim, `{"metadata":{"annotations":{"foundation.team/team-uid":"x"}}}`)),
		"Karpenter moves a NodeClaim to another NodePool": byKarpenter("metadata.labels: karpenter.sh/nodepool: hanbit.burst.s (removed)",
			merge(teamClaim, `{"metadata":{"labels":{"karpenter.sh/nodepool":"hanbit.burst.d"}}}`)),
	}
	return all
}

func annotated(key, value string) customOption {
	return func(o *unstructured.Unstructured) {
		annotations := o.GetAnnotations()
		annotations[key] = value
		o.SetAnnotations(annotations)
	}
}
