package cluster

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const staticNodePool = `
apiVersion: karpenter.sh/v1
kind: NodePool
metadata: {name: hanbit}
spec:
  replicas: 2
  limits: {nodes: 2}
  disruption:
    consolidateAfter: Never
    budgets: [{nodes: "0", reasons: [Drifted, Underutilized]}]
  template:
    metadata:
      labels: {example.com/team: hanbit, node-restriction.kubernetes.io/foundation-team: hanbit}
    spec:
      expireAfter: Never
      taints: [{key: example.com/team, value: hanbit, effect: NoSchedule}]
      nodeClassRef: {group: karpenter.kwok.sh, kind: KWOKNodeClass, name: default}
      requirements: [{key: node.kubernetes.io/instance-type, operator: In, values: [gpu-8]}]
`

const dynamicNodePool = `
apiVersion: karpenter.sh/v1
kind: NodePool
metadata: {name: naru}
spec:
  limits: {nvidia.com/gpu: 8}
  disruption: {consolidateAfter: Never}
  template:
    metadata:
      labels: {example.com/team: naru}
    spec:
      expireAfter: Never
      nodeClassRef: {group: karpenter.kwok.sh, kind: KWOKNodeClass, name: default}
      requirements: [{key: node.kubernetes.io/instance-type, operator: In, values: [gpu-8]}]
---
apiVersion: v1
kind: Pod
metadata: {name: one-gpu, namespace: default}
spec:
  nodeSelector: {example.com/team: naru}
  containers: [{name: train, image: trainer, resources: {limits: {nvidia.com/gpu: 1}}}]
`

// leftBehind is the node of a NodeClaim that is gone, as the provider creates it.
const leftBehind = `
apiVersion: v1
kind: Node
metadata:
  name: left-behind
  labels: {kubernetes.io/hostname: gone}
  annotations: {lab.foundation.team/nodeclaim-uid: 00000000-0000-4000-8000-000000000000}
`

func testKarpenter(t *testing.T, c *Cluster) {
	t.Helper()
	who, err := c.KubectlAs(t.Context(), c.plan.config("karpenter.kubeconfig"), "auth", "whoami", "-o", "jsonpath={.status.userInfo.username}")
	if want := "system:serviceaccount:kube-system:karpenter"; who != want || err != nil {
		t.Errorf("Karpenter is %q, %v; want %q", who, err, want)
	}

	apply(t, c, staticNodePool)
	kubectl(t, c, "wait", "nodepool/hanbit", "--for=jsonpath={.status.nodes}=2", "--timeout=60s")
	kubectl(t, c, "wait", "nodeclaims", "-l", "karpenter.sh/nodepool=hanbit", "--for=condition=Initialized", "--timeout=60s")
	kubectl(t, c, "wait", "nodes", "-l", "karpenter.sh/nodepool=hanbit", "--for=condition=Ready", "--timeout=60s")
	nodes := nodesOf(t, c, "hanbit")
	if len(nodes) != 2 {
		t.Fatalf("the static pool has %d nodes, want 2", len(nodes))
	}
	for _, n := range nodes {
		checkKarpenterNode(t, n)
	}
	broken := "node/" + nodes[0].Name
	kubectl(t, c, "label", broken, BrokenLabel+"=true")
	kubectl(t, c, "wait", broken, "--for=condition=Ready=false", "--timeout=60s")
	kubectl(t, c, "label", broken, BrokenLabel+"-")
	kubectl(t, c, "wait", broken, "--for=condition=Ready", "--timeout=60s")

	kubectl(t, c, "patch", "nodepool/hanbit", "--type=merge", "-p", `{"spec":{"limits":{"nodes":"1"}}}`)
	kubectl(t, c, "delete", "nodeclaim", nodes[0].OwnerReferences[0].Name, "--timeout=60s")

	apply(t, c, dynamicNodePool)
	kubectl(t, c, "wait", "pod/one-gpu", "--for=condition=Ready", "--timeout=60s")
	// The pod requests one GPU, but the limit counts the node's eight.
	kubectl(t, c, "wait", "nodepool/naru", `--for=jsonpath={.status.resources.nvidia\.com/gpu}=8`, "--timeout=60s")
	kubectl(t, c, "delete", "pod/one-gpu")

	createAsKarpenter(t, c, leftBehind)
	kubectl(t, c, "wait", "node/left-behind", "--for=delete", "--timeout=60s")

	// Karpenter has handled the later node by now, so it has had time to replace the deleted NodeClaim, and did not.
	if claims := kubectl(t, c, "get", "nodeclaims", "-l", "karpenter.sh/nodepool=hanbit", "-o", "name"); len(strings.Fields(claims)) != 1 {
		t.Errorf("a claim above the limit was replaced: %s", claims)
	}
}

// checkKarpenterNode returns how a node differs from the lab's other GPU nodes and from its NodePool's template.
func checkKarpenterNode(t *testing.T, n corev1.Node) {
	t.Helper()
	for name, want := range gpuCapacity() {
		allocatable, capacity := n.Status.Allocatable[name], n.Status.Capacity[name]
		if allocatable.Cmp(want) != 0 || capacity.Cmp(want) != 0 {
			t.Errorf("%s offers %s of %s %s, want all of %s", n.Name, allocatable.String(), capacity.String(), name, want.String())
		}
	}
	for _, key := range []string{"example.com/team", "node-restriction.kubernetes.io/foundation-team"} {
		if n.Labels[key] != "hanbit" {
			t.Errorf("%s has label %s=%s", n.Name, key, n.Labels[key])
		}
	}
	if zone := n.Labels[corev1.LabelTopologyZone]; !slices.Contains(KarpenterZones, zone) {
		t.Errorf("%s is in zone %q, want one of %q", n.Name, zone, KarpenterZones)
	}
	if len(n.Spec.Taints) != 1 || n.Spec.Taints[0].Key != "example.com/team" {
		t.Errorf("%s has taints %v, want its team's alone", n.Name, n.Spec.Taints)
	}
	if len(n.OwnerReferences) != 1 || string(n.OwnerReferences[0].UID) != n.Annotations["lab.foundation.team/nodeclaim-uid"] {
		t.Errorf("%s belongs to %v, want the NodeClaim that it was created for: %v", n.Name, n.OwnerReferences, n.Annotations)
	}
}

func nodesOf(t *testing.T, c *Cluster, nodePool string) []corev1.Node {
	t.Helper()
	client, err := c.client()
	if err != nil {
		t.Fatal(err)
	}
	nodes, err := client.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{LabelSelector: "karpenter.sh/nodepool=" + nodePool})
	if err != nil {
		t.Fatal(err)
	}
	return nodes.Items
}

func apply(t *testing.T, c *Cluster, manifest string) {
	t.Helper()
	if err := c.apply(t.Context(), []byte(manifest)); err != nil {
		t.Fatal(err)
	}
}

func createAsKarpenter(t *testing.T, c *Cluster, manifest string) {
	t.Helper()
	cmd := c.KubectlCommand(t.Context(), c.plan.config("karpenter.kubeconfig"), "create", "-f", "-")
	cmd.Stdin = strings.NewReader(manifest)
	if _, err := runKubectl(cmd); err != nil {
		t.Fatal(err)
	}
}

// What the provider takes off for the kubelet must be what was put on for it.
func TestInstanceTypes(t *testing.T) {
	types := map[string]instanceType{}
	for _, it := range buildInstanceTypes() {
		types[it.Name] = it
		if len(it.Offerings) != len(KarpenterZones) {
			t.Errorf("%s has %d offerings, want one in each of %q", it.Name, len(it.Offerings), KarpenterZones)
		}
	}
	if _, there := types[ScarceInstanceType]; there || len(types) != 2 {
		t.Errorf("want two types and none that is scarce, got %v", types)
	}
	for name, want := range map[string]string{
		GPUInstanceType: "224100m 2097162Mi 8",
		CPUInstanceType: "64100m 524298Mi 0",
	} {
		r := types[name].Resources
		gpus := r[GPUResource]
		if got := fmt.Sprintf("%s %s %s", r.Cpu(), r.Memory(), gpus.String()); got != want {
			t.Errorf("%s has %s, want %s", name, got, want)
		}
	}
}
