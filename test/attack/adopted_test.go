package attack

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Namespaces with objects that are older than the policies which guard them.
const (
	adopted  = "hanbit-adopted" // was of nobody, is the team's
	wasTrust = "was-trusted"    // was trusted with devices, is not
)

// Objects that the policies would refuse today, and whose finalizers must be removable all the same.
var (
	oldPod = pod(adopted, named("old"), waits, tolerates(anyOf("")), shuns(corev1.PodAffinityTerm{Namespaces: []string{plain}}),
		scheduledBy("mine"), held)
	oldService = service(adopted, "old", func(s *corev1.Service) { s.Spec.Type = corev1.ServiceTypeNodePort })
	oldClaim   = claim(adopted, "old", func(c *corev1.PersistentVolumeClaim) { c.Spec.VolumeName = "pv-old" })
	oldPolicy  = &networkingv1.NetworkPolicy{
		ObjectMeta: metav1.ObjectMeta{Namespace: adopted, Name: "old", Finalizers: []string{"x.example/y"}},
		Spec:       networkingv1.NetworkPolicySpec{Ingress: []networkingv1.NetworkPolicyIngressRule{{}}},
	}
	oldGuest = pod(wasTrust, named("old"), waits, asksFor(gpu, "1"), tolerates(anyOf("")), held)
)

func held(p *corev1.Pod) { p.Finalizers = []string{"x.example/y"} }

func adoptedFixtures() []client.Object {
	return []client.Object{
		namespace(adopted, nil), namespace(wasTrust, map[string]string{"foundation.team/trusted": "true"}),
		oldPod, oldService, oldClaim, oldPolicy, oldGuest,
	}
}

// adopt turns the namespaces into the team's, after their objects were created.
func adopt(ctx context.Context) error {
	for name, body := range map[string]string{adopted: label, wasTrust: `{"metadata":{"labels":{"foundation.team/trusted":null}}}`} {
		if err := masters.Patch(ctx, namespace(name, nil), client.RawPatch(types.MergePatchType, []byte(body))); err != nil {
			return fmt.Errorf("change namespace %s: %w", name, err)
		}
	}
	return nil
}

// adoptedWork removes finalizers from objects that are older than the policies.
func adoptedWork() map[string]legitimateWork {
	const letsGo = `{"metadata":{"finalizers":null}}`
	return map[string]legitimateWork{
		"an old pod's finalizers are removed":                   {jobs, merge(oldPod, letsGo)},
		"an old pod is reported":                                {kubelet, patchSub("status", oldPod, types.MergePatchType, `{"status":{"phase":"Failed"}}`)},
		"an old pod is deleted":                                 {engineer, remove(clone(finishing))},
		"an old service's finalizers are removed":               {ops, merge(oldService, letsGo)},
		"an old PersistentVolumeClaim's finalizers are removed": {ops, merge(oldClaim, letsGo)},
		"an old network policy's finalizers are removed":        {ops, merge(oldPolicy, letsGo)},
		"finalizers of an old pod of outsiders are removed":     {jobs, merge(oldGuest, letsGo)},
		"an old pod of outsiders is relabelled":                 {ops, merge(oldGuest, `{"metadata":{"labels":{"app":"x"}}}`)},
	}
}
