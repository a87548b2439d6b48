package crd

import (
	"os"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/test/support"
)

var (
	config   *rest.Config
	teams    dynamic.ResourceInterface
	pools    dynamic.ResourceInterface
	programs dynamic.ResourceInterface
	records  dynamic.ResourceInterface
)

func TestMain(m *testing.M) {
	os.Exit(support.Run(m, func(c *rest.Config) error {
		config = c
		api, err := dynamic.NewForConfig(c)
		if err != nil {
			return err
		}
		teams = api.Resource(resource("foundationteams"))
		pools = api.Resource(resource("gpupools"))
		programs = api.Resource(resource("foundationprograms"))
		records = api.Resource(resource("teamrecords"))
		return nil
	}))
}

func resource(plural string) schema.GroupVersionResource {
	return foundationv1alpha1.GroupVersion.WithResource(plural)
}
