package node

import (
	"fmt"
	"strings"
	"testing"
)

// pod is a pod that runs the agent.
func pod(namespace, name string, args ...string) string {
	quoted := make([]string, len(args))
	for i, arg := range args {
		quoted[i] = fmt.Sprintf("%q", arg)
	}
	return fmt.Sprintf(`apiVersion: v1
kind: Pod
metadata: {name: %[1]s, namespace: %[2]s, labels: {app: %[1]s}}
spec:
  securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
  containers:
  - name: main
    image: %[3]s
    args: [%[4]s]
    resources: {requests: {cpu: 10m, memory: 16Mi, ephemeral-storage: 16Mi}}
    securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
`, name, namespace, agentImage, strings.Join(quoted, ", "))
}

// runPod runs a pod as a team's engineer and waits until it is ready.
func runPod(t *testing.T, team, name string, args ...string) {
	t.Helper()
	runManifest(t, team, name, pod(team+"-train", name, args...))
}

// runManifest applies the manifest of a pod as a team's engineer and waits until it is ready.
func runManifest(t *testing.T, team, name, content string) {
	t.Helper()
	if err := apply(t, engineerOf(team), content); err != nil {
		t.Fatal(err)
	}
	if _, err := as(t, engineerOf(team), "wait", "--for=condition=Ready", "--timeout", within.String(), "--namespace", team+"-train", "pod/"+name); err != nil {
		described := kubectl(t, "describe", "pod", "--namespace", team+"-train", name)
		t.Fatalf("%v\n%s", err, described)
	}
}

// once has a pod end with its process.
const once = "  restartPolicy: Never\n"

// withScratch gives a pod a folder to write in.
func withScratch(pod string) string {
	return pod + "    volumeMounts: [{name: scratch, mountPath: /scratch}]\n  volumes: [{name: scratch, emptyDir: {}}]\n"
}

// template makes the template of a controller's spec from a pod's manifest.
func template(app, pod string) string {
	_, spec, _ := strings.Cut(pod, "spec:\n")
	lines := strings.ReplaceAll("spec:\n"+strings.TrimSuffix(spec, "\n"), "\n", "\n    ")
	return "  template:\n    metadata: {labels: {app: " + app + "}}\n    " + lines + "\n"
}
