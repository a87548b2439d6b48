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

// attack is something that must not work, and its legitimate neighbour, which must.
type attack struct {
	who     actor
	try     request
	refused string // part of the reason that is given

	control request
	by      actor // who tries the control; without it, the same
}

// tables are all attacks, by class.
func tables() []table {
	all := []table{
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
		{threat: access, attacks: stolenAttacks(), own: true},
		{threat: access, attacks: stolenClusterAttacks(), own: true},
		{threat: names, attacks: manifestAttacks()},
		{threat: names, attacks: otherWays()},
		{threat: access, attacks: clusterAttacks()},
	}
	if full {
		all = append(all, table{threat: load, attacks: quotaAttacks()})
	}
	return all
}

// attacks are all attacks, by what is tried.
func attacks() map[string]attack {
	all := map[string]attack{}
	for _, some := range tables() {
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
	for _, table := range tables() {
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

// refusal tries the attack as somebody. It returns what is wrong with the answer: nothing, if the attack was refused for
// the reason.
func (a attack) refusal(ctx context.Context, who actor) error {
	return a.judge(who.does(ctx, a.try), who)
}

// judge says what is wrong with an answer.
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

// or is between two reasons, of two policies that look at the same: any of them answers.
const or = " or else "

func saysOneOf(err error, reasons string) bool {
	return slices.ContainsFunc(strings.Split(reasons, or), func(reason string) bool { return strings.Contains(err.Error(), reason) })
}

// neighbour tries the control.
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

// expectRefused tries the attack and wants it refused for the reason.
func (a attack) expectRefused(ctx context.Context, g gomega.Gomega) {
	g.Expect(a.refusal(ctx, a.who)).To(gomega.Succeed())
}
