package crd

import (
	"maps"
	"slices"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
)

// boundByRule are the places whose schema is Kubernetes' own and has no bounds, with the rule above them that has.
var boundByRule = map[string]string{
	"FoundationProgram.spec.evaluations[].results[].waivers{}":     "self[k].size() <= 512",
	"GPUPool.spec.karpenter.labels{}":                              "self[k].size() <= 63",
	"GPUPool.spec.static.nodeSelector.matchLabels":                 "self.matchLabels.size() <= 16",
	"GPUPool.spec.static.nodeSelector.matchLabels{}":               "self.matchLabels[k].size() <= 63",
	"GPUPool.spec.static.nodeSelector.matchExpressions":            "self.matchExpressions.size() <= 16",
	"GPUPool.spec.static.nodeSelector.matchExpressions[].key":      "e.key.size() <= 317",
	"GPUPool.spec.static.nodeSelector.matchExpressions[].operator": "e.operator in ['In', 'NotIn']",
	"GPUPool.spec.static.nodeSelector.matchExpressions[].values":   "e.values.size() <= 32",
	"GPUPool.spec.static.nodeSelector.matchExpressions[].values[]": "self.matchExpressions[i].values[j].size() <= 63",
}

// Without a bound one object can fill etcd, and rules about it cost more than the API server allows.
func TestEverythingInASpecIsBounded(t *testing.T) {
	t.Parallel()
	unbounded := map[string][]string{}
	for _, crd := range crds(t) {
		for _, version := range crd.Spec.Versions {
			spec := version.Schema.OpenAPIV3Schema.Properties["spec"]
			collectUnbounded(unbounded, crd.Spec.Names.Kind+".spec", &spec, nil)
		}
	}
	for _, path := range slices.Sorted(maps.Keys(unbounded)) {
		want, excepted := boundByRule[path]
		if !excepted {
			t.Errorf("%s has no bound: set maxLength, maxItems or maxProperties, or an enum", path)
			continue
		}
		if !strings.Contains(strings.Join(unbounded[path], "\n"), want) {
			t.Errorf("%s has no bound, and no rule above it says %q", path, want)
		}
	}
	for path := range boundByRule {
		if _, needed := unbounded[path]; !needed {
			t.Errorf("%s is bounded or gone: take it off the list", path)
		}
	}
}

// collectUnbounded puts the paths at and below a schema that have no bound into found, each with the rules above it.
func collectUnbounded(found map[string][]string, path string, schema *apiextensionsv1.JSONSchemaProps, rules []string) {
	rules = slices.Clone(rules)
	for _, rule := range schema.XValidations {
		rules = append(rules, rule.Rule)
	}
	if !bounded(schema) {
		found[path] = rules
	}
	for name, property := range schema.Properties {
		collectUnbounded(found, path+"."+name, &property, rules)
	}
	if schema.Items != nil {
		collectUnbounded(found, path+"[]", schema.Items.Schema, rules)
	}
	if schema.AdditionalProperties != nil {
		collectUnbounded(found, path+"{}", schema.AdditionalProperties.Schema, rules)
	}
}

func bounded(schema *apiextensionsv1.JSONSchemaProps) bool {
	switch {
	case schema.Type == "string" || schema.XIntOrString:
		return schema.MaxLength != nil || len(schema.Enum) > 0
	case schema.Type == "array":
		return schema.MaxItems != nil
	case schema.AdditionalProperties != nil:
		return schema.MaxProperties != nil
	default:
		return schema.XPreserveUnknownFields == nil
	}
}
