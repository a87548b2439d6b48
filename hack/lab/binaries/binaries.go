// Package binaries builds the lab's control plane from Go modules alone. The go.mod and go.sum files below
// hack/lab/pins pin the versions, so only modules are downloaded, and their checksums are verified.
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

// progressInterval is how often a long build prints that it is still running.
const progressInterval = 10 * time.Second

// Ensure builds the control plane's binaries, and the files that they read, into <root>/.lab/bin and returns that directory. It
// rebuilds only what a change of the pins, the flags or the toolchain affects; a first build takes minutes and prints
// its progress. Concurrent calls, also of other processes, wait for the one that builds.
func Ensure(ctx context.Context, root string, progress io.Writer) (string, error) {
	return ensure(ctx, root, controlPlane, progress)
}

// EnsureNode is Ensure for what a real node needs besides. One of its binaries is built with cgo: it needs a C compiler, pkg-config and
// Debian's libseccomp-dev.
func EnsureNode(ctx context.Context, root string, progress io.Writer) (string, error) {
	bin, err := ensure(ctx, root, realNode, progress)
	if err != nil {
		return "", err
	}
	_, err = goOutput(ctx, root, false, append([]string{"build", "-trimpath", "-o", bin + string(filepath.Separator)}, ownTools...)...)
	return bin, err
}

func ensure(ctx context.Context, root string, pins []pin, progress io.Writer) (string, error) {
	// The go command runs in the pins' folders, where a relative path would name another directory.
	root, err := filepath.Abs(root)
	if err != nil {
		return "", fmt.Errorf("resolve %s: %w", root, err)
	}
	lab := filepath.Join(root, ".lab")
	bin := filepath.Join(lab, "bin")
	toolchain, err := goOutput(ctx, root, false, "env", "GOVERSION", "GOHOSTOS", "GOHOSTARCH")
	if err != nil {
		return "", err
	}
	old, err := outdated(pins, root, bin, toolchain)
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
	// The previous holder of the lock may have built everything already.
	if old, err = outdated(pins, root, bin, toolchain); err != nil {
		return "", err
	}
	return bin, build(ctx, root, bin, old, progress)
}

// outdatedPin is a pin to build, with the stamp that it will have then.
type outdatedPin struct {
	pin
	want string
}

// outdated returns the pins whose files in bin are missing or were built from other inputs.
func outdated(pins []pin, root, bin, toolchain string) ([]outdatedPin, error) {
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

// build builds and installs the pins one after the other, so that finished ones are kept if a later one fails.
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

// build builds the whole pin into a temporary directory and then moves it into bin.
func (p outdatedPin) build(ctx context.Context, root, bin string, steps *steps) error {
	tmp, err := os.MkdirTemp(filepath.Dir(bin), "build-")
	if err != nil {
		return fmt.Errorf("create a directory to build in: %w", err)
	}
	defer func() { _ = os.RemoveAll(tmp) }()

	version, err := goOutput(ctx, pin{name: kubernetesModule}.dir(root), false, "list", "-m", "-f", "{{.Version}}", "k8s.io/kubernetes")
	if err != nil {
		return err
	}
	for _, t := range p.targets {
		args, err := t.buildArgs(version, filepath.Join(tmp, t.name))
		if err != nil {
			return err
		}
		err = steps.run(t.name, func() error {
			_, err := goOutput(ctx, p.dir(root), t.cgo, args...)
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

// install moves the built files from tmp to bin. The old stamp is removed first and the new one written last, so that
// the next call detects an interruption in between and rebuilds.
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
func (j joinedFile) write(ctx context.Context, dir, out string) error {
	module, err := goOutput(ctx, dir, false, "list", "-m", "-f", "{{.Dir}}", j.module)
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

// goOutput runs the go command in dir, with or without cgo, and returns what it prints.
func goOutput(ctx context.Context, dir string, cgo bool, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = buildEnv(os.Environ(), cgo)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("go %s in %s: %w\n%s", args[0], dir, err, bytes.TrimSpace(stderr.Bytes()))
	}
	return strings.TrimSpace(string(out)), nil
}

// buildEnv returns env without variables that would change or break the build: binaries run on this machine, so there
// is no cross compiling, and the pins are modules of their own, so there is no workspace or vendoring.
func buildEnv(env []string, cgo bool) []string {
	kept := make([]string, 0, len(env)+3)
	for _, pair := range env {
		switch name, _, _ := strings.Cut(pair, "="); name {
		case "GOOS", "GOARCH", "GOFLAGS", "GOWORK", "CGO_ENABLED", "GO111MODULE":
		default:
			kept = append(kept, pair)
		}
	}
	// An empty GOFLAGS would fall back to the value of `go env -w GOFLAGS=…`.
	enabled := "0"
	if cgo {
		enabled = "1"
	}
	return append(kept, "GOFLAGS=-mod=readonly", "GOWORK=off", "CGO_ENABLED="+enabled)
}
