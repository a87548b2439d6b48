package binaries

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// modulePath tells the repository's own go.mod from those of the pinned tools below it.
const modulePath = "foundation.team/operator"

// Root finds the repository root: the nearest directory from dir upwards whose go.mod declares this
// module.
func Root(dir string) (string, error) {
	start, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("resolve %s: %w", dir, err)
	}
	for at := start; ; at = filepath.Dir(at) {
		found, err := declaresModule(filepath.Join(at, "go.mod"))
		if err != nil {
			return "", err
		}
		if found {
			return at, nil
		}
		if at == filepath.Dir(at) {
			return "", fmt.Errorf("no go.mod of module %s in %s or above: run this inside the repository", modulePath, start)
		}
	}
}

// declaresModule reports whether file is a go.mod of this module. A missing file is no error.
func declaresModule(file string) (bool, error) {
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read %s: %w", file, err)
	}
	defer func() { _ = f.Close() }()

	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if fields := strings.Fields(lines.Text()); len(fields) > 1 && fields[0] == "module" {
			return fields[1] == modulePath, nil
		}
	}
	if err := lines.Err(); err != nil {
		return false, fmt.Errorf("read %s: %w", file, err)
	}
	return false, nil
}
