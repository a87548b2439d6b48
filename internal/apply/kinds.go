package apply

import (
	"fmt"
	"reflect"
	"slices"

	corev1 "k8s.io/api/core/v1"
	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	flowcontrolv1ac "k8s.io/client-go/applyconfigurations/flowcontrol/v1"
	networkingv1ac "k8s.io/client-go/applyconfigurations/networking/v1"
	rbacv1ac "k8s.io/client-go/applyconfigurations/rbac/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/karpenter"
)

// Object is a typed apply configuration: the desired fields of an object.
type Object interface {
	IsApplyConfiguration()
	GetKind() *string
	GetAPIVersion() *string
	GetName() *string
	GetNamespace() *string
}

// Kind is a kind of object that the operator makes for teams.
type Kind struct {
	Name string
	// Access is true for RBAC and for API Priority and Fairness: such objects are deleted when the team's access
	// ends, while others, which hold data, are kept.
	Access bool
	// AllCached is true if objects of others are cached, too, so that a name that is not cached is free.
	AllCached bool
	// New and NewList return an empty object and an empty list.
	New     func() client.Object
	NewList func() client.ObjectList
	// fieldsRead is true if which fields the operator owns is read for more than to compare them: Digest leaves them.
	fieldsRead bool
	// has reports whether an object is of the kind.
	has func(client.Object) bool
	// ownedFields reads which fields of an object the operator owns.
	ownedFields func(client.Object) (Object, error)
}

// kinds is the one list of the kinds that are made for teams: what is watched, cached, applied and pruned follows
// from it.
var kinds = []Kind{
	allCached(kind[*corev1.Namespace, *corev1.NamespaceList](namespaceKind, corev1ac.ExtractNamespace)),
	fieldsRead(kind[*corev1.ResourceQuota, *corev1.ResourceQuotaList]("ResourceQuota", corev1ac.ExtractResourceQuota)),
	kind[*corev1.LimitRange, *corev1.LimitRangeList]("LimitRange", corev1ac.ExtractLimitRange),
	fieldsRead(kind[*corev1.PersistentVolumeClaim, *corev1.PersistentVolumeClaimList]("PersistentVolumeClaim", corev1ac.ExtractPersistentVolumeClaim)),
	kind[*networkingv1.NetworkPolicy, *networkingv1.NetworkPolicyList]("NetworkPolicy", networkingv1ac.ExtractNetworkPolicy),
	access(kind[*rbacv1.RoleBinding, *rbacv1.RoleBindingList]("RoleBinding", rbacv1ac.ExtractRoleBinding)),
	allCached(access(kind[*rbacv1.ClusterRole, *rbacv1.ClusterRoleList]("ClusterRole", rbacv1ac.ExtractClusterRole))),
	allCached(access(kind[*rbacv1.ClusterRoleBinding, *rbacv1.ClusterRoleBindingList]("ClusterRoleBinding", rbacv1ac.ExtractClusterRoleBinding))),
	allCached(access(kind[*flowcontrolv1.PriorityLevelConfiguration, *flowcontrolv1.PriorityLevelConfigurationList](
		"PriorityLevelConfiguration", flowcontrolv1ac.ExtractPriorityLevelConfiguration))),
	allCached(access(kind[*flowcontrolv1.FlowSchema, *flowcontrolv1.FlowSchemaList]("FlowSchema", flowcontrolv1ac.ExtractFlowSchema))),
}

const namespaceKind = "Namespace"

// nodePool is not among kinds: NodePools are made for pools, and a cluster without Karpenter lacks the kind.
var nodePool = kind[*karpenter.NodePool, *karpenter.NodePoolList]("NodePool", karpenter.ExtractNodePool)

// applied are the kinds that the operator applies.
var applied = append(Kinds(), nodePool)

// kindNamed finds a kind that the operator applies.
func kindNamed(name string) (Kind, bool) {
	return find(applied, func(k Kind) bool { return k.Name == name })
}

func find(among []Kind, is func(Kind) bool) (Kind, bool) {
	i := slices.IndexFunc(among, is)
	if i < 0 {
		return Kind{}, false
	}
	return among[i], true
}

// Kinds returns the kinds of objects that the operator makes for teams.
func Kinds() []Kind { return slices.Clone(kinds) }

// KindOf returns the kind of an object; the zero Kind for one that the operator does not make for teams.
func KindOf(obj client.Object) Kind {
	k, _ := find(kinds, func(k Kind) bool { return k.has(obj) })
	return k
}

// kind builds a Kind from a generated ExtractX function, which takes and returns the kind's own types.
func kind[T client.Object, L client.ObjectList, C Object](name string, extract func(T, string) (C, error)) Kind {
	return Kind{
		Name:    name,
		New:     func() client.Object { return empty[T]() },
		NewList: func() client.ObjectList { return empty[L]() },
		has: func(obj client.Object) bool {
			_, ok := obj.(T)
			return ok
		},
		ownedFields: func(live client.Object) (Object, error) {
			typed, ok := live.(T)
			if !ok {
				return nil, fmt.Errorf("extract %T: not of the expected kind", live)
			}
			return extract(typed, foundationv1alpha1.FieldManager)
		},
	}
}

func access(k Kind) Kind {
	k.Access = true
	return k
}

func allCached(k Kind) Kind {
	k.AllCached = true
	return k
}

func fieldsRead(k Kind) Kind {
	k.fieldsRead = true
	return k
}

// empty returns a pointer of type P to a new zero value.
func empty[P any]() P {
	made, ok := reflect.TypeAssert[P](reflect.New(reflect.TypeFor[P]().Elem()))
	if !ok {
		panic(fmt.Sprintf("%s is no pointer", reflect.TypeFor[P]()))
	}
	return made
}
