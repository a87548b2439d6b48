package transitions

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/ptr"

	"foundation.team/operator/test/support/openapi"
)

// mutation is one edit of a base.
type mutation struct {
	// kind is the place of the base in kinds, path the field, what what is done to it.
	kind       int
	path, what string
	// spec is the spec after it.
	spec map[string]any
}

func (m mutation) String() string {
	return fmt.Sprintf("%s %s: %s", kinds[m.kind].name, m.path, m.what)
}

// mutations returns all edits of all bases.
func mutations() ([]mutation, error) {
	schemas, err := openapi.Kinds()
	if err != nil {
		return nil, err
	}
	var all []mutation
	for i, base := range kinds {
		object := object(base.manifest)
		m := mutator{kind: i, root: object}
		m.walk("spec", openapi.Field(schemas[base.kind], "spec"), object, "spec")
		all = append(all, m.made...)
	}
	return all, nil
}

// mutator walks over a base and its schema.
type mutator struct {
	kind int
	root map[string]any
	made []mutation
}

// walk makes the edits of the value that a parent has under a key, and of what is in it.
func (m *mutator) walk(path string, schema *openapi.Schema, parent map[string]any, key string) {
	value := parent[key]
	if path != "spec" {
		edits := editsOf(schema, value)
		for _, what := range slices.Sorted(maps.Keys(edits)) {
			m.add(path, what, func() { parent[key] = edits[what] })
		}
		m.add(path, "deleted", func() { delete(parent, key) })
		parent[key] = value
	}
	switch typed := value.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(typed)) {
			if field := openapi.Field(schema, name); field != nil {
				m.walk(path+"."+name, field, typed, name)
			}
		}
	case []any:
		for i := range typed {
			entry := map[string]any{"": typed[i]}
			inside := mutator{kind: m.kind, root: entry}
			inside.walk(fmt.Sprintf("%s[%d]", path, i), schema.Items.Schema, entry, "")
			for _, made := range inside.made {
				if changed, kept := made.spec[""]; kept {
					m.add(made.path, made.what, func() { typed[i] = changed })
				} else {
					m.add(made.path, made.what, func() { parent[key] = slices.Delete(slices.Clone(typed), i, i+1) })
				}
				typed[i] = entry[""]
				parent[key] = typed
			}
		}
	}
}

// add records what an edit makes of the base. The caller takes it back.
func (m *mutator) add(path, what string, edit func()) {
	before := runtime.DeepCopyJSON(m.root)
	edit()
	made := runtime.DeepCopyJSON(m.root)
	if fmt.Sprint(before) == fmt.Sprint(made) {
		return
	}
	if spec, ok := made["spec"].(map[string]any); ok {
		made = spec
	}
	m.made = append(m.made, mutation{kind: m.kind, path: path, what: what, spec: made})
}

// editsOf returns what a value can be changed to, by what is done to it.
func editsOf(schema *openapi.Schema, value any) map[string]any {
	switch typed := value.(type) {
	case []any:
		return listEdits(schema, typed)
	case map[string]any:
		return map[string]any{"empty": map[string]any{}, "text": "text"}
	case bool:
		return map[string]any{"the other": !typed, "text": "yes"}
	case int64, float64:
		return numberEdits(schema)
	case string:
		return textEdits(schema, typed)
	default:
		return nil
	}
}

func numberEdits(schema *openapi.Schema) map[string]any {
	edits := map[string]any{"0": int64(0), "1": int64(1), "-1": int64(-1), "half": 0.5, "text": "one", "huge": int64(1) << 62}
	if schema.Maximum != nil {
		edits["max"], edits["over"] = int64(*schema.Maximum), int64(*schema.Maximum)+1
	}
	if schema.Minimum != nil {
		edits["min"], edits["under"] = int64(*schema.Minimum), int64(*schema.Minimum)-1
	}
	return edits
}

func textEdits(schema *openapi.Schema, was string) map[string]any {
	edits := map[string]any{"empty": "", "of another form": "?\u0001 ", "a number": int64(7), "null": nil, "other": was + "x", "reserved": "default"}
	for _, choice := range schema.Enum {
		edits["choice "+string(choice.Raw)] = strings.Trim(string(choice.Raw), `"`)
	}
	if len(schema.Enum) > 0 {
		edits["no choice"] = "Neither"
	}
	if schema.MaxLength != nil {
		edits["max"], edits["over"] = openapi.Largest.Make(schema, 1), strings.Repeat("x", int(*schema.MaxLength)+1)
	}
	if strings.Contains(was, "T00:00:00Z") || strings.Contains(was, ":00Z") {
		edits["first"], edits["last"], edits["past"], edits["no day"] = "1970-01-01T00:00:00Z", "2199-12-31T23:59:59Z", "2025-01-01T00:00:00Z", "2027-02-30T00:00:00Z"
	}
	if strings.HasSuffix(was, "h") || strings.HasSuffix(was, "m") {
		edits["nothing"], edits["long"] = "0s", "700h"
	}
	return edits
}

func listEdits(schema *openapi.Schema, was []any) map[string]any {
	reversed := slices.Clone(was)
	slices.Reverse(reversed)
	edits := map[string]any{
		"empty": []any{}, "reversed": reversed, "text": "text", "duplicate": append(slices.Clone(was), was[0]), "null in it": append(slices.Clone(was), nil),
	}
	if most := int(ptr.Deref(schema.MaxItems, 0)); most > 0 {
		edits["max"], edits["over"] = filled(was, most), filled(was, most+1)
	}
	return edits
}

// filled is a list with so many entries, each named otherwise.
func filled(list []any, n int) []any {
	full := slices.Clone(list)
	for i := len(full); i < n; i++ {
		full = append(full, renamed(runtime.DeepCopyJSONValue(list[0]), i))
	}
	return full
}

// renamed is an entry of a list with other names and subjects.
func renamed(entry any, n int) any {
	switch typed := entry.(type) {
	case string:
		return fmt.Sprintf("%s-%d", typed, n)
	case map[string]any:
		for _, key := range []string{"name", "poolName", "teamName", "key"} {
			if text, ok := typed[key].(string); ok && key == keyOf(typed) {
				typed[key] = fmt.Sprintf("%s-%d", text, n)
			}
		}
		if subject, ok := typed["subject"].(map[string]any); ok {
			subject["name"] = fmt.Sprintf("%v-%d", subject["name"], n)
		}
		if _, ok := typed["count"]; ok {
			typed["count"] = int64(0)
		}
	}
	return entry
}

// keyOf is what an entry is told apart by.
func keyOf(entry map[string]any) string {
	for _, key := range []string{"name", "teamName", "poolName", "key"} {
		if _, ok := entry[key]; ok {
			return key
		}
	}
	return ""
}
