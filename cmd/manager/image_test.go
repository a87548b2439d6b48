package main

import (
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

// The build context of the image has everything that the manager is built from, and nothing else that is large.
func TestTheImageHasItsSources(t *testing.T) {
	content, err := os.ReadFile("../../.dockerignore")
	if err != nil {
		t.Fatal(err)
	}
	var let []string
	for line := range strings.Lines(string(content)) {
		if name, found := strings.CutPrefix(strings.TrimSpace(line), "!"); found {
			let = append(let, name)
		}
	}
	const module = "foundation.team/operator"
	list := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{if .Module}}{{.ImportPath}}{{end}}", ".")
	output, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for imported := range strings.FieldsSeq(string(output)) {
		dir, own := strings.CutPrefix(imported, module+"/")
		if !own {
			continue
		}
		found++
		for at := dir; !slices.Contains(let, at); at = path.Dir(at) {
			if at == "." {
				t.Errorf(".dockerignore keeps %s out of the image's build", dir)
				break
			}
		}
	}
	if found < 10 {
		t.Errorf("the manager imports %d packages of its own", found)
	}
}
