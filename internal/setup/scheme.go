// Package setup configures what every process of the operator starts with: the scheme, the cache and the manager.
package setup

import (
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/karpenter"
)

// Scheme returns a scheme with Kubernetes' kinds, the operator's, and those of Karpenter that the operator uses.
func Scheme() *runtime.Scheme {
	scheme := runtime.NewScheme()
	utilruntime.Must(clientgoscheme.AddToScheme(scheme))
	utilruntime.Must(foundationv1alpha1.AddToScheme(scheme))
	utilruntime.Must(karpenter.AddToScheme(scheme))
	return scheme
}
