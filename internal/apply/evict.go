package apply

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Evict asks the API server to evict a pod, exactly the one that was seen, with its own grace period. A disruption
// budget can refuse it. One that is gone or going is fine.
func (a *Applier) Evict(ctx context.Context, seen *corev1.Pod) error {
	if !seen.DeletionTimestamp.IsZero() {
		return nil
	}
	eviction := &policyv1.Eviction{DeleteOptions: &metav1.DeleteOptions{
		Preconditions: &metav1.Preconditions{UID: new(seen.UID)},
	}}
	if err := a.client.SubResource("eviction").Create(ctx, seen, eviction); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("evict pod %s: %w", client.ObjectKeyFromObject(seen), err)
	}
	return nil
}
