package v1alpha1

// Condition types. Ready is the summary of the others, Reconciling and Stalled are there only while they are true
// (kstatus, https://github.com/kubernetes-sigs/cli-utils/tree/master/pkg/kstatus).
const (
	// ConditionReady is True when all that the spec asks for is there.
	ConditionReady = "Ready"
	// ConditionReconciling is True while the operator, or what it waits for, is still at work.
	ConditionReconciling = "Reconciling"
	// ConditionStalled is True when only a person can mend what is wrong.
	ConditionStalled = "Stalled"

	// ConditionPoliciesInstalled is, on a FoundationTeam and on a GPUPool, True while the admission policies that keep teams
	// apart are in the cluster as this version of the operator ships them. Nothing new is provisioned while they are not; what
	// is there is kept, and taken back when its time comes.
	ConditionPoliciesInstalled = "PoliciesInstalled"

	// ConditionRecorded is there, on a FoundationTeam, while its TeamRecord or its finalizer cannot be written. Nothing new is
	// provisioned until it can; what ends is taken away all the same.
	ConditionRecorded = "Recorded"

	// ConditionActive tells where a FoundationTeam is in its life.
	ConditionActive = "Active"
	// ConditionNamespacesReady is about a FoundationTeam's namespaces and their isolation.
	ConditionNamespacesReady = "NamespacesReady"
	// ConditionQuotaReady is about the ResourceQuotas in them.
	ConditionQuotaReady = "QuotaReady"
	// ConditionAccessReady is about the role bindings of staff.
	ConditionAccessReady = "AccessReady"
	// ConditionVolumesReady is about the PersistentVolumeClaims.
	ConditionVolumesReady = "VolumesReady"
	// ConditionGPUsReady is about grants and nodes.
	ConditionGPUsReady = "GPUsReady"
	// ConditionFinalized is there while a FoundationTeam is being deleted, or its data is: False for what that waits for, True
	// when all is done, which with deletionPolicy Retain means that namespaces and volumes are locked and kept.
	ConditionFinalized = "Finalized"

	// ConditionAwardsCovered is, on a FoundationTeam and on a GPUPool, False when an award will not be served in full later
	// as far as is known now, or outlives its pool. What is missing today is told by GPUsReady.
	ConditionAwardsCovered = "AwardsCovered"
	// ConditionOversubscribed is, on a GPUPool, True while more is granted than its nodes have.
	ConditionOversubscribed = "Oversubscribed"

	// ConditionWithinCeilings is, on a FoundationTeam of a programme and on the programme, False when more was awarded than the
	// programme lets a team have. What is beyond is held back.
	ConditionWithinCeilings = "WithinCeilings"
	// ConditionDecisionsConsistent is, on a FoundationProgram, False when a decision contradicts its rules and is held back.
	ConditionDecisionsConsistent = "DecisionsConsistent"
	// ConditionWithinBudget is, on a FoundationProgram, False when teams were promised more money than there is on a line.
	ConditionWithinBudget = "WithinBudget"
)

// Reasons of any condition that is as it should be, or on its way there.
const (
	// ReasonAsDeclared: what the spec asks for is there.
	ReasonAsDeclared = "AsDeclared"
	// ReasonNothingDeclared: the spec asks for none of it.
	ReasonNothingDeclared = "NothingDeclared"
	// ReasonNotActive: the team's state allows none of it now.
	ReasonNotActive = "NotActive"
	// ReasonUnreadable: a value in the object cannot be read. What is there is kept, and nothing new is provisioned.
	ReasonUnreadable = "Unreadable"
	// ReasonProgressing: it is on its way; the operator waits for other parts of the cluster.
	ReasonProgressing = "Progressing"
)

// Reasons of PoliciesInstalled, and of what waits for the policies.
const (
	// ReasonAsShipped: all admission policies are as shipped.
	ReasonAsShipped = "AsShipped"
	// ReasonPolicyMissing: an admission policy or its binding does not exist.
	ReasonPolicyMissing = "PolicyMissing"
	// ReasonPolicyChanged: an admission policy or its binding is not what this version of the operator ships.
	ReasonPolicyChanged = "PolicyChanged"
	// ReasonPoliciesSettling: an admission policy was written seconds ago; API servers may not enforce it yet.
	ReasonPoliciesSettling = "PoliciesSettling"
	// ReasonPoliciesNotChecked: the operator could not read the admission policies.
	ReasonPoliciesNotChecked = "PoliciesNotChecked"
)

// Reasons of Active are a FoundationTeam's TeamState. One of them is also a reason that an admin has to act on.
const (
	// ReasonProgramNotFound: spec.programName names a FoundationProgram that does not exist.
	ReasonProgramNotFound = string(StateProgramNotFound)
)

// Reasons of Recorded, and of a Ready that is False because a reconcile could not be finished.
const (
	// ReasonRecordFailed: the team's finalizer or TeamRecord could not be written.
	ReasonRecordFailed = "RecordFailed"
	// ReasonReconcileFailed: something could not be read, or the operator has a bug. The other conditions are from before.
	ReasonReconcileFailed = "ReconcileFailed"
)

// Reasons of NamespacesReady, QuotaReady, AccessReady and VolumesReady: what became of a write.
const (
	// ReasonApplyFailed: the API server refused or failed a write; the operator tries again.
	ReasonApplyFailed = "ApplyFailed"
	// ReasonRefused: the API server finds an object invalid; trying again will not help.
	ReasonRefused = "Refused"
	// ReasonNameConflict: an object of that name exists and belongs to somebody else. It was not touched.
	ReasonNameConflict = "NameConflict"
	// ReasonRecordMissing: an object of that name belongs to a team of this name, and no TeamRecord says to which. It was not
	// touched, and is taken over as soon as the record is there, if that is of the same team.
	ReasonRecordMissing = "RecordMissing"
	// ReasonTerminating: an object of that name is terminating; it is created again when it is gone.
	ReasonTerminating = "Terminating"
)

// Further reasons of QuotaReady.
const (
	// ReasonGPUsInUse: a namespace has less than its share, because pods in a retired one, or in one whose share became smaller,
	// still use those GPUs.
	ReasonGPUsInUse = "GPUsInUse"
)

// Further reasons of VolumesReady.
const (
	// ReasonStorageClassNotFound: a volume names a StorageClass that does not exist.
	ReasonStorageClassNotFound = "StorageClassNotFound"
	// ReasonVolumeNotExpandable: a volume asks for more than it has, and its StorageClass cannot expand volumes.
	ReasonVolumeNotExpandable = "VolumeNotExpandable"
	// ReasonVolumeLost: a PersistentVolumeClaim lost its PersistentVolume.
	ReasonVolumeLost = "VolumeLost"
	// ReasonVolumeChoice: several PersistentVolumes have data of a PersistentVolumeClaim, and an admin has to say which counts.
	ReasonVolumeChoice = "VolumeChoice"
	// ReasonVolumesPending: PersistentVolumeClaims wait to be bound or resized.
	ReasonVolumesPending = "VolumesPending"
)

// Reasons of GPUsReady, and of a grant that is smaller than the demand.
const (
	// ReasonPoolNotFound: an award names a GPUPool that does not exist.
	ReasonPoolNotFound = "PoolNotFound"
	// ReasonPoolDeleting: the GPUPool is being deleted and grants no more.
	ReasonPoolDeleting = "PoolDeleting"
	// ReasonNotWholeNodes: an award is no multiple of the pool's GPUs per node; it is rounded down.
	ReasonNotWholeNodes = "NotWholeNodes"
	// ReasonIneligible: an organisation of the consortium may not draw from the pool.
	ReasonIneligible = "Ineligible"
	// ReasonPoolUnavailable: the pool's availability does not cover the award now.
	ReasonPoolUnavailable = "PoolUnavailable"
	// ReasonShortfall: the pool has too few free GPUs.
	ReasonShortfall = "Shortfall"
	// ReasonNodesNotReady: granted nodes are not assigned yet, not Ready, or cordoned.
	ReasonNodesNotReady = "NodesNotReady"
	// ReasonKarpenterMissing: a GPUPool wants nodes of Karpenter, and its kinds are not installed. It is a reason of a
	// GPUPool's Ready, too.
	ReasonKarpenterMissing = "KarpenterMissing"
)

// Reasons of AwardsCovered.
const (
	// ReasonOvercommitted: more of a pool is awarded for a later time than it has.
	ReasonOvercommitted = "Overcommitted"
	// ReasonPoolEnds: a pool is not available any more, or not yet, for a part of an award.
	ReasonPoolEnds = "PoolEnds"
)

// Reasons of Finalized.
const (
	// ReasonWaitingForGPUs: nodes of the team are still draining.
	ReasonWaitingForGPUs = "WaitingForGPUs"
	// ReasonWaitingForNamespaces: namespaces are terminating.
	ReasonWaitingForNamespaces = "WaitingForNamespaces"
	// ReasonDeletionNotConfirmed: deletionPolicy is Delete, and the confirmation is missing, a hold is set, or the
	// term is not over.
	ReasonDeletionNotConfirmed = "DeletionNotConfirmed"
)

// Reasons of a GPUPool's Ready.
const (
	// ReasonInvalidSelector: the node selector cannot be parsed.
	ReasonInvalidSelector = "InvalidSelector"
	// ReasonNoNodes: no node matches the selector.
	ReasonNoNodes = "NoNodes"
	// ReasonNodeConflict: nodes match the selector but belong to another pool.
	ReasonNodeConflict = "NodeConflict"
	// ReasonNodesUnhealthy: some nodes are not Ready, cordoned or short of GPUs.
	ReasonNodesUnhealthy = "NodesUnhealthy"
	// ReasonNodesOccupied: nodes that came into the pool still run pods from before.
	ReasonNodesOccupied = "NodesOccupied"
	// ReasonNodesLeft: nodes that teams hold do not match the selector any more.
	ReasonNodesLeft = "NodesLeft"
	// ReasonNodesInUse: the pool is being deleted, and teams still hold nodes.
	ReasonNodesInUse = "NodesInUse"
)

// Reasons of Oversubscribed.
const (
	// ReasonWithinCapacity: no more is granted than there is.
	ReasonWithinCapacity = "WithinCapacity"
	// ReasonCapacityLost: nodes went away or changed after they had been granted.
	ReasonCapacityLost = "CapacityLost"
)

// Reasons of WithinCeilings, WithinBudget and DecisionsConsistent, and of a FoundationProgram's Ready.
const (
	// ReasonCeilingExceeded: more is awarded, or promised, than the programme lets a team have.
	ReasonCeilingExceeded = "CeilingExceeded"
	// ReasonStageNotFound: an award names a stage that the programme does not have.
	ReasonStageNotFound = "StageNotFound"
	// ReasonBudgetExceeded: teams were promised more money than the programme has on a line.
	ReasonBudgetExceeded = "BudgetExceeded"
	// ReasonBudgetOverdrawn: more money was due of a line than the programme has on it now.
	ReasonBudgetOverdrawn = "BudgetOverdrawn"
	// ReasonSeatsExceeded: a selection is held back because all seats are taken when it takes effect.
	ReasonSeatsExceeded = "SeatsExceeded"
	// ReasonTeamsRemain: the programme is being deleted, and teams still name it.
	ReasonTeamsRemain = "TeamsRemain"
)
