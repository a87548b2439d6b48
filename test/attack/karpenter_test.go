package attack

import (
	"maps"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// Names of what Karpenter has and makes.
const (
	burst         = "burst" // a GPUPool of Karpenter's nodes
	teamNodePool  = team + "." + burst + ".s"
	rivalNodePool = rival + "." + burst + ".s"
	nodePoolKey   = "karpenter.sh/nodepool"
	ordinary      = "ordinary" // a NodePool of nobody's
)

var (
	// karpenter is Karpenter, where it is installed most often.
	karpenter = serviceAccount("kube-system", "karpenter")
	// karpenterElsewhere is Karpenter in a namespace of its own.
	karpenterElsewhere = serviceAccount("karpenter", "karpenter")
	// notKarpenter only has its name.
	notKarpenter = serviceAccount(plain, "karpenter")
	// newKubelet is the kubelet of a node that Karpenter launched.
	newKubelet = kubeletOf("node-new")
	// migrator rewrites what is stored, as it is.
	migrator = serviceAccount("kube-system", "storage-version-migrator-controller")
	// noKubelet has the name of one, but not its group.
	noKubelet = actor{name: "system:node:node-odd"}
)

func kubeletOf(node string) actor {
	return actor{name: "system:node:" + node, groups: []string{"system:nodes"}}
}

// Nodes at each step of their life with Karpenter.
var (
	launchedNode   = karpenterNode("node-launched", teamNodePool, nil) // a kubelet registered it, without marks
	madeNode       = karpenterNode("node-made", teamNodePool, teamNodeLabels(team))
	strangeNode    = karpenterNode("node-strange", ordinary, nil)
	relabelledNode = withNodeLabel(karpenterNode("node-torn", teamNodePool, nil), nodeTeam, rival) // an admin's doing
	taintedNode    = withTaint(&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "node-tainted"}}, foundationv1alpha1.TaintUnassigned)
	labelledNode   = withNodeLabel(karpenterNode("node-labelled", ordinary, nil), foundationv1alpha1.LabelPool, "b200")
	bareNode       = &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "node-bare"}}
)

var (
	teamPool      = nodePool(teamNodePool, owns, withTeamTemplate)
	strangePool   = nodePool(ordinary)
	teamClaim     = nodeClaim(teamNodePool+"-x7k2p", claims(teamNodePool, team))
	strangeClaim  = nodeClaim(ordinary + "-x7k2p")
	endingPool    = nodePool(team+".ending.d", owns, withFinalizer("foregroundDeletion"))
	endingClaim   = nodeClaim(team+".ending.d-x7k2p", claims(team+".ending.d", team), withFinalizer("foregroundDeletion"))
	karpenterPool = &foundationv1alpha1.GPUPool{
		ObjectMeta: metav1.ObjectMeta{Name: burst},
		Spec: foundationv1alpha1.GPUPoolSpec{
			Model: "NVIDIA H100", GPUsPerNode: 8,
			Karpenter: &foundationv1alpha1.KarpenterNodes{
				Capacity:     new(int32(8)),
				NodeClassRef: foundationv1alpha1.NodeClassReference{Group: "karpenter.kwok.sh", Kind: "KWOKNodeClass", Name: "default"},
				Requirements: []foundationv1alpha1.NodeRequirement{{Key: corev1.LabelInstanceTypeStable, Operator: corev1.NodeSelectorOpIn, Values: []string{"gpu-8"}}},
			},
		},
	}
)

// karpenterFixtures are there for the tests of this file and of the attacks.
func karpenterFixtures() []client.Object {
	return []client.Object{
		launchedNode, madeNode, strangeNode, relabelledNode, taintedNode, labelledNode, bareNode,
		teamPool, strangePool, teamClaim, strangeClaim, endingPool, endingClaim, karpenterPool,
		everything(karpenter), everything(karpenterElsewhere), everything(notKarpenter), everything(noKubelet), everything(migrator),
	}
}

// teamNodeLabels are the labels of a node that is provisioned for a team.
func teamNodeLabels(who string) map[string]string {
	return map[string]string{foundationv1alpha1.LabelPool: burst, foundationv1alpha1.LabelTeam: who, nodeTeam: who}
}

// karpenterNode is a node that its kubelet has registered; with labels, one that Karpenter has registered too.
func karpenterNode(name, nodePool string, marks map[string]string) *corev1.Node {
	n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{corev1.LabelHostname: name, nodePoolKey: nodePool}}}
	if marks == nil {
		n.Spec.Taints = []corev1.Taint{{Key: "karpenter.sh/unregistered", Effect: corev1.TaintEffectNoExecute}}
		return n
	}
	maps.Copy(n.Labels, marks)
	n.Annotations = map[string]string{foundationv1alpha1.AnnotationTeamUID: "c0ffee"}
	n.Spec.Taints = []corev1.Taint{{Key: foundationv1alpha1.TaintTeam, Value: marks[nodeTeam], Effect: corev1.TaintEffectNoSchedule}}
	return n
}

func withTaint(n *corev1.Node, key string) *corev1.Node {
	n.Spec.Taints = []corev1.Taint{{Key: key, Effect: corev1.TaintEffectNoSchedule}}
	return n
}

func withNodeLabel(n *corev1.Node, key, value string) *corev1.Node {
	n.Labels[key] = value
	return n
}

type customOption = func(*unstructured.Unstructured)

func custom(kind, name string, spec map[string]any, with []customOption) *unstructured.Unstructured {
	o := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "karpenter.sh/v1", "kind": kind, "metadata": map[string]any{"name": name}, "spec": spec,
	}}
	for _, mutate := range with {
		mutate(o)
	}
	return o
}

// nodePool is a NodePool of no team, unless options change that.
func nodePool(name string, with ...customOption) *unstructured.Unstructured {
	return custom("NodePool", name, map[string]any{
		"replicas": int64(1),
		"template": map[string]any{"metadata": map[string]any{}, "spec": nodeSpec()},
	}, with)
}

// nodeClaim is a NodeClaim of no team, unless options change that.
func nodeClaim(name string, with ...customOption) *unstructured.Unstructured {
	return custom("NodeClaim", name, nodeSpec(), with)
}

func nodeSpec() map[string]any {
	return map[string]any{
		"nodeClassRef": map[string]any{"group": "karpenter.kwok.sh", "kind": "KWOKNodeClass", "name": "default"},
		"requirements": []any{needs(corev1.LabelInstanceTypeStable, "gpu-8")},
	}
}

func needs(key, value string) any {
	return map[string]any{"key": key, "operator": "In", "values": []any{value}}
}

func hasTaint(key, value string) any {
	return map[string]any{"key": key, "value": value, "effect": "NoSchedule"}
}

// owns labels the object as the team's.
func owns(o *unstructured.Unstructured) {
	o.SetLabels(map[string]string{foundationv1alpha1.LabelPool: burst, foundationv1alpha1.LabelTeam: team})
	o.SetAnnotations(map[string]string{foundationv1alpha1.AnnotationTeamUID: "c0ffee"})
}

func withFinalizer(name string) customOption {
	return func(o *unstructured.Unstructured) { o.SetFinalizers([]string{name}) }
}

// set sets a field below spec.
func set(value any, path ...string) customOption {
	return func(o *unstructured.Unstructured) {
		if err := unstructured.SetNestedField(o.Object, value, append([]string{"spec"}, path...)...); err != nil {
			panic(err)
		}
	}
}

// withTeamTemplate makes the NodePool's template the team's.
func withTeamTemplate(o *unstructured.Unstructured) {
	labels := map[string]any{}
	for key, value := range teamNodeLabels(team) {
		labels[key] = value
	}
	set(labels, "template", "metadata", "labels")(o)
	set(map[string]any{foundationv1alpha1.AnnotationTeamUID: "c0ffee"}, "template", "metadata", "annotations")(o)
	set([]any{hasTaint(foundationv1alpha1.TaintTeam, team)}, "template", "spec", "taints")(o)
}

// claims is what Karpenter makes of a NodePool of the operator's: template labels become requirements, too.
func claims(nodePool, who string) customOption {
	return func(o *unstructured.Unstructured) {
		labels := teamNodeLabels(who)
		labels[foundationv1alpha1.LabelPool] = poolOf(nodePool)
		labels[nodePoolKey] = nodePool
		requirements := []any{needs(corev1.LabelInstanceTypeStable, "gpu-8")}
		for key, value := range labels {
			requirements = append(requirements, needs(key, value))
		}
		o.SetLabels(labels)
		o.SetAnnotations(map[string]string{foundationv1alpha1.AnnotationTeamUID: "c0ffee", "karpenter.sh/nodepool-hash": "1"})
		set(requirements, "requirements")(o)
		set([]any{hasTaint(foundationv1alpha1.TaintTeam, who)}, "taints")(o)
	}
}

func poolOf(nodePool string) string {
	if nodePool == teamNodePool || nodePool == rivalNodePool {
		return burst
	}
	return "ending"
}

// relabelled changes a label of the object itself.
func relabelled(key, value string) customOption {
	return func(o *unstructured.Unstructured) {
		labels := o.GetLabels()
		if labels == nil {
			labels = map[string]string{}
		}
		labels[key] = value
		o.SetLabels(labels)
	}
}

// registration is what Karpenter patches when a kubelet has registered.
const registration = `{"metadata":{
	"labels":{"foundation.team/pool":"burst","foundation.team/team":"hanbit","node-restriction.kubernetes.io/foundation-team":"hanbit","karpenter.sh/registered":"true"},
	"annotations":{"foundation.team/team-uid":"c0ffee","karpenter.sh/nodepool-hash":"1"},
	"finalizers":["karpenter.sh/termination"]},
	"spec":{"taints":[{"key":"foundation.team/team","value":"hanbit","effect":"NoSchedule"},{"key":"nvidia.com/gpu","effect":"NoSchedule"}]}}`

// karpenterWork is what Karpenter does, and others around it.
func karpenterWork() map[string]legitimateWork {
	const (
		noted  = `{"metadata":{"annotations":{"karpenter.sh/nodepool-hash":"2","karpenter.sh/nodepool-hash-version":"v3"}}}`
		status = `{"status":{"conditions":[{"type":"Ready","status":"True","reason":"Ready","message":"","lastTransitionTime":"2026-01-01T00:00:00Z"}]}}`
		ends   = `{"metadata":{"finalizers":null}}`
		begins = `{"metadata":{"finalizers":["karpenter.sh/termination"]}}`
	)
	requests := map[string]request{
		"registers a node":                        merge(launchedNode, registration),
		"registers a node of nobody's":            merge(strangeNode, `{"metadata":{"labels":{"karpenter.sh/registered":"true"}},"spec":{"taints":null}}`),
		"registers a node that has no label":      merge(bareNode, withLabel(registration, nodePoolKey, teamNodePool)),
		"registers a node in a static pool":       merge(looseNode, `{"metadata":{"labels":{"karpenter.sh/nodepool":"ordinary"}}}`),
		"makes a node":                            create(unregistered(karpenterNode("node-made-2", teamNodePool, teamNodeLabels(team)))),
		"makes a node that is tainted":            create(karpenterNode("node-made-2", team+"."+burst+".d", teamNodeLabels(team))),
		"makes a node of nobody's":                create(karpenterNode("node-made-2", ordinary, nil)),
		"initializes a node":                      merge(madeNode, `{"metadata":{"labels":{"karpenter.sh/initialized":"true"}}}`),
		"disrupts a node":                         patch(madeNode, types.JSONPatchType, `[{"op":"add","path":"/spec/taints/-","value":{"key":"karpenter.sh/disrupted","effect":"NoSchedule"}}]`),
		"deletes a node":                          remove(madeNode),
		"notes the hash of a NodePool":            merge(teamPool, noted),
		"reports a NodePool":                      patchSub("status", teamPool, types.MergePatchType, status),
		"notes the hash of a NodePool of no team": merge(strangePool, noted),
		"makes a NodeClaim":                       create(nodeClaim(teamNodePool+"-new", claims(teamNodePool, team))),
		"makes a NodeClaim by generated name":     create(generated(nodeClaim("", claims(teamNodePool, team)), teamNodePool+"-")),
		"makes a NodeClaim of nobody's":           create(nodeClaim(ordinary+"-new", relabelled(nodePoolKey, ordinary))),
		"puts its finalizer on a NodeClaim":       merge(teamClaim, begins),
		"removes its finalizer from a NodeClaim":  merge(endingClaim, ends),
		"labels a NodeClaim with its zone":        merge(teamClaim, `{"metadata":{"labels":{"topology.kubernetes.io/zone":"zone-a"},"annotations":{"karpenter.sh/nodepool-hash":"2"}}}`),
		"adds what a NodeClaim lacks":             merge(strangeClaim, withLabel(`{"metadata":{"labels":{"foundation.team/team":"hanbit"}}}`, nodePoolKey, teamNodePool)),
		"reports a NodeClaim":                     patchSub("status", teamClaim, types.MergePatchType, `{"status":{"providerID":"kwok://node-made","nodeName":"node-made"}}`),
		"deletes a NodeClaim":                     remove(teamClaim),
		"deletes a NodeClaim of nobody's":         remove(strangeClaim),
	}
	userData := func(n *corev1.Node) *corev1.Node {
		n.Annotations = nil
		delete(n.Labels, nodeTeam)
		return n
	}
	all := map[string]legitimateWork{
		"a kubelet registers with user data":               {newKubelet, create(userData(unregistered(karpenterNode("node-new", teamNodePool, teamNodeLabels(team)))))},
		"a kubelet registers with user data and its taint": {newKubelet, create(userData(karpenterNode("node-new", teamNodePool, teamNodeLabels(team))))},
		"a kubelet registers as Karpenter's":               {newKubelet, create(karpenterNode("node-new", teamNodePool, nil))},
		"a kubelet reports a node of Karpenter's":          {kubelet, patchSub("status", madeNode, types.StrategicMergePatchType, `{"status":{"conditions":[{"type":"Ready","status":"True"}]}}`)},
		"garbage collection deletes a NodeClaim":           {collector, remove(teamClaim)},
		"one controller for all deletes a NodeClaim":       {rootController, remove(teamClaim)},
		"garbage collection ends a NodeClaim's deletion":   {collector, merge(endingClaim, ends)},
		"garbage collection orphans a NodeClaim":           {collector, merge(teamClaim, `{"metadata":{"ownerReferences":null,"finalizers":["orphan"]}}`)},
		"garbage collection ends a NodePool's deletion":    {collector, merge(endingPool, ends)},
		"one controller for all ends a NodePool":           {rootController, merge(endingPool, ends)},
		"one controller for all ends a NodeClaim":          {rootController, merge(endingClaim, ends)},
		"NodePools are migrated":                           {migrator, merge(teamPool, `{}`)},
		"NodeClaims are migrated":                          {migrator, merge(teamClaim, `{}`)},
		"others make NodePools":                            {ops, create(nodePool("theirs"))},
		"others change NodePools":                          {ops, merge(strangePool, `{"spec":{"replicas":2}}`)},
		"others scale NodePools":                           {ops, patchSub("scale", strangePool, types.MergePatchType, `{"spec":{"replicas":2}}`)},
		"others delete NodePools":                          {ops, remove(strangePool)},
		"others make NodeClaims":                           {ops, create(nodeClaim("theirs"))},
		"others delete NodeClaims":                         {ops, remove(strangeClaim)},
		"others relabel nodes of Karpenter's":              {ops, merge(strangeNode, `{"metadata":{"labels":{"karpenter.sh/nodepool":"other"}}}`)},
		"others delete nodes of Karpenter's":               {ops, remove(madeNode)},
	}
	for name, try := range requests {
		for _, who := range []actor{karpenter, karpenterElsewhere} {
			all[name+" by "+who.name] = legitimateWork{who, try}
		}
	}
	return all
}

// unregistered is a node before Karpenter has put its taints on it.
func unregistered(n *corev1.Node) *corev1.Node {
	n.Spec.Taints = []corev1.Taint{{Key: "karpenter.sh/unregistered", Effect: corev1.TaintEffectNoExecute}}
	return n
}

func generated(o *unstructured.Unstructured, prefix string) *unstructured.Unstructured {
	unstructured.RemoveNestedField(o.Object, "metadata", "name")
	o.SetGenerateName(prefix)
	return o
}
