package node

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"foundation.team/operator/hack/lab/cluster"
	"foundation.team/operator/test/support/manifest"
)

// scrubberImage runs scrubber.
const scrubberImage = cluster.Registry + "/scrubber:test"

// scrubber is a DaemonSet that answers on the nodes of pools.
var scrubber = fmt.Sprintf(`apiVersion: v1
kind: Namespace
metadata: {name: scrub-system, labels: {foundation.team/trusted: "true"}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: scrubber, namespace: scrub-system}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: scrubbers}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: foundation-scrubber}
subjects: [{kind: ServiceAccount, name: scrubber, namespace: scrub-system}]
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: scrubber, namespace: scrub-system}
spec:
  selector: {matchLabels: {app: scrubber}}
  template:
    metadata: {labels: {app: scrubber}}
    spec:
      serviceAccountName: scrubber
      nodeSelector: {%s: "true"}
      tolerations: [{operator: Exists}]
      securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
      containers:
      - name: scrubber
        image: %s
        env: [{name: NODE_NAME, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}]
        securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
`, cluster.RealNodeLabel, scrubberImage)

// sharedPool has two nodes, which are scrubbed between teams, and replaced soon after they break.
var sharedPool = manifest.StaticPool("shared", "reclaim: {gracePeriod: 5s, requireScrub: true}", "repair: {replaceAfter: 5s}")

// gpuTeamOf is a team that is awarded so many GPUs of the shared pool.
func gpuTeamOf(name string, gpus int) string {
	awards := "gpus: []"
	if gpus > 0 {
		awards = manifest.Awards(manifest.Award("first", "shared", gpus))
	}
	return manifest.Team(name, manifest.Train, awards, manifest.Staff(manifest.User("engineer", "Engineer", engineerOf(name))))
}

// award awards a team so many GPUs of the shared pool, and waits until it has them.
func award(t *testing.T, name string, gpus int) {
	t.Helper()
	if err := apply(t, "", gpuTeamOf(name, gpus)); err != nil {
		t.Fatal(err)
	}
	kubectl(t, "wait", fmt.Sprintf("--for=jsonpath={.status.gpus.granted}=%d", gpus), "--timeout", within.String(), "foundationteam/"+name)
	kubectl(t, "wait", ready, "--timeout", within.String(), "foundationteam/"+name)
}

// nodesOf returns the nodes that a team holds.
func nodesOf(t *testing.T, team string) []string {
	t.Helper()
	return strings.Fields(kubectl(t, "get", "nodes", "--selector=foundation.team/team="+team, "--output", "jsonpath={.items[*].metadata.name}"))
}

// Nodes of a pool go from one team to the next by way of a scrubber, and what runs there is told to end first. Another node takes the place of
// one whose kubelet is gone, and what ran there does not linger.
func TestNodesChangeHands(t *testing.T) {
	long(t)
	makePool(t, "shared", sharedPool, gpuNodes...)
	t.Run("nodes wait for a scrubber", func(t *testing.T) {
		counts(t)
		awaitMessage(t, "gpupool/shared", "Reconciling", "2 nodes waiting to be scrubbed before being granted: real-1, real-2")
		deployScrubber(t)
		awaitFree(t, 16)
	})
	t.Run("work is told to end before its node is given on", func(t *testing.T) {
		counts(t)
		testGivenOn(t)
	})
	t.Run("a node without a kubelet is replaced", func(t *testing.T) {
		counts(t)
		testReplaced(t)
	})
}

func deployScrubber(t *testing.T) {
	t.Helper()
	if err := apply(t, "", scrubber); err != nil {
		t.Fatal(err)
	}
}

// awaitFree waits until so many GPUs of the shared pool are free.
func awaitFree(t *testing.T, gpus int) {
	t.Helper()
	kubectl(t, "wait", fmt.Sprintf("--for=jsonpath={.status.capacity.free}=%d", gpus), "--timeout", within.String(), "gpupool/shared")
}

// scrubs returns how often the scrubber has answered for a node.
func scrubs(t *testing.T, node string) int {
	t.Helper()
	pod := kubectl(t, "get", "pods", "--namespace", "scrub-system", "--field-selector=spec.nodeName="+node, "--output", "name")
	return strings.Count(kubectl(t, "logs", "--namespace", "scrub-system", pod), "scrubbed for")
}

func testGivenOn(t *testing.T) {
	t.Helper()
	award(t, "garam", 8)
	runManifest(t, "garam", "train", withDevices(pod("garam-train", "train", "wait"), "nvidia.com/gpu: 8"))
	node := nodesOf(t, "garam")[0]
	before := scrubs(t, node)
	log := lab.KubectlCommand(t.Context(), lab.Kubeconfig(), "logs", "--follow", "--namespace", "garam-train", "train")
	var said strings.Builder
	log.Stdout = &said
	if err := log.Start(); err != nil {
		t.Fatal(err)
	}
	award(t, "garam", 0)
	award(t, "dasom", 16)
	if err := log.Wait(); err != nil {
		t.Error(err)
	}
	if want := "waiting\ntold to end\n"; said.String() != want {
		t.Errorf("the process says %q, want %q", said.String(), want)
	}
	if left := kubectl(t, "get", "pods", "--namespace", "garam-train", "--output", "name"); left != "" {
		t.Errorf("%s is left", left)
	}
	if after := scrubs(t, node); after != before+1 {
		t.Errorf("%s was scrubbed %d times before it was given on, want once", node, after-before)
	}
}

func testReplaced(t *testing.T) {
	t.Helper()
	award(t, "dasom", 8)
	awaitFree(t, 8)
	broken := nodesOf(t, "dasom")[0]
	work := strings.Replace(pod("dasom-train", "work", "wait"), "spec:", "spec:\n  terminationGracePeriodSeconds: 1", 1)
	deployment := "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: work, namespace: dasom-train}\n" +
		"spec:\n  selector: {matchLabels: {app: work}}\n" + template("work", withDevices(work, "nvidia.com/gpu: 8"))
	if err := apply(t, engineerOf("dasom"), deployment); err != nil {
		t.Fatal(err)
	}
	kubectl(t, "rollout", "status", "--namespace", "dasom-train", "deployment/work", "--timeout", within.String())
	old := kubectl(t, "get", "pods", "--namespace", "dasom-train", "--output", "name")

	index := slices.IndexFunc([]int{0, 1, 2}, func(i int) bool { return cluster.RealNodeName(i) == broken })
	if err := lab.KillKubelet(t.Context(), index); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { startNode(t, index) })
	kubectl(t, "wait", ready+"=Unknown", "--timeout", within.String(), "node/"+broken)
	awaitMessage(t, "foundationteam/dasom", "Ready", broken+" (not Ready)")
	kubectl(t, "wait", "--for=jsonpath={.metadata.deletionTimestamp}", "--timeout", within.String(), "--namespace", "dasom-train", old)
	// A dead kubelet confirms no deletion, and until then the pod is charged to the quota: an admin says that the machine is off.
	const off = "node.kubernetes.io/out-of-service"
	kubectl(t, "taint", "node", broken, off+"=nodeshutdown:NoExecute")
	kubectl(t, "wait", "--for=delete", "--timeout", within.String(), "--namespace", "dasom-train", old)
	eventually(t, "the work runs on another node", func() bool {
		running := kubectl(t, "get", "pods", "--namespace", "dasom-train", "--selector=app=work", "--output",
			`jsonpath={range .items[?(@.status.phase=="Running")]}{.spec.nodeName} {end}`)
		return slices.ContainsFunc(strings.Fields(running), func(node string) bool { return node != broken })
	})
	kubectl(t, "wait", ready, "--timeout", within.String(), "foundationteam/dasom")
	kubectl(t, "taint", "node", broken, off+"-")
	startNode(t, index)
	awaitFree(t, 8)
}

// startNode starts what of a node does not run, also when the test has ended.
func startNode(t *testing.T, index int) {
	t.Helper()
	if err := lab.StartRealNode(context.WithoutCancel(t.Context()), index); err != nil {
		t.Fatal(err)
	}
}
