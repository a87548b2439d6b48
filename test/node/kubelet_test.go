package node

import (
	"strings"
	"testing"

	"foundation.team/operator/hack/lab/cluster"
)

// A node's own credentials, which whoever escapes from a container finds on it, cannot give it to a team, nor take it from one.
func TestNodeCredentials(t *testing.T) {
	makeTeam(t, "hanbit")
	name := cluster.RealNodeName(0)
	asNode := func(t *testing.T, args ...string) error {
		t.Helper()
		_, err := lab.KubectlAs(t.Context(), lab.NodeKubeconfig(0), args...)
		return err
	}
	if err := asNode(t, "label", "node", name, "example.com/own=label"); err != nil {
		t.Fatalf("it cannot change its own node: %v", err)
	}
	for what, args := range map[string][]string{
		"its node's team":          {"label", "node", name, "foundation.team/team=hanbit"},
		"its node's pool":          {"label", "node", name, "foundation.team/pool=b200"},
		"what teams' pods go by":   {"label", "node", name, "node-restriction.kubernetes.io/foundation-team=hanbit"},
		"its node's taints":        {"taint", "node", name, "foundation.team/team=hanbit:NoSchedule"},
		"that it was scrubbed":     {"annotate", "node", name, "foundation.team/scrubbed=1"},
		"another node":             {"label", "node", "cpu-000", "example.com/own=label"},
		"a team":                   {"label", "foundationteam", "hanbit", "example.com/own=label"},
		"a team's namespace":       {"label", "namespace", hanbit, "example.com/own=label"},
		"a pod for a team":         {"run", "own", "--image", agentImage, "--namespace", hanbit},
		"a team's quota":           {"delete", "resourcequota", "--all", "--namespace", hanbit},
		"who may work in a team":   {"create", "rolebinding", "own", "--clusterrole=admin", "--user=somebody@example.com", "--namespace", hanbit},
		"a token of somebody else": {"create", "token", "foundation-operator", "--namespace", cluster.OperatorNamespace},
	} {
		t.Run(what, func(t *testing.T) {
			counts(t)
			if err := asNode(t, args...); err == nil || !strings.Contains(err.Error(), "orbidden") && !strings.Contains(err.Error(), "denied") {
				t.Errorf("want that it is refused, got %v", err)
			}
		})
	}
}

// A node that is cut from power and comes back has its pods again, and its isolation.
func TestNodeReboots(t *testing.T) {
	long(t)
	makeTeam(t, "hanbit")
	makeTeam(t, "saebom")
	runPod(t, "saebom", "server", "serve", "8080")
	runPod(t, "hanbit", "client", "wait")
	restarts := func(t *testing.T) string {
		t.Helper()
		return kubectl(t, "get", "pod", "client", "--namespace", hanbit, "--output", "jsonpath={.status.containerStatuses[0].restartCount}")
	}
	before := restarts(t)
	if err := lab.CutPower(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if err := lab.StartRealNode(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	for _, pod := range []string{hanbit + "/client", saebom + "/server"} {
		namespace, name, _ := strings.Cut(pod, "/")
		kubectl(t, "wait", "--for=jsonpath={.status.containerStatuses[0].lastState.terminated.exitCode}", "--timeout", within.String(), "--namespace", namespace, "pod/"+name)
		kubectl(t, "wait", ready, "--timeout", within.String(), "--namespace", namespace, "pod/"+name)
	}
	t.Run("its pods run again", func(t *testing.T) {
		counts(t)
		if after := restarts(t); after == before {
			t.Errorf("the pod has been started again %s times, as before", after)
		}
	})
	t.Run("the operator is there again", func(t *testing.T) {
		counts(t)
		operator(t, "wait", ready, "pod", operatorSelector, "--timeout", within.String())
		makeTeam(t, "rebooted")
	})
	targets := []target{
		{names, "the name service", "10.96.0.10:53"},
		{saebom, "a pod of " + saebom, podIP(t, saebom, "server") + ":8080"},
		{beyond, "the API server", apiServer},
		{beyond, "the internet", cluster.InternetAddress},
	}
	verify(t, "after the reboot", []string{hanbit}, targets, asDeclared)
}
