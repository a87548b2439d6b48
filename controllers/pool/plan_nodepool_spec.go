package pool

import (
	"fmt"
	"maps"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/allocation"
	"foundation.team/operator/internal/gpunode"
	"foundation.team/operator/internal/karpenter"
)

// defaultConsolidateAfter is the default that the CRD documents for spec.karpenter.consolidateAfter: how long a node of a
// Dynamic pool has to be empty before Karpenter deletes it.
const defaultConsolidateAfter = 5 * time.Minute

// openNodePool builds a team's NodePool for a number of nodes, of which some are present. A static one is never made
// smaller than what is present: Karpenter would choose which nodes to delete. Its limit keeps Karpenter from replacing
// those that the operator deletes.
func openNodePool(in Input, owner gpunode.Owner, size, present allocation.Nodes) *karpenter.NodePoolApplyConfiguration {
	spec := in.Pool.Spec.Karpenter
	config := newNodePool(in, owner, nodePoolName(owner.Name, in.Pool))
	config.Spec = &karpenter.NodePoolSpec{Template: template(in, owner), Disruption: disruption(spec)}
	if dynamic(in.Pool) {
		gpus := resource.NewQuantity(int64(size.GPUs(in.perNode())), resource.DecimalSI)
		config.Spec.Limits = corev1.ResourceList{corev1.ResourceName(in.Pool.Spec.ResourceName): *gpus}
		return config
	}
	config.Spec.Replicas = new(int64(max(size, present)))
	config.Spec.Limits = corev1.ResourceList{resourceNodes: *resource.NewQuantity(int64(size), resource.DecimalSI)}
	return config
}

// template is what each node starts with: labelled as the team's and tainted against everybody else before it can take a
// pod.
func template(in Input, owner gpunode.Owner) *karpenter.Template {
	spec, metadata := in.Pool.Spec.Karpenter, gpunode.Hold(owner).Metadata(in.Pool.Name)
	maps.Copy(metadata.Labels, spec.Labels)
	var taints []karpenter.Taint
	for _, taint := range metadata.Taints {
		taints = append(taints, karpenter.Taint{Key: taint.Key, Value: taint.Value, Effect: taint.Effect})
	}
	for _, taint := range spec.Taints {
		taints = append(taints, karpenter.Taint{Key: taint.Key, Value: taint.Value, Effect: taint.Effect})
	}
	requirements := make([]karpenter.Requirement, len(spec.Requirements))
	for i, requirement := range spec.Requirements {
		requirements[i] = karpenter.Requirement{Key: requirement.Key, Operator: requirement.Operator, Values: requirement.Values}
	}
	return &karpenter.Template{
		Metadata: &karpenter.TemplateMeta{Labels: metadata.Labels, Annotations: metadata.Annotations},
		Spec: &karpenter.TemplateSpec{
			Taints:       taints,
			Requirements: requirements,
			NodeClassRef: &karpenter.NodeClassRef{Group: spec.NodeClassRef.Group, Kind: spec.NodeClassRef.Kind, Name: spec.NodeClassRef.Name},
			ExpireAfter:  "Never",
		},
	}
}

// disruption keeps Karpenter from interrupting work: it may only delete nodes that are empty.
func disruption(spec *foundationv1alpha1.KarpenterNodes) *karpenter.Disruption {
	after := "Never"
	if spec.Mode == foundationv1alpha1.KarpenterDynamic {
		empty := defaultConsolidateAfter
		if spec.ConsolidateAfter != nil {
			empty = spec.ConsolidateAfter.Duration
		}
		after = fmt.Sprintf("%ds", int64(empty.Seconds()))
	}
	return &karpenter.Disruption{
		ConsolidationPolicy: "WhenEmpty",
		ConsolidateAfter:    after,
		Budgets: []karpenter.Budget{
			{Nodes: "0", Reasons: []string{"Drifted", "Underutilized"}},
			{Nodes: "100%", Reasons: []string{"Empty"}},
		},
	}
}

// closedNodePool builds a NodePool for which no more nodes are provisioned. Everything else stays as it is on the live one:
// Karpenter would replace nodes that differ from their template.
func closedNodePool(in Input, owner gpunode.Owner, live *karpenter.NodePool, present allocation.Nodes) *karpenter.NodePoolApplyConfiguration {
	none := *resource.NewQuantity(0, resource.DecimalSI)
	config := newNodePool(in, owner, live.Name)
	config.Spec = live.Spec.DeepCopy()
	config.Spec.Limits = corev1.ResourceList{}
	for name := range live.Spec.Limits {
		config.Spec.Limits[name] = none
	}
	if config.Spec.Replicas != nil {
		config.Spec.Replicas = new(int64(present))
		config.Spec.Limits = corev1.ResourceList{resourceNodes: none}
	}
	if len(config.Spec.Limits) == 0 {
		config.Spec.Limits = corev1.ResourceList{corev1.ResourceName(in.Pool.Spec.ResourceName): none}
	}
	return config
}

func newNodePool(in Input, owner gpunode.Owner, name string) *karpenter.NodePoolApplyConfiguration {
	config := karpenter.NewNodePool(name)
	config.WithLabels(map[string]string{foundationv1alpha1.LabelPool: in.Pool.Name, foundationv1alpha1.LabelTeam: owner.Name})
	config.WithAnnotations(map[string]string{foundationv1alpha1.AnnotationTeamUID: string(owner.UID)})
	return config
}
