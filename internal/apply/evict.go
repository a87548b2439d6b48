package apply

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// maxTermination is how many seconds an evicted pod has to end at the most. Its own terminationGracePeriodSeconds is
// its team's to choose, and could be years.
const maxTermination = 300

// Evict asks the API server to evict a pod, exactly the one that was seen. A disruption budget can refuse it. A pod that
// is going already is left alone, unless it gave itself longer than an evicted one has.
func (a *Applier) Evict(ctx context.Context, seen *corev1.Pod) error {
	if goingSoon(seen) {
		return nil
	}
	eviction := &policyv1.Eviction{DeleteOptions: &metav1.DeleteOptions{
		Preconditions:      &metav1.Preconditions{UID: new(seen.UID)},
		GracePeriodSeconds: new(termination(seen)),
	}}
	if err := a.client.SubResource("eviction").Create(ctx, seen, eviction); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("evict pod %s: %w", client.ObjectKeyFromObject(seen), err)
	}
	return nil
}

// EndPod deletes a pod, exactly the one that was seen, whatever disruption budgets say. One that is going already is left
// alone, unless it gave itself longer than an evicted one has.
func (a *Applier) EndPod(ctx context.Context, seen *corev1.Pod) error {
	if goingSoon(seen) {
		return nil
	}
	err := a.client.Delete(ctx, seen, client.Preconditions{UID: new(seen.UID)}, client.GracePeriodSeconds(termination(seen)))
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("delete pod %s: %w", client.ObjectKeyFromObject(seen), err)
	}
	return nil
}

func goingSoon(pod *corev1.Pod) bool {
	return !pod.DeletionTimestamp.IsZero() && ptr.Deref(pod.DeletionGracePeriodSeconds, 0) <= maxTermination
}

func termination(pod *corev1.Pod) int64 {
	return min(ptr.Deref(pod.Spec.TerminationGracePeriodSeconds, maxTermination), maxTermination)
}
