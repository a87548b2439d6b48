package cluster

import _ "embed"

// kwokConfig has the stages by which kwok simulates the lab's nodes and storage, in addition to kwok's own.
//
//go:embed manifests/kwok.yaml
var kwokConfig []byte

// storageManifest has the lab's storage classes.
//
//go:embed manifests/storage.yaml
var storageManifest []byte

// karpenterManifest has Karpenter's identity and rights, and a node class.
//
//go:embed manifests/karpenter.yaml
var karpenterManifest []byte

// BrokenLabel makes a node that has it with the value "true" not ready, until the label is removed.
const BrokenLabel = "lab.foundation.team/broken"
