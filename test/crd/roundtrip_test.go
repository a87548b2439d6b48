package crd

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/test/support/openapi"
)

// triesEnv sets how many values each field is tried with; without it defaultTries.
const (
	triesEnv     = "SCHEMA_TRIES"
	defaultTries = 4
)

// oddValues are values that a schema may accept and a Go type may not read, or read as something else.
var oddValues = []any{
	"", " ", "null", "true", "5", "-1", "0x10", "1_000", "1e1.5", "1e4294967297", "1e100", "1E3", "1e-30", ".5", "+5", "5.", "9223372036854775808", "100Pi", "8Ei", "1n", "0.1n",
	"2027-01-01T00:00:00Z", "2027-01-01T00:00:00z", "2027-01-01t00:00:00Z", "2027-01-01T00:00:00+25:00", "2027-01-01T00:00:00x5Z", "2027-01-01T00:00:00.5Z", "2027-01-01T00:00:00,5Z",
	"2027-02-30T00:00:00Z", "2100-02-29T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-01:00", "2027-01-01", "2027-01-01T24:00:00Z", "2027-01-01T23:59:60Z",
	"1e9h", "-1h", "876001h", "999999h", "0s", "h", "1h1h", "1.5h", "24h60m", "1d", "Asia/Seoul", "Local", "é", "김", "a\u0000b",
	int64(0), int64(1), int64(-1), int64(math.MaxInt32) + 1, int64(math.MinInt32) - 1, int64(math.MaxInt64), 1.0, 1.5, 1e3, 1e19, 1e30, true, nil,
	[]any{},
	map[string]any{},
}

// What the schema accepts is read by the typed client, and is the same after it was read and written.
func TestWhatIsAcceptedIsRead(t *testing.T) {
	tries, err := strconv.Atoi(os.Getenv(triesEnv))
	if err != nil {
		tries = defaultTries
	}
	for name, tt := range map[string]struct {
		kind, manifest string
		api            dynamic.ResourceInterface
		new            func() client.Object
	}{
		"team":           {"FoundationTeam", team, teams, func() client.Object { return &foundationv1alpha1.FoundationTeam{} }},
		"program":        {"FoundationProgram", program, programs, func() client.Object { return &foundationv1alpha1.FoundationProgram{} }},
		"static pool":    {"GPUPool", pool, pools, func() client.Object { return &foundationv1alpha1.GPUPool{} }},
		"karpenter pool": {"GPUPool", karpenterPool, pools, func() client.Object { return &foundationv1alpha1.GPUPool{} }},
		"record":         {"TeamRecord", exampleRecord(t), records, func() client.Object { return &foundationv1alpha1.TeamRecord{} }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(1, uint64(tries)))
			object := patched(t, tt.manifest, "")
			if _, err := create(t, tt.api, object.DeepCopy()); err != nil {
				t.Fatal(err)
			}
			accepted := 0
			eachField("spec", specSchema(t, tt.kind), object.Object, "spec", func(path string, was any, set func(any)) {
				for _, value := range valuesFor(random, was, tries) {
					set(value)
					stored, err := create(t, tt.api, object.DeepCopy())
					if err != nil {
						continue
					}
					accepted++
					if err := reads(stored.Object, tt.new); err != nil {
						t.Errorf("%s: %#v is accepted, and %v", path, value, err)
					}
				}
				set(was)
			})
			if accepted == 0 {
				t.Error("nothing was accepted")
			}
		})
	}
}

// exampleRecord is a TeamRecord that has every field.
func exampleRecord(t *testing.T) string {
	t.Helper()
	object := patched(t, record, "")
	object.Object["spec"] = openapi.Example.Make(openapi.At(kind(t, "TeamRecord"), "spec"), 1)
	return toManifest(t, object)
}

// reads reports why an object cannot be read, or is another one after it was read and written.
func reads(object map[string]any, newObject func() client.Object) error {
	asStored, err := json.Marshal(object)
	if err != nil {
		return err
	}
	read, again := newObject(), newObject()
	if err := utiljson.Unmarshal(asStored, read); err != nil {
		return fmt.Errorf("is not read: %w", err)
	}
	written, err := json.Marshal(read)
	if err != nil {
		return fmt.Errorf("is not written: %w", err)
	}
	if err := utiljson.Unmarshal(written, again); err != nil {
		return fmt.Errorf("is not read again: %w", err)
	}
	if !equality.Semantic.DeepEqual(read, again) {
		return fmt.Errorf("is another one after it was written as %s", written)
	}
	return nil
}

func specSchema(t *testing.T, kind string) *apiextensionsv1.JSONSchemaProps {
	t.Helper()
	for _, crd := range crds(t) {
		if crd.Spec.Names.Kind == kind {
			spec := crd.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["spec"]
			return &spec
		}
	}
	t.Fatalf("no CRD of %s", kind)
	return nil
}

// eachField calls visit with every single value that an object has, or might have beside those that it has.
func eachField(path string, schema *apiextensionsv1.JSONSchemaProps, parent map[string]any, key string, visit func(path string, was any, set func(any))) {
	value, has := parent[key]
	switch typed := value.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
			property := schema.Properties[name]
			eachField(path+"."+name, &property, typed, name, visit)
		}
		if schema.AdditionalProperties != nil {
			for _, name := range slices.Sorted(maps.Keys(typed)) {
				eachField(path+"["+name+"]", schema.AdditionalProperties.Schema, typed, name, visit)
			}
		}
	case []any:
		for i := range typed {
			entry := map[string]any{"": typed[i]}
			eachField(fmt.Sprintf("%s[%d]", path, i), schema.Items.Schema, entry, "", func(path string, was any, set func(any)) {
				visit(path, was, func(value any) {
					set(value)
					typed[i] = entry[""]
				})
			})
		}
	default:
		visit(path, value, func(value any) {
			if value == nil && !has {
				delete(parent, key)
				return
			}
			parent[key] = value
		})
	}
}

// valuesFor returns odd values, and the value as it was with one letter changed.
func valuesFor(random *rand.Rand, was any, n int) []any {
	var values []any
	for i := range n {
		if text, ok := was.(string); ok && text != "" && i%2 == 0 {
			const letters = "0123456789tTzZ+-.:,eEhmsxGi /"
			at := random.IntN(len(text))
			values = append(values, text[:at]+string(letters[random.IntN(len(letters))])+text[at+random.IntN(2):])
			continue
		}
		values = append(values, oddValues[random.IntN(len(oddValues))])
	}
	return values
}
