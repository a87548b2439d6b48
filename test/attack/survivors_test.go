package attack

const (
	informsOnly      = "tells people and the audit log, and refuses nothing"
	sameAsDefault    = "latest is what Pod Security takes if no version is named"
	replacesMutation = "stands in for a mutating policy, which TestEachPolicyIsNeeded takes away to see it refuse"
	savesEvaluations = "spares the rules requests that they would let pass"
	refusedByOwned   = "foundation-owned refuses those, too"
	immutableOnPods  = "what the rules look at cannot change on a pod today"
)

// survivors are the mutants that no check catches, with the reason why none can or none needs to.
var survivors = map[string]string{
	"foundation-binding-stamps: condition staffs-own always":                      "foundation-owned and foundation-staff-bindings refuse those changes",
	"foundation-binding-stamps: condition not-a-controller-of-the-cluster always": "sets what is set already",

	"foundation-network-policies: condition not-the-operators always": refusedByOwned,
	"foundation-nodes: condition changed always":                      savesEvaluations,
	"foundation-pod-neighbours: validation 5 allows all":              replacesMutation,
	"foundation-pod-neighbours: without UPDATE of pods":               immutableOnPods,
	"foundation-pods: validation 0 allows all":                        replacesMutation,
	"foundation-staff-bindings: condition not-the-operators always":   refusedByOwned,
	"foundation-staff-bindings: validation 2 allows all":              replacesMutation,
	"foundation-volumes: condition spec-changed always":               savesEvaluations,

	"pod security: without enforce-version": sameAsDefault,
	"pod security: without warn":            informsOnly,
	"pod security: warn: privileged":        informsOnly,
	"pod security: warn: baseline":          informsOnly,
	"pod security: without warn-version":    informsOnly,
	"pod security: warn-version: v1.0":      informsOnly,
	"pod security: without audit":           informsOnly,
	"pod security: audit: privileged":       informsOnly,
	"pod security: audit: baseline":         informsOnly,
	"pod security: without audit-version":   informsOnly,
	"pod security: audit-version: v1.0":     informsOnly,
}
