package crd

import (
	"strings"
	"testing"

	"foundation.team/operator/test/support/openapi"
)

func kind(t *testing.T, name string) *openapi.Schema {
	t.Helper()
	kinds, err := openapi.Kinds()
	if err != nil {
		t.Fatal(err)
	}
	if kinds[name] == nil {
		t.Fatalf("no CRD of %s", name)
	}
	return kinds[name]
}

func specs(t *testing.T, manifests ...string) []any {
	t.Helper()
	var specs []any
	for _, manifest := range manifests {
		specs = append(specs, patched(t, manifest, "").Object["spec"])
	}
	return specs
}

// The tests that go through every field of a kind go through the fields of these manifests.
func TestManifestsUseEveryField(t *testing.T) {
	for name, manifests := range map[string][]string{
		"FoundationTeam": {team}, "FoundationProgram": {program}, "GPUPool": {pool, karpenterPool},
	} {
		for _, field := range openapi.Unused(openapi.At(kind(t, name), "spec"), "spec", specs(t, manifests...)...) {
			t.Errorf("no manifest of a %s has %s: add it, so that it is tested", name, field)
		}
	}
}

// unreached are bounds that no manifest reaches, with the reason.
var unreached = map[string]string{
	"FoundationTeam.spec.budget[].dueTime":        "money that is due at once has no instalments, which are larger",
	"FoundationTeam.spec.volumes[].accessModes":   "ReadWriteOncePod stands alone",
	"FoundationTeam.spec.volumes[].namespace":     "it is the last of spec.namespaces, for rules the hardest",
	"FoundationTeam.spec.volumes[].size":          "the rule allows no more than 100Pi",
	"FoundationTeam.spec.retention.dataAccess":    "the rule allows no longer form",
	"FoundationTeam.spec.retention.keep":          "the rule allows no longer form",
	"FoundationProgram.spec.retention.dataAccess": "the rule allows no longer form",
	"FoundationProgram.spec.retention.keep":       "the rule allows no longer form",
	"FoundationProgram.spec.timeZone":             "there is no longer one",
	"GPUPool.spec.karpenter.consolidateAfter":     "the rule allows no longer form",
	"GPUPool.spec.reclaim.forceAfter":             "the rule allows no longer form",
	"GPUPool.spec.reclaim.gracePeriod":            "the rule allows no longer form",
	"GPUPool.spec.repair.replaceAfter":            "the rule allows no longer form",
}

// The largest manifests reach every bound of their CRDs.
func TestLargestManifestsReachEveryBound(t *testing.T) {
	missed := map[string]bool{}
	for name, manifests := range map[string][]string{
		"FoundationTeam": {largestTeam()}, "FoundationProgram": {largestProgram(), wordyProgram()}, "GPUPool": {largestPool(), largestKarpenterPool()},
	} {
		for _, bound := range openapi.Short(openapi.At(kind(t, name), "spec"), name+".spec", specs(t, manifests...)...) {
			field, _, _ := strings.Cut(bound, ":")
			missed[field] = true
			if unreached[field] == "" {
				t.Errorf("the largest manifests are short of %s", bound)
			}
		}
	}
	for field := range unreached {
		if !missed[field] {
			t.Errorf("%s is reached: take it off the list", field)
		}
	}
}
