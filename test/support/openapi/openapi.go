// Package openapi reads the schemas of the CRDs: what each field may hold, the largest of it, and what manifests use of it.
package openapi

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"

	"foundation.team/operator/hack/lab/binaries"
)

// Schema is the schema of one field, as in a CRD.
type Schema = apiextensionsv1.JSONSchemaProps

// Kinds returns the schemas of the kinds in config/crd/bases, by kind. They are read once.
var Kinds = sync.OnceValues(readKinds)

func readKinds() (map[string]*Schema, error) {
	root, err := binaries.Root(".")
	if err != nil {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(root, "config", "crd", "bases", "*.yaml"))
	if err != nil {
		return nil, err
	}
	kinds := map[string]*Schema{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		crd := &apiextensionsv1.CustomResourceDefinition{}
		if err := yaml.UnmarshalStrict(text, crd); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		kinds[crd.Spec.Names.Kind] = crd.Spec.Versions[0].Schema.OpenAPIV3Schema
	}
	return kinds, nil
}

// At returns the schema of a field, by the names of the fields that lead to it; of a list it is that of its entries.
func At(schema *Schema, names ...string) *Schema {
	for _, name := range names {
		field, ok := schema.Properties[name]
		if !ok {
			return nil
		}
		schema = entries(&field)
	}
	return schema
}

// Field returns the schema of a field, or of an entry of a map; nil if there is none.
func Field(schema *Schema, name string) *Schema {
	if field, ok := schema.Properties[name]; ok {
		return &field
	}
	if schema.AdditionalProperties != nil {
		return schema.AdditionalProperties.Schema
	}
	return nil
}

// entries returns the schema of a list's entries, and of all else the schema itself.
func entries(schema *Schema) *Schema {
	if schema.Items != nil {
		return schema.Items.Schema
	}
	return schema
}

// IsText reports whether a field holds text, or a quantity, which can be written as one.
func IsText(schema *Schema) bool { return schema.Type == "string" || schema.XIntOrString }

// fields returns the names of a schema's fields, sorted.
func fields(schema *Schema) []string { return slices.Sorted(maps.Keys(schema.Properties)) }
