package team

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/allocation"
	"foundation.team/operator/internal/edits"
)

// effectOf returns what a team has in use now and this reconcile takes away.
func effectOf(m *Model) foundationv1alpha1.EffectFact {
	var effect foundationv1alpha1.EffectFact
	for _, grant := range m.Grants {
		effect.GPUs += grant.ending(m)
	}
	has := staffRanks(m)
	for subject, rank := range boundRanks(m) {
		switch now := has[subject]; {
		case now == 0:
			effect.AccessEnded++
		case now < rank:
			effect.AccessReduced++
		}
	}
	for _, n := range m.Namespaces {
		if live := m.LiveNamespaces[n.name]; live != nil && !n.active() && isActive(m, live) {
			effect.Namespaces++
		}
	}
	for _, claim := range m.Volumes {
		if claim.DeletionTimestamp.IsZero() && claim.Labels[foundationv1alpha1.LabelRetired] != "true" && !isDeclared(m, claim) {
			effect.Volumes++
		}
	}
	return effect
}

// ending returns how many granted GPUs of a pool the team demands no more, or may not have of it any more, in whole nodes.
func (g poolGrant) ending(m *Model) int32 {
	had := g.hadLast(m)
	if g.pool == nil || had == 0 {
		return 0
	}
	perNode := allocation.GPUs(g.pool.Spec.GPUsPerNode)
	demand := allocation.NewDemand(m.Life, g.pool, allocation.Holding{Previous: allocation.GPUs(had).WholeNodes(perNode)}, m.Now)
	return max(had-int32(demand.Demanded.GPUs(perNode)), 0)
}

// hadLast returns what the team was granted before an edit: the pool may have decided on it already, and then the team's own
// status still has it.
func (g poolGrant) hadLast(m *Model) int32 {
	had := g.grant.Granted
	if m.Team.Status.GPUs == nil {
		return had
	}
	for _, pool := range m.Team.Status.GPUs.Pools {
		if pool.Name == g.poolName {
			had = max(had, pool.Granted)
		}
	}
	return had
}

// roleRanks orders the roles by what they allow.
var roleRanks = map[foundationv1alpha1.StaffRole]int{
	foundationv1alpha1.RoleViewer: 1, foundationv1alpha1.RoleDataSteward: 2, foundationv1alpha1.RoleEngineer: 3, foundationv1alpha1.RoleLead: 4,
}

// staffRanks returns the rank of the role that each subject of staff has now, by kind and name.
func staffRanks(m *Model) map[string]int {
	ranks := map[string]int{}
	for _, member := range m.Staff {
		ranks[string(member.Subject.Kind)+" "+member.Subject.Name] = roleRanks[member.Role]
	}
	return ranks
}

// boundRanks returns the rank of the highest role that the operator bound each subject to, by kind and name.
func boundRanks(m *Model) map[string]int {
	ranks := map[string]int{}
	for _, obj := range m.Others {
		binding, ok := obj.(*rbacv1.RoleBinding)
		if !ok || delegatedBinding(binding) != nil || !m.Owner.CanAdopt(binding) {
			continue
		}
		for role, name := range clusterRoles {
			if binding.Name != name {
				continue
			}
			for _, subject := range binding.Subjects {
				key := subject.Kind + " " + subject.Name
				ranks[key] = max(ranks[key], roleRanks[role])
			}
		}
	}
	return ranks
}

// isActive reports whether the team could work in a namespace until now.
func isActive(m *Model, live *corev1.Namespace) bool {
	return live.Labels[foundationv1alpha1.LabelLocked] != "true" && live.Labels[foundationv1alpha1.LabelRetired] != "true" &&
		(m.Record == nil || m.Record.Spec.Tenure == nil || m.Record.Spec.Tenure.EndedTime == nil)
}

// addEffects says of the changes that this reconcile found what they take from a team that used it. What time takes was known
// before, and is not told as an effect.
func addEffects(m *Model, changes []foundationv1alpha1.RecordedChange) []foundationv1alpha1.RecordedChange {
	if !wasEdited(m) && !programWasEdited(m) && !slices.ContainsFunc(changes, isPoolSetting) {
		return changes
	}
	left, told := effectOf(m), map[string]bool{}
	for i := range changes {
		c := &changes[i]
		effect := ownEffect(m, c, told)
		if endsAll(c) && left != (foundationv1alpha1.EffectFact{}) {
			effect = left
			told[toldAll] = true
		}
		if effect != (foundationv1alpha1.EffectFact{}) {
			c.Effect = new(effect)
			left = minus(left, effect)
		}
	}
	return append(changes, unlistedChange(m, left)...)
}

// unlistedChange returns the change of the programme that is behind what no other change accounts for; none if nothing is left, or
// if it is on record already.
func unlistedChange(m *Model, left foundationv1alpha1.EffectFact) []foundationv1alpha1.RecordedChange {
	if left == (foundationv1alpha1.EffectFact{}) || !programWasEdited(m) || isTold(m, m.Program) {
		return nil
	}
	c := programChange(m)
	if isRecorded(m.Record, c) {
		return nil
	}
	c.Effect = new(left)
	return []foundationv1alpha1.RecordedChange{c}
}

// isTold reports whether the record says of the last edit of an object already what it took: the status was not written after that.
func isTold(m *Model, edited metav1.Object) bool {
	by := edits.Last(edited.GetManagedFields(), nil)
	return m.Record != nil && by.Time != nil && slices.ContainsFunc(m.Record.Spec.History, func(c foundationv1alpha1.RecordedChange) bool {
		return c.Effect != nil && endsAll(&c) && !c.Time.Time.Before(by.Time.Time)
	})
}

// endsAll reports whether a change concerns all that a team has.
func endsAll(c *foundationv1alpha1.RecordedChange) bool {
	switch c.Field {
	case foundationv1alpha1.FieldTerm, foundationv1alpha1.FieldProgramName, foundationv1alpha1.FieldDecision, foundationv1alpha1.FieldSuspend:
		return true
	case foundationv1alpha1.FieldState:
		return c.To != nil && c.To.State == foundationv1alpha1.StateDeleting
	default:
		return false
	}
}

// toldAll is in told if one change accounts for all that ends at once.
const toldAll = "*"

// ownEffect returns the effect of the change of one entry. told has what another change accounts for: pools, by name, and
// periods of retention.
func ownEffect(m *Model, c *foundationv1alpha1.RecordedChange, told map[string]bool) foundationv1alpha1.EffectFact {
	var effect foundationv1alpha1.EffectFact
	switch {
	case c.Field == foundationv1alpha1.FieldSettings:
		return settingEffect(m, c, told)
	case c.From == nil || told[toldAll]:
	case c.From.GPUs != nil:
		effect.GPUs = endingOf(m, told, func(pool string) bool { return pool == c.From.GPUs.PoolName })
	case c.From.Staff != nil:
		subject := c.From.Staff.Subject.Kind + " " + c.From.Staff.Subject.Name
		switch had, has := boundRanks(m)[subject], staffRanks(m)[subject]; {
		case had > 0 && has == 0:
			effect.AccessEnded = 1
		case has < had:
			effect.AccessReduced = 1
		}
	case c.From.Volume != nil && c.To == nil:
		effect.Volumes = 1
	}
	return effect
}

// endingOf returns how many GPUs end of some pools that no other change accounts for.
func endingOf(m *Model, told map[string]bool, of func(pool string) bool) int32 {
	var ending int32
	for _, grant := range m.Grants {
		if of(grant.poolName) && !told[grant.poolName] && !told[toldAll] {
			told[grant.poolName] = true
			ending += grant.ending(m)
		}
	}
	return ending
}

// minus returns what of an effect is not in a part of it.
func minus(all, part foundationv1alpha1.EffectFact) foundationv1alpha1.EffectFact {
	return foundationv1alpha1.EffectFact{
		GPUs: max(all.GPUs-part.GPUs, 0), AccessEnded: max(all.AccessEnded-part.AccessEnded, 0), AccessReduced: max(all.AccessReduced-part.AccessReduced, 0),
		Namespaces: max(all.Namespaces-part.Namespaces, 0), Volumes: max(all.Volumes-part.Volumes, 0),
	}
}

// programChange returns a change of the programme that no fact of the team shows, for example of its stages or ceilings.
func programChange(m *Model) foundationv1alpha1.RecordedChange {
	c := foundationv1alpha1.RecordedChange{Time: foundationv1alpha1.NewTimestamp(m.Now), Field: foundationv1alpha1.FieldProgram, Name: m.Program.Name}
	if by := edits.Last(m.Program.GetManagedFields(), nil); by.Manager != "" && by.Time != nil {
		c.By, c.Time = by.Manager, foundationv1alpha1.NewTimestamp(by.Time.Time)
	}
	return c
}

// wasEdited reports whether the team's spec was edited, or the team deleted, since its last status.
func wasEdited(m *Model) bool { return m.Team.Status.ObservedGeneration != m.Team.Generation }

// programWasEdited reports whether the programme's spec was edited since the team's last status.
func programWasEdited(m *Model) bool {
	status := m.Team.Status.Program
	return m.Program != nil && status != nil && status.Name == m.Program.Name && status.ObservedGeneration != m.Program.Generation
}
