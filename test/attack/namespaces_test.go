package attack

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	resourcev1 "k8s.io/api/resource/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	controllers "foundation.team/operator/controllers/team"
	"foundation.team/operator/test/support/builder"
)

// exhausted is a namespace of the team whose quota has nothing left of anything that the operator counts.
const exhausted = "hanbit-spent"

// ungranted is a DeviceClass that exists and of which the team was granted nothing.
const ungranted = "ungranted.example.com"

// buildDesired returns what the operator builds for four namespaces of the team, which share 64 GPUs and 32 more as
// devices. The spec raises the quota entries that tests of privileged requests need.
func buildDesired() controllers.Desired {
	raised := corev1.ResourceList{
		corev1.ResourceRequestsStorage:       resource.MustParse("100Ti"),
		corev1.ResourceServicesNodePorts:     resource.MustParse("5"),
		corev1.ResourceServicesLoadBalancers: resource.MustParse("5"),
	}
	who := builder.Team(team, builder.Namespace("train", 1), builder.Namespace("spent", 1),
		builder.Namespace("work", 1), builder.Namespace("flood", 1))
	who.Spec.Namespaces[0].Quota = foundationv1alpha1.Quantities(raised)
	fast := builder.Pool("b200", builder.Granted(who, 64), builder.NodeShape("224", "2Ti", "28Ti"))
	claimed := builder.Pool("dra", builder.Granted(who, 32), builder.NodeShape("224", "2Ti", "28Ti"),
		builder.ResourceName("example.com/gpu"), builder.DeviceClassName(deviceClass))
	return controllers.Build(controllers.NewModel(controllers.Input{
		Team: who, Now: builder.Now,
		Pools: map[string]*foundationv1alpha1.GPUPool{fast.Name: fast, claimed.Name: claimed},
		DeviceClasses: map[string]*resourcev1.DeviceClass{
			deviceClass: builder.DeviceClass(deviceClass, "example.com/gpu"), ungranted: builder.DeviceClass(ungranted, ""),
		},
	}))
}

// desiredNamespaceOf returns what the operator builds for a namespace.
func desiredNamespaceOf(namespace string) controllers.DesiredNamespace {
	for _, p := range buildDesired().Namespaces {
		if *p.Namespace.Name == namespace {
			return p
		}
	}
	panic("the operator builds no " + namespace)
}

// builtQuota returns the operator's quota of a namespace, under the name that it has in this suite.
func builtQuota(namespace string) *corev1.ResourceQuota {
	q := asLive[corev1.ResourceQuota](desiredNamespaceOf(namespace).Quota)
	q.ObjectMeta = owned(namespace, "foundation")
	return q
}

// exhaustedQuota returns the operator's quota with 0 for every entry.
func exhaustedQuota() *corev1.ResourceQuota {
	q := builtQuota(exhausted)
	for key := range q.Spec.Hard {
		q.Spec.Hard[key] = resource.MustParse("0")
	}
	return q
}

// isolation returns the NetworkPolicies that the operator puts into a namespace before anybody gets access.
func isolation(namespace string) (policies []*networkingv1.NetworkPolicy) {
	for _, o := range desiredNamespaceOf(namespace).Isolation {
		policy := asLive[networkingv1.NetworkPolicy](o)
		policy.ObjectMeta = owned(namespace, policy.Name)
		policies = append(policies, policy)
	}
	return policies
}

// asLive converts an apply configuration into the object that the API server would return.
func asLive[T any](desired any) *T {
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(desired)
	if err != nil {
		panic(err)
	}
	object := new(T)
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(fields, object); err != nil {
		panic(fmt.Sprintf("%T: %v", desired, err))
	}
	return object
}

// namespaceFixtures are used only with controllers: without them no usage of a quota is counted.
func namespaceFixtures() []client.Object {
	objects := []client.Object{
		&rbacv1.RoleBinding{
			ObjectMeta: metav1.ObjectMeta{Namespace: train, Name: "work"},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "foundation-team-engineer"},
			Subjects:   []rbacv1.Subject{user(workBot)},
		},
	}
	var quotas []client.Object // last: they count the others, and one lets in no more
	for _, name := range []string{exhausted, working, flooded} {
		quota := builtQuota(name)
		if name == exhausted {
			quota = exhaustedQuota()
		}
		policies := isolation(name)
		home := namespace(name, desiredNamespaceOf(name).Namespace.Labels, deviceClass)
		objects = append([]client.Object{home}, objects...)
		quotas = append(quotas, quota)
		for _, policy := range policies {
			objects = append(objects, policy)
		}
	}
	for _, namespace := range []string{train, rivalTrain} {
		objects = append(objects, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "bot"}})
	}
	for role, who := range staff {
		for _, namespace := range []string{exhausted, working, flooded} {
			objects = append(objects, roleBinding(namespace, role, who))
		}
	}
	return append(objects, quotas...)
}
