package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// A Quantity is a resource.Quantity whose schema accepts what can be read, and what means the same after it was read and
// written: a resource.Quantity cuts what is above 2^63, and exponents of more than 32 bits, without a word. All volumes of a
// team together, each at the bound, are below that.

// Quantity is an amount, as a number or as a string such as 512Gi.
//
// +kubebuilder:object:generate=false
// +kubebuilder:validation:Type=""
// +kubebuilder:validation:XIntOrString
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=32
// +kubebuilder:validation:XValidation:rule="isQuantity(string(self)) && string(self).matches('^[^eE]*([eE].{0,3})?$') && !quantity(string(self)).isLessThan(quantity('0')) && !quantity(string(self)).isGreaterThan(quantity('100Pi'))",messageExpression="string(self) + ' must be a quantity from 0 to 100Pi in at most 32 characters, for example 64 or 512Gi'",message="must be a quantity from 0 to 100Pi in at most 32 characters, for example 64 or 512Gi"
type Quantity struct {
	resource.Quantity `json:"-"`
}

// DeepCopyInto copies the quantity into out.
func (q *Quantity) DeepCopyInto(out *Quantity) { out.Quantity = q.Quantity.DeepCopy() }

// DeepCopy returns a copy of the quantity. It hides resource.Quantity's, which returns another type.
func (q *Quantity) DeepCopy() *Quantity {
	if q == nil {
		return nil
	}
	return &Quantity{Quantity: q.Quantity.DeepCopy()}
}

// Quantities returns a list of resources as a manifest has it, nil for none.
func Quantities(list corev1.ResourceList) map[corev1.ResourceName]Quantity {
	if list == nil {
		return nil
	}
	quantities := make(map[corev1.ResourceName]Quantity, len(list))
	for name, quantity := range list {
		quantities[name] = Quantity{Quantity: quantity}
	}
	return quantities
}

// ResourceList returns quantities as Kubernetes' own kinds have them, nil for none.
func ResourceList(quantities map[corev1.ResourceName]Quantity) corev1.ResourceList {
	if quantities == nil {
		return nil
	}
	list := make(corev1.ResourceList, len(quantities))
	for name, quantity := range quantities {
		list[name] = quantity.Quantity
	}
	return list
}
