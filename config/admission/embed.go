// Package admission carries the admission policies that ship with the operator, so that it can tell whether the cluster
// has them.
package admission

import "embed"

// Manifests are the policies and their bindings, one file for each concern, beside the kustomization that installs them.
//
//go:embed *.yaml
var Manifests embed.FS
