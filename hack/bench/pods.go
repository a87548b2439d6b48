package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"foundation.team/operator/test/support"
)

// podsOfEach is how many Pods are created in each namespace, in turns.
const podsOfEach = 200

// created is how long creating a Pod takes, in milliseconds, in a team's namespace and in one with the same quota, default requests
// and Pod Security Standard of which the operator and its policies know nothing; then both without the operator.
type created struct {
	Team         float64 `json:"teamP50Millis"`
	Plain        float64 `json:"plainP50Millis"`
	Stopped      float64 `json:"teamWithoutOperatorP50Millis"`
	StoppedPlain float64 `json:"plainWithoutOperatorP50Millis"`
}

// measurePods creates Pods in turns in a team's namespace and in one that is nobody's, with the operator and without.
func (r *results) measurePods(ctx context.Context, lab *support.Lab, teams []string) error {
	with, err := comparePods(ctx, lab.Client, teams[0]+"-train")
	if err != nil {
		return err
	}
	if err := lab.Operator.Stop(ctx); err != nil {
		return err
	}
	without, err := comparePods(ctx, lab.Client, teams[0]+"-eval") // the quota of the first has no room for more
	if err != nil {
		return err
	}
	r.Pods = &created{Team: with[0], Plain: with[1], Stopped: without[0], StoppedPlain: without[1]}
	return lab.StartOperator(ctx)
}

func comparePods(ctx context.Context, c client.Client, namespace string) ([]float64, error) {
	plain, err := plainNamespace(ctx, c, namespace)
	if err != nil {
		return nil, err
	}
	return createPods(ctx, c, namespace, plain)
}

// plainNamespace makes a namespace with what another one has of quota, default requests and Pod Security Standard.
func plainNamespace(ctx context.Context, c client.Client, like string) (string, error) {
	var from corev1.Namespace
	if err := c.Get(ctx, client.ObjectKey{Name: like}, &from); err != nil {
		return "", err
	}
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "plain-" + like, Labels: map[string]string{}}}
	for key, value := range from.Labels {
		if strings.HasPrefix(key, "pod-security.kubernetes.io/") {
			namespace.Labels[key] = value
		}
	}
	if err := c.Create(ctx, namespace); err != nil {
		return "", err
	}
	var quotas corev1.ResourceQuotaList
	var limits corev1.LimitRangeList
	for _, list := range []client.ObjectList{&quotas, &limits} {
		if err := c.List(ctx, list, client.InNamespace(like)); err != nil {
			return "", err
		}
	}
	for _, quota := range quotas.Items {
		own := &corev1.ResourceQuota{ObjectMeta: metav1.ObjectMeta{Namespace: namespace.Name, Name: quota.Name}, Spec: quota.Spec}
		if err := c.Create(ctx, own); err != nil {
			return "", err
		}
	}
	for _, limit := range limits.Items {
		own := &corev1.LimitRange{ObjectMeta: metav1.ObjectMeta{Namespace: namespace.Name, Name: limit.Name}, Spec: limit.Spec}
		if err := c.Create(ctx, own); err != nil {
			return "", err
		}
	}
	return namespace.Name, pause(ctx, 5*time.Second) // until the quota is enforced and there is a default ServiceAccount
}

// createPods creates Pods in namespaces in turns, and returns how long each takes there (p50, in milliseconds).
func createPods(ctx context.Context, c client.Client, namespaces ...string) ([]float64, error) {
	took := make([][]time.Duration, len(namespaces))
	for i := range podsOfEach {
		for n, namespace := range namespaces {
			began := realClock.Now()
			if err := c.Create(ctx, pod(namespace, fmt.Sprintf("bench-%03d", i))); err != nil {
				return nil, err
			}
			took[n] = append(took[n], realClock.Since(began))
		}
	}
	medians := make([]float64, len(took))
	for n, each := range took {
		medians[n] = millis(quantile(each, 0.5))
	}
	return medians, nil
}

// pod is a Pod as people write them, which the restricted Pod Security Standard admits. No node takes it.
func pod(namespace, name string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: corev1.PodSpec{
			NodeSelector: map[string]string{"bench.example/nowhere": "true"},
			SecurityContext: &corev1.PodSecurityContext{
				RunAsNonRoot: new(true), SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
			},
			Containers: []corev1.Container{{
				Name: "train", Image: "registry.example/train:1",
				Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{
					corev1.ResourceCPU: resource.MustParse("1m"), corev1.ResourceMemory: resource.MustParse("1Mi"),
				}},
				SecurityContext: &corev1.SecurityContext{
					AllowPrivilegeEscalation: new(false), Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
				},
			}},
		},
	}
}
