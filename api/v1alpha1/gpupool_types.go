package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// GPUPool is a stock of GPUs of one model: which nodes they are on, from when to when, and who may not have them.
// The pool alone grants GPUs and assigns nodes to teams.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Cluster,shortName=gpool,categories=foundation
// +kubebuilder:printcolumn:name="Model",type=string,JSONPath=`.spec.model`
// +kubebuilder:printcolumn:name="Source",type=string,JSONPath=`.spec.source`
// +kubebuilder:printcolumn:name="Total",type=integer,JSONPath=`.status.capacity.total`
// +kubebuilder:printcolumn:name="Healthy",type=integer,JSONPath=`.status.capacity.healthy`
// +kubebuilder:printcolumn:name="Granted",type=integer,JSONPath=`.status.capacity.granted`
// +kubebuilder:printcolumn:name="Free",type=integer,JSONPath=`.status.capacity.free`
// +kubebuilder:printcolumn:name="Short",type=integer,JSONPath=`.status.capacity.shortfall`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Message",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="!has(self.spec.karpenter) || self.metadata.name.size() <= 20",messageExpression="'metadata.name: ' + self.metadata.name + ' must have at most 20 characters in a pool with spec.karpenter: its NodePools are called <team>.<pool>.<mode>'",message="metadata.name: must have at most 20 characters in a pool with spec.karpenter: its NodePools are called <team>.<pool>.<mode>"
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 63 && self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",messageExpression="'metadata.name: ' + self.metadata.name + ' must be at most 63 lower case letters, digits and hyphens, and start and end with a letter or digit: nodes are labelled with it'",message="metadata.name: must be at most 63 lower case letters, digits and hyphens, and start and end with a letter or digit: nodes are labelled with it"
type GPUPool struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata. The name has at most 63 lower case letters, digits and
	// hyphens, in a pool with spec.karpenter at most 20.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is what the stock is.
	// +required
	Spec GPUPoolSpec `json:"spec,omitzero"`
	// status is what there is of it and who has it.
	// +optional
	Status GPUPoolStatus `json:"status,omitempty,omitzero"`

	// Unreadable says of which values the operator's cache has not read. It is no part of the API: nobody can set it there.
	Unreadable []string `json:"-"`
}

// GPUPoolSpec is what a stock of GPUs is.
//
// +kubebuilder:validation:XValidation:rule="has(self.static) != has(self.karpenter)",messageExpression="(has(self.static) ? 'has both static and karpenter' : 'has neither static nor karpenter') + ': give one, static for nodes that exist or karpenter for nodes that Karpenter makes'",message="must have exactly one of static, for nodes that exist, and karpenter, for nodes that Karpenter makes"
// +kubebuilder:validation:XValidation:rule="has(self.static) == has(oldSelf.static)",messageExpression="'static and karpenter cannot be changed into each other, teams have the nodes: keep ' + (has(oldSelf.static) ? 'static' : 'karpenter') + ' and make a new GPUPool'",message="static and karpenter cannot be changed into each other, teams have the nodes: make a new GPUPool"
// +kubebuilder:validation:XValidation:fieldPath=".deviceClassName",rule="!has(oldSelf.deviceClassName) || (has(self.deviceClassName) && self.deviceClassName == oldSelf.deviceClassName)",messageExpression="(has(self.deviceClassName) ? self.deviceClassName + ' cannot replace ' + oldSelf.deviceClassName : 'cannot be taken out') + ', quotas that are in use name it: keep ' + oldSelf.deviceClassName + ' and make a new GPUPool'",message="cannot change, quotas that are in use name it: make a new GPUPool"
// +kubebuilder:validation:XValidation:fieldPath=".reclaim.requireScrub",rule="!has(self.karpenter) || !has(self.reclaim) || !has(self.reclaim.requireScrub) || !self.reclaim.requireScrub",message="is for static nodes: Karpenter's are ended, not handed on; leave it out"
// +kubebuilder:validation:XValidation:fieldPath=".karpenter.capacity",rule="!has(self.karpenter) || self.karpenter.capacity % self.gpusPerNode == 0",messageExpression="'%d must be a multiple of gpusPerNode, %d: nodes are granted whole'.format([self.karpenter.capacity, self.gpusPerNode])",message="must be a multiple of gpusPerNode: nodes are granted whole"
// +kubebuilder:validation:XValidation:fieldPath=".supplier",rule="self.source != 'Leased' || has(self.supplier)",message="is required for source Leased: name the organisation that leases the GPUs out, which may not draw from the pool"
type GPUPoolSpec struct {
	// model is the GPU's model, for people.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[^\s\p{Z}\p{C}]([^\p{C}]*[^\s\p{Z}\p{C}])?$')`,message="must not begin or end with a space, nor have control characters or line breaks"
	Model string `json:"model,omitempty"`
	// source is how the GPUs were acquired. The supplier of a Leased pool may not draw from it.
	// +optional
	// +default="Owned"
	Source PoolSource `json:"source,omitempty"`
	// supplier is the organisation that leases out or sold the GPUs. A Leased pool has one.
	// +optional
	Supplier Organization `json:"supplier,omitempty"`
	// ineligible are further organisations whose consortia may not draw from this pool.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=64
	Ineligible []Organization `json:"ineligible,omitempty"`
	// resourceName is the extended resource that the nodes' device plugin serves. It cannot change.
	// +optional
	// +default="nvidia.com/gpu"
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=244
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*/[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?$') && !self.contains('kubernetes.io/') && !self.startsWith('requests.')",message="must be an extended resource such as nvidia.com/gpu: <domain>/<name>, not under kubernetes.io"
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",messageExpression="'cannot change, quotas that are in use name it: keep ' + oldSelf + ' and make a new GPUPool'",message="cannot change, quotas that are in use name it: make a new GPUPool"
	ResourceName string `json:"resourceName,omitempty"`
	// deviceClassName is the DeviceClass by which pods may claim the same GPUs through dynamic resource allocation.
	// Teams may then use resourceclaims in their namespaces, as far as they were granted. Device classes that no grant
	// covers are 0 in their quotas. It can be added later, but not changed or taken out.
	// See https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="must be the name of a DeviceClass, for example gpu.nvidia.com"
	DeviceClassName string `json:"deviceClassName,omitempty"`
	// gpusPerNode is how many GPUs each node has. Nodes are granted whole. It cannot change.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1024
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="cannot change, grants are counted by it: keep it and make a new GPUPool for other nodes"
	GPUsPerNode int32 `json:"gpusPerNode,omitempty"`
	// availability is from when to when the pool can be used, for example the lease. Without it, always.
	// +optional
	Availability *Window `json:"availability,omitempty"`
	// static takes existing nodes.
	// +optional
	Static *StaticNodes `json:"static,omitempty"`
	// karpenter has Karpenter provision the nodes.
	// +optional
	Karpenter *KarpenterNodes `json:"karpenter,omitempty"`
	// reclaim is how GPUs are taken back.
	// +optional
	// +default={}
	Reclaim *Reclaim `json:"reclaim,omitempty"`
	// repair is how broken nodes of teams are replaced.
	// +optional
	// +default={}
	Repair *Repair `json:"repair,omitempty"`
}

// PoolSource is how a pool's GPUs were acquired.
//
// +kubebuilder:validation:Enum=Leased;Purchased;Owned
type PoolSource string

// Pool sources.
const (
	// SourceLeased: they belong to the supplier.
	SourceLeased PoolSource = "Leased"
	// SourcePurchased: they were bought for this.
	SourcePurchased PoolSource = "Purchased"
	// SourceOwned: they were there.
	SourceOwned PoolSource = "Owned"
)

// StaticNodes is a set of existing nodes.
type StaticNodes struct {
	// nodeSelector chooses the pool's nodes by their labels: at most 16 labels and 16 expressions with at most 32
	// values each. It must not be empty.
	// +required
	// +kubebuilder:validation:XValidation:rule="(has(self.matchLabels) && self.matchLabels.size() > 0) || (has(self.matchExpressions) && self.matchExpressions.size() > 0)",message="must choose by at least one label: an empty selector would take every node of the cluster"
	// +kubebuilder:validation:XValidation:fieldPath=".matchLabels",rule="!has(self.matchLabels) || (self.matchLabels.size() <= 16 && self.matchLabels.all(k, k.size() <= 317 && self.matchLabels[k].size() <= 63))",message="must be at most 16 labels, with keys of at most 317 and values of at most 63 characters"
	// +kubebuilder:validation:XValidation:fieldPath=".matchExpressions",rule="!has(self.matchExpressions) || (self.matchExpressions.size() <= 16 && self.matchExpressions.all(e, e.key.size() <= 317 && (!has(e.values) || e.values.size() <= 32)))",message="must be at most 16 expressions, with keys of at most 317 characters and at most 32 values each"
	// +kubebuilder:validation:XValidation:fieldPath=".matchExpressions",rule="!has(self.matchExpressions) || lists.range(16).all(i, i >= self.matchExpressions.size() || !has(self.matchExpressions[i].values) || lists.range(32).all(j, j >= self.matchExpressions[i].values.size() || self.matchExpressions[i].values[j].size() <= 63))",message="must have values of at most 63 characters, as node labels have"
	// +kubebuilder:validation:XValidation:fieldPath=".matchExpressions",rule="!has(self.matchExpressions) || self.matchExpressions.all(e, e.operator in ['In', 'NotIn'] ? has(e.values) && e.values.size() > 0 : e.operator in ['Exists', 'DoesNotExist'] && (!has(e.values) || e.values.size() == 0))",message="operator must be In or NotIn with values, or Exists or DoesNotExist without"
	NodeSelector metav1.LabelSelector `json:"nodeSelector,omitzero"`
	// topologyKeys are the keys of node labels, the widest first, by which a team's nodes are kept close together.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=8
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=317
	// +kubebuilder:validation:items:XValidation:rule="self.matches('^([a-z0-9]([-.a-z0-9]*[a-z0-9])?/)?[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?$')",message="must be the key of a node label, for example topology.kubernetes.io/zone"
	// +kubebuilder:validation:XValidation:rule="self.all(k, self.exists_one(o, o == k))",messageExpression="self.filter(k, !self.exists_one(o, o == k))[0] + ' is there twice: take one out'",message="has a key twice: take one out"
	TopologyKeys []string `json:"topologyKeys,omitempty"`
	// taints are taints that the nodes have from others and that pods of teams tolerate by themselves. A node with any other
	// NoSchedule or NoExecute taint that is not the operator's is not healthy. One without a value stands for any value. The
	// taint that is called after resourceName needs no entry.
	// +optional
	// +listType=map
	// +listMapKey=key
	// +listMapKey=effect
	// +kubebuilder:validation:MaxItems=16
	Taints []NodeTaint `json:"taints,omitempty"`
}

// KarpenterNodes is nodes that Karpenter provisions, with a NodePool for each team. A node that its team gives back is
// terminated and goes to nobody else. Karpenter must be installed, with its StaticCapacity feature gate for mode Static.
// See https://karpenter.sh/docs/concepts/nodepools.
//
// +kubebuilder:validation:XValidation:fieldPath=".nodeResources",rule="self.mode != 'Dynamic' || has(self.nodeResources)",message="is required for mode Dynamic, quotas follow from it before the first node is there: say what one node offers, for example cpu: 180 and memory: 1900Gi"
// +kubebuilder:validation:XValidation:fieldPath=".consolidateAfter",rule="self.mode == 'Dynamic' || !has(self.consolidateAfter)",messageExpression="self.consolidateAfter + ' is for mode Dynamic, in mode Static nodes stay for as long as they are granted: leave it out, also when mode changes to Static'",message="is for mode Dynamic, in mode Static nodes stay for as long as they are granted: leave it out, also when mode changes to Static"
// +kubebuilder:validation:XValidation:fieldPath=".requirements",rule="self.mode == 'Dynamic' || self.requirements.exists(r, r.key == 'node.kubernetes.io/instance-type' && r.operator == 'In')",message="must name the instance types in mode Static: add one with key node.kubernetes.io/instance-type, operator In"
type KarpenterNodes struct {
	// capacity is how many GPUs there may be in all, a multiple of gpusPerNode.
	// +required
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100000
	Capacity *int32 `json:"capacity,omitempty"`
	// mode is when nodes are there: Static for as long as they are granted, Dynamic while pods need them. Changing it
	// provisions new nodes and drains those of the mode before as reclaim says.
	// +optional
	// +default="Static"
	Mode KarpenterMode `json:"mode,omitempty"`
	// nodeClassRef is the cloud provider's configuration of the nodes. Its group and kind cannot change.
	// +required
	NodeClassRef NodeClassReference `json:"nodeClassRef,omitzero"`
	// requirements narrow down which nodes Karpenter provisions, for example by instance type and zone. All must have
	// gpusPerNode GPUs.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	Requirements []NodeRequirement `json:"requirements,omitempty"`
	// labels are further labels of the nodes.
	// +optional
	// +kubebuilder:validation:MaxProperties=16
	// +kubebuilder:validation:XValidation:rule="self.all(k, k.size() <= 317 && self[k].size() <= 63 && k.matches(r'^[-./\\w]+$'))",messageExpression="self.filter(k, !(k.size() <= 317 && self[k].size() <= 63 && k.matches(r'^[-./\\w]+$')))[0] + ' must be a label of nodes: a key of at most 317 characters such as example.com/rack, and a value of at most 63'",message="must be labels of nodes: keys of at most 317 characters such as example.com/rack, and values of at most 63"
	// +kubebuilder:validation:XValidation:rule="!self.exists(k, k == 'kubernetes.io/hostname' || k.startsWith('karpenter.sh/') || k.startsWith('foundation.team/') || k.startsWith('node-restriction.kubernetes.io/'))",messageExpression="self.filter(k, k == 'kubernetes.io/hostname' || k.startsWith('karpenter.sh/') || k.startsWith('foundation.team/') || k.startsWith('node-restriction.kubernetes.io/'))[0] + ' is for the operator and Karpenter to set: leave it out'",message="has labels that are for the operator and Karpenter to set: leave out kubernetes.io/hostname and those of karpenter.sh/, foundation.team/ and node-restriction.kubernetes.io/"
	Labels map[string]string `json:"labels,omitempty"`
	// taints are further taints of the nodes. Pods of teams must tolerate them by themselves.
	// +optional
	// +listType=map
	// +listMapKey=key
	// +listMapKey=effect
	// +kubebuilder:validation:MaxItems=16
	Taints []NodeTaint `json:"taints,omitempty"`
	// nodeResources is what one node offers to pods: cpu, memory and, if pods need it, ephemeral-storage. Quotas of them
	// follow from it in proportion to the GPUs until nodes are there; then from the smallest healthy node. Required in mode
	// Dynamic.
	// +optional
	// +kubebuilder:validation:MinProperties=1
	// +kubebuilder:validation:MaxProperties=3
	// +kubebuilder:validation:XValidation:rule="self.all(k, k in ['cpu', 'memory', 'ephemeral-storage'])",messageExpression="self.filter(k, !(k in ['cpu', 'memory', 'ephemeral-storage']))[0] + ' is not one of cpu, memory and ephemeral-storage: leave it out, pods and GPUs follow from the grant'",message="must be cpu, memory and ephemeral-storage: pods and GPUs follow from the grant"
	// +kubebuilder:validation:XValidation:rule="'cpu' in self && 'memory' in self",message="must have cpu and memory: quotas of both follow from it"
	// +kubebuilder:validation:XValidation:rule="!self.exists(k, isQuantity(string(self[k])) && (quantity(string(self[k])).compareTo(quantity('0')) == 0 || quantity(string(self[k])).isGreaterThan(quantity('64Ti'))))",messageExpression="self.filter(k, isQuantity(string(self[k])) && (quantity(string(self[k])).compareTo(quantity('0')) == 0 || quantity(string(self[k])).isGreaterThan(quantity('64Ti'))))[0] + ' must be more than 0 and at most 64Ti, what the largest grant comes to is a quantity too'",message="quantities must be more than 0 and at most 64Ti"
	NodeResources map[corev1.ResourceName]Quantity `json:"nodeResources,omitempty"` //nolint:kubeapilinter // a map, as in a Node
	// consolidateAfter is, in mode Dynamic, how long a node may be without pods before it goes, for example 5m. Hours,
	// minutes and seconds; the most is 720h, the default 5m.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.size() > 0 && self.matches('^([0-9]{1,3}h)?([0-9]{1,5}m)?([0-9]{1,7}s)?$') && duration(self) <= duration('720h')",message="must be between 0s and 720h, written in hours, minutes and seconds, for example 5m"
	ConsolidateAfter *metav1.Duration `json:"consolidateAfter,omitempty"`
}

// KarpenterMode is when the nodes of a pool are there.
//
// +kubebuilder:validation:Enum=Static;Dynamic
type KarpenterMode string

// Modes.
const (
	// KarpenterStatic: for as long as they are granted.
	KarpenterStatic KarpenterMode = "Static"
	// KarpenterDynamic: while pods need them.
	KarpenterDynamic KarpenterMode = "Dynamic"
)

// NodeClassReference names a cloud provider's node class.
//
// +kubebuilder:validation:XValidation:rule="self.group == oldSelf.group && self.kind == oldSelf.kind",messageExpression="self.group + ' ' + self.kind + ' cannot replace ' + oldSelf.group + ' ' + oldSelf.kind + ', NodePools cannot follow: keep group and kind and make a new GPUPool'",message="group and kind cannot change, NodePools cannot follow: make a new GPUPool"
type NodeClassReference struct {
	// group is its API group, for example karpenter.k8s.aws.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="must be an API group without a version, for example karpenter.k8s.aws"
	Group string `json:"group,omitempty"`
	// kind is its kind, for example EC2NodeClass.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Z][A-Za-z0-9]*$')",message="must be a kind, for example EC2NodeClass"
	Kind string `json:"kind,omitempty"`
	// name is its name.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="must be the name of an object, for example default"
	Name string `json:"name,omitempty"`
}

// NodeRequirement is what a label of the nodes must be.
//
// +kubebuilder:validation:XValidation:rule="self.operator in ['In', 'NotIn'] ? has(self.values) && self.values.size() > 0 : self.operator in ['Gt', 'Lt'] ? has(self.values) && self.values.size() == 1 && self.values[0].matches('^[0-9]{1,18}$') : !(self.operator in ['Exists', 'DoesNotExist']) || !has(self.values) || self.values.size() == 0",messageExpression="self.key + ' ' + self.operator + (has(self.values) && self.values.size() > 0 ? ' [' + self.values.join(', ') + ']' : ' without values') + ': give In and NotIn values, Gt and Lt one whole number, Exists and DoesNotExist none'",message="give In and NotIn values, Gt and Lt one whole number, Exists and DoesNotExist none"
type NodeRequirement struct {
	// key is the label's key.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=316
	// +kubebuilder:validation:XValidation:rule="self.matches('^([a-z0-9]([-.a-z0-9]*[a-z0-9])?/)?[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?$')",message="must be the key of a node label, for example node.kubernetes.io/instance-type"
	// +kubebuilder:validation:XValidation:rule="self == 'karpenter.sh/capacity-type' || !self.matches('^([^/]*karpenter[.]sh|foundation[.]team|node-restriction[.]kubernetes[.]io)/|^kubernetes[.]io/hostname$')",message="is for the operator and Karpenter to set: leave it out, and choose nodes by other labels or by karpenter.sh/capacity-type"
	Key string `json:"key,omitempty"`
	// operator says how the label is compared with values.
	// +required
	// +kubebuilder:validation:Enum=In;NotIn;Exists;DoesNotExist;Gt;Lt
	Operator corev1.NodeSelectorOperator `json:"operator,omitempty"`
	// values are what it is compared with.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=63
	// +kubebuilder:validation:items:XValidation:rule="self.matches('^[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?$')",message="must be the value of a node label: letters, digits, hyphens, dots and underscores"
	Values []string `json:"values,omitempty"`
}

// NodeTaint is a taint of the nodes.
type NodeTaint struct {
	// key is the taint's key.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=317
	// +kubebuilder:validation:XValidation:rule="self.matches('^([a-z0-9]([-.a-z0-9]*[a-z0-9])?/)?[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?$')",message="must be the key of a taint, for example nvidia.com/gpu"
	// +kubebuilder:validation:XValidation:rule="!self.matches('^([^/]*karpenter[.]sh|foundation[.]team)/')",message="is for the operator and Karpenter to set: leave it out"
	Key string `json:"key,omitempty"`
	// value is the taint's value.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?$')",message="must be the value of a taint: letters, digits, hyphens, dots and underscores"
	Value string `json:"value,omitempty"`
	// effect is what happens to pods that do not tolerate it.
	// +required
	// +kubebuilder:validation:Enum=NoSchedule;PreferNoSchedule;NoExecute
	Effect corev1.TaintEffect `json:"effect,omitempty"`
}

// GPUPoolList is a list of GPUPools.
//
// +kubebuilder:object:root=true
type GPUPoolList struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard list metadata.
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`
	// items are the GPUPools.
	Items []GPUPool `json:"items"`
}

// GetConditions are the conditions of its status.
func (o *GPUPool) GetConditions() []metav1.Condition { return o.Status.Conditions }
