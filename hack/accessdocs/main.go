// Command accessdocs writes docs/access-table.md: who may do what, resource by resource, from the roles in
// config/rbac.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"foundation.team/operator/hack/lab/binaries"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "accessdocs:", err)
		os.Exit(1)
	}
}

func run() error {
	root, err := binaries.Root(".")
	if err != nil {
		return err
	}
	dir := filepath.Join(root, "config", "rbac")
	staff, err := readRoles(filepath.Join(dir, "team"))
	if err != nil {
		return err
	}
	operator, err := readRoles(dir)
	if err != nil {
		return err
	}
	page, err := render(staff, operator)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(root, "docs", "access-table.md"), []byte(page), 0o644) //nolint:gosec // a page for everybody
}
