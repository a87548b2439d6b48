package node

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"foundation.team/operator/hack/lab/cluster"
)

// The places of the packets: two teams, a namespace that no policy isolates, and what is neither.
const (
	hanbit    = "hanbit-train"
	saebom    = "saebom-train"
	plain     = "plain"
	names     = "the name service"
	beyond    = "beyond"
	apiServer = "10.96.0.1:443"
	enforce   = 20 * time.Second // how long the enforcer may take to follow a policy
)

// target is something that a packet may be sent to.
type target struct {
	// in is the place that it is in.
	in, name, address string
}

// reach reports whether what is in a place may reach a target.
type reach func(from string, to target) bool

// asDeclared is what a team's policies come to.
func asDeclared(from string, to target) bool {
	if from == plain {
		return to.in != hanbit && to.in != saebom
	}
	return to.in == from || to.in == names
}

// What a team's pods say to each other passes, and what they ask the name service. Nothing else does, on any way: not between teams, not from a
// team to others or the other way round, not to the API server, the node, or out of the cluster. Each of that passes once the policies that stop it
// are gone, and does not when the operator has put them back.
func TestPackets(t *testing.T) {
	for _, team := range []string{"hanbit", "saebom"} {
		makeTeam(t, team)
		runPod(t, team, "server", "serve", "8080")
		runPod(t, team, "client", "wait")
		if err := apply(t, engineerOf(team), service(team+"-train")); err != nil {
			t.Fatal(err)
		}
	}
	makePlain(t)
	places, targets := []string{hanbit, saebom, plain}, findTargets(t)

	verify(t, "as declared", places, targets, asDeclared)
	if !full() {
		return
	}

	stopOperator(t)
	removePolicies(t, hanbit, "foundation-team-allow-dns")
	verify(t, "hanbit may not ask for names", places, targets, func(from string, to target) bool {
		return asDeclared(from, to) && (from != hanbit || to.in != names && !strings.Contains(to.address, ".svc"))
	})
	removePolicies(t, hanbit, "foundation-team-allow-same-team")
	verify(t, "hanbit may not talk to itself", places, targets, func(from string, to target) bool {
		return asDeclared(from, to) && from != hanbit
	})
	removePolicies(t, hanbit, "foundation-team-default-deny")
	verify(t, "nothing isolates hanbit", places, targets, func(from string, to target) bool {
		return asDeclared(from, to) || from == hanbit && to.in != saebom || from == plain && to.in == hanbit
	})
	removePolicies(t, saebom, "foundation-team-default-deny", "foundation-team-allow-same-team", "foundation-team-allow-dns")
	verify(t, "nothing isolates anybody", places, targets, func(string, target) bool { return true })

	startOperator(t)
	verify(t, "as declared again", places, targets, asDeclared)
}

// A team has its policies before its engineer can make a first pod, and that reaches no rival from its first moment on, although it runs before
// the enforcer has looked at it. What is no pod of a team is reached until then: kube-router does not hold a pod back.
func TestFirstPackets(t *testing.T) {
	long(t)
	makePlain(t)
	makeTeam(t, "saebom")
	runPod(t, "saebom", "server", "serve", "8080")
	rival := podIP(t, saebom, "server") + ":8080"
	declareTeam(t, "nuri")
	early := pod("nuri-train", "early", "first", rival, cluster.InternetAddress, cluster.MetadataAddress, apiServer) + once
	err := wait.PollUntilContextTimeout(t.Context(), 50*time.Millisecond, within, true, func(context.Context) (bool, error) {
		return apply(t, engineerOf("nuri"), early) == nil, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Run("its policies are there before its first pod", func(t *testing.T) {
		counts(t)
		got := strings.Fields(kubectl(t, "get", "networkpolicy", "--namespace", "nuri-train", "--output", "jsonpath={.items[*].metadata.name}"))
		if len(got) != 3 {
			t.Errorf("there are %q, want three", got)
		}
	})
	if err := apply(t, "", pod(plain, "early", "first", cluster.InternetAddress, cluster.MetadataAddress, apiServer)+once); err != nil {
		t.Fatal(err)
	}
	alone := firstMoments(t, plain)
	for address, lasted := range firstMoments(t, "nuri-train") {
		t.Run("its first pod to "+address, func(t *testing.T) {
			counts(t)
			t.Logf("it passed for %s; from a pod that nobody isolates for %s", lasted, alone[address])
			if address == rival && lasted > 0 || lasted > enforce/4 || address != rival && alone[address] < enforce/4 {
				t.Error("want that nothing passes to a rival, and soon nothing else, while all does from a pod that nobody isolates")
			}
		})
	}
}

// firstMoments returns for how long the pod early could connect to each address.
func firstMoments(t *testing.T, namespace string) map[string]time.Duration {
	t.Helper()
	kubectl(t, "wait", "--for=jsonpath={.status.phase}=Succeeded", "--timeout", within.String(), "--namespace", namespace, "pod/early")
	passed := map[string]time.Duration{}
	for line := range strings.Lines(kubectl(t, "logs", "--namespace", namespace, "early")) {
		address, lasted, _ := strings.Cut(strings.TrimSpace(line), " ")
		var err error
		if passed[address], err = time.ParseDuration(lasted + "ms"); err != nil {
			t.Fatal(err)
		}
	}
	return passed
}

// findTargets returns what is tried.
func findTargets(t *testing.T) []target {
	t.Helper()
	targets := []target{
		{names, "the name service", "10.96.0.10:53"},
		{beyond, "the health port of the name service", podIP(t, "kube-system", "--selector=k8s-app=kube-dns") + ":8181"},
		{beyond, "another pod of kube-system on the port of names", podIP(t, "kube-system", "other") + ":53"},
		{beyond, "the API server", apiServer},
		{beyond, "the kubelet of its node", nodeIP(t) + ":10250"},
		{beyond, "the internet", cluster.InternetAddress},
		{beyond, "the metadata of a cloud's machine", cluster.MetadataAddress},
	}
	for _, place := range []string{hanbit, saebom, plain} {
		clusterIP := kubectl(t, "get", "service", "server", "--namespace", place, "--output", "jsonpath={.spec.clusterIP}")
		targets = append(targets,
			target{place, "a pod of " + place, podIP(t, place, "server") + ":8080"},
			target{place, "a service of " + place, clusterIP + ":80"},
			target{place, "a service of " + place + " by its name", "server." + place + ".svc.cluster.local:80"})
	}
	return targets
}

// verify tries each target from each of the places, until what passes is what is wanted, and not longer than the enforcer may take.
func verify(t *testing.T, phase string, places []string, targets []target, want reach) {
	t.Helper()
	for _, from := range places {
		var said map[string]string
		_ = wait.PollUntilContextTimeout(t.Context(), 500*time.Millisecond, enforce, true, func(ctx context.Context) (bool, error) {
			said = tryAll(ctx, t, from, targets)
			return !slices.ContainsFunc(targets, func(to target) bool { return passes(said[to.address]) != want(from, to) }), nil
		})
		for _, to := range targets {
			t.Run(fmt.Sprintf("%s: from %s to %s", phase, from, to.name), func(t *testing.T) {
				counts(t)
				if passes(said[to.address]) != want(from, to) {
					t.Errorf("%s %s, want that it passes: %v", to.address, said[to.address], want(from, to))
				}
			})
		}
	}
}

func passes(outcome string) bool { return strings.HasPrefix(outcome, "passes") }

// tryAll returns what the client in a place says of each address.
func tryAll(ctx context.Context, t *testing.T, from string, targets []target) map[string]string {
	t.Helper()
	args := []string{"exec", "--namespace", from, "client", "--", "/agent", "try"}
	for _, to := range targets {
		args = append(args, to.address)
	}
	out, err := lab.Kubectl(ctx, args...)
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]string{}
	for line := range strings.Lines(out) {
		address, outcome, _ := strings.Cut(strings.TrimSpace(line), " ")
		said[address] = outcome
	}
	return said
}

// removePolicies takes policies of a namespace away, as an admin can.
func removePolicies(t *testing.T, namespace string, policies ...string) {
	t.Helper()
	kubectl(t, append([]string{"delete", "networkpolicy", "--namespace", namespace}, policies...)...)
}

// service leads to the pod server of a namespace.
func service(namespace string) string {
	return "apiVersion: v1\nkind: Service\nmetadata: {name: server, namespace: " + namespace + "}\n" +
		"spec: {selector: {app: server}, ports: [{port: 80, targetPort: 8080}]}\n"
}

// makePlain makes a namespace that no policy isolates, with a server and a client, and a server in kube-system that is not the name service.
func makePlain(t *testing.T) {
	t.Helper()
	content := strings.Join([]string{
		"apiVersion: v1\nkind: Namespace\nmetadata: {name: " + plain + "}\n", service(plain),
		pod(plain, "server", "serve", "8080"), pod(plain, "client", "wait"), pod("kube-system", "other", "serve", "53"),
	}, "---\n")
	if err := apply(t, "", content); err != nil {
		t.Fatal(err)
	}
	for namespace, selector := range map[string]string{plain: "app", "kube-system": "app=other"} {
		kubectl(t, "wait", "--for=condition=Ready", "--timeout", within.String(), "--namespace", namespace, "pod", "--selector", selector)
	}
}

func podIP(t *testing.T, namespace string, which string) string {
	t.Helper()
	path := "{.status.podIP}"
	if strings.HasPrefix(which, "-") {
		path = "{.items[0].status.podIP}"
	}
	return kubectl(t, "get", "pod", "--namespace", namespace, which, "--output", "jsonpath="+path)
}

// nodeIP is the address of the node that the pods are on.
func nodeIP(t *testing.T) string {
	t.Helper()
	return kubectl(t, "get", "pod", "--namespace", hanbit, "client", "--output", "jsonpath={.status.hostIP}")
}
