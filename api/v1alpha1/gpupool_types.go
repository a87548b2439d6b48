package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// GPUPool is a stock of GPUs of one model: which nodes they are on, from when to when, and who may not have them.
// The pool alone gives GPUs out and makes nodes a team's own.
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
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 63 && self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",messageExpression="'metadata.name: ' + self.metadata.name + ' must be at most 63 lower case letters, digits and hyphens, and start and end with a letter or digit: nodes are labelled with it'",message="metadata.name: must be at most 63 lower case letters, digits and hyphens, and start and end with a letter or digit: nodes are labelled with it"
type GPUPool struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata. The name has at most 63 lower case letters, digits and
	// hyphens.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is what the stock is.
	// +required
	Spec GPUPoolSpec `json:"spec,omitzero"`
	// status is what there is of it and who has it.
	// +optional
	Status GPUPoolStatus `json:"status,omitempty,omitzero"`
}

// GPUPoolSpec is what a stock of GPUs is.
//
// +kubebuilder:validation:XValidation:fieldPath=".supplier",rule="self.source != 'Leased' || has(self.supplier)",message="is required for source Leased: name the organisation that leases the GPUs out, which may not draw from the pool"
type GPUPoolSpec struct {
	// model is the GPU's model, for people.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[^\s\p{Z}\p{C}]([^\p{C}]*[^\s\p{Z}\p{C}])?$')`,message="must not begin or end with a space, nor have control characters or line breaks"
	Model string `json:"model,omitempty"`
	// source is how the GPUs were come by. The supplier of a Leased pool may not draw from it.
	// +optional
	// +default="Owned"
	Source PoolSource `json:"source,omitempty"`
	// supplier is the organisation that leases out or sold the GPUs. A Leased pool has one.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[^\s\p{Z}\p{C}]([^\p{C}]*[^\s\p{Z}\p{C}])?$')`,message="must not begin or end with a space, nor have control characters: organisations are compared letter by letter"
	Supplier string `json:"supplier,omitempty"`
	// ineligible are further organisations whose consortia may not draw from this pool.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=128
	// +kubebuilder:validation:items:XValidation:rule=`self.matches(r'^[^\s\p{Z}\p{C}]([^\p{C}]*[^\s\p{Z}\p{C}])?$')`,message="must not begin or end with a space, nor have control characters: organisations are compared letter by letter"
	Ineligible []string `json:"ineligible,omitempty"`
	// resourceName is the extended resource that the nodes' device plugin serves. It cannot change.
	// +optional
	// +default="nvidia.com/gpu"
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=244
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*/[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?$') && !self.contains('kubernetes.io/') && !self.startsWith('requests.')",message="must be an extended resource such as nvidia.com/gpu: <domain>/<name>, not under kubernetes.io"
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",messageExpression="'cannot change, quotas that are in use name it: keep ' + oldSelf + ' and make a new GPUPool'",message="cannot change, quotas that are in use name it: make a new GPUPool"
	ResourceName string `json:"resourceName,omitempty"`
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
	// +required
	Static *StaticNodes `json:"static,omitempty"`
	// reclaim is how GPUs are taken back.
	// +optional
	// +default={}
	Reclaim *Reclaim `json:"reclaim,omitempty"`
}

// PoolSource is how a pool's GPUs were come by.
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
}

// Reclaim is how GPUs are taken back from a team whose grant shrinks or ends.
type Reclaim struct {
	// gracePeriod is how long running pods may stay on a node that is to be let go, for example 72h. After it
	// they are evicted. Hours, minutes and seconds, for example 1h30m; 0s evicts at once, the most is 720h.
	// +optional
	// +default="72h"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.size() > 0 && self.matches('^([0-9]{1,3}h)?([0-9]{1,5}m)?([0-9]{1,7}s)?$') && duration(self) <= duration('720h')",message="must be between 0s and 720h, written in hours, minutes and seconds, for example 72h or 1h30m"
	GracePeriod *metav1.Duration `json:"gracePeriod,omitempty"`
}

// GPUPoolStatus is what there is of a stock and who has it.
type GPUPoolStatus struct {
	// conditions are Ready and Oversubscribed; Reconciling and Stalled only while they are true.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// observedGeneration is the generation of the spec that this status is about.
	// +optional
	// +kubebuilder:validation:Minimum=1
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// capacity is the sums.
	// +optional
	Capacity *PoolCapacity `json:"capacity,omitempty"`
	// node is what the smallest healthy node offers to pods. Quotas of cpu, memory and ephemeral storage follow from
	// it in proportion to the GPUs.
	// +optional
	Node corev1.ResourceList `json:"node,omitempty"`
	// grants are the teams' parts. A team that was made anew under its old name has a part of its own.
	// +optional
	// +listType=map
	// +listMapKey=team
	// +listMapKey=uid
	// +kubebuilder:validation:MaxItems=4096
	Grants []Grant `json:"grants,omitempty"`
	// nextTransitionTime is the next moment at which time alone changes a grant.
	// +optional
	NextTransitionTime *metav1.Time `json:"nextTransitionTime,omitempty"`
}

// PoolCapacity is the sums of a pool. Numbers are GPUs.
type PoolCapacity struct {
	// total is what the pool's nodes have.
	// +required
	Total int32 `json:"total"`
	// healthy is what is on nodes that are Ready, not cordoned and have all their GPUs.
	// +required
	Healthy int32 `json:"healthy"`
	// granted is what teams were given.
	// +required
	Granted int32 `json:"granted"`
	// held is what is on nodes that are a team's own, those on their way back included.
	// +required
	Held int32 `json:"held"`
	// free is what can be granted now.
	// +required
	Free int32 `json:"free"`
	// shortfall is what teams are short of.
	// +required
	Shortfall int32 `json:"shortfall"`
}

// Grant is a team's part of a pool. Numbers are GPUs.
type Grant struct {
	// team is the FoundationTeam's name.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Team string `json:"team,omitempty"`
	// uid is the FoundationTeam's UID: another team of the same name has no part in this grant.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	UID string `json:"uid,omitempty"`
	// requested is the sum of the awards that are in force.
	// +required
	Requested int32 `json:"requested"`
	// granted is what the team may use. It is raised only when nodes are free for it.
	// +required
	Granted int32 `json:"granted"`
	// held is what is on nodes that are the team's own, those on their way back included.
	// +required
	Held int32 `json:"held"`
	// ready is what is on nodes that are the team's own to use and healthy.
	// +required
	Ready int32 `json:"ready"`
	// shortfall is requested less granted.
	// +required
	Shortfall int32 `json:"shortfall"`
	// nextFree is the earliest time at which the calendar shows more for this team.
	// +optional
	NextFree *metav1.Time `json:"nextFree,omitempty"`
	// nextFreeCount is how many more that will be.
	// +optional
	// +kubebuilder:validation:Minimum=1
	NextFreeCount int32 `json:"nextFreeCount,omitempty"`
	// reason is why the team has less than it asked for: Ineligible, PoolUnavailable, NotWholeNodes or Shortfall.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Reason string `json:"reason,omitempty"`
	// message says what is missing and what helps.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Message string `json:"message,omitempty"`
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
