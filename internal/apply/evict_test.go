package apply_test

import (
	"errors"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"foundation.team/operator/test/support/builder"
)

// A pod is deleted by UID, with the same grace period as an evicted one.
func TestEndPod(t *testing.T) {
	pod := func(mods ...func(*corev1.Pod)) corev1.Pod {
		p := builder.Pod("hanbit-train", "job-0", builder.Now)
		for _, mod := range mods {
			mod(&p)
		}
		return p
	}
	wants := func(seconds int64) func(*corev1.Pod) {
		return func(p *corev1.Pod) { p.Spec.TerminationGracePeriodSeconds = &seconds }
	}
	going := func(seconds int64) func(*corev1.Pod) {
		return func(p *corev1.Pod) {
			p.DeletionTimestamp, p.DeletionGracePeriodSeconds = new(metav1.NewTime(builder.Now)), &seconds
		}
	}
	tests := map[string]struct {
		pod      corev1.Pod
		writeErr error
		// want is the grace period in seconds; -1 if nothing is sent.
		want  int64
		fails bool
	}{
		"a running one":                    {pod: pod(), want: 300},
		"one that wants little time":       {pod: pod(wants(30)), want: 30},
		"one that wants more than it gets": {pod: pod(wants(86400)), want: 300},
		"one that goes already":            {pod: pod(going(300)), want: -1},
		"one that gave itself too long":    {pod: pod(going(86400), wants(86400)), want: 300},
		"one that is gone":                 {pod: pod(), writeErr: apierrors.NewNotFound(pods, "job-0"), want: 300},
		"another one of the same name":     {pod: pod(), writeErr: apierrors.NewConflict(pods, "job-0", errors.New("UID")), want: 300, fails: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := newCluster(&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: tt.pod.Namespace, Name: tt.pod.Name}})
			c.writeErr = tt.writeErr
			if err := c.applier().DeletePod(t.Context(), &tt.pod); (err != nil) != tt.fails || tt.fails && !errors.Is(err, tt.writeErr) {
				t.Errorf("error %v, want failure %t", err, tt.fails)
			}
			if tt.want < 0 {
				if c.writes() > 0 {
					t.Errorf("%d writes", c.writes())
				}
				return
			}
			checkEnded(t, c, tt.pod, tt.want)
		})
	}
}

// checkEnded checks that one pod was deleted, by UID, with this grace period in seconds.
func checkEnded(t *testing.T, c *cluster, pod corev1.Pod, seconds int64) {
	t.Helper()
	if len(c.deleted) != 1 || len(c.evicted) > 0 {
		t.Fatalf("%d deletions and %d evictions, want one deletion", len(c.deleted), len(c.evicted))
	}
	if got := c.deleted[0].GracePeriodSeconds; got == nil || *got != seconds {
		t.Errorf("%v seconds, want %d", got, seconds)
	}
	if exact := c.deleted[0].Preconditions; exact == nil || exact.UID == nil || *exact.UID != pod.UID || exact.ResourceVersion != nil {
		t.Errorf("preconditions %+v, want UID %s and no version: a pod's status changes all the time", exact, pod.UID)
	}
}

// The eviction has the same grace period.
func TestEvictionHasAnEnd(t *testing.T) {
	p := builder.Pod("hanbit-train", "job-0", builder.Now)
	p.Spec.TerminationGracePeriodSeconds = new(int64(86400))
	c := newCluster()
	if err := c.applier().Evict(t.Context(), &p); err != nil {
		t.Fatal(err)
	}
	if got := c.evicted[0].GracePeriodSeconds; got == nil || *got != 300 {
		t.Errorf("%v seconds, want 300", got)
	}
}
