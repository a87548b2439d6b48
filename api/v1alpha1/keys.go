package v1alpha1

// FieldManager is the one server-side apply field manager of the operator.
const FieldManager = "foundation.team/controller"

// Finalizer holds a FoundationTeam until its access, quotas and GPUs are taken back, and a GPUPool until its
// nodes are nobody's.
const Finalizer = "foundation.team/teardown"

// Labels on objects that the operator owns.
const (
	// LabelTeam names the team on every object that the operator owns, nodes included.
	LabelTeam = "foundation.team/team"
	// LabelPool names the GPUPool on every node that a pool manages.
	LabelPool = "foundation.team/pool"
	// LabelRetired is "true" on namespaces and volumes that were taken out of a spec and are kept for their data.
	LabelRetired = "foundation.team/retired"
	// LabelLocked is "true" on namespaces in which nobody of the team has access and nothing new can start.
	LabelLocked = "foundation.team/locked"
	// LabelDelegated is "true" on RoleBindings that staff made for staff of the team. They end with their subject's access.
	LabelDelegated = "foundation.team/delegated"
	// LabelTrusted is, set by an admin to "true" on a namespace such as a device plugin's, what exempts it from the rule
	// that nobody but a team puts pods on team nodes.
	LabelTrusted = "foundation.team/trusted"
	// LabelNodeTeam names the team on the nodes that are its own. Scheduling trusts it because a kubelet may not
	// set keys under node-restriction.kubernetes.io.
	// See https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#noderestriction.
	LabelNodeTeam = "node-restriction.kubernetes.io/foundation-team"
)

// Annotations on objects that the operator owns.
const (
	// AnnotationTeamUID is the UID of the FoundationTeam that an object belongs to. Name and UID must both match
	// before the operator changes or deletes the object.
	AnnotationTeamUID = "foundation.team/team-uid"
	// AnnotationDeviceClasses are, on a namespace, the device classes that resource claims in it may name, with commas
	// between them.
	AnnotationDeviceClasses = "foundation.team/device-classes"
	// AnnotationDefaultLimits are, on a namespace whose quota counts limits, the resources of which containers get a default
	// limit, with commas between them.
	AnnotationDefaultLimits = "foundation.team/default-limits"
	// AnnotationStaff are, on a namespace in which a team can work, those who are staff now, such as "User kim@x", a line
	// each. Only they can be given further rights in it.
	AnnotationStaff = "foundation.team/staff"
	// AnnotationSuspendedSubject is, on a RoleBinding that staff made, its subject, "User <name>", "Group <name>" or
	// "ServiceAccount <name>", while the team is suspended and the binding has none.
	AnnotationSuspendedSubject = "foundation.team/suspended-subject"
	// AnnotationAdopt, set by an admin on an existing object to a team's name, lets that team take the object over.
	AnnotationAdopt = "foundation.team/adopt"
	// AnnotationConfirmDeletion, set on an object to its own name, lets it be deleted while it is in use: a FoundationTeam,
	// GPUPool, FoundationProgram or a CustomResourceDefinition of ours. Of a FoundationTeam it confirms deletionPolicy
	// Delete, too.
	AnnotationConfirmDeletion = "foundation.team/confirm-deletion"
	// AnnotationHold, set on a FoundationTeam to any reason, forbids that the operator deletes its data.
	AnnotationHold = "foundation.team/hold"
	// AnnotationReclaimPolicy is, on a PersistentVolume of a team, the reclaim policy that it had before it was set to
	// Retain. It gets it back when the team's data is deleted as an admin confirmed.
	AnnotationReclaimPolicy = "foundation.team/reclaim-policy"
	// AnnotationDrainingSince is, on a node, when it was closed to new pods (RFC 3339). The grace period counts from it.
	AnnotationDrainingSince = "foundation.team/draining-since"
	// AnnotationBrokenSince is, on a team's node that is broken in a way that its condition Ready does not date, since when
	// (RFC 3339). spec.repair.replaceAfter of its GPUPool counts from it.
	AnnotationBrokenSince = "foundation.team/broken-since"
	// AnnotationScrubRequest is, on a node that is empty and to be scrubbed before anyone gets it, the name of this
	// hand-over. AnnotationScrubbed, set by who scrubbed it to the same value, frees it.
	AnnotationScrubRequest = "foundation.team/scrub-request"
	AnnotationScrubbed     = "foundation.team/scrubbed"
)

// Taints on pool nodes, all NoSchedule.
const (
	// TaintTeam keeps everyone but the team that is its value off a node.
	TaintTeam = "foundation.team/team"
	// TaintUnassigned keeps everyone off a pool node that belongs to no team.
	TaintUnassigned = "foundation.team/unassigned"
	// TaintDraining keeps new pods, also the team's own, off a node that is being drained.
	TaintDraining = "foundation.team/draining"
)

// NamespaceName is the real name of a team's namespace. Namespaces' names have no hyphen, so no two teams' collide.
func NamespaceName(team, namespace string) string { return team + "-" + namespace }
