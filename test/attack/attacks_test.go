package attack

import (
	"context"
	"maps"
	"testing"

	"github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// attack is something that must not work, and its legitimate neighbour, which must.
type attack struct {
	who     actor
	try     request
	refused string // part of the reason that is given

	control request
	by      actor // who tries the control; without it, the same
}

// attacks are all attacks, by what is tried.
func attacks() map[string]attack {
	all := map[string]attack{}
	for _, some := range []map[string]attack{
		placementAttacks(), tolerationAttacks(), podUpdateAttacks(), neighbourAttacks(), podAttacks(), outsiderAttacks(),
		ownedAttacks(), ownedClaimAttacks(), namespaceAttacks(), nodeAttacks(), volumeAttacks(), serviceAttacks(),
		secretAttacks(), teamAttacks(), accessAttacks(), deviceAttacks(),
		karpenterNodeAttacks(), nodePoolAttacks(), nodeClaimAttacks(), scrubAttacks(),
		recordAttacks(), persistentVolumeAttacks(), identityAttacks(), priorityAttacks(),
		delegationAttacks(), stampAttacks(), networkAttacks(),
		stolenAttacks(), stolenClusterAttacks(),
	} {
		for name := range some {
			if _, twice := all[name]; twice {
				panic("two attacks are called " + name)
			}
		}
		maps.Copy(all, some)
	}
	return all
}

func TestAttacksAreRefusedAndTheirNeighboursWork(t *testing.T) {
	t.Parallel()
	for name, attack := range attacks() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := gomega.NewWithT(t)
			attack.expectRefused(t.Context(), g)
			by := attack.by
			if by.name == "" {
				by = attack.who
			}
			g.Expect(by.does(t.Context(), attack.control)).To(gomega.Succeed(), "control, by %s", by.name)
		})
	}
}

// expectRefused tries the attack and wants it refused for the reason.
func (a attack) expectRefused(ctx context.Context, g gomega.Gomega) {
	err := a.who.does(ctx, a.try)
	g.Expect(err).To(gomega.MatchError(gomega.ContainSubstring(a.refused)), "attack, by %s", a.who.name)
	if apierrors.ReasonForError(err) != "" {
		g.Expect(apierrors.IsForbidden(err) || apierrors.IsInvalid(err)).To(gomega.BeTrue(), "%v", err)
	}
}
