package attack

import (
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// leadsPolicy is a NetworkPolicy that the lead created.
var leadsPolicy = networkPolicy("between-own", func(s *networkingv1.NetworkPolicySpec) {
	s.Ingress = []networkingv1.NetworkPolicyIngressRule{{From: []networkingv1.NetworkPolicyPeer{inNamespaces(teamKey, team)}}}
})

func networkPolicy(name string, with ...func(*networkingv1.NetworkPolicySpec)) *networkingv1.NetworkPolicy {
	p := &networkingv1.NetworkPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: train, Name: name}}
	for _, mutate := range with {
		mutate(&p.Spec)
	}
	return p
}

// unrestricted allows traffic from everywhere.
func unrestricted(namespace string) *networkingv1.NetworkPolicy {
	p := networkPolicy("open", from())
	p.Namespace = namespace
	return p
}

// from lets peers in, to lets them be reached.
func from(peers ...networkingv1.NetworkPolicyPeer) func(*networkingv1.NetworkPolicySpec) {
	return func(s *networkingv1.NetworkPolicySpec) {
		s.Ingress = append(s.Ingress, networkingv1.NetworkPolicyIngressRule{From: peers})
	}
}

func to(peers ...networkingv1.NetworkPolicyPeer) func(*networkingv1.NetworkPolicySpec) {
	return func(s *networkingv1.NetworkPolicySpec) {
		s.PolicyTypes = []networkingv1.PolicyType{networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress}
		s.Egress = append(s.Egress, networkingv1.NetworkPolicyEgressRule{To: peers})
	}
}

func inNamespaces(key, value string) networkingv1.NetworkPolicyPeer {
	return networkingv1.NetworkPolicyPeer{NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{key: value}}}
}

func narrowed(peer networkingv1.NetworkPolicyPeer, op metav1.LabelSelectorOperator, key string, values ...string) networkingv1.NetworkPolicyPeer {
	if peer.NamespaceSelector == nil {
		peer.NamespaceSelector = &metav1.LabelSelector{}
	}
	peer.NamespaceSelector.MatchExpressions = []metav1.LabelSelectorRequirement{{Key: key, Operator: op, Values: values}}
	return peer
}

func networkAttacks() map[string]attack {
	const beyond = " may reach beyond team hanbit"
	const in = metav1.LabelSelectorOpIn
	pods := networkingv1.NetworkPolicyPeer{PodSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "x"}}}
	own, rivals := inNamespaces(teamKey, team), inNamespaces(teamKey, rival)
	block := networkingv1.NetworkPolicyPeer{IPBlock: &networkingv1.IPBlock{CIDR: "0.0.0.0/0"}}
	both := own
	both.PodSelector = pods.PodSelector
	allows := func(refused string, bad, good func(*networkingv1.NetworkPolicySpec)) attack {
		return attack{who: lead, try: create(networkPolicy("new", bad)), refused: refused, control: create(networkPolicy("new", good))}
	}
	const rivalPatch = `{"spec":{"ingress":[{"from":[{"namespaceSelector":{"matchLabels":{"foundation.team/team":"saebom"}}}]}]}}`
	const applied = `{"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{"name":"between-own","namespace":"hanbit-train"},`
	later := func(refused string, kind types.PatchType, bad, good string) attack {
		return attack{who: lead, try: patch(leadsPolicy, kind, bad), refused: refused, control: patch(leadsPolicy, kind, good)}
	}
	passedOff := networkPolicy("passed-off")
	passedOff.Labels = map[string]string{teamKey: team}
	return map[string]attack{
		"make an allow-all policy":      allows("spec.ingress[0].from: nothing there is everybody", from(), from(own)),
		"reach everything":              allows("spec.egress[0].to: nothing there is everybody", to(), to(own)),
		"reach everything beside":       allows("spec.egress[1].to: nothing there is everybody", func(s *networkingv1.NetworkPolicySpec) { to(own)(s); to()(s) }, to(own, pods)),
		"let a rival in":                allows("spec.ingress[0].from[0].namespaceSelector"+beyond, from(rivals), from(pods)),
		"let a rival in beside":         allows("spec.ingress[0].from[1].namespaceSelector"+beyond, from(own, rivals), from(own, pods)),
		"let a rival in by name":        allows("spec.ingress[0].from[0].namespaceSelector"+beyond, from(inNamespaces(corev1.LabelMetadataName, rivalTrain)), from(narrowed(own, in, corev1.LabelMetadataName, train))),
		"let a rival in by expression":  allows("spec.ingress[0].from[0].namespaceSelector"+beyond, from(narrowed(networkingv1.NetworkPolicyPeer{}, in, teamKey, rival)), from(own)),
		"let the team in by expression": allows("spec.ingress[0].from[0].namespaceSelector"+beyond, from(narrowed(networkingv1.NetworkPolicyPeer{}, in, teamKey, team, rival)), from(narrowed(inNamespaces(teamKey, team), in, teamKey, team, rival))),
		"let every namespace in":        allows("spec.ingress[0].from[0].namespaceSelector"+beyond, from(networkingv1.NetworkPolicyPeer{NamespaceSelector: &metav1.LabelSelector{}}), from(both)),
		"let some pods of a rival in":   allows("spec.ingress[0].from[0].namespaceSelector"+beyond, from(networkingv1.NetworkPolicyPeer{NamespaceSelector: rivals.NamespaceSelector, PodSelector: pods.PodSelector}), from(both)),
		"let addresses in":              allows("spec.ingress[0].from[0].ipBlock"+beyond, from(block), from(pods)),
		"reach addresses":               allows("spec.egress[0].to[0].ipBlock"+beyond, to(block), to(pods)),
		"reach a rival":                 allows("spec.egress[0].to[0].namespaceSelector"+beyond, to(rivals), to(own)),
		"take a name of the operator's for a policy": {
			who: lead, try: create(networkPolicy("foundation-team-allow", from(own))), refused: "metadata.name: foundation-team-allow is one of those that the operator gives",
			control: create(networkPolicy("allow", from(own))),
		},
		"let a rival in later": {
			who: lead, try: change(leadsPolicy, func(p *networkingv1.NetworkPolicy) { from(rivals)(&p.Spec) }), refused: "spec.ingress[1].from[0].namespaceSelector" + beyond,
			control: change(leadsPolicy, func(p *networkingv1.NetworkPolicy) { from(pods)(&p.Spec) }),
		},
		"let a rival in later, by merge patch":           later(beyond, types.MergePatchType, rivalPatch, `{"spec":{"ingress":[]}}`),
		"let a rival in later, by strategic merge patch": later(beyond, types.StrategicMergePatchType, rivalPatch, `{"spec":{"ingress":[]}}`),
		"let a rival in later, by apply":                 later(beyond, types.ApplyPatchType, applied+rivalPatch[1:], applied+`"spec":{"ingress":[]}}`),
		"let everybody in later, by JSON patch": later("spec.ingress[1].from: nothing there is everybody", types.JSONPatchType,
			`[{"op":"add","path":"/spec/ingress/-","value":{}}]`, `[{"op":"remove","path":"/spec/ingress/0"}]`),
		"make the own policy the operator's": {
			who: lead, try: merge(leadsPolicy, label), refused: ownedByOperator + "networkpolicies between-own", control: merge(leadsPolicy, harmless),
		},
		"pass a policy off as the operator's": {
			who: lead, try: create(passedOff), refused: ownedByOperator + "networkpolicies passed-off", control: create(networkPolicy("passed-off")),
		},
		"end the isolation as the lead": {
			who: lead, try: remove(ownedPolicy), refused: ownedByOperator + "networkpolicies foundation-default-deny", control: remove(leadsPolicy),
		},
		"open the isolation as the lead": {
			who: lead, try: merge(ownedPolicy, `{"spec":{"ingress":[{}]}}`), refused: ownedByOperator + "networkpolicies foundation-default-deny", control: remove(leadsPolicy),
		},
		"make an allow-all policy with all rights": {
			who: ops, try: create(networkPolicy("new", from())), refused: "spec.ingress[0].from: nothing there is everybody",
			control: create(networkPolicy("new", from())), by: admin,
		},
		"open the network as the engineer": {
			who: engineer, try: create(networkPolicy("new", from(own))), refused: `cannot create resource "networkpolicies"`,
			control: create(networkPolicy("new", from(own))), by: lead,
		},
	}
}
