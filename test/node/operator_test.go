package node

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/util/wait"

	"foundation.team/operator/hack/lab/binaries"
	"foundation.team/operator/hack/lab/cluster"
)

const (
	deployment       = "deployment/foundation-operator"
	operatorSelector = "--selector=app.kubernetes.io/name=foundation-operator"
	ready            = "--for=condition=Ready"
)

// operator runs kubectl in the operator's namespace.
func operator(t *testing.T, args ...string) string {
	t.Helper()
	return kubectl(t, append([]string{"--namespace", cluster.OperatorNamespace}, args...)...)
}

// stopOperator ends the operator until startOperator or the end of the test.
func stopOperator(t *testing.T) {
	t.Helper()
	t.Cleanup(func() { startOperator(t) })
	operator(t, "scale", deployment, "--replicas=0")
	operator(t, "wait", "--for=delete", "pod", operatorSelector, "--timeout", within.String())
}

// startOperator starts the operator as it was installed.
func startOperator(t *testing.T) {
	t.Helper()
	operator(t, "scale", deployment, "--replicas=2")
	operator(t, "rollout", "status", deployment, "--timeout", within.String())
}

// leader returns the pod that has the operator's lease.
func leader(t *testing.T) string {
	t.Helper()
	holder, _, _ := strings.Cut(operator(t, "get", "lease", "foundation-operator", "--output", "jsonpath={.spec.holderIdentity}"), "_")
	return holder
}

// processOf returns the operator's process in a pod, as the machine knows it.
func processOf(t *testing.T, pod string) int {
	t.Helper()
	processes, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	for _, process := range processes {
		program, _ := os.ReadFile(process + "/cmdline") // it may have ended meanwhile
		environment, _ := os.ReadFile(process + "/environ")
		if strings.HasPrefix(string(program), "/manager\x00") && strings.Contains("\x00"+string(environment), "\x00HOSTNAME="+pod+"\x00") {
			pid, err := strconv.Atoi(filepath.Base(process))
			if err != nil {
				t.Fatal(err)
			}
			return pid
		}
	}
	t.Fatalf("no process of pod %s is found", pod)
	return 0
}

// The image says and does what the Dockerfile promises.
func TestOperatorImage(t *testing.T) {
	counts(t)
	text, err := lab.ImageConfig(t.Context(), operatorImage+":"+firstVersion)
	if err != nil {
		t.Fatal(err)
	}
	type settings struct {
		User       string
		Entrypoint []string
		Labels     map[string]string
	}
	var got struct{ Config settings }
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	const prefix = "org.opencontainers.image."
	want := settings{User: "65532:65532", Entrypoint: []string{"/manager"}, Labels: map[string]string{
		prefix + "title":       "foundation-operator",
		prefix + "description": "Gives teams their place on a shared GPU cluster, and takes it back without losing data",
		prefix + "licenses":    "Apache-2.0", prefix + "version": firstVersion, prefix + "revision": "of-" + firstVersion,
	}}
	if diff := cmp.Diff(want, got.Config); diff != "" {
		t.Error(diff)
	}
	if log := operator(t, "logs", leader(t)); !strings.Contains(log, `"version":"`+firstVersion+`"`) {
		t.Errorf("the program does not say that it is %s:\n%.500s", firstVersion, log)
	}
}

// The kernel gives the operator nothing that it does not need.
func TestOperatorContainer(t *testing.T) {
	counts(t)
	process := fmt.Sprintf("/proc/%d/", processOf(t, leader(t)))
	status, err := os.ReadFile(process + "status")
	if err != nil {
		t.Fatal(err)
	}
	said := strings.Join(strings.Fields(string(status)), " ")
	for _, want := range []string{"Uid: 65532 65532 65532 65532", "CapEff: 0000000000000000", "CapBnd: 0000000000000000", "NoNewPrivs: 1", "Seccomp: 2"} {
		if !strings.Contains(said, want) {
			t.Errorf("%q is not what the kernel says of it:\n%s", want, status)
		}
	}
	mounts, err := os.ReadFile(process + "mounts")
	if err != nil {
		t.Fatal(err)
	}
	root, _, _ := strings.Cut(string(mounts), "\n")
	if fields := strings.Fields(root); len(fields) < 4 || fields[1] != "/" || !strings.HasPrefix(fields[3], "ro,") {
		t.Errorf("its root is mounted as %q, want it read-only", root)
	}
}

// A replica that dies is followed by the other one, and comes back. Nobody waits for longer than a lease lasts.
func TestOperatorIsKilled(t *testing.T) {
	long(t)
	counts(t)
	makeTeam(t, "hanbit")
	before := leader(t)
	restarts := func() int {
		count, err := strconv.Atoi(operator(t, "get", "pod", before, "--output", "jsonpath={.status.containerStatuses[0].restartCount}"))
		if err != nil {
			t.Fatal(err)
		}
		return count
	}
	already := restarts()
	if err := syscall.Kill(processOf(t, before), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	makeTeam(t, "killed")
	operator(t, "wait", ready, "pod", operatorSelector, "--timeout", within.String())
	eventually(t, "the replica that died was started again, once", func() bool { return restarts() == already+1 })
}

// A drain takes one replica at a time.
func TestOperatorIsEvicted(t *testing.T) {
	long(t)
	counts(t)
	startOperator(t)
	pods := strings.Fields(operator(t, "get", "pod", operatorSelector, "--output", "jsonpath={.items[*].metadata.name}"))
	if len(pods) != 2 {
		t.Fatalf("the operator has the pods %q, want two", pods)
	}
	if err := evict(t, cluster.OperatorNamespace, pods[0]); err != nil {
		t.Fatal(err)
	}
	if err := evict(t, cluster.OperatorNamespace, pods[1]); err == nil || !strings.Contains(err.Error(), "disruption budget") {
		t.Errorf("both replicas are evicted at a time: %v", err)
	}
	operator(t, "rollout", "status", deployment, "--timeout", within.String())
	if err := evict(t, cluster.OperatorNamespace, pods[1]); err != nil {
		t.Errorf("the second is not evicted when the first is back: %v", err)
	}
	startOperator(t)
}

// evict asks for a pod's eviction, as kubectl drain does.
func evict(t *testing.T, namespace, pod string) error {
	t.Helper()
	file := filepath.Join(t.TempDir(), "eviction.json")
	content := fmt.Sprintf(`{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":%q,"namespace":%q}}`, pod, namespace)
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := lab.Kubectl(t.Context(), "create", "--raw", fmt.Sprintf("/api/v1/namespaces/%s/pods/%s/eviction", namespace, pod), "--filename", file)
	return err
}

// A new version takes over while a replica is always there. One that cannot start takes nothing over, and is rolled back.
func TestOperatorIsUpgraded(t *testing.T) {
	long(t)
	root, err := binaries.Root(".")
	if err != nil {
		t.Fatal(err)
	}
	if err := pushOperator(t.Context(), root, "v2"); err != nil {
		t.Fatal(err)
	}
	available := watchAvailable(t)
	t.Run("to a version that runs", func(t *testing.T) {
		counts(t)
		operator(t, "set", "image", deployment, "manager="+operatorImage+":v2")
		makeTeam(t, "upgraded")
		operator(t, "rollout", "status", deployment, "--timeout", within.String())
		if log := operator(t, "logs", leader(t)); !strings.Contains(log, `"version":"v2"`) {
			t.Errorf("the leader is not the new version:\n%.500s", log)
		}
	})
	t.Run("to an image that is missing", func(t *testing.T) {
		counts(t)
		operator(t, "set", "image", deployment, "manager="+operatorImage+":missing")
		operator(t, "wait", `--for=jsonpath={.status.unavailableReplicas}=1`, deployment, "--timeout", within.String())
		makeTeam(t, "outlived")
	})
	t.Run("back", func(t *testing.T) {
		counts(t)
		for _, version := range []string{"v2", firstVersion} {
			if version == firstVersion {
				operator(t, "set", "image", deployment, "manager="+operatorImage+":"+version)
			} else {
				operator(t, "rollout", "undo", deployment)
			}
			operator(t, "rollout", "status", deployment, "--timeout", within.String())
			if log := operator(t, "logs", leader(t)); !strings.Contains(log, `"version":"`+version+`"`) {
				t.Errorf("the leader is not %s:\n%.500s", version, log)
			}
		}
		makeTeam(t, "back")
	})
	if least := available(); least < 1 {
		t.Errorf("at some time %d replicas were available, want at least one", least)
	}
}

// watchAvailable watches how many replicas are available until the function that it returns is called, which tells the least.
func watchAvailable(t *testing.T) (least func() int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	lowest, ended := 2, make(chan struct{})
	go func() {
		defer close(ended)
		_ = wait.PollUntilContextCancel(ctx, 250*time.Millisecond, true, func(ctx context.Context) (bool, error) {
			out, err := lab.Kubectl(ctx, "get", "--namespace", cluster.OperatorNamespace, deployment, "--output", "jsonpath={.status.availableReplicas}")
			if err == nil {
				now, _ := strconv.Atoi(strings.TrimSpace(out))
				lowest = min(lowest, now)
			}
			return false, nil
		})
	}()
	return func() int {
		cancel()
		<-ended
		return lowest
	}
}
