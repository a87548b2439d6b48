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

// maxGracePeriodSeconds is the longest grace period, in seconds, of an evicted pod. The team chooses
// terminationGracePeriodSeconds and could choose years; five minutes
// are the longest that a pod then holds up a draining node.
const maxGracePeriodSeconds = 300

// Evict evicts a pod, by UID, so that a new pod of the same name is not hit. A PodDisruptionBudget can refuse it. A
// pod that terminates already is left alone, unless its grace period is longer than maxGracePeriodSeconds.
func (a *Applier) Evict(ctx context.Context, seen *corev1.Pod) error {
	if EndsSoon(seen) {
		return nil
	}
	eviction := &policyv1.Eviction{DeleteOptions: &metav1.DeleteOptions{
		Preconditions:      &metav1.Preconditions{UID: new(seen.UID)},
		GracePeriodSeconds: new(gracePeriodSeconds(seen)),
	}}
	if err := a.client.SubResource("eviction").Create(ctx, seen, eviction); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("evict pod %s: %w", client.ObjectKeyFromObject(seen), err)
	}
	return nil
}

// DeletePod deletes a pod, by UID, whatever PodDisruptionBudgets allow. A pod that terminates already is left alone,
// unless its grace period is longer than maxGracePeriodSeconds.
func (a *Applier) DeletePod(ctx context.Context, seen *corev1.Pod) error {
	if EndsSoon(seen) {
		return nil
	}
	err := a.client.Delete(ctx, seen, client.Preconditions{UID: new(seen.UID)}, client.GracePeriodSeconds(gracePeriodSeconds(seen)))
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("delete pod %s: %w", client.ObjectKeyFromObject(seen), err)
	}
	return nil
}

// EndsSoon reports whether a pod terminates already, within maxGracePeriodSeconds.
func EndsSoon(pod *corev1.Pod) bool {
	return !pod.DeletionTimestamp.IsZero() && ptr.Deref(pod.DeletionGracePeriodSeconds, 0) <= maxGracePeriodSeconds
}

func gracePeriodSeconds(pod *corev1.Pod) int64 {
	return min(ptr.Deref(pod.Spec.TerminationGracePeriodSeconds, maxGracePeriodSeconds), maxGracePeriodSeconds)
}
