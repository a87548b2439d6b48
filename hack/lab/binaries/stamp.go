package binaries

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// stamp returns a digest of everything that the build of the pin depends on: its module, the targets with their
// flags, the joined files and the toolchain. Each pin has its own, so that a change of one does not rebuild the
// others.
func (p pin) stamp(root, toolchain string) (string, error) {
	sum := sha256.New()
	_, _ = fmt.Fprintf(sum, "%s\n%q\n", toolchain, p.joined)
	for _, t := range p.targets {
		// The real version is part of go.mod below; here any valid one yields the flags.
		args, err := t.buildArgs("v0.0.0", t.name)
		if err != nil {
			return "", err
		}
		_, _ = fmt.Fprintf(sum, "%q\n", args)
	}
	// Most pins have no code of their own.
	files, err := filepath.Glob(filepath.Join(p.dir(root), "*.go"))
	if err != nil {
		return "", err
	}
	for _, file := range append(files, filepath.Join(p.dir(root), "go.mod"), filepath.Join(p.dir(root), "go.sum")) {
		content, err := os.ReadFile(file)
		if err != nil {
			return "", fmt.Errorf("read pin of the lab's binaries: %w", err)
		}
		_, _ = fmt.Fprintf(sum, "%s/%s %d\n%s", cmp.Or(p.module, p.name), filepath.Base(file), len(content), content)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// upToDate reports whether dir has every file of the pin, built from the inputs of the stamp want.
func (p pin) upToDate(dir, want string) bool {
	have, err := os.ReadFile(filepath.Join(dir, p.stampFile()))
	if err != nil || strings.TrimSpace(string(have)) != want {
		return false
	}
	for _, name := range p.files() {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return false
		}
	}
	return true
}
