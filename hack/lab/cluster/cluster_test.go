package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"foundation.team/operator/hack/lab/binaries"
)

const podWithVolume = `
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, namespace: default}
spec: {storageClassName: fast, accessModes: [ReadWriteMany], resources: {requests: {storage: 10Ti}}}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: shared-block, namespace: default}
spec: {storageClassName: standard, accessModes: [ReadWriteMany], resources: {requests: {storage: 1Gi}}}
---
apiVersion: v1
kind: Pod
metadata: {name: trainer, namespace: default}
spec:
  nodeSelector: {gpu.example.com/model: h100}
  containers:
  - name: train
    image: trainer
    resources: {limits: {nvidia.com/gpu: 8}}
    volumeMounts: [{name: data, mountPath: /data}]
  volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
`

const operatorIdentity = `
apiVersion: v1
kind: Namespace
metadata: {name: foundation-system}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: foundation-operator, namespace: foundation-system}
`

// TestCluster starts a small cluster for real and does with it what the end-to-end tests will.
func TestCluster(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
	defer cancel()
	root, err := binaries.Root(".")
	if err != nil {
		t.Fatal(err)
	}
	bin, err := binaries.Ensure(ctx, root, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	opts := Options{Dir: dir, BinDir: bin, Nodes: 4, Karpenter: true, Audit: true, Progress: t.Output()}
	c, err := Start(ctx, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Stop(context.WithoutCancel(ctx)); err != nil {
			t.Error(err)
		}
	})

	t.Run("pods run and volumes come", func(t *testing.T) { testWorkload(t, c) })
	t.Run("a broken node is not ready", func(t *testing.T) {
		kubectl(t, c, "label", "node", "b200-000", BrokenLabel+"=true")
		kubectl(t, c, "wait", "node/b200-000", "--for=condition=Ready=false", "--timeout=60s")
		kubectl(t, c, "label", "node", "b200-000", BrokenLabel+"-")
		kubectl(t, c, "wait", "node/b200-000", "--for=condition=Ready", "--timeout=60s")
	})
	t.Run("people have the rights that they were given", func(t *testing.T) { testPeople(t, c) })
	t.Run("the manager is the operator's service account", func(t *testing.T) { testManager(t, c) })
	t.Run("what the manager asks is written down, and no more", func(t *testing.T) { testAudit(t, c) })
	t.Run("Karpenter makes nodes", func(t *testing.T) { testKarpenter(t, c) })
	t.Run("what died is started again", func(t *testing.T) { testRestart(t, opts) })
	t.Run("secrets are private", func(t *testing.T) { testPrivate(t, dir) })

	loaded, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	records := loaded.running()
	if len(records) < 7 {
		t.Errorf("%d processes were written down, want the control plane, Karpenter and the manager", len(records))
	}
	if err := c.Remove(); err == nil {
		t.Error("a running cluster let itself be removed")
	}
	if err := loaded.Stop(ctx); err != nil {
		t.Fatal(err)
	}
	for _, p := range records {
		if isRunning(p.PID(), p.Identity) {
			t.Errorf("%s (pid %d) outlived Stop", p.Name(), p.PID())
		}
	}
	if err := loaded.Remove(); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(dir); !errors.Is(err, ErrNotStarted) {
		t.Errorf("Load after Remove = %v, want ErrNotStarted", err)
	}
}

func testWorkload(t *testing.T, c *Cluster) {
	t.Helper()
	if err := c.apply(t.Context(), []byte(podWithVolume)); err != nil {
		t.Fatal(err)
	}
	kubectl(t, c, "wait", "pod/trainer", "--for=condition=Ready", "--timeout=60s")
	got := kubectl(t, c, "get", "pod/trainer", "-o", "jsonpath={.status.phase} {.spec.nodeName}")
	if !strings.HasPrefix(got, "Running h100-") {
		t.Errorf("the pod is %q, want it running on an h100 node", got)
	}
	kubectl(t, c, "wait", "pvc/data", "--for=jsonpath={.status.phase}=Bound", "--timeout=60s")
	kubectl(t, c, "patch", "pvc/data", "--type=merge", "-p", `{"spec":{"resources":{"requests":{"storage":"20Ti"}}}}`)
	kubectl(t, c, "wait", "pvc/data", "--for=jsonpath={.status.capacity.storage}=20Ti", "--timeout=60s")
	if phase := kubectl(t, c, "get", "pvc/shared-block", "-o", "jsonpath={.status.phase}"); phase != "Pending" {
		t.Errorf("block storage gave a shared volume: %s", phase)
	}
	volume := kubectl(t, c, "get", "pvc/data", "-o", "jsonpath={.spec.volumeName}")
	kubectl(t, c, "delete", "pod/trainer", "pvc/data", "pvc/shared-block")
	kubectl(t, c, "wait", "pv/"+volume, "--for=delete", "--timeout=60s")
}

func testPeople(t *testing.T, c *Cluster) {
	t.Helper()
	kubectl(t, c, "create", "rolebinding", "viewers", "-n", "default", "--clusterrole=view", "--group=hanbit-visitors")
	visitor, err := c.KubeconfigFor("lee@hanbit.example", "hanbit-visitors")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.KubectlAs(t.Context(), visitor, "get", "pods", "-n", "default"); err != nil {
		t.Errorf("a visitor may not look: %v", err)
	}
	stranger, err := c.KubeconfigFor("lee@hanbit.example")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.KubectlAs(t.Context(), stranger, "get", "pods", "-n", "default"); err == nil ||
		!strings.Contains(err.Error(), "lee@hanbit.example") {
		t.Errorf("the same name without the group = %v, want it forbidden by name", err)
	}
}

func testManager(t *testing.T, c *Cluster) {
	t.Helper()
	opts := ManagerOptions{Path: os.Args[0], Env: []string{actAsEnv + "=" + actAsManager}}
	if _, err := c.StartManager(t.Context(), opts); err == nil || !strings.Contains(err.Error(), "InstallOperator") {
		t.Errorf("a manager without its ServiceAccount = %v, want the way out", err)
	}
	if err := c.apply(t.Context(), []byte(operatorIdentity)); err != nil {
		t.Fatal(err)
	}
	p, err := c.StartManager(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.Get("http://" + p.MetricsAddress())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	who, err := io.ReadAll(response.Body)
	if want := "system:serviceaccount:foundation-system:foundation-operator in foundation-system"; string(who) != want || err != nil {
		t.Errorf("the manager is %q, %v; want %q", who, err, want)
	}
	if same, err := c.StartManager(t.Context(), opts); err != nil || same.PID() != p.PID() {
		t.Errorf("the same manager was started a second time: %v", err)
	}
	opts.Env = append(opts.Env, "CHANGED=yes")
	if other, err := c.StartManager(t.Context(), opts); err != nil || other.PID() == p.PID() || p.Running() {
		t.Errorf("a changed manager did not take the old one's place: %v", err)
	}
	opts.Path = filepath.Join(t.TempDir(), "manager")
	if _, err := c.StartManager(t.Context(), opts); err == nil {
		t.Error("a manager that is not there was started")
	}
}

func testAudit(t *testing.T, c *Cluster) {
	t.Helper()
	log, err := os.ReadFile(c.AuditLog())
	if err != nil {
		t.Fatal(err)
	}
	asked := false
	for line := range strings.Lines(string(log)) {
		var event struct {
			Level, Verb string
			User        struct{ Username string }
			ObjectRef   struct{ Resource string }
		}
		if err := json.Unmarshal([]byte(line), &event); err != nil {
			t.Fatal(err)
		}
		if event.Level != "Metadata" || event.User.Username != "system:serviceaccount:foundation-system:foundation-operator" {
			t.Errorf("more is written down than the operator's metadata: %s", line)
		}
		asked = asked || event.Verb == "create" && event.ObjectRef.Resource == "selfsubjectreviews"
	}
	if !asked {
		t.Errorf("the manager asked who it is, and that is not written down:\n%s", log)
	}
}

func testRestart(t *testing.T, opts Options) {
	t.Helper()
	loaded, err := Load(opts.Dir)
	if err != nil {
		t.Fatal(err)
	}
	etcd := loaded.process(componentEtcd)
	for _, name := range []string{componentKwok, componentKarpenter} {
		if err := loaded.process(name).Kill(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	again, err := Start(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	if again.process(componentEtcd).PID() != etcd.PID() {
		t.Error("etcd was restarted though it ran")
	}
	for _, s := range again.Status(t.Context()) {
		if !s.Ready {
			t.Errorf("%s is not ready: %s", s.Name, s.Problem)
		}
	}
	other := opts
	other.Nodes++
	if _, err := Start(t.Context(), other); err == nil {
		t.Error("a running cluster was started with another number of nodes")
	}
	other = opts
	other.Audit = false
	if _, err := Start(t.Context(), other); err == nil || !strings.Contains(err.Error(), "runs with an audit log, not without") {
		t.Errorf("starting a running cluster without its audit log = %v", err)
	}
	other = opts
	other.Karpenter = false
	if _, err := Start(t.Context(), other); err == nil || !strings.Contains(err.Error(), "runs with Karpenter, not without") {
		t.Errorf("starting a running cluster without Karpenter = %v", err)
	}
}

func testPrivate(t *testing.T, dir string) {
	t.Helper()
	for _, name := range []string{"kubeconfig", "pki/ca.key", "pki/etcd.key", "config/manager.kubeconfig", "config/karpenter.kubeconfig", "state.json"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Error(err)
			continue
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %s", name, info.Mode())
		}
	}
}

func kubectl(t *testing.T, c *Cluster, args ...string) string {
	t.Helper()
	out, err := c.Kubectl(t.Context(), args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
