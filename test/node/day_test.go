package node

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// day is a team, and somebody of it who works.
type day struct {
	t                     *testing.T
	team, namespace, user string
}

// apply applies a manifest.
func (d day) apply(content string) {
	d.t.Helper()
	if err := apply(d.t, d.user, content); err != nil {
		d.t.Fatal(err)
	}
}

// kubectl runs kubectl in the team's namespace.
func (d day) kubectl(args ...string) string {
	d.t.Helper()
	said, err := as(d.t, d.user, append([]string{"--namespace", d.namespace}, args...)...)
	if err != nil {
		d.t.Fatalf("%v\n%s", err, kubectl(d.t, "describe", "pod,pvc", "--namespace", d.namespace))
	}
	return said
}

// wait waits for a condition, or that something is gone.
func (d day) wait(what, condition string) {
	d.t.Helper()
	d.kubectl("wait", what, "--for="+condition, "--timeout", within.String())
}

// template is that of what a controller makes pods for, below its spec.
func (d day) template(app, restart string, args ...string) string {
	return template(app, pod(d.namespace, app, args...)+"  restartPolicy: "+restart+"\n")
}

func (d day) object(version, kind, name, spec string) string {
	return fmt.Sprintf("apiVersion: %s\nkind: %s\nmetadata: {name: %s, namespace: %s}\nspec:\n%s", version, kind, name, d.namespace, spec)
}

// What a team does in a day, with the rights of an engineer and nobody's help.
func TestATeamsDay(t *testing.T) {
	long(t)
	makeTeam(t, "haneul")
	for _, step := range []struct {
		name string
		do   func(day)
	}{
		{"a Job runs to its end and its log is read", day.runsAJob},
		{"a Job ends at its deadline", day.runsAJobTooLong},
		{"a Job is made from a CronJob", day.runsACronJob},
		{"a Deployment is reached by the name of its Service", day.servesByName},
		{"a StatefulSet has its data after its pod was replaced", day.keepsData},
		{"a notebook is reached from outside", day.opensANotebook},
		{"files are copied to a pod and from it", day.copiesFiles},
		{"a process is talked to", day.talks},
		{"a copy of a pod is debugged", day.debugs},
		{"all of it is cleaned up", day.cleansUp},
	} {
		t.Run(step.name, func(t *testing.T) {
			counts(t)
			step.do(day{t: t, team: "haneul", namespace: "haneul-train", user: engineerOf("haneul")})
		})
	}
}

func (d day) runsAJob() {
	d.apply(d.object("batch/v1", "Job", "train", "  backoffLimit: 0\n"+d.template("train", "Never", "status")))
	d.wait("job/train", "condition=Complete")
	if log := d.kubectl("logs", "job/train"); !strings.Contains(log, "Uid 65532") {
		d.t.Errorf("its log is %q", log)
	}
}

func (d day) runsAJobTooLong() {
	d.apply(d.object("batch/v1", "Job", "endless", "  activeDeadlineSeconds: 3\n"+d.template("endless", "Never", "wait")))
	d.wait("job/endless", "condition=Failed")
	if reason := d.kubectl("get", "job", "endless", "--output", "jsonpath={.status.conditions[?(@.type==\"Failed\")].reason}"); reason != "DeadlineExceeded" {
		d.t.Errorf("it failed for %s", reason)
	}
	eventually(d.t, "its pod is gone", func() bool { return d.kubectl("get", "pod", "--selector=app=endless", "--output=name") == "" })
}

func (d day) runsACronJob() {
	job := d.object("batch/v1", "Job", "nightly", d.template("nightly", "Never", "status"))
	_, spec, _ := strings.Cut(job, "spec:\n")
	indented := "    " + strings.TrimSuffix(strings.ReplaceAll(spec, "\n", "\n    "), "    ")
	d.apply(d.object("batch/v1", "CronJob", "nightly", "  schedule: \"0 3 * * *\"\n  jobTemplate:\n    spec:\n"+indented))
	d.kubectl("create", "job", "tonight", "--from=cronjob/nightly")
	d.wait("job/tonight", "condition=Complete")
}

func (d day) servesByName() {
	d.apply(d.object("apps/v1", "Deployment", "server", "  replicas: 2\n  selector: {matchLabels: {app: server}}\n"+d.template("server", "Always", "serve", "8080")))
	d.apply(service(d.namespace))
	d.kubectl("rollout", "status", "deployment/server", "--timeout", within.String())
	d.apply(withScratch(pod(d.namespace, "notebook", "http", "8888")))
	d.wait("pod/notebook", "condition=Ready")
	for _, name := range []string{"server", "server." + d.namespace, "server." + d.namespace + ".svc.cluster.local"} {
		eventually(d.t, name+" answers", func() bool {
			said, _ := as(d.t, d.user, "exec", "--namespace", d.namespace, "notebook", "--", "/agent", "try", name+":80")
			return strings.Contains(said, " passes: server-")
		})
	}
}

func (d day) keepsData() {
	template := d.template("store", "Always", "wait")
	template = strings.Replace(template, "      restartPolicy:", "        volumeMounts: [{name: data, mountPath: /data}]\n      restartPolicy:", 1)
	claim := "  volumeClaimTemplates:\n  - metadata: {name: data}\n    spec: {storageClassName: " + localPath +
		", accessModes: [ReadWriteOnce], resources: {requests: {storage: 64Mi}}}\n"
	d.apply(d.object("apps/v1", "StatefulSet", "store", "  serviceName: store\n  selector: {matchLabels: {app: store}}\n"+template+claim))
	d.kubectl("rollout", "status", "statefulset/store", "--timeout", within.String())
	d.kubectl("exec", "store-0", "--", "/agent", "write", "/data/model", "epoch 7")
	uid := d.kubectl("get", "pod", "store-0", "--output=jsonpath={.metadata.uid}")
	d.kubectl("delete", "pod", "store-0", "--timeout", within.String())
	d.kubectl("rollout", "status", "statefulset/store", "--timeout", within.String())
	d.wait("pod/store-0", "condition=Ready")
	if d.kubectl("get", "pod", "store-0", "--output=jsonpath={.metadata.uid}") == uid {
		d.t.Error("the pod is still the same")
	}
	if said := d.kubectl("exec", "store-0", "--", "/agent", "read", "/data/model"); said != "epoch 7" {
		d.t.Errorf("its data is %q", said)
	}
}

func (d day) opensANotebook() {
	address, said := portForward(d.t, d.user, d.namespace, "pod/notebook", "8888")
	if address == "" {
		d.t.Fatal(said)
	}
	client := http.Client{Timeout: within, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get("http://" + address)
	if err != nil {
		d.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if page, err := io.ReadAll(response.Body); err != nil || strings.TrimSpace(string(page)) != "notebook" {
		d.t.Errorf("the page is %q, error %v", page, err)
	}
}

func (d day) copiesFiles() {
	folder := filepath.Join(d.t.TempDir(), "code")
	if err := os.Mkdir(folder, 0o700); err != nil {
		d.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "train.py"), []byte("import this"), 0o600); err != nil {
		d.t.Fatal(err)
	}
	d.kubectl("cp", folder, "notebook:/scratch/code")
	if said := d.kubectl("exec", "notebook", "--", "/agent", "read", "/scratch/code/train.py"); said != "import this" {
		d.t.Errorf("in the pod it is %q", said)
	}
	back := filepath.Join(d.t.TempDir(), "back")
	d.kubectl("cp", "notebook:/scratch/code", back)
	if content, err := os.ReadFile(filepath.Join(back, "train.py")); err != nil || string(content) != "import this" {
		d.t.Errorf("what comes back is %q, error %v", content, err)
	}
}

func (d day) talks() {
	d.apply(strings.Replace(pod(d.namespace, "shell", "echo"), "- name: main", "- name: main\n    stdin: true\n    stdinOnce: true", 1) + once)
	d.wait("pod/shell", "condition=Ready")
	cmd := command(d.t.Context(), d.t, d.user, "attach", "--namespace", d.namespace, "--stdin", "shell")
	cmd.Stdin = strings.NewReader("hello\n")
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "you said hello") {
		d.t.Errorf("it answers %q, error %v", out, err)
	}
	d.wait("pod/shell", "jsonpath={.status.phase}=Succeeded")
}

// A running pod gets no further container, but a copy of it may have one, and no right that the pod has not.
func (d day) debugs() {
	args := []string{"debug", "notebook", "--namespace", d.namespace, "--image", agentImage, "--profile=restricted", "--attach=false"}
	if said, err := as(d.t, d.user, append(args, "--", "/agent", "wait")...); err == nil || !strings.Contains(err.Error(), "ephemeralcontainers") {
		d.t.Errorf("a container is added: %q, error %v", said, err)
	}
	d.kubectl(append(args, "--copy-to=notebook-copy", "--container=debugger", "--", "/agent", "wait")...)
	d.wait("pod/notebook-copy", "condition=Ready")
	if said := d.kubectl("exec", "notebook-copy", "--container=debugger", "--", "/agent", "status"); !strings.Contains(said, "CapEff 0000000000000000") {
		d.t.Errorf("the container may more: %s", said)
	}
}

func (d day) cleansUp() {
	d.kubectl("delete", "cronjob,job,deployment,statefulset,service", "--all", "--timeout", within.String())
	d.kubectl("delete", "pod", "notebook", "notebook-copy", "shell", "--timeout", within.String())
	eventually(d.t, "no pod is left", func() bool { return d.kubectl("get", "pods", "--output=name") == "" })
	// A StatefulSet's claims stay, and an engineer may not delete claims.
	if left := d.kubectl("get", "pvc", "--output=name"); left != "persistentvolumeclaim/data-store-0" {
		d.t.Errorf("the claims %q are left", left)
	}
	if _, err := as(d.t, stewardOf(d.team), "delete", "pvc", "data-store-0", "--namespace", d.namespace); err != nil {
		d.t.Error(err)
	}
}
