// Package binaries builds the lab's control plane from Go modules alone. What is built is pinned by
// the go.mod and go.sum files below hack/lab/pins, so there is nothing to download but modules and
// nothing to trust but their checksums.
package binaries

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"k8s.io/utils/clock"
)

// progressInterval is how often a long build says that it is still alive.
const progressInterval = 10 * time.Second

// Ensure makes <root>/.lab/bin hold the lab's binaries and kwok's stages, and returns that directory.
// It builds only when the pins, the flags or the toolchain changed; a first build takes minutes and
// says so on progress. Concurrent calls, from other processes too, wait for the one that builds.
func Ensure(ctx context.Context, root string, progress io.Writer) (string, error) {
	// The go command runs in the pins' folders, so a relative path would mean another place there.
	root, err := filepath.Abs(root)
	if err != nil {
		return "", fmt.Errorf("resolve %s: %w", root, err)
	}
	lab := filepath.Join(root, ".lab")
	bin := filepath.Join(lab, "bin")
	toolchain, err := goOutput(ctx, root, "env", "GOVERSION", "GOHOSTOS", "GOHOSTARCH")
	if err != nil {
		return "", err
	}
	want, err := stamp(root, toolchain)
	if err != nil {
		return "", err
	}
	if upToDate(bin, want) {
		return bin, nil
	}

	if err := os.MkdirAll(bin, 0o755); err != nil {
		return "", fmt.Errorf("create the lab's binary directory: %w", err)
	}
	unlock, err := lock(ctx, filepath.Join(lab, "build.lock"), progress)
	if err != nil {
		return "", err
	}
	defer unlock()
	// Whoever held the lock may have built what we want.
	if upToDate(bin, want) {
		return bin, nil
	}
	return bin, build(ctx, root, bin, want, progress)
}

// build builds everything into a directory of its own and moves it into bin once all of it is there.
func build(ctx context.Context, root, bin, want string, progress io.Writer) error {
	tmp, err := os.MkdirTemp(filepath.Dir(bin), "build-")
	if err != nil {
		return fmt.Errorf("create a directory to build in: %w", err)
	}
	defer func() { _ = os.RemoveAll(tmp) }()

	version, err := goOutput(ctx, targets[0].dir(root), "list", "-m", "-f", "{{.Version}}", "k8s.io/kubernetes")
	if err != nil {
		return err
	}
	steps := steps{out: progress, clock: clock.RealClock{}, total: len(targets)}
	for _, t := range targets {
		args, err := t.buildArgs(version, filepath.Join(tmp, t.name))
		if err != nil {
			return err
		}
		err = steps.run(t.name, func() error {
			_, err := goOutput(ctx, t.dir(root), args...)
			return err
		})
		if err != nil {
			return fmt.Errorf("build %s: %w", t.name, err)
		}
	}
	if err := collectStages(ctx, root, filepath.Join(tmp, StagesFile)); err != nil {
		return err
	}
	return install(tmp, bin, want)
}

// install moves what was built from tmp to bin. The stamp goes first and comes back last, so that an
// interruption in between is seen and mended by the next call.
func install(tmp, bin, want string) error {
	stampPath := filepath.Join(bin, stampFile)
	if err := os.RemoveAll(stampPath); err != nil {
		return fmt.Errorf("remove the old stamp: %w", err)
	}
	for _, name := range files() {
		if err := os.Rename(filepath.Join(tmp, name), filepath.Join(bin, name)); err != nil {
			return fmt.Errorf("install %s: %w", name, err)
		}
	}
	if err := os.WriteFile(stampPath, []byte(want+"\n"), 0o644); err != nil {
		return fmt.Errorf("write the stamp of the lab's binaries: %w", err)
	}
	return nil
}

// collectStages joins kwok's stages, as its own module ships them, into one file.
func collectStages(ctx context.Context, root, out string) error {
	dir := filepath.Join(root, pinsDir, "kwok")
	module, err := goOutput(ctx, dir, "list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/kwok")
	if err != nil {
		return err
	}
	var all bytes.Buffer
	for _, name := range stageFiles {
		content, err := os.ReadFile(filepath.Join(module, name))
		if err != nil {
			return fmt.Errorf("read a stage of kwok: %w", err)
		}
		_, _ = fmt.Fprintf(&all, "---\n%s\n", bytes.TrimSpace(content))
	}
	if err := os.WriteFile(out, all.Bytes(), 0o644); err != nil {
		return fmt.Errorf("write kwok's stages: %w", err)
	}
	return nil
}

// goOutput runs the go command in dir and returns what it prints.
func goOutput(ctx context.Context, dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = buildEnv(os.Environ())
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("go %s in %s: %w\n%s", args[0], dir, err, bytes.TrimSpace(stderr.Bytes()))
	}
	return strings.TrimSpace(string(out)), nil
}

// buildEnv is env without what would change or break the build: the lab runs on this machine, so no
// cross compiling, and the pins are modules of their own, so no workspace and no vendoring.
func buildEnv(env []string) []string {
	kept := make([]string, 0, len(env)+3)
	for _, pair := range env {
		switch name, _, _ := strings.Cut(pair, "="); name {
		case "GOOS", "GOARCH", "GOFLAGS", "GOWORK", "CGO_ENABLED", "GO111MODULE":
		default:
			kept = append(kept, pair)
		}
	}
	// An empty GOFLAGS would let `go env -w GOFLAGS=…` through.
	return append(kept, "GOFLAGS=-mod=readonly", "GOWORK=off", "CGO_ENABLED=0")
}
