package cluster

import _ "embed"

// kwokConfig is how kwok plays the lab's nodes and storage, on top of the stages it ships itself.
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

// BrokenLabel on a node, with the value "true", makes the node not ready until it is taken off.
const BrokenLabel = "lab.foundation.team/broken"
