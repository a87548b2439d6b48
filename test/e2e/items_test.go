package e2e

import (
	"fmt"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

func items(list client.ObjectList) []client.Object {
	var objects []client.Object
	Expect(meta.EachListItem(list, func(item runtime.Object) error {
		obj, ok := item.(client.Object)
		if !ok {
			return fmt.Errorf("%T is no object", item)
		}
		objects = append(objects, obj)
		return nil
	})).To(Succeed())
	return objects
}

func typeName(obj client.Object) string { return fmt.Sprintf("%T ", obj) }
