package openapi

import (
	"fmt"
	"slices"
	"unicode/utf8"
)

// Unused returns the fields of a schema that none of these values has.
func Unused(schema *Schema, path string, values ...any) []string {
	var unused []string
	walk(schema, path, values, func(path string, _ *Schema, values []any) {
		if len(values) == 0 {
			unused = append(unused, path)
		}
	})
	return unused
}

// nearly is how much shorter a text may be than its bound to count as that long: names that are numbered are.
const nearly = 3

// Short returns the fields of a schema with a bound that none of these values reaches.
func Short(schema *Schema, path string, values ...any) []string {
	var short []string
	walk(schema, path, values, func(path string, schema *Schema, values []any) {
		if most := bound(schema); most > 0 && !slices.ContainsFunc(values, func(value any) bool { return lengthOf(value) >= most-slack(value) }) {
			short = append(short, fmt.Sprintf("%s: %d", path, most))
		}
	})
	return short
}

// walk calls visit with every field of a schema and the values that these values have there.
func walk(schema *Schema, path string, values []any, visit func(path string, schema *Schema, values []any)) {
	visit(path, schema, values)
	for _, name := range fields(schema) {
		field := schema.Properties[name]
		var inside []any
		for _, value := range values {
			if object, ok := value.(map[string]any); ok && object[name] != nil {
				inside = append(inside, object[name])
			}
		}
		walk(&field, path+"."+name, inside, visit)
	}
	var inside []any
	for _, value := range values {
		switch typed := value.(type) {
		case []any:
			inside = append(inside, typed...)
		case map[string]any:
			if schema.AdditionalProperties != nil {
				for _, entry := range typed {
					inside = append(inside, entry)
				}
			}
		}
	}
	if schema.Items != nil {
		walk(schema.Items.Schema, path+"[]", inside, visit)
	}
	if schema.AdditionalProperties != nil {
		walk(schema.AdditionalProperties.Schema, path+"{}", inside, visit)
	}
}

func slack(value any) int {
	if _, isText := value.(string); isText {
		return nearly
	}
	return 0
}

// bound returns how long a value may be at most, 0 if nothing says so or it is one of a few.
func bound(schema *Schema) int {
	for _, most := range []*int64{schema.MaxItems, schema.MaxProperties, schema.MaxLength} {
		if most != nil && len(schema.Enum) == 0 {
			return int(*most)
		}
	}
	return 0
}

func lengthOf(value any) int {
	switch typed := value.(type) {
	case string:
		return utf8.RuneCountInString(typed)
	case []any:
		return len(typed)
	case map[string]any:
		return len(typed)
	default:
		return 0
	}
}
