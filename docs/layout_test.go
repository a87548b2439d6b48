// Package docs_test holds the documents against the tree.
package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

const root = ".."

// rooms are the folders whose children are told one by one in the layout.
var rooms = []string{"api", "cmd", "controllers", "hack", "internal", "test"}

// layout reads the folders of the table "Layout" in architecture.md, row by row.
func layout(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(text), "\n## Layout\n")
	if !found {
		t.Fatal("architecture.md has no section Layout")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	quoted := regexp.MustCompile("`([^`]+)`")
	var folders []string
	for line := range strings.Lines(section) {
		cells := strings.Split(line, "|")
		if len(cells) < 3 {
			continue
		}
		for _, name := range quoted.FindAllStringSubmatch(cells[1], -1) {
			folders = append(folders, name[1])
		}
	}
	return folders
}

func TestLayoutNamesEachFolderOnce(t *testing.T) {
	folders := layout(t)
	for i, folder := range folders {
		if slices.Contains(folders[:i], folder) {
			t.Errorf("%s has two rows", folder)
		}
		if info, err := os.Stat(filepath.Join(root, folder)); err != nil || !info.IsDir() {
			t.Errorf("%s has a row and is no folder", folder)
		}
	}
	for _, room := range rooms {
		entries, err := os.ReadDir(filepath.Join(root, room))
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			if folder := room + "/" + entry.Name(); entry.IsDir() && !slices.Contains(folders, folder) {
				t.Errorf("%s has no row", folder)
			}
		}
	}
}

// A pattern that matches nothing would leave what it meant unchecked, and nobody would notice.
func TestLinterChecksFilesThatExist(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, ".golangci.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var config struct {
		Linters struct {
			Settings struct {
				Depguard struct {
					Rules map[string]struct {
						Files []string `json:"files"`
					} `json:"rules"`
				} `json:"depguard"`
			} `json:"settings"`
		} `json:"linters"`
	}
	if err := yaml.Unmarshal(text, &config); err != nil {
		t.Fatal(err)
	}
	rules := config.Linters.Settings.Depguard.Rules
	if len(rules["pure"].Files) == 0 {
		t.Fatal("the linter holds no file to be pure")
	}
	for name, rule := range rules {
		for _, pattern := range rule.Files {
			path, ok := strings.CutPrefix(pattern, "${config-path}/")
			if !ok {
				continue
			}
			files, err := filepath.Glob(filepath.Join(root, strings.ReplaceAll(path, "/**", "/*")))
			if err != nil {
				t.Errorf("rule %s: %s: %v", name, pattern, err)
			}
			if len(files) == 0 {
				t.Errorf("rule %s: no file matches %s", name, pattern)
			}
		}
	}
}

// Links between documents are written by hand.
func TestLinksLeadSomewhere(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	var documents []string
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/*/*.md"} {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		documents = append(documents, files...)
	}
	for _, document := range documents {
		text, err := os.ReadFile(document)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range link.FindAllStringSubmatch(string(text), -1) {
			target, anchor, _ := strings.Cut(match[1], "#")
			if strings.Contains(target, "://") {
				continue
			}
			path := document
			if target != "" {
				path = filepath.Join(filepath.Dir(document), target)
			}
			if _, err := os.Stat(path); err != nil {
				t.Errorf("%s: %s does not exist", document, match[1])
				continue
			}
			if anchor != "" && !slices.Contains(anchors(t, path), anchor) {
				t.Errorf("%s: %s has no heading #%s", document, path, anchor)
			}
		}
	}
}

// anchors are the headings of a document as GitHub makes links of them.
func anchors(t *testing.T, document string) []string {
	t.Helper()
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	dropped := regexp.MustCompile(`[^\p{L}\p{N}\- _]`)
	var found []string
	for line := range strings.Lines(string(text)) {
		if title, ok := strings.CutPrefix(strings.TrimLeft(strings.TrimSpace(line), "#"), " "); ok && strings.HasPrefix(line, "#") {
			found = append(found, strings.ReplaceAll(dropped.ReplaceAllString(strings.ToLower(title), ""), " ", "-"))
		}
	}
	return found
}
