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

// spent is a namespace of the team whose quota is used up: all that the operator counts is 0.
const spent = "hanbit-spent"

// ungranted is a DeviceClass that the operator knows and did not grant.
const ungranted = "ungranted.example.com"

// built is what the operator builds for four namespaces of the team that share 64 GPUs, and 32 that may be claimed as
// devices. What tests of privileged requests need is raised as a FoundationTeam raises it.
func built() controllers.Desired {
	raised := corev1.ResourceList{
		corev1.ResourceRequestsStorage:       resource.MustParse("100Ti"),
		corev1.ResourceServicesNodePorts:     resource.MustParse("5"),
		corev1.ResourceServicesLoadBalancers: resource.MustParse("5"),
	}
	who := builder.Team(team, builder.Namespace("train", 1), builder.Namespace("spent", 1),
		builder.Namespace("work", 1), builder.Namespace("flood", 1))
	who.Spec.Namespaces[0].Quota = raised
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

// placeOf is what the operator builds for a namespace.
func placeOf(namespace string) controllers.DesiredNamespace {
	for _, p := range built().Namespaces {
		if *p.Namespace.Name == namespace {
			return p
		}
	}
	panic("the operator builds no " + namespace)
}

// builtQuota is the operator's quota of a namespace, under the name that it has here.
func builtQuota(namespace string) *corev1.ResourceQuota {
	q := as[corev1.ResourceQuota](placeOf(namespace).Quota)
	q.ObjectMeta = owned(namespace, "foundation")
	return q
}

// spentQuota is the operator's quota with nothing left of anything.
func spentQuota() *corev1.ResourceQuota {
	q := builtQuota(spent)
	for key := range q.Spec.Hard {
		q.Spec.Hard[key] = resource.MustParse("0")
	}
	return q
}

// isolation is what the operator puts into a namespace before anybody gets in.
func isolation(namespace string) (limits *corev1.LimitRange, policies []*networkingv1.NetworkPolicy) {
	for _, o := range placeOf(namespace).Isolation {
		if *o.GetKind() == "LimitRange" {
			limits = as[corev1.LimitRange](o)
			limits.ObjectMeta = owned(namespace, "foundation")
		} else {
			policy := as[networkingv1.NetworkPolicy](o)
			policy.ObjectMeta = owned(namespace, policy.Name)
			policies = append(policies, policy)
		}
	}
	return limits, policies
}

// as is what the operator would apply, as the API server would read it.
func as[T any](desired any) *T {
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

// placeFixtures need controllers: a quota counts nothing without them.
func placeFixtures() []client.Object {
	objects := []client.Object{
		&rbacv1.RoleBinding{
			ObjectMeta: metav1.ObjectMeta{Namespace: train, Name: "work"},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "foundation-team-engineer"},
			Subjects:   []rbacv1.Subject{user(workBot)},
		},
	}
	var quotas []client.Object // last: they count the others, and one lets in no more
	for _, name := range []string{spent, working, flooded} {
		quota := builtQuota(name)
		if name == spent {
			quota = spentQuota()
		}
		limits, policies := isolation(name)
		home := namespace(name, placeOf(name).Namespace.Labels, deviceClass)
		objects = append([]client.Object{home, limits}, objects...)
		quotas = append(quotas, quota)
		for _, policy := range policies {
			objects = append(objects, policy)
		}
	}
	for _, namespace := range []string{train, rivalTrain} {
		objects = append(objects, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "bot"}})
	}
	for role, who := range staff {
		for _, namespace := range []string{spent, working, flooded} {
			objects = append(objects, roleBinding(namespace, role, who))
		}
	}
	return append(objects, quotas...)
}
