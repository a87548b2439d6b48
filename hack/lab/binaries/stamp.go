package binaries

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// stampFile says what the binaries beside it were built from. It is written last.
const stampFile = "stamp"

// stamp is a digest over all that decides what is built: the pins, the targets with their flags, the
// stages and the toolchain.
func stamp(root, toolchain string) (string, error) {
	sum := sha256.New()
	_, _ = fmt.Fprintf(sum, "%s\n%s\n", toolchain, strings.Join(stageFiles, "\n"))
	seen := map[string]bool{}
	for _, t := range targets {
		// The version itself is in go.mod; any valid one shows the flags.
		args, err := t.buildArgs("v0.0.0", t.name)
		if err != nil {
			return "", err
		}
		_, _ = fmt.Fprintf(sum, "%q\n", args)
		if seen[t.pin] {
			continue
		}
		seen[t.pin] = true
		for _, name := range []string{"go.mod", "go.sum"} {
			content, err := os.ReadFile(filepath.Join(t.dir(root), name))
			if err != nil {
				return "", fmt.Errorf("read pin of the lab's binaries: %w", err)
			}
			_, _ = fmt.Fprintf(sum, "%s/%s %d\n%s", t.pin, name, len(content), content)
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// upToDate says whether dir holds every binary, built from what want stands for.
func upToDate(dir, want string) bool {
	have, err := os.ReadFile(filepath.Join(dir, stampFile))
	if err != nil || strings.TrimSpace(string(have)) != want {
		return false
	}
	for _, name := range files() {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return false
		}
	}
	return true
}

// files are the names of all that a build leaves, the stamp apart.
func files() []string {
	names := make([]string, 0, len(targets)+1)
	for _, t := range targets {
		names = append(names, t.name)
	}
	return append(names, StagesFile)
}
