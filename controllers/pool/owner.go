package pool

import (
	"k8s.io/apimachinery/pkg/types"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/gpunode"
)

func newOwner(name, uid string) gpunode.Owner { return gpunode.Owner{Name: name, UID: types.UID(uid)} }

func ownerOfTeam(team *foundationv1alpha1.FoundationTeam) gpunode.Owner {
	return gpunode.Owner{Name: team.Name, UID: team.UID}
}

func ownerOfGrant(grant foundationv1alpha1.Grant) gpunode.Owner {
	return newOwner(grant.TeamName, grant.UID)
}
