package node

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"foundation.team/operator/hack/lab/cluster"
)

// privateImage runs agent, for those who know the registry's password.
const privateImage = cluster.Registry + "/private/agent:test"

// pullSecret lets pods of a namespace pull private images.
func pullSecret(t *testing.T, namespace string) string {
	t.Helper()
	config, err := json.Marshal(map[string]any{"auths": map[string]any{
		cluster.Registry: map[string]string{"username": cluster.PrivateUser, "password": cluster.PrivatePassword},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("apiVersion: v1\nkind: Secret\nmetadata: {name: pull, namespace: %s}\ntype: kubernetes.io/dockerconfigjson\nstringData: {.dockerconfigjson: '%s'}\n",
		namespace, config)
}

// A team's private image is for its own pods, also on a node that has it already: each pod has to show that it may pull it.
func TestPrivateImages(t *testing.T) {
	long(t)
	makeTeam(t, "dalbit")
	makeTeam(t, "solmi")
	if err := apply(t, engineerOf("dalbit"), pullSecret(t, "dalbit-train")); err != nil {
		t.Fatal(err)
	}
	const bySecret = "imagePullSecrets: [{name: pull}]"
	t.Run("a pod with the secret runs it", func(t *testing.T) {
		counts(t)
		runManifest(t, "dalbit", "private", bare("dalbit-train", "private", privateImage, []string{"wait"}, bySecret))
	})
	refused := func(name, content string) {
		t.Run(name, func(t *testing.T) {
			counts(t)
			content = strings.Replace(content, "name: private,", "name: "+strings.ReplaceAll(name, " ", "-")+",", 1)
			if err := apply(t, engineerOf("solmi"), content); err != nil {
				t.Fatal(err)
			}
			awaitPullError(t, strings.ReplaceAll(name, " ", "-"))
		})
	}
	refused("another team by its name", bare("solmi-train", "private", privateImage, []string{"wait"}))
	refused("another team with a secret of that name", bare("solmi-train", "private", privateImage, []string{"wait"}, bySecret))
	t.Run("another team from the node's cache", func(t *testing.T) {
		counts(t)
		cached := strings.Replace(bare("solmi-train", "cached", privateImage, []string{"wait"}), "name: main,", "name: main, imagePullPolicy: IfNotPresent,", 1)
		if err := apply(t, engineerOf("solmi"), cached); err != nil {
			t.Fatal(err)
		}
		awaitPullError(t, "cached")
	})
	t.Run("another team's secret is not read", func(t *testing.T) {
		counts(t)
		if said, err := as(t, engineerOf("solmi"), "get", "secret", "pull", "--namespace", "dalbit-train"); err == nil || !strings.Contains(err.Error(), "forbidden") {
			t.Errorf("it is read: %q, error %v", said, err)
		}
	})
	t.Run("another team's secret is not named", func(t *testing.T) {
		counts(t)
		naming := bare("solmi-train", "naming", privateImage, []string{"wait"}, "imagePullSecrets: [{name: pull, namespace: dalbit-train}]")
		if err := apply(t, engineerOf("solmi"), naming); err == nil || !strings.Contains(err.Error(), `unknown field "spec.imagePullSecrets[0].namespace"`) {
			t.Errorf("want that it is refused, got %v", err)
		}
	})
}

// awaitPullError waits until a pod of the team solmi says that it may not have its image.
func awaitPullError(t *testing.T, pod string) {
	t.Helper()
	var said string
	eventually(t, "the registry refuses the image", func() bool {
		said = kubectl(t, "get", "pod", pod, "--namespace", "solmi-train", "--output", "jsonpath={.status.containerStatuses[0].state.waiting.message}")
		return strings.Contains(said, "pull access denied")
	})
	if t.Failed() {
		t.Errorf("it says %q", said)
	}
}
