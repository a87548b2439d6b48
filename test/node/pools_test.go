package node

import (
	"context"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"foundation.team/operator/test/support/manifest"
)

// gpuNodes are the nodes for pools. Each test that uses them gives them back.
var gpuNodes = []string{"real-1", "real-2"}

// makePool makes a GPUPool of nodes, and ends it, with the teams that hold any of them, when the test has ended.
func makePool(t *testing.T, name, content string, nodes ...string) {
	t.Helper()
	for _, node := range nodes {
		kubectl(t, "wait", "--for=jsonpath={.status.allocatable.nvidia\\.com/gpu}=8", "--timeout", within.String(), "node/"+node)
		kubectl(t, "label", "node", node, manifest.PoolLabel+"="+name)
	}
	t.Cleanup(func() { endPool(t, name, nodes) })
	if err := apply(t, "", content); err != nil {
		t.Fatal(err)
	}
	for _, node := range nodes {
		kubectl(t, "wait", "--for=jsonpath={.metadata.labels.foundation\\.team/pool}="+name, "--timeout", within.String(), "node/"+node)
		kubectl(t, "uncordon", node)
	}
}

// endPool deletes a pool and the teams with awards of it, as an admin who means it, and waits until its nodes are nobody's.
func endPool(t *testing.T, name string, nodes []string) {
	t.Helper()
	teams := kubectl(t, "get", "foundationteams", "--output", `jsonpath={range .items[?(@.spec.gpus)]}foundationteam/{.metadata.name} {end}`)
	for _, object := range append(strings.Fields(teams), "gpupool/"+name) {
		kind, confirmed, _ := strings.Cut(object, "/")
		kubectl(t, "annotate", "--overwrite", object, "foundation.team/confirm-deletion="+confirmed)
		kubectl(t, "delete", object, "--timeout", within.String())
		if kind == "foundationteam" { // what still runs would have the pool's grace period
			kubectl(t, "delete", "pods", "--all", "--grace-period=1", "--timeout", within.String(), "--namespace", confirmed+"-train")
		}
	}
	for _, node := range nodes {
		kubectl(t, "cordon", node)
		kubectl(t, "label", "node", node, manifest.PoolLabel+"-")
		err := wait.PollUntilContextTimeout(context.WithoutCancel(t.Context()), time.Second, within, true, func(ctx context.Context) (bool, error) {
			out, err := lab.Kubectl(ctx, "get", "node", node, "--output", "jsonpath={.metadata.labels} {.spec.taints}")
			return !strings.Contains(out, "foundation.team/pool"), err
		})
		if err != nil {
			t.Errorf("%s is still in the pool %s: %v", node, name, err)
		}
	}
}

// awaitMessage waits until the message of an object's condition says something.
func awaitMessage(t *testing.T, object, condition, said string) {
	t.Helper()
	var message string
	err := wait.PollUntilContextTimeout(t.Context(), 500*time.Millisecond, within, true, func(ctx context.Context) (_ bool, err error) {
		message, err = lab.Kubectl(ctx, "get", object, "--output", `jsonpath={.status.conditions[?(@.type=="`+condition+`")].message}`)
		return strings.Contains(message, said), err
	})
	if err != nil {
		t.Fatalf("%s of %s says %q, want %q in it", condition, object, message, said)
	}
}
