package pool

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"foundation.team/operator/test/support/builder"
)

func TestKeepsBusy(t *testing.T) {
	pod := func(mods ...func(*corev1.Pod)) *corev1.Pod {
		p := builder.Pod("x", "p", now)
		for _, mod := range mods {
			mod(&p)
		}
		return &p
	}
	phase := func(phase corev1.PodPhase) func(*corev1.Pod) { return func(p *corev1.Pod) { p.Status.Phase = phase } }
	owned := func(kind string) func(*corev1.Pod) {
		return func(p *corev1.Pod) { p.OwnerReferences = []metav1.OwnerReference{{Kind: kind, Controller: new(true)}} }
	}
	tests := map[string]struct {
		pod  *corev1.Pod
		want bool
	}{
		"a running pod":        {pod(phase(corev1.PodRunning)), true},
		"a pending pod":        {pod(phase(corev1.PodPending)), true},
		"a succeeded pod":      {pod(phase(corev1.PodSucceeded)), false},
		"a failed pod":         {pod(phase(corev1.PodFailed)), false},
		"a pod of a Job":       {pod(owned("Job")), true},
		"a pod of a DaemonSet": {pod(owned("DaemonSet")), false},
		"a mirror pod":         {pod(func(p *corev1.Pod) { p.Annotations = map[string]string{corev1.MirrorPodAnnotationKey: "x"} }), false},
		"a terminating pod":    {pod(func(p *corev1.Pod) { p.DeletionTimestamp = new(metav1.NewTime(now)) }), true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := keepsBusy(tt.pod, false); got != tt.want {
				t.Errorf("keepsBusy = %t", got)
			}
			// A team may write any ownerReference on its pods.
			running := tt.pod.Status.Phase != corev1.PodSucceeded && tt.pod.Status.Phase != corev1.PodFailed
			if got := keepsBusy(tt.pod, true); got != running {
				t.Errorf("keepsBusy = %t for a team's", got)
			}
		})
	}
}
