package team

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/conditions"
	"foundation.team/operator/internal/guards"
)

// Hold is why a team gets nothing new: no namespace, no PersistentVolumeClaim, no role, and no quota is raised. What it has
// is kept, and what ends is taken away. The zero Hold holds nothing back.
type Hold struct {
	Reason, Message string
	// NeedsPerson is true if neither time nor the operator can mend it.
	NeedsPerson bool
	// Unrecorded is true if the team's finalizer or record could not be written. Its data is not deleted then, either.
	Unrecorded bool
}

// None reports whether nothing is held back.
func (h Hold) None() bool { return h.Reason == "" }

// holdForGuards returns the Hold that follows from a check of the admission policies.
func holdForGuards(result guards.Result) Hold {
	if result.OK() {
		return Hold{}
	}
	return Hold{Reason: result.Reason, Message: result.Message, NeedsPerson: result.Wait == 0}
}

// holdForProgram returns the Hold for a team whose programme does not exist: it goes on with what it has.
func holdForProgram(m *Model) Hold {
	if !m.Life.IsProgramMissing() {
		return Hold{}
	}
	return Hold{Reason: foundationv1alpha1.ReasonProgramNotFound, Message: m.Life.StateMessage(m.Now), NeedsPerson: true}
}

// holdUnrecorded returns the Hold for a team whose finalizer or record could not be written. Without the finalizer a deletion
// would leave behind what was made; the record decides whose objects are whose when a manifest comes back.
func holdUnrecorded(err error) Hold {
	return Hold{
		Reason: foundationv1alpha1.ReasonRecordFailed, Unrecorded: true,
		Message: "nothing new is provisioned until it can be written, which is tried again within 15 seconds: " + err.Error(),
	}
}

// recordedCondition reports that the team's finalizer or record could not be written; nil while they can.
func recordedCondition(m *Model) *metav1.Condition {
	if !m.Hold.Unrecorded {
		return nil
	}
	return new(conditions.False(foundationv1alpha1.ConditionRecorded, m.Hold.Reason, m.Hold.Message))
}
