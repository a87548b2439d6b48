// Package look reads what the suites on a whole control plane look at, and says what they expect of it.
package look

import (
	"context"
	"strings"

	. "github.com/onsi/gomega"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/hack/lab/cluster"
	"foundation.team/operator/test/support/manifest"
)

// Get reads an object.
func Get[T client.Object](ctx context.Context, g Gomega, k8s client.Reader, obj T, namespace, name string) T {
	g.Expect(k8s.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, obj)).To(Succeed())
	return obj
}

// Team reads a FoundationTeam.
func Team(ctx context.Context, g Gomega, k8s client.Reader, name string) *foundationv1alpha1.FoundationTeam {
	return Get(ctx, g, k8s, &foundationv1alpha1.FoundationTeam{}, "", name)
}

// Program reads a FoundationProgram.
func Program(ctx context.Context, g Gomega, k8s client.Reader, name string) *foundationv1alpha1.FoundationProgram {
	return Get(ctx, g, k8s, &foundationv1alpha1.FoundationProgram{}, "", name)
}

// Pool reads a GPUPool.
func Pool(ctx context.Context, g Gomega, k8s client.Reader, name string) *foundationv1alpha1.GPUPool {
	return Get(ctx, g, k8s, &foundationv1alpha1.GPUPool{}, "", name)
}

// NodesOf reads a team's nodes.
func NodesOf(ctx context.Context, g Gomega, k8s client.Reader, team string) []corev1.Node {
	var list corev1.NodeList
	g.Expect(k8s.List(ctx, &list, client.MatchingLabels{foundationv1alpha1.LabelTeam: team})).To(Succeed())
	return list.Items
}

// Pods reads a team's pods that manifest.GPUPods made.
func Pods(ctx context.Context, g Gomega, k8s client.Reader, team string) []corev1.Pod {
	var list corev1.PodList
	g.Expect(k8s.List(ctx, &list, client.MatchingLabels{manifest.WorkLabel: team})).To(Succeed())
	return list.Items
}

// GPUQuota reads how many GPUs a namespace's quota allows.
func GPUQuota(ctx context.Context, g Gomega, k8s client.Reader, namespace string) int64 {
	quota := Get(ctx, g, k8s, &corev1.ResourceQuota{}, namespace, "foundation-team")
	gpus := quota.Spec.Hard[corev1.ResourceName("requests."+cluster.GPUResource)]
	return gpus.Value()
}

// ExpectReady expects a team's status to be about its newest spec and Ready.
func ExpectReady(g Gomega, team *foundationv1alpha1.FoundationTeam) {
	ready := meta.FindStatusCondition(team.Status.Conditions, foundationv1alpha1.ConditionReady)
	g.Expect(ready).NotTo(BeNil())
	g.Expect(team.Status.ObservedGeneration).To(Equal(team.Generation))
	g.Expect(ready.Status).To(Equal(metav1.ConditionTrue), ready.Message)
}

// ExpectCondition expects a team's status to be about its newest spec, with a condition of this reason and message.
func ExpectCondition(g Gomega, team *foundationv1alpha1.FoundationTeam, conditionType, reason, message string) {
	condition := meta.FindStatusCondition(team.Status.Conditions, conditionType)
	g.Expect(condition).NotTo(BeNil())
	g.Expect(team.Status.ObservedGeneration).To(Equal(team.Generation))
	g.Expect(condition.Reason).To(Equal(reason), condition.Message)
	g.Expect(condition.Message).To(ContainSubstring(message))
}

// ExpectSettled expects that nothing of a pool is on its way.
func ExpectSettled(g Gomega, pool *foundationv1alpha1.GPUPool) {
	g.Expect(meta.FindStatusCondition(pool.Status.Conditions, foundationv1alpha1.ConditionReconciling)).To(BeNil())
}

// May asks the API server what a person may do with a resource of a namespace, such as pods, pods/exec or
// foundationteams.foundation.team/hanbit.
func May(ctx context.Context, g Gomega, k8s client.Writer, user, verb, resource, namespace string) bool {
	attributes := &authorizationv1.ResourceAttributes{Namespace: namespace, Verb: verb}
	resource, rest, _ := strings.Cut(resource, "/")
	attributes.Resource, attributes.Group, _ = strings.Cut(resource, ".")
	if attributes.Group == "" {
		attributes.Subresource = rest
	} else {
		attributes.Name = rest
	}
	review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
		User: user, Groups: []string{"system:authenticated"}, ResourceAttributes: attributes,
	}}
	g.Expect(k8s.Create(ctx, review)).To(Succeed())
	return review.Status.Allowed
}
