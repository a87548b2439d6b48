package binaries

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	clocktesting "k8s.io/utils/clock/testing"
)

func TestRoot(t *testing.T) {
	repo := t.TempDir()
	write(t, filepath.Join(repo, "go.mod"), "// comment\nmodule foundation.team/operator\n")
	write(t, filepath.Join(repo, "hack/pin/go.mod"), "module foundation.team/operator/hack/pin\n")
	elsewhere := t.TempDir()

	tests := map[string]struct {
		from, want string
		wantErr    bool
	}{
		"at the root":                 {from: repo, want: repo},
		"below another module's pins": {from: filepath.Join(repo, "hack/pin"), want: repo},
		"outside":                     {from: elsewhere, wantErr: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := Root(tt.from)
			if (err != nil) != tt.wantErr || got != tt.want {
				t.Fatalf("Root(%s) = %q, %v; want %q, error %v", tt.from, got, err, tt.want, tt.wantErr)
			}
		})
	}
}

func TestBuildArgs(t *testing.T) {
	tests := map[string]struct {
		target  target
		version string
		want    []string
		wantErr bool
	}{
		"a Kubernetes component carries its version": {
			target:  target{pkg: "k8s.io/x", versioned: true},
			version: "v1.37.2",
			want: []string{"build", "-trimpath", "-ldflags", "-s -w -X k8s.io/component-base/version.gitVersion=v1.37.2 " +
				"-X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=37", "-o", "out", "k8s.io/x"},
		},
		"another tool has its own": {
			target:  target{pkg: "example.com/y"},
			version: "v1.37.2",
			want:    []string{"build", "-trimpath", "-ldflags", "-s -w", "-o", "out", "example.com/y"},
		},
		"a tool that is built with tags": {
			target: target{pkg: "example.com/z", tags: "seccomp"},
			want:   []string{"build", "-trimpath", "-ldflags", "-s -w", "-tags", "seccomp", "-o", "out", "example.com/z"},
		},
		"a version that is none": {target: target{versioned: true}, version: "main", wantErr: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := tt.target.buildArgs(tt.version, "out")
			if (err != nil) != tt.wantErr || !slices.Equal(got, tt.want) {
				t.Fatalf("buildArgs = %q, %v; want %q, error %v", got, err, tt.want, tt.wantErr)
			}
		})
	}
}

func TestBuildEnv(t *testing.T) {
	got := buildEnv([]string{"HOME=/home/kim", "GOFLAGS=-mod=vendor -tags=x", "GOOS=windows", "CGO_ENABLED=1"}, false)
	want := []string{"HOME=/home/kim", "GOFLAGS=-mod=readonly", "GOWORK=off", "CGO_ENABLED=0"}
	if !slices.Equal(got, want) {
		t.Fatalf("buildEnv = %q, want %q", got, want)
	}
	if got := buildEnv([]string{"CGO_ENABLED=0"}, true); !slices.Contains(got, "CGO_ENABLED=1") {
		t.Errorf("with cgo buildEnv = %q", got)
	}
}

func TestStamp(t *testing.T) {
	root := t.TempDir()
	for _, name := range []string{"one", "other"} {
		write(t, filepath.Join(root, pinsDir, name, "go.mod"), "module "+name)
		write(t, filepath.Join(root, pinsDir, name, "go.sum"), "sum")
	}
	digest := func(p pin, toolchain string) string {
		t.Helper()
		s, err := p.stamp(root, toolchain)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}

	one := pin{name: "one", targets: []target{{pkg: "example.com/x", name: "x"}}}
	first := digest(one, "go1.26.8")
	write(t, filepath.Join(root, pinsDir, "other", "go.sum"), "another sum")
	if again := digest(one, "go1.26.8"); again != first {
		t.Errorf("the same input gave %s, then %s", first, again)
	}
	more := one
	more.joined = []joinedFile{{name: "y.yaml", module: "example.com/y", files: []string{"y.yaml"}}}
	if digest(more, "go1.26.8") == first {
		t.Error("one file more gave the same stamp")
	}
	if digest(one, "go1.27.0") == first {
		t.Error("another toolchain gave the same stamp")
	}
	write(t, filepath.Join(root, pinsDir, "one", "go.sum"), "another sum")
	if digest(one, "go1.26.8") == first {
		t.Error("another pin gave the same stamp")
	}
	before := digest(one, "go1.26.8")
	write(t, filepath.Join(root, pinsDir, "one", "main.go"), "package main")
	if digest(one, "go1.26.8") == before {
		t.Error("code of the pin's own gave the same stamp")
	}
	if err := os.Remove(filepath.Join(root, pinsDir, "one", "go.sum")); err != nil {
		t.Fatal(err)
	}
	if _, err := one.stamp(root, "go1.26.8"); err == nil {
		t.Error("a missing pin gave no error")
	}
}

func TestUpToDateAndInstall(t *testing.T) {
	bin, tmp := t.TempDir(), t.TempDir()
	p := pin{
		name:    "one",
		targets: []target{{pkg: "example.com/x", name: "x"}},
		joined:  []joinedFile{{name: "y.yaml"}},
	}
	if p.upToDate(bin, "a") {
		t.Fatal("an empty directory is up to date")
	}
	for _, name := range p.files() {
		write(t, filepath.Join(tmp, name), name)
	}
	if err := p.install(tmp, bin, "a"); err != nil {
		t.Fatal(err)
	}
	if !p.upToDate(bin, "a") || p.upToDate(bin, "b") {
		t.Error("want the directory up to date for stamp a alone")
	}
	other := p
	other.name = "other"
	if other.upToDate(bin, "a") {
		t.Error("one pin's stamp vouches for another's files")
	}

	// An installation that breaks off must not pass for the old one or for a whole one.
	if err := p.install(t.TempDir(), bin, "b"); err == nil {
		t.Fatal("installing from an empty directory gave no error")
	}
	if p.upToDate(bin, "a") || p.upToDate(bin, "b") {
		t.Error("a broken installation is up to date")
	}
}

// Only what changed is built again.
func TestOutdated(t *testing.T) {
	root, bin, tmp := t.TempDir(), t.TempDir(), t.TempDir()
	pins := controlPlane
	for _, p := range pins {
		write(t, filepath.Join(p.dir(root), "go.mod"), "module "+p.name)
		write(t, filepath.Join(p.dir(root), "go.sum"), "sum")
		for _, name := range p.files() {
			write(t, filepath.Join(tmp, name), name)
		}
	}
	outdatedNames := func() []string {
		t.Helper()
		old, err := outdated(pins, root, bin, "go1.26.8")
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, p := range old {
			names = append(names, p.name)
		}
		return names
	}
	if got := outdatedNames(); len(got) != len(pins) {
		t.Fatalf("in an empty directory only %q are outdated", got)
	}
	old, err := outdated(pins, root, bin, "go1.26.8")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range old {
		if err := p.install(tmp, bin, p.want); err != nil {
			t.Fatal(err)
		}
	}
	if got := outdatedNames(); len(got) != 0 {
		t.Errorf("%q are outdated though all was just installed", got)
	}
	write(t, filepath.Join(root, pinsDir, "kwok", "go.mod"), "module another")
	if got := outdatedNames(); !slices.Equal(got, []string{"kwok"}) {
		t.Errorf("%q are outdated, want kwok alone", got)
	}
}

func TestStepsReport(t *testing.T) {
	var out bytes.Buffer
	clk := clocktesting.NewFakeClock(time.Unix(0, 0))
	s := steps{out: &out, clock: clk, total: 2}
	if err := s.run("first", func() error { return nil }); err != nil {
		t.Fatal(err)
	}
	clk.Step(75 * time.Second)
	broken := errors.New("broken")
	if err := s.run("second", func() error { return broken }); !errors.Is(err, broken) {
		t.Fatalf("run = %v, want the step's own error", err)
	}
	for _, want := range []string{"1/2 first (0s", "2/2 second (1m15s"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("progress %q lacks %q", out.String(), want)
		}
	}
}

func TestLockExcludesAndGivesUp(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	var out bytes.Buffer
	unlock, err := lock(t.Context(), path, &out)
	if err != nil {
		t.Fatal(err)
	}
	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := lock(short, path, &out); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("second lock = %v, want the context's end", err)
	}
	unlock()
	again, err := lock(t.Context(), path, &out)
	if err != nil {
		t.Fatalf("lock after unlock: %v", err)
	}
	again()
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
