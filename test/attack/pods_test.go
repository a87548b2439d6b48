package attack

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// podOption changes a pod that is about to be tried.
type podOption func(*corev1.Pod)

// pod is one that the restricted level of pod security allows.
func pod(namespace string, with ...podOption) *corev1.Pod {
	p := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "worker"},
		Spec: corev1.PodSpec{
			SecurityContext: &corev1.PodSecurityContext{
				RunAsNonRoot:   new(true),
				SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
			},
			Containers: []corev1.Container{container("main")},
		},
	}
	for _, mutate := range with {
		mutate(p)
	}
	return p
}

func container(name string) corev1.Container {
	return corev1.Container{
		Name: name, Image: "registry.example/work",
		SecurityContext: &corev1.SecurityContext{
			AllowPrivilegeEscalation: new(false),
			Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
		},
	}
}

func named(name string) podOption { return func(p *corev1.Pod) { p.Name = name } }

func labelled(key, value string) podOption {
	return func(p *corev1.Pod) { p.Labels = map[string]string{key: value} }
}

// asksFor asks for a resource in the main container.
func asksFor(name corev1.ResourceName, quantity string) podOption {
	return func(p *corev1.Pod) { ask(&p.Spec.Containers[0], name, quantity) }
}

// asksForAtStart asks for a resource in a container that runs before the main one.
func asksForAtStart(name corev1.ResourceName, quantity string) podOption {
	return func(p *corev1.Pod) {
		c := container("prepare")
		ask(&c, name, quantity)
		p.Spec.InitContainers = append(p.Spec.InitContainers, c)
	}
}

func ask(c *corev1.Container, name corev1.ResourceName, quantity string) {
	if c.Resources.Limits == nil {
		c.Resources.Limits, c.Resources.Requests = corev1.ResourceList{}, corev1.ResourceList{}
	}
	c.Resources.Limits[name] = resource.MustParse(quantity)
	c.Resources.Requests[name] = resource.MustParse(quantity)
}

func selects(key, value string) podOption {
	return func(p *corev1.Pod) {
		if p.Spec.NodeSelector == nil {
			p.Spec.NodeSelector = map[string]string{}
		}
		p.Spec.NodeSelector[key] = value
	}
}

// requires adds a term of required node affinity.
func requires(key string, op corev1.NodeSelectorOperator, values ...string) podOption {
	return func(p *corev1.Pod) {
		p.Spec.Affinity = &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{
			RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{
				NodeSelectorTerms: []corev1.NodeSelectorTerm{
					// The terms are alternatives: a harmless one must not hide the other.
					nodeTerm(corev1.LabelOSStable, corev1.NodeSelectorOpExists),
					nodeTerm(key, op, values...),
				},
			},
		}}
	}
}

// prefers adds a term of preferred node affinity.
func prefers(key string, op corev1.NodeSelectorOperator, values ...string) podOption {
	return func(p *corev1.Pod) {
		p.Spec.Affinity = &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{
			PreferredDuringSchedulingIgnoredDuringExecution: []corev1.PreferredSchedulingTerm{
				{Weight: 1, Preference: nodeTerm(key, op, values...)},
			},
		}}
	}
}

func nodeTerm(key string, op corev1.NodeSelectorOperator, values ...string) corev1.NodeSelectorTerm {
	return corev1.NodeSelectorTerm{MatchExpressions: []corev1.NodeSelectorRequirement{{Key: key, Operator: op, Values: values}}}
}

// shuns adds required pod anti-affinity.
func shuns(term corev1.PodAffinityTerm) podOption {
	return func(p *corev1.Pod) {
		p.Spec.Affinity = &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{
			RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{apart(term)},
		}}
	}
}

// wouldShun adds preferred pod anti-affinity.
func wouldShun(term corev1.PodAffinityTerm) podOption {
	return func(p *corev1.Pod) {
		p.Spec.Affinity = &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{
			PreferredDuringSchedulingIgnoredDuringExecution: []corev1.WeightedPodAffinityTerm{{Weight: 1, PodAffinityTerm: apart(term)}},
		}}
	}
}

func apart(term corev1.PodAffinityTerm) corev1.PodAffinityTerm {
	term.TopologyKey, term.LabelSelector = corev1.LabelHostname, &metav1.LabelSelector{}
	return term
}

// waits gives a pod a node selector that no node matches, so that it stays pending.
func waits(p *corev1.Pod) { selects("test.example/nowhere", "true")(p) }

func tolerates(tolerations ...corev1.Toleration) podOption {
	return func(p *corev1.Pod) { p.Spec.Tolerations = append(p.Spec.Tolerations, tolerations...) }
}

// toTeam tolerates the nodes of a team.
func toTeam(name string) corev1.Toleration {
	return corev1.Toleration{
		Key: foundationv1alpha1.TaintTeam, Operator: corev1.TolerationOpEqual, Value: name, Effect: corev1.TaintEffectNoSchedule,
	}
}

// anyOf tolerates every value of a key; without a key, every taint.
func anyOf(key string) corev1.Toleration {
	return corev1.Toleration{Key: key, Operator: corev1.TolerationOpExists}
}

func mounts(source corev1.VolumeSource) podOption {
	return func(p *corev1.Pod) {
		p.Spec.Volumes = append(p.Spec.Volumes, corev1.Volume{Name: "data", VolumeSource: source})
	}
}

func prioritised(class string) podOption {
	return func(p *corev1.Pod) { p.Spec.PriorityClassName = class }
}

func onNode(name string) podOption { return func(p *corev1.Pod) { p.Spec.NodeName = name } }

func scheduledBy(name string) podOption { return func(p *corev1.Pod) { p.Spec.SchedulerName = name } }

func claimsDevice(p *corev1.Pod) {
	p.Spec.ResourceClaims = []corev1.PodResourceClaim{{Name: "device", ResourceClaimName: new("device")}}
}

// claimsByTemplate has its main container use a device that a claim from a template gets.
func claimsByTemplate(p *corev1.Pod) {
	p.Spec.ResourceClaims = []corev1.PodResourceClaim{{Name: "device", ResourceClaimTemplateName: new("device")}}
	p.Spec.Containers[0].Resources.Claims = []corev1.ResourceClaim{{Name: "device"}}
}
