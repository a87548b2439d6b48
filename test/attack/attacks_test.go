package attack

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// attack is a request that must be refused, with a similar legitimate one, the control, which must not.
type attack struct {
	who     actor
	try     request
	refused string // a substring of the expected reason

	control request
	by      actor // who sends the control; by default who
}

// attackTables returns all attacks, by class of threat.
func attackTables() []attackTable {
	all := []attackTable{
		{threat: theft, attacks: placementAttacks()},
		{threat: theft, attacks: tolerationAttacks()},
		{threat: theft, attacks: podUpdateAttacks()},
		{threat: theft, attacks: neighbourAttacks()},
		{threat: theft, attacks: outsiderAttacks()},
		{threat: theft, attacks: nodeAttacks()},
		{threat: theft, attacks: deviceAttacks()},
		{threat: theft, attacks: karpenterNodeAttacks()},
		{threat: theft, attacks: nodePoolAttacks()},
		{threat: theft, attacks: nodeClaimAttacks()},
		{threat: theft, attacks: scrubAttacks()},
		{threat: storage, attacks: podAttacks()},
		{threat: storage, attacks: ownedClaimAttacks()},
		{threat: storage, attacks: volumeAttacks()},
		{threat: storage, attacks: persistentVolumeAttacks()},
		{threat: access, attacks: ownedAttacks()},
		{threat: access, attacks: secretAttacks()},
		{threat: access, attacks: accessAttacks()},
		{threat: names, attacks: namespaceAttacks()},
		{threat: names, attacks: teamAttacks()},
		{threat: names, attacks: recordAttacks()},
		{threat: load, attacks: serviceAttacks()},
		{threat: names, attacks: identityAttacks()},
		{threat: theft, attacks: priorityAttacks()},
		{threat: access, attacks: delegationAttacks()},
		{threat: access, attacks: stampAttacks()},
		{threat: load, attacks: networkAttacks()},
		{threat: load, attacks: flowAttacks()},
		{threat: access, attacks: stolenAttacks(), onlyByActor: true},
		{threat: access, attacks: stolenClusterAttacks(), onlyByActor: true},
		{threat: names, attacks: deletionAttacks()},
		{threat: names, attacks: manifestAttacks()},
		{threat: names, attacks: otherWays()},
		{threat: access, attacks: clusterAttacks()},
	}
	if wholeControlPlane {
		all = append(all, attackTable{threat: load, attacks: quotaAttacks()})
	}
	return all
}

// attacks returns all attacks by name.
func attacks() map[string]attack {
	all := map[string]attack{}
	for _, some := range attackTables() {
		for name := range some.attacks {
			if _, twice := all[name]; twice {
				panic("two attacks are called " + name)
			}
		}
		maps.Copy(all, some.attacks)
	}
	return all
}

func TestAttacksAreRefusedAndTheirNeighboursWork(t *testing.T) {
	t.Parallel()
	for _, table := range attackTables() {
		for name, attack := range table.attacks {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				g := gomega.NewWithT(t)
				err := attack.refusal(t.Context(), attack.who)
				tallied.count(table.threat, err == nil)
				g.Expect(err).NotTo(gomega.HaveOccurred())
				err = attack.neighbour(t.Context())
				tallied.count(table.threat, err == nil)
				g.Expect(err).NotTo(gomega.HaveOccurred())
			})
		}
	}
}

// refusal sends the attack as an actor. It returns nil if the attack was refused for the right reason, else what is wrong
// with the answer.
func (a attack) refusal(ctx context.Context, who actor) error {
	return a.judge(who.does(ctx, a.try), who)
}

// judge returns what is wrong with an answer to the attack.
func (a attack) judge(err error, who actor) error {
	want := strings.ReplaceAll(a.refused, a.who.name, who.name)
	switch {
	case err == nil:
		return fmt.Errorf("attack, by %s: was not refused, want %q", who.name, want)
	case !saysOneOf(err, want) && !saysOneOf(err, a.refused): // the name may be a subject's
		return fmt.Errorf("attack, by %s: want %q: %w", who.name, want, err)
	case apierrors.ReasonForError(err) != "" && !apierrors.IsForbidden(err) && !apierrors.IsInvalid(err):
		return fmt.Errorf("attack, by %s: refused by accident: %w", who.name, err)
	}
	return nil
}

// or separates two reasons where two policies refuse the same request and either may answer first.
const or = " or else "

func saysOneOf(err error, reasons string) bool {
	return slices.ContainsFunc(strings.Split(reasons, or), func(reason string) bool { return strings.Contains(err.Error(), reason) })
}

// neighbour sends the control.
func (a attack) neighbour(ctx context.Context) error {
	by := a.by
	if by.name == "" {
		by = a.who
	}
	if err := by.does(ctx, a.control); err != nil {
		return fmt.Errorf("control, by %s: %w", by.name, err)
	}
	return nil
}

// expectRefused sends the attack and expects that it is refused for the right reason.
func (a attack) expectRefused(ctx context.Context, g gomega.Gomega) {
	g.Expect(a.refusal(ctx, a.who)).To(gomega.Succeed())
}
