package node

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"foundation.team/operator/test/support/manifest"
)

// localPath is the class of volumes that are directories of real nodes.
const localPath = "local-path"

// withVolume lets a pod mount a claim at /data.
func withVolume(pod, claim string) string {
	return pod + "    volumeMounts: [{name: data, mountPath: /data}]\n" +
		"  volumes: [{name: data, persistentVolumeClaim: {claimName: " + claim + "}}]\n"
}

// volumeOf returns the PersistentVolume of a claim, and its directory as this machine sees it.
func volumeOf(t *testing.T, namespace, claim string) (name, directory string) {
	t.Helper()
	name = kubectl(t, "get", "pvc", claim, "--namespace", namespace, "--output", "jsonpath={.spec.volumeName}")
	path := kubectl(t, "get", "pv", name, "--output", "jsonpath={.spec.local.path}")
	found, err := filepath.Glob(filepath.Join(lab.Dir, "lab", "nodes", "real-*", path))
	if err != nil || len(found) != 1 {
		t.Fatalf("directories %q are those of volume %s, error %v", found, name, err)
	}
	return name, found[0]
}

// dataTeam is a team with a data volume.
func dataTeam(name string) string {
	return manifest.Team(name, manifest.Train,
		"volumes: [{name: corpus, namespace: train, size: 64Mi, storageClassName: "+localPath+", accessModes: [ReadWriteOnce]}]",
		manifest.Staff(manifest.User("engineer", "Engineer", engineerOf(name))))
}

// A team's data is where it was after its pod, its FoundationTeam, its namespace and its claim are gone, and the same manifest gets it back.
func TestADataVolumeOutlivesItsTeam(t *testing.T) {
	long(t)
	counts(t)
	const team, namespace = "namu", "namu-train"
	begin := func() {
		t.Helper()
		if err := apply(t, "", dataTeam(team)); err != nil {
			t.Fatal(err)
		}
		kubectl(t, "wait", "--for=condition=Ready", "--timeout", within.String(), "foundationteam/"+team)
	}
	work := func(args ...string) string {
		t.Helper()
		runManifest(t, team, "worker", withVolume(pod(namespace, "worker", "wait"), "corpus"))
		return kubectl(t, append([]string{"exec", "--namespace", namespace, "worker", "--", "/agent"}, args...)...)
	}
	begin()
	work("write", "/data/weights", "epoch 7")
	volume, directory := volumeOf(t, namespace, "corpus")
	isKept := func(after string) {
		t.Helper()
		if content, err := os.ReadFile(filepath.Join(directory, "weights")); err != nil || string(content) != "epoch 7" {
			t.Errorf("after %s the data is %q, error %v", after, content, err)
		}
	}
	if policy := kubectl(t, "get", "pv", volume, "--output", "jsonpath={.spec.persistentVolumeReclaimPolicy}"); policy != "Retain" {
		t.Errorf("the reclaim policy is %s", policy)
	}
	kubectl(t, "annotate", "foundationteam", team, "foundation.team/confirm-deletion="+team)
	kubectl(t, "delete", "foundationteam", team, "--timeout", within.String())
	isKept("the FoundationTeam was deleted")
	if err := apply(t, engineerOf(team), pod(namespace, "late", "wait")); err == nil {
		t.Error("who was its engineer still works")
	}
	kubectl(t, "delete", "namespace", namespace, "--timeout", within.String())
	kubectl(t, "wait", "pv", volume, "--for=jsonpath={.status.phase}=Released", "--timeout", within.String())
	isKept("its namespace was deleted")
	begin()
	if said := work("read", "/data/weights"); said != "epoch 7" {
		t.Errorf("the same manifest gets %q back", said)
	}
}

// A claim that nobody declared is its owner's: the directory goes with it, and only then.
func TestAnEngineersVolumeGoesWithItsClaim(t *testing.T) {
	long(t)
	counts(t)
	const team, namespace = "bada", "bada-train"
	makeTeam(t, team)
	claim := fmt.Sprintf(`apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: scratch, namespace: %s}
spec: {storageClassName: %s, accessModes: [ReadWriteOnce], resources: {requests: {storage: 64Mi}}}
`, namespace, localPath)
	if err := apply(t, stewardOf(team), claim); err != nil {
		t.Fatal(err)
	}
	if err := apply(t, engineerOf(team), withVolume(pod(namespace, "writer", "write", "/data/file", "text"), "scratch")+once); err != nil {
		t.Fatal(err)
	}
	kubectl(t, "wait", "pod/writer", "--namespace", namespace, "--for=jsonpath={.status.phase}=Succeeded", "--timeout", within.String())
	volume, directory := volumeOf(t, namespace, "scratch")
	if _, err := as(t, engineerOf(team), "delete", "pod", "writer", "--namespace", namespace); err != nil {
		t.Fatal(err)
	}
	if content, err := os.ReadFile(filepath.Join(directory, "file")); err != nil || string(content) != "text" {
		t.Errorf("without a pod the data is %q, error %v", content, err)
	}
	if _, err := as(t, engineerOf(team), "delete", "pvc", "scratch", "--namespace", namespace); err == nil || !strings.Contains(err.Error(), "forbidden") {
		t.Errorf("an engineer deletes a claim: error %v", err)
	}
	if _, err := as(t, stewardOf(team), "delete", "pvc", "scratch", "--namespace", namespace); err != nil {
		t.Fatal(err)
	}
	kubectl(t, "wait", "pv", volume, "--for=delete", "--timeout", within.String())
	if _, err := os.Stat(directory); !os.IsNotExist(err) {
		t.Errorf("the directory is left: %v", err)
	}
}
