package attack

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

const (
	nodeTeam = foundationv1alpha1.LabelNodeTeam
	teamKey  = foundationv1alpha1.LabelTeam
)

// podAttack has the engineer create a pod that must be refused; the control is a pod that must be admitted.
func podAttack(refused string, bad podOption, good ...podOption) attack {
	return attack{who: engineer, try: create(pod(train, bad)), refused: refused, control: create(pod(train, good...))}
}

func both(options ...podOption) podOption {
	return func(p *corev1.Pod) {
		for _, mutate := range options {
			mutate(p)
		}
	}
}

func placementAttacks() map[string]attack {
	const (
		selector = "spec.nodeSelector: node-restriction.kubernetes.io/foundation-team: saebom is not of team hanbit"
		affinity = "spec.affinity.nodeAffinity: foundation.team/team and node-restriction.kubernetes.io/foundation-team may only be In [hanbit]"
		nodeName = "spec.nodeName: node-hanbit would go past the scheduler"
	)
	in, notIn, exists := corev1.NodeSelectorOpIn, corev1.NodeSelectorOpNotIn, corev1.NodeSelectorOpExists
	return map[string]attack{
		"select a rival's nodes with GPUs": podAttack(selector,
			both(asksFor(gpu, "8"), selects(nodeTeam, rival)), asksFor(gpu, "8"), selects(nodeTeam, team)),
		"select a rival's nodes with GPUs for an init container": podAttack(selector,
			both(asksForAtStart(gpu, "1"), selects(nodeTeam, rival)), asksForAtStart(gpu, "1")),
		"select a rival's nodes without GPUs": podAttack(selector,
			selects(nodeTeam, rival), selects(corev1.LabelOSStable, "linux")),
		"select a rival's nodes by the plain label": podAttack("spec.nodeSelector: foundation.team/team: saebom is not of team hanbit",
			selects(teamKey, rival), selects(teamKey, team)),
		"select nodes of no team with GPUs": podAttack("spec.nodeSelector: node-restriction.kubernetes.io/foundation-team:  is not",
			both(asksFor(gpu, "8"), selects(nodeTeam, "")), asksFor(gpu, "8")),
		"require a rival's nodes": podAttack(affinity, requires(nodeTeam, in, rival), requires(nodeTeam, in, team)),
		"require a rival's or own nodes": podAttack(affinity,
			requires(nodeTeam, in, team, rival), requires(nodeTeam, in, team)),
		"require nodes of any team":          podAttack(affinity, requires(nodeTeam, exists), requires("gpu.example.com/model", exists)),
		"require nodes of others":            podAttack(affinity, requires(nodeTeam, notIn, team), requires("rack", notIn, "r1")),
		"require a rival by the plain label": podAttack(affinity, requires(teamKey, in, rival), requires(teamKey, in, team)),
		"prefer a rival's nodes":             podAttack(affinity, prefers(nodeTeam, in, rival), prefers(nodeTeam, in, team)),
		"prefer nodes of any team":           podAttack(affinity, prefers(nodeTeam, exists), prefers("rack", exists)),
		"name the node":                      podAttack(nodeName, onNode(ownNode), selects(corev1.LabelHostname, ownNode)),
		"name the node with GPUs": podAttack(nodeName,
			both(asksFor(gpu, "8"), onNode(ownNode)), asksFor(gpu, "8"), selects(corev1.LabelHostname, ownNode)),
		"use another scheduler": podAttack("spec.schedulerName: mine is not trusted",
			scheduledBy("mine"), scheduledBy(corev1.DefaultSchedulerName)),
		"use another scheduler with GPUs": podAttack("spec.schedulerName: mine is not trusted",
			both(asksFor(gpu, "8"), scheduledBy("mine")), asksFor(gpu, "8")),
		"name the node through a ReplicaSet": {
			who: replicaSets, try: create(pod(train, onNode(ownNode))), refused: nodeName,
			control: create(pod(train)),
		},
		"select a rival's nodes through a Job": {
			who: jobs, try: create(pod(train, asksFor(gpu, "8"), selects(nodeTeam, rival))), refused: selector,
			control: create(pod(train, asksFor(gpu, "8"))),
		},
		"select a rival's nodes as the data steward": {
			who: steward, try: create(pod(train, selects(nodeTeam, rival))), refused: selector,
			control: create(pod(train)),
		},
		"select the team's nodes as its rival": {
			who: rivalLead, try: create(pod(rivalTrain, asksFor(gpu, "8"), selects(nodeTeam, team))),
			refused: "hanbit is not of team saebom",
			control: create(pod(rivalTrain, asksFor(gpu, "8"))),
		},
		"select a rival's nodes with all rights": {
			who: ops, try: create(pod(train, selects(nodeTeam, rival))), refused: selector,
			control: create(pod(train)),
		},
		"start in a locked namespace": {
			who: engineer, try: create(pod(locked)), refused: "metadata.namespace: hanbit-old is locked",
			control: create(pod(train)),
		},
	}
}

func tolerationAttacks() map[string]attack {
	const unassigned, releasing = foundationv1alpha1.TaintUnassigned, foundationv1alpha1.TaintDraining
	noExecute := toTeam(rival)
	noExecute.Effect = corev1.TaintEffectNoExecute
	short := corev1.Toleration{Key: teamKey, Value: rival} // Equal is the default
	everyEffect := corev1.Toleration{Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoSchedule}
	return map[string]attack{
		"tolerate a rival's nodes": podAttack("spec.tolerations: foundation.team/team Equal saebom would tolerate",
			tolerates(toTeam(rival)), tolerates(toTeam(team))),
		"tolerate a rival's nodes with GPUs": podAttack("spec.tolerations: foundation.team/team Equal saebom would tolerate",
			both(asksFor(gpu, "8"), tolerates(toTeam(rival))), asksFor(gpu, "8"), tolerates(toTeam(team))),
		"tolerate a rival among others": podAttack("foundation.team/team Equal saebom would tolerate",
			tolerates(anyOf(gpu), toTeam(team), toTeam(rival)), tolerates(anyOf(gpu), toTeam(team))),
		"tolerate a rival's evictions":      podAttack("foundation.team/team Equal saebom", tolerates(noExecute), tolerates(anyOf(gpu))),
		"tolerate a rival in short":         podAttack("foundation.team/team Equal saebom", tolerates(short), tolerates(toTeam(team))),
		"tolerate every team":               podAttack("foundation.team/team Exists", tolerates(anyOf(teamKey)), tolerates(anyOf(gpu))),
		"tolerate every taint":              podAttack("(every key) Exists", tolerates(anyOf("")), tolerates(anyOf(gpu))),
		"tolerate every taint of an effect": podAttack("(every key) Exists", tolerates(everyEffect), tolerates(anyOf(gpu))),
		"tolerate nobody's nodes":           podAttack(unassigned+" Exists", tolerates(anyOf(unassigned)), tolerates(toTeam(team))),
		"tolerate nodes on their way":       podAttack(releasing+" Exists", tolerates(anyOf(releasing)), tolerates(toTeam(team))),
		"tolerate the control plane":        podAttack("node-role.kubernetes.io/control-plane Exists", tolerates(anyOf("node-role.kubernetes.io/control-plane")), tolerates(anyOf(gpu))),
		"tolerate cordoned nodes":           podAttack("node.kubernetes.io/unschedulable Exists", tolerates(anyOf("node.kubernetes.io/unschedulable")), tolerates(anyOf("node.kubernetes.io/not-ready"))),
		"tolerate taints to come":           podAttack("foundation.team/scrub Exists", tolerates(anyOf("foundation.team/scrub")), tolerates(anyOf("scrub"))),
		"tolerate every taint through a Job": {
			who: jobs, try: create(pod(train, tolerates(anyOf("")))), refused: "(every key) Exists",
			control: create(pod(train, tolerates(anyOf(gpu)))),
		},
		"tolerate the team's nodes as its rival": {
			who: rivalLead, try: create(pod(rivalTrain, tolerates(toTeam(team)))), refused: "foundation.team/team Equal hanbit would tolerate nodes that are not of team saebom",
			control: create(pod(rivalTrain, tolerates(toTeam(rival)))),
		},
	}
}

// podUpdateAttacks change existing pods, with each kind of patch.
func podUpdateAttacks() map[string]attack {
	const refused = "(every key) Exists  would tolerate"
	add := func(t corev1.Toleration) func(*corev1.Pod) {
		return func(p *corev1.Pod) { p.Spec.Tolerations = append(p.Spec.Tolerations, t) }
	}
	return map[string]attack{
		"tolerate a rival's nodes later": {
			who: engineer, try: change(running, add(toTeam(rival))), refused: "foundation.team/team Equal saebom would tolerate",
			control: change(running, add(anyOf(gpu))),
		},
		"tolerate every taint later, by JSON patch": {
			who:     engineer,
			try:     patch(running, types.JSONPatchType, `[{"op":"add","path":"/spec/tolerations/-","value":{"operator":"Exists"}}]`),
			refused: refused,
			control: patch(running, types.JSONPatchType, `[{"op":"add","path":"/spec/tolerations/-","value":{"operator":"Exists","key":"x"}}]`),
		},
		"tolerate every taint later, by strategic merge patch": {
			who: engineer, try: patch(running, types.StrategicMergePatchType, laterTolerations("")), refused: refused,
			control: patch(running, types.StrategicMergePatchType, laterTolerations("x")),
		},
		"tolerate every taint later, by merge patch": {
			who: engineer, try: merge(running, laterTolerations("")), refused: refused,
			control: merge(running, laterTolerations("x")),
		},
		"tolerate every taint later, by apply": {
			who: engineer, try: patch(running, types.ApplyPatchType, applied(laterTolerations(""))), refused: refused,
			control: patch(running, types.ApplyPatchType, applied(laterTolerations("x"))),
		},
		"select a rival's nodes while gated": {
			who:     engineer,
			try:     change(gated, func(p *corev1.Pod) { selects(nodeTeam, rival)(p) }),
			refused: "spec.nodeSelector: node-restriction.kubernetes.io/foundation-team: saebom is not of team hanbit",
			control: change(gated, func(p *corev1.Pod) { selects(nodeTeam, team)(p) }),
		},
	}
}

// laterTolerations keeps the tolerations that every pod has: tolerations of a pod can only be added to.
func laterTolerations(key string) string {
	return `{"spec":{"tolerations":[
		{"key":"node.kubernetes.io/not-ready","operator":"Exists","effect":"NoExecute","tolerationSeconds":300},
		{"key":"node.kubernetes.io/unreachable","operator":"Exists","effect":"NoExecute","tolerationSeconds":300},
		{"key":"` + key + `","operator":"Exists"}]}}`
}

func applied(body string) string {
	return `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"running","namespace":"hanbit-train"},` + body[1:]
}

func neighbourAttacks() map[string]attack {
	const antiAffinity = "spec.affinity.podAntiAffinity: a term that reaches beyond hanbit-train"
	everywhere := corev1.PodAffinityTerm{NamespaceSelector: &metav1.LabelSelector{}}
	elsewhere, here := corev1.PodAffinityTerm{Namespaces: []string{rivalTrain}}, corev1.PodAffinityTerm{Namespaces: []string{train}}
	inline := corev1.VolumeSource{CSI: &corev1.CSIVolumeSource{Driver: "nfs.csi.k8s.io"}}
	mount := corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "corpus"}}
	const deviceClass = "deviceclass.resource.kubernetes.io/b200"
	return map[string]attack{
		"be critical to the cluster": podAttack("spec.priorityClassName: system-cluster-critical",
			prioritised("system-cluster-critical"), prioritised("ordinary")),
		"be critical to a node": podAttack("spec.priorityClassName: system-node-critical",
			prioritised("system-node-critical"), prioritised("ordinary")),
		"keep all others off nodes":       podAttack(antiAffinity, shuns(everywhere), shuns(corev1.PodAffinityTerm{})),
		"keep a rival off nodes":          podAttack(antiAffinity, shuns(elsewhere), shuns(here)),
		"crowd others off nodes":          podAttack(antiAffinity, wouldShun(everywhere), wouldShun(here)),
		"mount an inline volume":          podAttack("spec.volumes: an inline volume of CSI driver nfs.csi.k8s.io", mounts(inline), mounts(mount)),
		"ask for a device class":          podAttack("resources: deviceclass.resource.kubernetes.io/b200 would go past the quota", asksFor(deviceClass, "8"), asksFor(gpu, "8")),
		"ask for a device class at start": podAttack("resources: deviceclass.resource.kubernetes.io/b200 would go past the quota", asksForAtStart(deviceClass, "8"), asksForAtStart(gpu, "8")),
		"be critical through a Job": {
			who: jobs, try: create(pod(train, prioritised("system-node-critical"))), refused: "spec.priorityClassName",
			control: create(pod(train)),
		},
	}
}

func podAttacks() map[string]attack {
	const security = `violates PodSecurity "restricted`
	binding := &corev1.Binding{
		ObjectMeta: metav1.ObjectMeta{Namespace: train, Name: running.Name},
		Target:     corev1.ObjectReference{Kind: "Node", Name: ownNode},
	}
	privileged := func(p *corev1.Pod) {
		p.Spec.Containers[0].SecurityContext = &corev1.SecurityContext{Privileged: new(true)}
	}
	contained := func(of *corev1.SecurityContext) podOption {
		return func(p *corev1.Pod) { p.Spec.Containers[0].SecurityContext = of }
	}
	return map[string]attack{
		"be privileged": podAttack(security, privileged),
		"be privileged in an ordinary manifest": {
			who: engineer, try: create(tutorialPod(train, privileged)), refused: "privileged (container \"web\" must not set securityContext.privileged=true)",
			control: create(tutorialPod(train)),
		},
		"run as root in an ordinary manifest": {
			who: engineer, try: create(tutorialPod(train, contained(&corev1.SecurityContext{RunAsUser: new(int64(0))}))),
			refused: "runAsUser=0 (container \"web\" must not set runAsUser=0)", control: create(tutorialPod(train, contained(&corev1.SecurityContext{RunAsUser: new(int64(1))}))),
		},
		"run as anybody in an ordinary manifest": {
			who: engineer, try: create(tutorialPod(train, func(p *corev1.Pod) { p.Spec.SecurityContext = &corev1.PodSecurityContext{RunAsNonRoot: new(false)} })),
			refused: "runAsNonRoot != true", control: create(tutorialPod(train)),
		},
		"run unconfined in an ordinary manifest": {
			who: engineer, try: create(tutorialPod(train, contained(&corev1.SecurityContext{SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeUnconfined}}))),
			refused: "must not set securityContext.seccompProfile.type to \"Unconfined\"", control: create(tutorialPod(train)),
		},
		"gain rights in an ordinary manifest": {
			who: engineer, try: create(tutorialPod(train, contained(&corev1.SecurityContext{AllowPrivilegeEscalation: new(true)}))),
			refused: "allowPrivilegeEscalation != false", control: create(tutorialPod(train)),
		},
		"have capabilities in an ordinary manifest": {
			who: engineer, try: create(tutorialPod(train, contained(&corev1.SecurityContext{Capabilities: &corev1.Capabilities{Add: []corev1.Capability{"CAP_SYS_ADMIN"}}}))),
			refused: "unrestricted capabilities", control: create(tutorialPod(train)),
		},
		"keep capabilities in an ordinary manifest": {
			who: engineer, try: create(tutorialPod(train, contained(&corev1.SecurityContext{Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"CHOWN"}}}))),
			refused: "unrestricted capabilities", control: create(tutorialPod(train)),
		},
		"mount the host": podAttack(security,
			mounts(corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/"}})),
		"use the host's network": podAttack(security, func(p *corev1.Pod) { p.Spec.HostNetwork = true }),
		"bind a pod": {
			who: engineer, try: createSub("binding", running, binding), refused: `cannot create resource "pods/binding"`,
			control: createSub("binding", running, binding), by: scheduler,
		},
		"bind a pod with all rights": {
			who: ops, try: createSub("binding", running, binding), refused: "target: ops@platform.example may not bind pods of teams",
			control: createSub("binding", running, binding), by: scheduler,
		},
		"bind a pod by the old way with all rights": {
			who: ops, try: create(binding), refused: "target: ops@platform.example may not bind pods of teams",
			control: create(binding), by: admin,
		},
		"bind a pod as a kubelet": {
			who: kubelet, try: createSub("binding", running, binding), refused: `cannot create resource "pods/binding"`,
			control: createSub("binding", running, binding), by: scheduler,
		},
	}
}

func outsiderAttacks() map[string]attack {
	const refused = "spec.tolerations: a pod that asks for devices must not tolerate foundation.team taints"
	attackFrom := func(refused string, control request, with ...podOption) attack {
		return attack{who: ops, try: create(pod(plain, with...)), refused: refused, control: control}
	}
	return map[string]attack{
		"tolerate a team's nodes from outside": attackFrom(refused,
			create(pod(plain, asksFor(gpu, "8"))), asksFor(gpu, "8"), tolerates(toTeam(team))),
		"tolerate every taint from outside": attackFrom(refused,
			create(pod(plain, tolerates(anyOf("")))), asksFor(gpu, "8"), tolerates(anyOf(""))),
		"tolerate nobody's nodes from outside": attackFrom(refused,
			create(pod(trusted, asksFor(gpu, "8"), tolerates(anyOf("foundation.team/unassigned")))),
			asksFor(gpu, "8"), tolerates(anyOf("foundation.team/unassigned"))),
		"name a team's node from outside": attackFrom("spec.nodeName: node-hanbit would go past the scheduler",
			create(pod(plain, onNode(ownNode))), asksFor(gpu, "8"), onNode(ownNode)),
		"ask for a device class from outside": attackFrom(refused,
			create(pod(plain, asksFor("deviceclass.resource.kubernetes.io/b200", "8"))),
			asksFor("deviceclass.resource.kubernetes.io/b200", "8"), tolerates(toTeam(team))),
		"claim a device from outside": attackFrom(refused, create(pod(plain, claimsDevice)), claimsDevice, tolerates(toTeam(team))),
		"tolerate a team's nodes from outside later": {
			who: ops, try: change(outsider, func(p *corev1.Pod) { tolerates(toTeam(team))(p) }), refused: refused,
			control: change(outsider, func(p *corev1.Pod) { tolerates(anyOf(gpu))(p) }),
		},
	}
}
