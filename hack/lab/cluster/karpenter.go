package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"foundation.team/operator/hack/lab/binaries"
)

// The ServiceAccount as which Karpenter runs.
const (
	KarpenterNamespace      = "kube-system"
	KarpenterServiceAccount = "karpenter"
)

// KarpenterNodeClass is the KWOKNodeClass that every lab with Karpenter has.
const KarpenterNodeClass = "default"

// The instance types that Karpenter can launch: a node like the lab's other GPU nodes, and one like those
// without GPUs.
const (
	GPUInstanceType = "gpu-8"
	CPUInstanceType = "cpu-64"
)

// ScarceInstanceType cannot be launched: a NodeClaim that requires it stays Launched=Unknown with the reason
// LaunchFailed, and is replaced every five minutes. While there is one, Karpenter provisions no nodes for pending
// pods, in any NodePool; static NodePools still work, unless Karpenter is restarted.
//
// This works because the kwok provider does not know the type. Those that it knows are always available, whatever its
// file says.
const ScarceInstanceType = "gpu-8-scarce"

// KarpenterZones are the zones that each instance type is offered in.
var KarpenterZones = []string{"zone-a", "zone-b"}

const (
	instanceTypesFile = "instance-types.json"
	capacityTypeLabel = "karpenter.sh/capacity-type"
)

// instanceType and offering have the format of the provider's file. If it cannot parse the file it only logs that,
// and has no types at all.
type instanceType struct {
	Name             string              `json:"name"`
	Architecture     string              `json:"architecture"`
	OperatingSystems []string            `json:"operatingSystems"`
	Resources        corev1.ResourceList `json:"resources"`
	Offerings        []offering          `json:"offerings"`
}

type offering struct {
	Price        float64
	Requirements []corev1.NodeSelectorRequirement
}

// buildInstanceTypes describes the lab's nodes to Karpenter.
func buildInstanceTypes() []instanceType {
	const gpuPrice, cpuPrice = 100, 1
	return []instanceType{
		newInstanceType(GPUInstanceType, gpuPrice, gpuCapacity()),
		newInstanceType(CPUInstanceType, cpuPrice, cpuCapacity()),
	}
}

func newInstanceType(name string, price float64, offered corev1.ResourceList) instanceType {
	t := instanceType{
		Name:             name,
		Architecture:     "amd64",
		OperatingSystems: []string{"linux"},
		Resources:        withReserve(offered),
	}
	for _, zone := range KarpenterZones {
		t.Offerings = append(t.Offerings, offering{Price: price, Requirements: []corev1.NodeSelectorRequirement{
			{Key: capacityTypeLabel, Operator: corev1.NodeSelectorOpIn, Values: []string{"on-demand"}},
			{Key: corev1.LabelTopologyZone, Operator: corev1.NodeSelectorOpIn, Values: []string{zone}},
		}})
	}
	return t
}

// withReserve adds what the provider subtracts as kubelet reserve, so that its nodes have the same allocatable
// resources as the lab's other nodes.
func withReserve(offered corev1.ResourceList) corev1.ResourceList {
	reserve := corev1.ResourceList{
		corev1.ResourceCPU:    resource.MustParse("100m"),
		corev1.ResourceMemory: resource.MustParse("10Mi"),
	}
	all := offered.DeepCopy()
	for name, quantity := range reserve {
		sum := all[name]
		sum.Add(quantity)
		all[name] = sum
	}
	return all
}

// karpenter is configured by its environment. Its metrics and health servers listen on every address of this machine,
// because only their ports can be set, and need no authentication. Its client keeps its own rate limit: without it
// hundreds of new nodes take longer, as conflicts multiply.
func (p plan) karpenter() command {
	cmd := p.command(componentKarpenter, "http://"+address(p.ports.KarpenterHealth)+"/readyz")
	cmd.metrics = address(p.ports.KarpenterMetrics)
	cmd.env = []string{
		"KUBECONFIG=" + p.config(componentKarpenter+".kubeconfig"),
		"SYSTEM_NAMESPACE=" + KarpenterNamespace,
		"DISABLE_LEADER_ELECTION=true",
		fmt.Sprintf("METRICS_PORT=%d", p.ports.KarpenterMetrics),
		fmt.Sprintf("HEALTH_PROBE_PORT=%d", p.ports.KarpenterHealth),
		"FEATURE_GATES=StaticCapacity=true",
		"INSTANCE_TYPES_FILE_PATH=" + p.config(instanceTypesFile),
		// Tests create their pods at once, so a short batch window is enough.
		"BATCH_IDLE_DURATION=200ms",
		"BATCH_MAX_DURATION=2s",
	}
	return cmd
}

// installKarpenter installs what Karpenter needs, unless it is not wanted or runs already: its CRDs, its
// ServiceAccount with RBAC, a node class, and the files that it reads.
func (c *Cluster) installKarpenter(ctx context.Context) error {
	if p := c.process(componentKarpenter); !c.plan.withKarpenter || (p != nil && p.Running()) {
		return nil
	}
	types, err := json.MarshalIndent(buildInstanceTypes(), "", "  ")
	if err != nil {
		return fmt.Errorf("encode the instance types: %w", err)
	}
	if err := writePrivate(c.plan.config(instanceTypesFile), types); err != nil {
		return err
	}
	crds := filepath.Join(c.plan.bin, binaries.KarpenterCRDsFile)
	for _, args := range [][]string{
		{"apply", "--server-side", "--force-conflicts", "-f", crds},
		// If a CRD is not established when Karpenter starts, Karpenter runs without it and never checks again.
		{"wait", "--for=condition=Established", "--timeout=60s", "-f", crds},
		// The API server creates these a moment after it is ready.
		{"wait", "--for=create", "--timeout=60s", "namespace/" + KarpenterNamespace, "namespace/" + corev1.NamespaceNodeLease},
	} {
		if _, err := c.Kubectl(ctx, args...); err != nil {
			return err
		}
	}
	if err := c.apply(ctx, karpenterManifest); err != nil {
		return err
	}
	kubeconfig := c.plan.config(componentKarpenter + ".kubeconfig")
	return c.writeServiceAccountKubeconfig(ctx, kubeconfig, KarpenterNamespace, KarpenterServiceAccount)
}
