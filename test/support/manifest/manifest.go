// Package manifest writes manifests as users do.
package manifest

import (
	"fmt"
	"strings"

	"foundation.team/operator/hack/lab/cluster"
)

// PoolLabel is the label of nodes that a test takes for a pool of its own; its value is the pool's name.
const PoolLabel = "e2e.example.com/pool"

// WorkLabel is the label of pods; its value is the team's name.
const WorkLabel = "e2e"

// Train is the line of a team's spec that gives it a namespace train and no other.
const Train = "namespaces: [{name: train}]"

// Team is a FoundationTeam. lines are YAML for its spec.
func Team(name string, lines ...string) string {
	return fmt.Sprintf("apiVersion: foundation.team/v1alpha1\nkind: FoundationTeam\nmetadata: {name: %s}\nspec:\n%s", name, indent(lines))
}

// Program is a FoundationProgram. lines are YAML for its spec.
func Program(name string, lines ...string) string {
	return fmt.Sprintf("apiVersion: foundation.team/v1alpha1\nkind: FoundationProgram\nmetadata: {name: %s}\nspec:\n%s", name, indent(lines))
}

// StaticPool is a GPUPool of the lab's nodes that carry PoolLabel with its name. lines are YAML for its spec.
func StaticPool(name string, lines ...string) string {
	return pool(name, fmt.Sprintf(`  static:
    nodeSelector: {matchLabels: {%s: %s}}
    topologyKeys: [%s, %s]
`, PoolLabel, name, cluster.SpineLabel, cluster.RackLabel), lines)
}

// PoolOfAllNodes is a GPUPool of all of the lab's GPU nodes.
func PoolOfAllNodes(name string) string {
	return pool(name, fmt.Sprintf(`  static:
    nodeSelector: {matchExpressions: [{key: %s, operator: Exists}]}
    topologyKeys: [%s, %s]
`, cluster.ModelLabel, cluster.SpineLabel, cluster.RackLabel), nil)
}

// KarpenterPool is a GPUPool of at most so many nodes that Karpenter provisions. nodes are YAML for spec.karpenter.
func KarpenterPool(name string, atMost int, instanceType string, nodes, lines []string) string {
	var extra strings.Builder
	for _, line := range nodes {
		fmt.Fprintf(&extra, "    %s\n", line)
	}
	return pool(name, fmt.Sprintf(`  karpenter:
    capacity: %d
    nodeClassRef: {group: karpenter.kwok.sh, kind: KWOKNodeClass, name: %s}
    requirements: [{key: node.kubernetes.io/instance-type, operator: In, values: [%s]}]
%s`, atMost*cluster.GPUsPerNode, cluster.KarpenterNodeClass, instanceType, extra.String()), lines)
}

func pool(name, nodes string, lines []string) string {
	return fmt.Sprintf(`apiVersion: foundation.team/v1alpha1
kind: GPUPool
metadata: {name: %s}
spec:
  model: Example GPU
  gpusPerNode: %d
%s%s`, name, cluster.GPUsPerNode, nodes, indent(lines))
}

// Award is an award of GPUs of a pool; more is further YAML for it, such as "stage: first".
func Award(name, pool string, count int, more ...string) string {
	return fmt.Sprintf("{%s}", strings.Join(append([]string{"name: " + name, "poolName: " + pool, fmt.Sprint("count: ", count)}, more...), ", "))
}

// Awards is the line of a team's spec with its awards of GPUs.
func Awards(awards ...string) string { return "gpus: [" + strings.Join(awards, ", ") + "]" }

// User is somebody on a team's staff; more is further YAML for the entry, such as an end.
func User(name, role, account string, more ...string) string {
	parts := append([]string{"name: " + name, "role: " + role, "subject: {kind: User, name: " + account + "}"}, more...)
	return fmt.Sprintf("{%s}", strings.Join(parts, ", "))
}

// Staff is the line of a team's spec with its staff.
func Staff(entries ...string) string { return "staff: [" + strings.Join(entries, ", ") + "]" }

// indent puts lines under spec.
func indent(lines []string) string {
	var b strings.Builder
	for _, line := range lines {
		fmt.Fprintf(&b, "  %s\n", line)
	}
	return b.String()
}

// GPUPods are pods of a team that ask for GPUs and comply with the restricted Pod Security Standard. They name no node.
func GPUPods(team, namespace, name string, count, gpus int) string {
	var b strings.Builder
	for i := range count {
		fmt.Fprintf(&b, `---
apiVersion: v1
kind: Pod
metadata: {name: %s-%d, namespace: %s, labels: {%s: %s}}
spec:
  securityContext: {runAsNonRoot: true, runAsUser: 1000, seccompProfile: {type: RuntimeDefault}}
  containers:
  - name: train
    image: train.example/train:1
    securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
    resources: {limits: {cpu: "1", memory: 1Gi, %s: "%d"}}
`, name, i, namespace, WorkLabel, team, cluster.GPUResource, gpus)
	}
	return b.String()
}
