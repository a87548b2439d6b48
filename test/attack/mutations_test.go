package attack

import (
	"context"
	"fmt"
	"reflect"
	"testing"

	"github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// mutations are named tests of what the policies that set defaults and stamps set, and of what they leave alone, by policy.
func mutations() map[string][]check {
	const delegated = foundationv1alpha1.LabelDelegated
	ordinary := tutorialPod(train)
	completePod(&ordinary.Spec)
	unstamped := clone(leadsBinding)
	unstamped.Labels, unstamped.Annotations = nil, nil
	return map[string][]check{
		podDefaults: append(resourceChecks(),
			becomes("an ordinary pod fits", replicaSets, tutorialPod(train), ordinary.Spec.SecurityContext,
				func(p *corev1.Pod) any { return p.Spec.SecurityContext }),
			becomes("an image volume is pulled for each pod", replicaSets, pod(train, func(p *corev1.Pod) {
				p.Spec.Volumes = []corev1.Volume{{Name: "model", VolumeSource: corev1.VolumeSource{
					Image: &corev1.ImageVolumeSource{Reference: "registry.example/model:1", PullPolicy: corev1.PullIfNotPresent},
				}}}
			}), corev1.PullAlways, func(p *corev1.Pod) any { return p.Spec.Volumes[0].Image.PullPolicy }),
			becomes("a pod of nobody's may use what is on the node", ops, pod(plain, cached), corev1.PullNever,
				func(p *corev1.Pod) any { return p.Spec.Containers[0].ImagePullPolicy }),
		),
		accountDefaults: {
			becomes("an account of nobody's says nothing", accounts, serviceAccountIn(plain), (*bool)(nil),
				func(a *corev1.ServiceAccount) any { return a.AutomountServiceAccountToken }),
		},
		bindingStamps: {
			becomes("the operator's binding is not staff's", operator, bindingNamed(roleBinding(train, "viewer", viewer), "unstamped"), "",
				func(b *rbacv1.RoleBinding) any { return b.Labels[delegated] }),
			{"stamps that are taken off come back", func(ctx context.Context) error {
				return lead.does(ctx, change(unstamped, func(b *rbacv1.RoleBinding) { b.Labels, b.Annotations = nil, nil }))
			}},
		},
	}
}

// becomes creates an object and checks what the policies made of it.
func becomes[T client.Object](name string, who actor, o T, want any, look func(T) any) check {
	return check{name, func(ctx context.Context) error {
		c, err := who.client()
		if err != nil {
			return err
		}
		admitted := clone(o)
		if err := c.Create(ctx, admitted, client.DryRunAll); err != nil {
			return err
		}
		if got := look(admitted); !reflect.DeepEqual(got, want) {
			return fmt.Errorf("%s: is %v, want %v", name, got, want)
		}
		return nil
	}}
}

func TestMutationsReachWhatTheyShall(t *testing.T) {
	t.Parallel()
	for _, checks := range mutations() {
		for _, c := range checks {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				gomega.NewWithT(t).Expect(c.run(t.Context())).To(gomega.Succeed())
			})
		}
	}
}
