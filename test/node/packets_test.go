package node

import (
	"strings"
	"testing"
)

// service leads to the pod server of a namespace.
func service(namespace string) string {
	return "apiVersion: v1\nkind: Service\nmetadata: {name: server, namespace: " + namespace + "}\n" +
		"spec: {selector: {app: server}, ports: [{port: 80, targetPort: 8080}]}\n"
}

// makePlace makes a namespace that no policy isolates, with a server and a client.
func makePlace(t *testing.T, namespace string) {
	t.Helper()
	content := "apiVersion: v1\nkind: Namespace\nmetadata: {name: " + namespace + "}\n"
	for _, more := range []string{pod(namespace, "server", "serve", "8080"), pod(namespace, "client", "wait"), service(namespace)} {
		content += "---\n" + more
	}
	if err := apply(t, "", content); err != nil {
		t.Fatal(err)
	}
	kubectl(t, "wait", "--for=condition=Ready", "--timeout", within.String(), "--namespace", namespace, "pod", "--all")
}

// What a team's pods say to each other passes, and nothing does between teams, nor between a team and others, on any way. Where no policy
// isolates anybody all of the same passes: it is the policies that stop it.
func TestPackets(t *testing.T) {
	for _, team := range []string{"hanbit", "saebom"} {
		makeTeam(t, team)
		runPod(t, team, "server", "serve", "8080")
		runPod(t, team, "client", "wait")
		if err := apply(t, engineerOf(team), service(team+"-train")); err != nil {
			t.Fatal(err)
		}
	}
	makePlace(t, "plain")
	makePlace(t, "other")
	address := func(kind, namespace, path string) string {
		return kubectl(t, "get", kind, "server", "--namespace", namespace, "--output", "jsonpath={"+path+"}")
	}
	ways := func(namespace string) map[string]string {
		return map[string]string{
			"pod": address("pod", namespace, ".status.podIP") + ":8080", "service": address("service", namespace, ".spec.clusterIP") + ":80",
		}
	}
	for from, to := range map[string]map[string]bool{
		"hanbit-train": {"hanbit-train": true, "saebom-train": false, "plain": false},
		"saebom-train": {"saebom-train": true, "hanbit-train": false},
		"plain":        {"other": true, "plain": true, "hanbit-train": false},
	} {
		for target, passes := range to {
			for way, at := range ways(target) {
				t.Run(from+" to a "+way+" of "+target, func(t *testing.T) {
					said, err := lab.Kubectl(t.Context(), "exec", "--namespace", from, "client", "--", "/agent", "connect", at)
					if passes != (err == nil) {
						t.Errorf("it says %q, error %v; want that it passes: %v", said, err, passes)
					}
					if passes && strings.TrimSpace(said) != "server" {
						t.Errorf("%q answers", said)
					}
				})
			}
		}
	}
}
