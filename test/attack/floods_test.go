package attack

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// TestFloodsEndAtTheQuota creates more objects at once than the quota allows: exactly what was left is admitted.
func TestFloodsEndAtTheQuota(t *testing.T) {
	if !wholeControlPlane {
		t.Skip("takes a whole control plane: make test-attack")
	}
	t.Parallel()
	for name, flood := range map[string]struct {
		key corev1.ResourceName
		of  func(name string) client.Object
	}{
		"GPUs": {"requests." + gpu, func(name string) client.Object { return pod(flooded, named(name), asksFor(gpu, "1"), waits) }},
		"ConfigMaps": {corev1.ResourceConfigMaps, func(name string) client.Object {
			return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: flooded, Name: name}}
		}},
		"Secrets": {corev1.ResourceSecrets, func(name string) client.Object {
			return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: flooded, Name: name}}
		}},
		"Services": {corev1.ResourceServices, func(name string) client.Object { return service(flooded, name) }},
		"devices": {deviceClass + ".deviceclass.resource.k8s.io/devices", func(name string) client.Object {
			return deviceClaim(flooded, name)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := gomega.NewWithT(t)
			quota := &corev1.ResourceQuota{}
			g.Expect(masters.Get(t.Context(), client.ObjectKey{Namespace: flooded, Name: "foundation"}, quota)).To(gomega.Succeed())
			left := quota.Status.Hard[flood.key]
			left.Sub(quota.Status.Used[flood.key])
			admitted := atOnce(t.Context(), 220, func(ctx context.Context, i int) error {
				err := engineer.reallyDoes(ctx, makes(flood.of(fmt.Sprintf("flood-%d", i))))
				ok := err == nil || strings.Contains(err.Error(), "exceeded quota: foundation, requested: ") && strings.Contains(err.Error(), string(flood.key)+"=1")
				tallied.count(load, ok)
				if !ok {
					t.Errorf("refused, but not by the quota: %v", err)
				}
				return err
			})
			g.Expect(left.Value()).To(gomega.And(gomega.BeNumerically(">", 0), gomega.BeNumerically("<", 220)))
			g.Expect(admitted).To(gomega.BeNumerically("==", left.Value()))
		})
	}
}

// atOnce runs n requests concurrently and counts those that succeed.
func atOnce(ctx context.Context, n int, do func(ctx context.Context, i int) error) int {
	var group sync.WaitGroup
	results := make([]error, n)
	for i := range n {
		group.Go(func() { results[i] = do(ctx, i) })
	}
	group.Wait()
	admitted := 0
	for _, err := range results {
		if err == nil {
			admitted++
		}
	}
	return admitted
}
