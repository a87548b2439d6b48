package attack

const (
	tells   = "tells people and the audit log, and refuses nothing"
	latest  = "latest is what Pod Security takes if no version is named"
	instead = "stands in for a mutating policy, which TestEachPolicyIsNeeded takes away to see it refuse"
	spares  = "spares the rules requests that they would let pass"
	twice   = "foundation-owned refuses those, too"
	fixed   = "what the rules look at cannot change on a pod today"
)

// survivors are the mutants that no test sees, and why none can, or need.
var survivors = map[string]string{
	"foundation-binding-stamps: condition staffs-own always":                      "foundation-owned and foundation-staff-bindings refuse those changes",
	"foundation-binding-stamps: condition not-a-controller-of-the-cluster always": "sets what is set already",

	"foundation-network-policies: condition not-the-operators always": twice,
	"foundation-nodes: condition changed always":                      spares,
	"foundation-pod-neighbours: validation 5 allows all":              instead,
	"foundation-pod-neighbours: without UPDATE of pods":               fixed,
	"foundation-pods: validation 0 allows all":                        instead,
	"foundation-staff-bindings: condition not-the-operators always":   twice,
	"foundation-staff-bindings: validation 2 allows all":              instead,
	"foundation-volumes: condition spec-changed always":               spares,

	"pod security: without enforce-version": latest,
	"pod security: without warn":            tells,
	"pod security: warn: privileged":        tells,
	"pod security: warn: baseline":          tells,
	"pod security: without warn-version":    tells,
	"pod security: warn-version: v1.0":      tells,
	"pod security: without audit":           tells,
	"pod security: audit: privileged":       tells,
	"pod security: audit: baseline":         tells,
	"pod security: without audit-version":   tells,
	"pod security: audit-version: v1.0":     tells,
}
