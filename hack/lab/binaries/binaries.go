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

// Ensure makes <root>/.lab/bin hold the lab's binaries and what they read, and returns that directory.
// It builds only what a change of the pins, the flags or the toolchain concerns; a first build takes
// minutes and says so on progress. Concurrent calls, from other processes too, wait for the one that
// builds.
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
	old, err := outdated(root, bin, toolchain)
	if err != nil || len(old) == 0 {
		return bin, err
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
	if old, err = outdated(root, bin, toolchain); err != nil {
		return "", err
	}
	return bin, build(ctx, root, bin, old, progress)
}

// outdatedPin is a pin to build, with the stamp that it will have then.
type outdatedPin struct {
	pin
	want string
}

// outdated are the pins whose files in bin are missing or were built from something else.
func outdated(root, bin, toolchain string) ([]outdatedPin, error) {
	var old []outdatedPin
	for _, p := range pins {
		want, err := p.stamp(root, toolchain)
		if err != nil {
			return nil, err
		}
		if !p.upToDate(bin, want) {
			old = append(old, outdatedPin{pin: p, want: want})
		}
	}
	return old, nil
}

// build builds the pins one after the other, so that what is ready stays if a later one fails.
func build(ctx context.Context, root, bin string, old []outdatedPin, progress io.Writer) error {
	steps := steps{out: progress, clock: clock.RealClock{}}
	for _, p := range old {
		steps.total += len(p.targets)
	}
	for _, p := range old {
		if err := p.build(ctx, root, bin, &steps); err != nil {
			return err
		}
	}
	return nil
}

// build builds all of the pin into a directory of its own and moves it into bin once all of it is there.
func (p outdatedPin) build(ctx context.Context, root, bin string, steps *steps) error {
	tmp, err := os.MkdirTemp(filepath.Dir(bin), "build-")
	if err != nil {
		return fmt.Errorf("create a directory to build in: %w", err)
	}
	defer func() { _ = os.RemoveAll(tmp) }()

	version, err := goOutput(ctx, pins[0].dir(root), "list", "-m", "-f", "{{.Version}}", "k8s.io/kubernetes")
	if err != nil {
		return err
	}
	for _, t := range p.targets {
		args, err := t.buildArgs(version, filepath.Join(tmp, t.name))
		if err != nil {
			return err
		}
		err = steps.run(t.name, func() error {
			_, err := goOutput(ctx, p.dir(root), args...)
			return err
		})
		if err != nil {
			return fmt.Errorf("build %s: %w", t.name, err)
		}
	}
	for _, j := range p.joined {
		if err := j.write(ctx, p.dir(root), filepath.Join(tmp, j.name)); err != nil {
			return err
		}
	}
	return p.install(tmp, bin, p.want)
}

// install moves what was built from tmp to bin. The stamp goes first and comes back last, so that an
// interruption in between is seen and mended by the next call.
func (p pin) install(tmp, bin, want string) error {
	stampPath := filepath.Join(bin, p.stampFile())
	if err := os.RemoveAll(stampPath); err != nil {
		return fmt.Errorf("remove the old stamp: %w", err)
	}
	for _, name := range p.files() {
		if err := os.Rename(filepath.Join(tmp, name), filepath.Join(bin, name)); err != nil {
			return fmt.Errorf("install %s: %w", name, err)
		}
	}
	if err := os.WriteFile(stampPath, []byte(want+"\n"), 0o644); err != nil {
		return fmt.Errorf("write the stamp of the lab's binaries: %w", err)
	}
	return nil
}

// write joins the files, as the module that the pin in dir names ships them, into out.
func (j joined) write(ctx context.Context, dir, out string) error {
	module, err := goOutput(ctx, dir, "list", "-m", "-f", "{{.Dir}}", j.module)
	if err != nil {
		return err
	}
	var all bytes.Buffer
	for _, name := range j.files {
		content, err := os.ReadFile(filepath.Join(module, name))
		if err != nil {
			return fmt.Errorf("read a part of %s: %w", j.name, err)
		}
		_, _ = fmt.Fprintf(&all, "---\n%s\n", bytes.TrimPrefix(bytes.TrimSpace(content), []byte("---\n")))
	}
	if err := os.WriteFile(out, all.Bytes(), 0o644); err != nil {
		return fmt.Errorf("write %s: %w", j.name, err)
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
