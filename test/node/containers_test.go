package node

import (
	"fmt"
	"strings"
	"testing"
)

// bare is a pod that says nothing but its image and what it does. lines are further YAML for its spec.
func bare(namespace, name, image string, does []string, lines ...string) string {
	text := fmt.Sprintf("apiVersion: v1\nkind: Pod\nmetadata: {name: %s, namespace: %s}\nspec:\n", name, namespace)
	for _, line := range lines {
		text += "  " + line + "\n"
	}
	return text + fmt.Sprintf("  containers: [{name: main, image: %s, args: [%s], resources: {requests: {cpu: 10m, memory: 16Mi, ephemeral-storage: 16Mi}}}]\n",
		image, strings.Join(does, ", "))
}

// A container of a pod that says nothing about security, as the kernel sees it.
func TestWhatAContainerMayDo(t *testing.T) {
	const team, namespace = "solmi", "solmi-train"
	makeTeam(t, team)
	waits := []string{"wait"}
	for name, content := range map[string]string{
		"bare":     bare(namespace, "bare", agentImage, waits),
		"grouped":  bare(namespace, "grouped", agentImage, waits, "securityContext: {runAsUser: 65532, runAsGroup: 65532}"),
		"token":    bare(namespace, "token", agentImage, waits, "automountServiceAccountToken: true"),
		"readonly": strings.Replace(bare(namespace, "readonly", agentImage, waits), "name: main,", "name: main, securityContext: {readOnlyRootFilesystem: true},", 1),
	} {
		runManifest(t, team, name, content)
	}
	const token = "/var/run/secrets/kubernetes.io/serviceaccount/token"
	for _, row := range []struct{ name, pod, does, says string }{
		{"it runs as the image's user", "bare", "status", "Uid 65532 65532 65532 65532"},
		{"its group is root's, the image's is not taken", "bare", "status", "Gid 0 0 0 0"},
		{"its group is the one that the pod names beside its user", "grouped", "status", "Gid 65532 65532 65532 65532"},
		{"it has no effective capability", "bare", "status", "CapEff 0000000000000000"},
		{"it has no permitted capability", "bare", "status", "CapPrm 0000000000000000"},
		{"it can get no capability", "bare", "status", "CapBnd 0000000000000000"},
		{"it hands down no capability", "bare", "status", "CapAmb 0000000000000000"},
		{"it gets no new privileges", "bare", "status", "NoNewPrivs 1"},
		{"its system calls are filtered", "bare", "status", "Seccomp 2"},
		{"its root file system is root's", "bare", "write /file text", "permission denied"},
		{"its root file system is read-only if the pod says so", "readonly", "write /agent text", "read-only file system"},
		{"no token is in it", "bare", "read " + token, "no such file"},
		{"a token is in it if the pod asks", "token", "read " + token, "."},
		{"the token is read-only", "token", "write " + token + " text", "read-only file system"},
	} {
		t.Run(row.name, func(t *testing.T) {
			counts(t)
			said, err := as(t, engineerOf(team), append([]string{"exec", "--namespace", namespace, row.pod, "--", "/agent"}, strings.Fields(row.does)...)...)
			if err != nil {
				said += err.Error()
			}
			if !strings.Contains(said, row.says) {
				t.Errorf("%q is not in %s", row.says, said)
			}
		})
	}
}

// What the restricted level and the guards refuse, with a message that names it.
func TestPodsThatAreRefused(t *testing.T) {
	const team, namespace = "solmi", "solmi-train"
	makeTeam(t, team)
	container := func(security string) string {
		return strings.Replace(bare(namespace, "refused", agentImage, []string{"wait"}), "name: main,", "name: main, securityContext: {"+security+"},", 1)
	}
	with := func(lines ...string) string {
		return bare(namespace, "refused", agentImage, []string{"wait"}, lines...)
	}
	for _, row := range []struct{ name, manifest, says string }{
		{"a folder of the node", with("volumes: [{name: root, hostPath: {path: /}}]"), `restricted volume types (volume "root" uses restricted volume type "hostPath")`},
		{"the node's network", with("hostNetwork: true"), "host namespaces (hostNetwork=true)"},
		{"the node's processes", with("hostPID: true"), "host namespaces (hostPID=true)"},
		{"the node's IPC", with("hostIPC: true"), "host namespaces (hostIPC=true)"},
		{"privileged", container("privileged: true"), "privileged"},
		{"root by number", container("runAsUser: 0"), "runAsUser=0"},
		{"a capability", container("capabilities: {add: [NET_ADMIN]}"), "unrestricted capabilities"},
		{"no filter of system calls", container("seccompProfile: {type: Unconfined}"), "seccompProfile"},
		{"a node by name", with("nodeName: real-0"), "spec.nodeName"},
	} {
		t.Run(row.name, func(t *testing.T) {
			counts(t)
			if err := apply(t, engineerOf(team), row.manifest); err == nil || !strings.Contains(err.Error(), row.says) {
				t.Errorf("%q is not in %v", row.says, err)
			}
		})
	}
}

// An image that runs as root is not started, and the container's status says why.
func TestAnImageOfRootSaysWhyItDoesNotStart(t *testing.T) {
	counts(t)
	const team, namespace = "solmi", "solmi-train"
	makeTeam(t, team)
	if err := apply(t, engineerOf(team), bare(namespace, "rooted", rootImage, []string{"wait"})); err != nil {
		t.Fatal(err)
	}
	const waiting = "jsonpath={.status.containerStatuses[0].state.waiting.reason}"
	if _, err := as(t, engineerOf(team), "wait", "pod/rooted", "--namespace", namespace, "--for="+waiting+"=CreateContainerConfigError", "--timeout", within.String()); err != nil {
		t.Fatalf("%v\n%s", err, kubectl(t, "describe", "pod", "--namespace", namespace, "rooted"))
	}
	said, err := as(t, engineerOf(team), "get", "pod", "rooted", "--namespace", namespace, "--output", "jsonpath={.status.containerStatuses[0].state.waiting.message}")
	if err != nil || !strings.Contains(said, "container has runAsNonRoot and image will run as root") {
		t.Errorf("it says %q, error %v", said, err)
	}
}

// A team's engineer runs a container, sees what it says and works in it. A viewer sees it and does nothing in it.
func TestATeamsPodRuns(t *testing.T) {
	counts(t)
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
