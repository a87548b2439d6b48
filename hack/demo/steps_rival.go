package main

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// showRival shows that an engineer of another team cannot list a team's pods, create one beside them, or run one on
// the team's nodes.
func (d *demo) showRival(ctx context.Context) error {
	refused, err := d.refuse(ctx, d.jun, "get", "pods", "-n", hanbitTrain)
	if err != nil {
		return err
	}
	if refused == nil {
		err := d.jun.client.List(ctx, &corev1.PodList{}, client.InNamespace(hanbitTrain))
		refused = checkRefusalError(err, apierrors.IsForbidden, d.jun.name)
	}
	d.screen.check("jun of naru cannot see what hanbit runs", refused)

	const image = "registry.naru.example/spy:1"
	refused, err = d.refuse(ctx, d.jun, "run", "spy", "-n", hanbitTrain, "--image="+image)
	if err != nil {
		return err
	}
	if refused == nil {
		spy := &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Name: "spy", Namespace: hanbitTrain},
			Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "spy", Image: image}}},
		}
		refused = checkRefusalError(d.jun.client.Create(ctx, spy), apierrors.IsForbidden, d.jun.name)
	}
	d.screen.check("jun cannot put a pod beside hanbit's", refused)

	refused, err = d.refuse(ctx, d.jun, "create", "-f", manifest("stowaway"))
	if err != nil {
		return err
	}
	if refused == nil {
		byPolicy := func(err error) bool { return apierrors.IsInvalid(err) || apierrors.IsForbidden(err) }
		refused = d.checkRefusal(ctx, d.jun, "stowaway", byPolicy, "ValidatingAdmissionPolicy 'foundation-pods'", teamHanbit)
	}
	d.screen.check("nor can a pod in jun's own namespace get onto hanbit's nodes by naming them", refused)
	return nil
}
