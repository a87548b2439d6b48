package team

import (
	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// isProgressing reports whether a reason is of something in progress.
func isProgressing(reason string) bool {
	switch reason {
	case foundationv1alpha1.ReasonProgressing, foundationv1alpha1.ReasonPoliciesSettling, foundationv1alpha1.ReasonPoliciesNotChecked, foundationv1alpha1.ReasonRecordFailed,
		foundationv1alpha1.ReasonApplyFailed, foundationv1alpha1.ReasonTerminating,
		foundationv1alpha1.ReasonVolumesPending, foundationv1alpha1.ReasonGPUsInUse, foundationv1alpha1.ReasonNodesNotReady,
		foundationv1alpha1.ReasonWaitingForGPUs, foundationv1alpha1.ReasonWaitingForNamespaces:
		return true
	default:
		return false
	}
}

// nothingReason returns the reason of a condition for a team that has nothing which the condition reports on: its state
// allows none, or its spec asks for none.
func nothingReason(m *Model) string {
	if !m.Served.HoldsAwards() {
		return foundationv1alpha1.ReasonNotActive
	}
	return foundationv1alpha1.ReasonNothingDeclared
}
