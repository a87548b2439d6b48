package attack

const (
	tells  = "tells people and the audit log, and refuses nothing"
	latest = "latest is what Pod Security takes if no version is named"
)

// survivors are the mutants that no test sees, and why none can, or need.
var survivors = map[string]string{
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
