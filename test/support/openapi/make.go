package openapi

import (
	"fmt"
	"math"
	"regexp"
	"strings"
	"sync"
	"time"

	"k8s.io/utils/ptr"
)

// unbounded is how long a text without a maxLength is made, and how many entries a list or map without a bound has.
const unbounded = 16

// Maker makes values that have all fields of a schema. What only rules in CEL say is not looked at, but for the form of a text.
type Maker struct {
	// entries is how many entries lists and maps have at most, text how long texts are whose form leaves a choice.
	entries, text int64
}

var (
	// Largest makes the largest values: lists and maps with all entries, texts as long as they may be.
	Largest = Maker{entries: math.MaxInt64, text: math.MaxInt64}
	// Example makes values with one entry of each list.
	Example = Maker{entries: 1, text: unbounded}
)

// Make returns a value that a schema accepts. n tells it apart from others.
func (m Maker) Make(schema *Schema, n int) any {
	switch {
	case len(schema.Enum) > 0:
		return longestOf(schema)
	case IsText(schema):
		return m.makeText(schema, n)
	case schema.Type == "array":
		var list []any
		for i := range min(ptr.Deref(schema.MaxItems, unbounded), m.entries) {
			list = append(list, m.Make(schema.Items.Schema, int(i)))
		}
		return list
	case schema.AdditionalProperties != nil:
		object := map[string]any{}
		for i := range min(ptr.Deref(schema.MaxProperties, unbounded), m.entries) {
			object[fmt.Sprintf("k%d", i)] = m.Make(schema.AdditionalProperties.Schema, int(i))
		}
		return object
	case schema.Type == "object":
		object := map[string]any{}
		for _, name := range fields(schema) {
			field := schema.Properties[name]
			object[name] = m.Make(&field, n)
		}
		return object
	case schema.Type == "boolean":
		return true
	case schema.Maximum != nil:
		return int64(*schema.Maximum)
	default:
		return int64(math.MaxInt32)
	}
}

func longestOf(schema *Schema) string {
	longest := ""
	for _, value := range schema.Enum {
		if text := strings.Trim(string(value.Raw), `"`); len(text) > len(longest) {
			longest = text
		}
	}
	return longest
}

// makeText returns the longest of some texts that has the form that the schema asks for; of those that are equally long the
// first one.
func (m Maker) makeText(schema *Schema, n int) string {
	most := int(ptr.Deref(schema.MaxLength, unbounded))
	if schema.Format == "date-time" {
		most = len(time.RFC3339)
	}
	length := min(most, int(min(m.text, math.MaxInt32)))
	suffix := fmt.Sprint(n)
	words := max(length-len(suffix), 0)
	forms := [][]string{
		{strings.Repeat("<", words) + suffix, strings.Repeat("x", words) + suffix, strings.Repeat("X", length), strings.Repeat("1", length)},
		{"2026-01-02T03:04:05+09:00", "876000h0m0s", "87600h0m0s", "720h0m0s", "999999h59m59s", strings.Repeat("1", min(length, 16))},
	}
	for _, some := range forms {
		best := ""
		for _, text := range some {
			if len(text) <= most && len(text) > len(best) && hasForm(schema, text) {
				best = text
			}
		}
		if best != "" {
			return best
		}
	}
	return ""
}

var matchesRule = regexp.MustCompile(`(!?)self\.matches\(r?'((?:[^'\\]|\\.)*)'\)`)

// hasForm reports whether a text has the form that the schema asks for.
func hasForm(schema *Schema, text string) bool {
	if schema.Pattern != "" && !form(schema.Pattern).MatchString(text) {
		return false
	}
	if schema.XIntOrString && strings.Trim(text, "1") != "" {
		return false
	}
	if schema.Format == "date-time" && !strings.HasPrefix(text, "2026-01-") {
		return false
	}
	for _, rule := range schema.XValidations {
		for _, match := range matchesRule.FindAllStringSubmatch(rule.Rule, -1) {
			if form(match[2]).MatchString(text) == (match[1] == "!") {
				return false
			}
		}
	}
	return true
}

var forms sync.Map

// form returns a compiled regular expression. CEL's are those of Go.
func form(expression string) *regexp.Regexp {
	if known, ok := forms.Load(expression); ok {
		if compiled, ok := known.(*regexp.Regexp); ok {
			return compiled
		}
	}
	compiled := regexp.MustCompile(expression)
	forms.Store(expression, compiled)
	return compiled
}
