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

// A team's engineer runs a container, sees what it says and works in it. A viewer sees it and does nothing in it.
func TestATeamsPodRuns(t *testing.T) {
	makeTeam(t, "hanbit")
	runPod(t, "hanbit", "job", "wait")
	said, err := as(t, engineerOf("hanbit"), "logs", "--namespace", "hanbit-train", "job")
	if err != nil || said != "waiting" {
		t.Errorf("the log is %q, error %v", said, err)
	}
	status, err := as(t, engineerOf("hanbit"), "exec", "--namespace", "hanbit-train", "job", "--", "/agent", "status")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"Uid 65532 65532 65532 65532", "CapEff 0000000000000000", "CapBnd 0000000000000000", "NoNewPrivs 1", "Seccomp 2",
	} {
		if !strings.Contains(status, line) {
			t.Errorf("%q is not what the kernel says of it:\n%s", line, status)
		}
	}
	if out, err := as(t, viewerOf("hanbit"), "exec", "--namespace", "hanbit-train", "job", "--", "/agent", "status"); err == nil || !strings.Contains(err.Error(), "forbidden") {
		t.Errorf("a viewer executes commands: %q, error %v", out, err)
	}
}
