package node

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// What each role can do to a pod that runs, as docs/access.md has it: each is tried. Nobody adds containers to a pod.
func TestRolesInAContainer(t *testing.T) {
	long(t)
	const team, namespace = "dalbit", "dalbit-train"
	makeTeam(t, team)
	runManifest(t, team, "work", withScratch(pod(namespace, "work", "http", "8888")))
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) func(*testing.T, string) string {
		return func(t *testing.T, user string) string {
			t.Helper()
			if _, err := as(t, user, append([]string{"--namespace", namespace}, args...)...); err != nil {
				return err.Error()
			}
			return ""
		}
	}
	forward := func(t *testing.T, user string) string {
		t.Helper()
		_, said := portForward(t, user, namespace, "pod/work", "8888")
		return said
	}
	// It is attached until somebody lets go, and that is what ends it here.
	attach := func(t *testing.T, user string) string {
		t.Helper()
		return attachBriefly(t, user, namespace, "work")
	}
	const inside, everybody, nobody = "Lead Engineer", "Lead Engineer DataSteward Viewer", ""
	for _, verb := range []struct {
		name string
		try  func(*testing.T, string) string
		may  string
	}{
		{"logs", run("logs", "work"), everybody},
		{"get pod", run("get", "pod", "work"), everybody},
		{"exec", run("exec", "work", "--", "/agent", "status"), inside},
		{"attach", attach, inside},
		{"port-forward", forward, inside},
		{"cp to it", run("cp", file, "work:/scratch/file"), inside},
		{"cp from it", run("cp", "work:/agent", filepath.Join(t.TempDir(), "agent")), inside},
		{"debug in it", run("debug", "work", "--image", agentImage, "--profile", "restricted", "--", "/agent", "wait"), nobody},
		{"create a pod", run("create", "--dry-run=server", "--filename", manifestFile(t, pod(namespace, "more", "wait"))), "Lead Engineer DataSteward"},
		{"delete pod", run("delete", "--dry-run=server", "pod", "work"), "Lead Engineer DataSteward"},
	} {
		for role, user := range map[string]string{
			"Lead": leadOf(team), "Engineer": engineerOf(team), "DataSteward": stewardOf(team), "Viewer": viewerOf(team),
		} {
			t.Run(role+" "+verb.name, func(t *testing.T) {
				counts(t)
				said, may := verb.try(t, user), strings.Contains(verb.may, role)
				switch {
				case may && said != "":
					t.Errorf("it is refused: %s", said)
				case !may && !strings.Contains(said, "cannot "):
					t.Errorf("it is not refused by RBAC, but says %q", said)
				}
			})
		}
	}
}

// attachBriefly attaches to a pod with an end of the input right away, and returns why that was refused.
func attachBriefly(t *testing.T, user, namespace, name string) string {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 5*time.Second)
	defer stop()
	cmd := command(ctx, t, user, "attach", "--namespace", namespace, name)
	var problem strings.Builder
	cmd.Stderr = &problem
	if err := cmd.Run(); err == nil || ctx.Err() != nil {
		return "" // it was attached until now
	}
	return problem.String()
}
