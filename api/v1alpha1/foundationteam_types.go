package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// FoundationTeam is a team with an award: who it is, how many GPUs it was given, which volumes it needs, who
// works there, and from when to when. The operator provisions the namespaces, quotas, access, isolation, volumes
// and GPU nodes that follow from it.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Cluster,shortName=ft,categories=foundation
// +kubebuilder:printcolumn:name="State",type=string,JSONPath=`.status.state`
// +kubebuilder:printcolumn:name="GPUs",type=string,JSONPath=`.status.gpus.summary`,description="granted/requested"
// +kubebuilder:printcolumn:name="Nodes",type=string,JSONPath=`.status.gpus.nodeSummary`,description="ready/granted"
// +kubebuilder:printcolumn:name="Storage",type=string,JSONPath=`.status.storage`
// +kubebuilder:printcolumn:name="Staff",type=integer,JSONPath=`.status.staff.active`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Message",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 40 && self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",messageExpression="'metadata.name: ' + self.metadata.name + ' must be at most 40 lower case letters, digits and hyphens, start with a letter and end with a letter or digit: namespaces are named after it'",message="metadata.name: must be at most 40 lower case letters, digits and hyphens, start with a letter and end with a letter or digit: namespaces are named after it"
// +kubebuilder:validation:XValidation:rule="!self.metadata.name.matches('^(kube|kubernetes|foundation|openshift|default)(-.*)?$')",messageExpression="'metadata.name: ' + self.metadata.name + ' is reserved, its namespaces could be mistaken for the cluster\\'s own: take a name that does not start with kube-, kubernetes-, foundation-, openshift- or default-'",message="metadata.name: is reserved, its namespaces could be mistaken for the cluster's own: take another name"
type FoundationTeam struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata. The name has at most 40 lower case letters, digits and hyphens, and
	// starts with a letter. kube, kubernetes, foundation, openshift and default are reserved, alone and before a
	// hyphen.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is what the team was awarded.
	// +required
	Spec FoundationTeamSpec `json:"spec,omitzero"`
	// status is what the team has, and what is missing and why.
	// +optional
	Status FoundationTeamStatus `json:"status,omitempty,omitzero"`

	// Unreadable says of which values the operator's cache has not read. It is no part of the API: nobody can set it there.
	Unreadable []string `json:"-"`
}

// FoundationTeamSpec is what a team was awarded.
//
// +kubebuilder:validation:XValidation:fieldPath=".namespaces",rule="!has(self.gpus) || self.gpus.all(g, g.count == 0) || (has(self.namespaces) && self.namespaces.exists(n, n.gpuWeight > 0))",message="GPUs are awarded but no namespace has a gpuWeight above 0: add a namespace, or give one a gpuWeight"
// +kubebuilder:validation:XValidation:fieldPath=".volumes",rule="!has(self.volumes) || !self.volumes.exists(v, !has(self.namespaces) || !self.namespaces.exists(n, n.name == v.__namespace__))",messageExpression="self.volumes.map(v, !has(self.namespaces) || !self.namespaces.exists(n, n.name == v.__namespace__), v.name + ' is in namespace ' + v.__namespace__)[0] + ', which spec.namespaces does not have: add the namespace there or correct the volume'",message="some volumes are in namespaces that spec.namespaces does not have: add the namespaces there or correct the volumes"
// +kubebuilder:validation:XValidation:fieldPath=".gpus",rule="!has(self.gpus) || !has(self.term) || !has(self.term.startTime) || format.datetime().validate(self.term.startTime).hasValue() || self.gpus.exists(g, (has(g.startTime) && format.datetime().validate(g.startTime).hasValue()) || (has(g.endTime) && format.datetime().validate(g.endTime).hasValue())) || !self.gpus.exists(g, (has(g.startTime) && timestamp(g.startTime) < timestamp(self.term.startTime)) || (has(g.endTime) && timestamp(g.endTime) <= timestamp(self.term.startTime)))",messageExpression="self.gpus.map(g, (has(g.startTime) && timestamp(g.startTime) < timestamp(self.term.startTime)) || (has(g.endTime) && timestamp(g.endTime) <= timestamp(self.term.startTime)), g.name)[0] + ' begins before spec.term.startTime or is over by then: move it into the term, or leave its startTime out to begin with the term'",message="awards begin before spec.term.startTime or are over by then: move them into the term"
// +kubebuilder:validation:XValidation:fieldPath=".gpus",rule="!has(self.gpus) || !has(self.term) || !has(self.term.endTime) || format.datetime().validate(self.term.endTime).hasValue() || self.gpus.exists(g, (has(g.startTime) && format.datetime().validate(g.startTime).hasValue()) || (has(g.endTime) && format.datetime().validate(g.endTime).hasValue())) || !self.gpus.exists(g, (has(g.endTime) && timestamp(g.endTime) > timestamp(self.term.endTime)) || (has(g.startTime) && timestamp(g.startTime) >= timestamp(self.term.endTime)))",messageExpression="self.gpus.map(g, (has(g.endTime) && timestamp(g.endTime) > timestamp(self.term.endTime)) || (has(g.startTime) && timestamp(g.startTime) >= timestamp(self.term.endTime)), g.name)[0] + ' lasts beyond spec.term.endTime or begins only then: move it into the term, or leave its endTime out to end with the term'",message="awards last beyond spec.term.endTime or begin only then: move them into the term"
// +kubebuilder:validation:XValidation:fieldPath=".gpus",rule="has(self.programName) || !has(self.gpus) || !self.gpus.exists(g, has(g.stage) || has(g.ifPassed))",messageExpression="self.gpus.map(g, has(g.stage) || has(g.ifPassed), g.name)[0] + ' names a stage, and stages are a programme\\'s: set spec.programName, or leave stage and ifPassed out'",message="some awards name a stage, and stages are a programme's: set spec.programName, or leave stage and ifPassed out"
// +kubebuilder:validation:XValidation:fieldPath=".budget",rule="has(self.programName) || !has(self.budget) || self.budget.size() == 0",message="is money of a programme: set spec.programName, or leave it out"
type FoundationTeamSpec struct {
	// programName is the FoundationProgram that the team takes part in: it may work from when it is selected, within its
	// term. Without it the team stands alone, and its term alone counts.
	// +optional
	ProgramName ProgramName `json:"programName,omitempty"`

	// displayName is the team's name for people, in any language.
	// +optional
	DisplayName DisplayName `json:"displayName,omitempty"`

	// consortium is the organisations behind the team. A GPUPool may name organisations that may not draw from it.
	// +optional
	Consortium *Consortium `json:"consortium,omitempty"`

	// term is from when to when the team may work. Before it the team has nothing, after it GPUs are taken back, staff
	// may read and copy data for a while, and then data is kept, locked. Without it the team may work from now on, or from
	// when its programme selected it, without end.
	// +optional
	Term *Window `json:"term,omitempty"`

	// suspend stops the team for a while: nothing new starts, staff may only read, running work goes on, and awards
	// and nodes are kept. Setting it back, to false or to nothing, restores what was. A team that was suspended when its
	// FoundationTeam was deleted, and is applied again without this field, stays suspended until it is false.
	// +optional
	Suspend *bool `json:"suspend,omitempty"`

	// priority decides who is served first when a pool has too few free GPUs: higher first, then the older
	// FoundationTeam, then the name. It never takes GPUs from a team that has them.
	// +optional
	// +default=0
	// +kubebuilder:validation:Minimum=-1000
	// +kubebuilder:validation:Maximum=1000
	Priority int32 `json:"priority,omitempty"` //nolint:kubeapilinter // 0 and missing mean the same

	// gpus are the awards. Awards of one pool whose windows overlap add up. Each lies within the term, and at least
	// one namespace has a gpuWeight above 0 to use them.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=32
	GPUs []GPUAward `json:"gpus,omitempty"`

	// namespaces are the team's namespaces. One that is taken out is retired: locked, without GPUs, its data kept.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=32
	Namespaces []TeamNamespace `json:"namespaces,omitempty"`

	// volumes are the team's data volumes. One that is taken out is retired: kept, and reported in status.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=64
	Volumes []TeamVolume `json:"volumes,omitempty"`

	// staff are the people and groups who work in the team, in all its namespaces. Each subject is there once.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=200
	// +kubebuilder:validation:XValidation:rule="self.map(s, s.subject.kind + ' ' + s.subject.name).distinct().size() == self.size()",messageExpression="(self.size() <= 100 ? self.map(s, self.exists(t, t.subject.name == s.subject.name && t.subject.kind == s.subject.kind && t.name != s.name), s.name + ' has the same subject as another entry, ' + s.subject.kind + ' ' + s.subject.name)[0] : 'entries have the same subject') + ': list each subject once, with the one role it shall have'",message="entries have the same subject: list each subject once, with the one role it shall have"
	Staff []StaffMember `json:"staff,omitempty"`

	// budget is the money that the team was given, in the programme's currency.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=64
	Budget []BudgetAward `json:"budget,omitempty"`

	// retention is what becomes of the team's data when its time is over. What is not given here is as the programme
	// says.
	// +optional
	Retention *Retention `json:"retention,omitempty"`

	// deletionPolicy is what happens to namespaces and volumes when the team's data need not be kept any longer, or the
	// FoundationTeam is deleted. Retain keeps them, locked. Delete deletes them, and only when the annotation
	// foundation.team/confirm-deletion is set to the team's name, retention.keep is over since the team's time ended, and
	// no annotation foundation.team/hold is set; until then a deletion waits.
	// +optional
	// +default="Retain"
	DeletionPolicy DeletionPolicy `json:"deletionPolicy,omitempty"`
}

// DeletionPolicy is what happens to a team's namespaces and data when its FoundationTeam is deleted.
//
// +kubebuilder:validation:Enum=Retain;Delete
type DeletionPolicy string

// Deletion policies.
const (
	// DeletionPolicyRetain keeps namespaces and volumes, locked.
	DeletionPolicyRetain DeletionPolicy = "Retain"
	// DeletionPolicyDelete deletes them, after confirmation.
	DeletionPolicyDelete DeletionPolicy = "Delete"
)

// Consortium is the organisations behind a team.
//
// +kubebuilder:validation:XValidation:fieldPath=".participants",rule="!has(self.participants) || !(self.lead in self.participants)",messageExpression="self.lead + ' is the lead already: take it out of participants'",message="must not have the lead too: take it out of participants"
type Consortium struct {
	// lead is the organisation that leads.
	// +required
	Lead Organization `json:"lead,omitempty"`
	// participants are the other organisations, the lead excepted.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=64
	Participants []Organization `json:"participants,omitempty"`
}

// GPUAward is a number of GPUs of one pool, for the term or a part of it.
//
// +kubebuilder:validation:XValidation:fieldPath=".endTime",rule="!has(self.startTime) || !has(self.endTime) || [self.startTime, self.endTime].exists(t, format.datetime().validate(t).hasValue()) || timestamp(self.startTime) < timestamp(self.endTime)",messageExpression="self.name + ' must end after it starts: move endTime, or leave it out to use the end of the term'",message="must be after startTime: move endTime, or leave it out to use the end of the term"
type GPUAward struct {
	// name tells the team's awards apart.
	// +required
	Name EntryName `json:"name,omitempty"`
	// poolName is the name of the GPUPool.
	// +required
	PoolName PoolName `json:"poolName,omitempty"`
	// count is how many GPUs. It should be a multiple of the pool's gpusPerNode; the rest of it is not served.
	// +required
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100000
	Count *int32 `json:"count,omitempty"`
	// startTime is when the award begins (RFC 3339). Without it, with its stage or the term.
	// +optional
	StartTime *Timestamp `json:"startTime,omitempty"`
	// endTime is the first moment after the award (RFC 3339). Without it, it ends with its stage or the term.
	// +optional
	EndTime *Timestamp `json:"endTime,omitempty"`
	// stage is the programme's stage that the award is for: it begins and ends with it, also when the stage is moved.
	// +optional
	Stage StageName `json:"stage,omitempty"`
	// ifPassed is a stage of the programme that the team must have passed: before its programme says so there is no award.
	// +optional
	IfPassed StageName `json:"ifPassed,omitempty"`
}

// TeamNamespace is a namespace of a team. Its real name is <team>-<name>.
type TeamNamespace struct {
	// name is the last part of the namespace's name. It has no hyphen, so no two teams' namespaces collide.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=22
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]+$')",message="must be lower case letters and digits without hyphens: the namespace is called <team>-<name>"
	Name string `json:"name,omitempty"`
	// gpuWeight is this namespace's share of the team's granted GPUs, relative to the other namespaces' weights.
	// Shares are whole GPUs and add up to the grant. 0 means no GPUs.
	// +optional
	// +default=1
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1000
	GPUWeight *int32 `json:"gpuWeight,omitempty"`
	// quota overrides entries of the namespace's ResourceQuota that do not follow from the award: pods, services,
	// secrets, configmaps, persistentvolumeclaims, requests and limits of
	// cpu, memory and ephemeral-storage, requests.storage, count/<resource>.<group> of other kinds, and
	// <class>.storageclass.storage.k8s.io/requests.storage or /persistentvolumeclaims. Quantities are 0 or more, of network
	// policies and role bindings 10 or more, because the operator's are counted, too. GPUs cannot be overridden.
	// +optional
	// +kubebuilder:validation:MaxProperties=32
	// +kubebuilder:validation:XValidation:rule="self.all(k, k.size() <= 253)",message="keys must have at most 253 characters"
	// +kubebuilder:validation:XValidation:rule="self.all(k, k in ['pods', 'services', 'secrets', 'configmaps', 'persistentvolumeclaims', 'requests.cpu', 'requests.memory', 'requests.ephemeral-storage', 'requests.storage', 'limits.cpu', 'limits.memory', 'limits.ephemeral-storage'] || k.matches('^count/[a-z]([-.a-z0-9]{0,61}[a-z0-9])?$') && !(k in ['count/services', 'count/secrets', 'count/configmaps', 'count/persistentvolumeclaims', 'count/replicationcontrollers']) || k.matches('^[a-z0-9]([-.a-z0-9]{0,224}[a-z0-9])?\\\\.storageclass\\\\.storage\\\\.k8s\\\\.io/(requests\\\\.storage|persistentvolumeclaims)$'))",messageExpression="self.filter(k, !(k in ['pods', 'services', 'secrets', 'configmaps', 'persistentvolumeclaims', 'requests.cpu', 'requests.memory', 'requests.ephemeral-storage', 'requests.storage', 'limits.cpu', 'limits.memory', 'limits.ephemeral-storage'] || k.matches('^count/[a-z]([-.a-z0-9]{0,61}[a-z0-9])?$') && !(k in ['count/services', 'count/secrets', 'count/configmaps', 'count/persistentvolumeclaims', 'count/replicationcontrollers']) || k.matches('^[a-z0-9]([-.a-z0-9]{0,224}[a-z0-9])?\\\\.storageclass\\\\.storage\\\\.k8s\\\\.io/(requests\\\\.storage|persistentvolumeclaims)$')))[0] + ' cannot be overridden: use pods, services, secrets, configmaps, persistentvolumeclaims, requests.* or limits.* of cpu, memory and ephemeral-storage, requests.storage, count/<resource>.<group> of other kinds or <class>.storageclass.storage.k8s.io/requests.storage; GPUs follow from spec.gpus and gpuWeight'",message="has keys that cannot be overridden: GPUs follow from spec.gpus and gpuWeight"
	// +kubebuilder:validation:XValidation:rule="['count/networkpolicies.networking.k8s.io', 'count/rolebindings.rbac.authorization.k8s.io'].all(k, !(k in self) || !isQuantity(string(self[k])) || !quantity(string(self[k])).isLessThan(quantity('10')))",message="network policies and role bindings must be 10 or more: the operator's are counted, too"
	Quota map[corev1.ResourceName]Quantity `json:"quota,omitempty"` //nolint:kubeapilinter // a map, as in the ResourceQuota that it overrides
}

// TeamVolume is a PersistentVolumeClaim of a team, which has the volume's name.
//
// +kubebuilder:validation:XValidation:fieldPath=".storageClassName",rule="has(self.storageClassName) == has(oldSelf.storageClassName) && (!has(self.storageClassName) || self.storageClassName == oldSelf.storageClassName)",messageExpression="self.name + ' cannot change its storageClassName, the data would stay behind: ' + (has(oldSelf.storageClassName) ? 'keep ' + oldSelf.storageClassName : 'leave it out') + ' and add a volume of another name'",message="cannot change, the data would stay behind: add a volume of another name"
type TeamVolume struct {
	// name is the PersistentVolumeClaim's name.
	// +required
	Name EntryName `json:"name,omitempty"`
	// namespace is the name of one of spec.namespaces. It cannot change.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=22
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",messageExpression="'cannot change, the data would stay behind: keep ' + oldSelf + ' and add a volume of another name in ' + self",message="cannot change, the data would stay behind: add a volume of another name"
	Namespace string `json:"namespace,omitempty"`
	// size is how much is asked for, with a unit: for example 200Ti or 1.5Pi. It can grow, and shrink
	// no further than to what the volume has.
	// +required
	// +kubebuilder:validation:XValidation:rule="type(self) != int || self < 1",messageExpression="'%s is without a unit: write for example %sGi, or in quotes if these are bytes'.format([string(self), string(self)])",message="must have a unit, for example 200Ti"
	// +kubebuilder:validation:XValidation:rule="!isQuantity(string(self)) || quantity(string(self)).isLessThan(quantity('0')) || !quantity(string(self)).isLessThan(quantity('1'))",messageExpression="string(self) + ' must be at least 1 byte, for example 200Ti'",message="must be at least 1 byte, for example 200Ti"
	Size Quantity `json:"size,omitzero"`
	// storageClassName is the name of a StorageClass. Without it the cluster's default is used. It cannot change.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$')",message="must be the name of a StorageClass: lower case letters, digits, hyphens and dots"
	StorageClassName *string `json:"storageClassName,omitempty"`
	// accessModes are as in a PersistentVolumeClaim; ReadWriteOncePod stands alone. They cannot change.
	// +optional
	// +default=["ReadWriteMany"]
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=4
	// +kubebuilder:validation:items:Enum=ReadWriteOnce;ReadOnlyMany;ReadWriteMany;ReadWriteOncePod
	// +kubebuilder:validation:XValidation:rule="self.size() == 1 || !('ReadWriteOncePod' in self)",message="ReadWriteOncePod goes with no other access mode: take it out, or take out the others"
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",messageExpression="'cannot change: keep ' + oldSelf.join(', ') + ', or add a volume of another name'",message="cannot change: add a volume of another name"
	AccessModes []corev1.PersistentVolumeAccessMode `json:"accessModes,omitempty"`
}

// StaffMember is a person or group with a role in the team, for the term or a part of it.
//
// +kubebuilder:validation:XValidation:fieldPath=".endTime",rule="!has(self.startTime) || !has(self.endTime) || [self.startTime, self.endTime].exists(t, format.datetime().validate(t).hasValue()) || timestamp(self.startTime) < timestamp(self.endTime)",messageExpression="self.name + ' must end after it starts: move endTime, or leave it out to use the end of the term'",message="must be after startTime: move endTime, or leave it out to use the end of the term"
type StaffMember struct {
	// name tells entries apart; it is not an account.
	// +required
	Name EntryName `json:"name,omitempty"`
	// role is what the subject may do in the team's namespaces.
	// +required
	Role StaffRole `json:"role,omitempty"`
	// organization is who employs the person, for the record.
	// +optional
	Organization Organization `json:"organization,omitempty"`
	// subject is the account.
	// +required
	Subject StaffSubject `json:"subject,omitzero"`
	// startTime is when access begins (RFC 3339). Without it, with the term.
	// +optional
	StartTime *Timestamp `json:"startTime,omitempty"`
	// endTime is the first moment without access (RFC 3339). Without it, access ends with the team's time, and access to data
	// some time later, as retention says.
	// +optional
	EndTime *Timestamp `json:"endTime,omitempty"`
}

// StaffRole is a role of the team's staff; each is a ClusterRole foundation-team-<role> that ships with the operator.
//
// +kubebuilder:validation:Enum=Lead;Engineer;DataSteward;Viewer
type StaffRole string

// Staff roles.
const (
	// RoleLead may do all that the others may.
	RoleLead StaffRole = "Lead"
	// RoleEngineer runs workloads.
	RoleEngineer StaffRole = "Engineer"
	// RoleDataSteward manages volumes and loads data.
	RoleDataSteward StaffRole = "DataSteward"
	// RoleViewer reads, secrets excepted.
	RoleViewer StaffRole = "Viewer"
)

// StaffSubject is an account as the cluster's authentication knows it.
type StaffSubject struct {
	// kind is User or Group.
	// +required
	// +kubebuilder:validation:Enum=User;Group
	Kind SubjectKind `json:"kind,omitempty"`
	// name is the user's or group's name, as the identity provider writes it; it may have spaces. Names that start with
	// system: belong to the cluster and are refused, and so is *, which flow schemas take for everybody. At most 253
	// characters: the names of all staff have to fit into an annotation.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="!self.lowerAscii().trim().startsWith('system:')",message="names that start with system: belong to the cluster: name a person or a group of your identity provider"
	// +kubebuilder:validation:XValidation:rule="self.matches('^[^\\\\p{C}\\\\p{Zl}\\\\p{Zp}]+$')",message="must not have control or invisible characters or line breaks: write it as your identity provider does"
	// +kubebuilder:validation:XValidation:rule="self.trim() != '*'",message="stands for everybody: name a person or a group of your identity provider"
	Name string `json:"name,omitempty"`
}

// SubjectKind is the kind of a staff member's account.
type SubjectKind string

// Subject kinds.
const (
	// SubjectUser is a user.
	SubjectUser SubjectKind = "User"
	// SubjectGroup is a group.
	SubjectGroup SubjectKind = "Group"
)

// FoundationTeamList is a list of FoundationTeams.
//
// +kubebuilder:object:root=true
type FoundationTeamList struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard list metadata.
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`
	// items are the FoundationTeams.
	Items []FoundationTeam `json:"items"`
}

// GetConditions are the conditions of its status.
func (o *FoundationTeam) GetConditions() []metav1.Condition { return o.Status.Conditions }
