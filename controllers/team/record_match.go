package team

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/apply"
	"foundation.team/operator/internal/text"
)

// matchRecords finds a team's record among those of its name, nil if there is none, and returns the others. It is the one that
// has the team's UID, else the last one of the same team, whose manifest was removed and applied again, or restored.
func matchRecords(team *foundationv1alpha1.FoundationTeam, records []foundationv1alpha1.TeamRecord) (own *foundationv1alpha1.TeamRecord, others []*foundationv1alpha1.TeamRecord) {
	for i := range records {
		others = append(others, &records[i])
	}
	slices.SortFunc(others, compareRecords)
	for _, is := range []func(*foundationv1alpha1.TeamRecord) bool{
		func(r *foundationv1alpha1.TeamRecord) bool { return slices.Contains(r.Spec.UIDs, string(team.UID)) },
		func(r *foundationv1alpha1.TeamRecord) bool { return difference(r, team) == "" },
	} {
		if i := slices.IndexFunc(others, is); i >= 0 {
			own = others[i]
			return own, slices.Delete(others, i, i+1)
		}
	}
	return nil, others
}

// compareRecords orders the records of a name, the last one in use first. Times of creation say nothing about those that were
// restored from a backup.
func compareRecords(a, b *foundationv1alpha1.TeamRecord) int {
	closed := func(r *foundationv1alpha1.TeamRecord) int {
		if r.Spec.State == foundationv1alpha1.StateDeleted {
			return 1
		}
		return 0
	}
	changed := func(r *foundationv1alpha1.TeamRecord) time.Time {
		if r.Spec.StateTransitionTime == nil {
			return time.Time{}
		}
		return r.Spec.StateTransitionTime.Time
	}
	return cmp.Or(cmp.Compare(closed(a), closed(b)), changed(b).Compare(changed(a)),
		b.CreationTimestamp.Compare(a.CreationTimestamp.Time), cmp.Compare(a.Name, b.Name))
}

// difference returns what contradicts that a FoundationTeam is the team of a record of its name; empty if nothing does. A
// team is known by its programme and by the organisation that leads it, and without one by its leads: one in common is
// enough, and a team without any is nobody else's. Anybody else who takes the name must not inherit its objects.
func difference(record *foundationv1alpha1.TeamRecord, team *foundationv1alpha1.FoundationTeam) string {
	was, is := &record.Spec, leadOf(team)
	if was.ProgramName != team.Spec.ProgramName {
		return fmt.Sprintf("spec.programName was %q and is %q", was.ProgramName, team.Spec.ProgramName)
	}
	if was.Lead != is {
		return fmt.Sprintf("spec.consortium.lead was %q and is %q", was.Lead, is)
	}
	former, present := recordedLeads(was.Facts), leadsOf(team)
	inCommon := slices.ContainsFunc(present, func(lead string) bool { return slices.Contains(former, lead) })
	if is != "" || inCommon || len(former) == 0 || len(present) == 0 {
		return ""
	}
	return fmt.Sprintf("its leads in spec.staff were %s and are %s", text.First(former, maxNamedLeads), text.First(present, maxNamedLeads))
}

// maxNamedLeads is how many leads a message names.
const maxNamedLeads = 3

func leadOf(team *foundationv1alpha1.FoundationTeam) string {
	if team.Spec.Consortium == nil {
		return ""
	}
	return team.Spec.Consortium.Lead
}

// leadsOf returns the accounts of the leads in a spec, whether or not they are in date.
func leadsOf(team *foundationv1alpha1.FoundationTeam) []string {
	var leads []string
	for _, member := range team.Spec.Staff {
		if member.Role == foundationv1alpha1.RoleLead {
			leads = append(leads, string(member.Subject.Kind)+" "+member.Subject.Name)
		}
	}
	return leads
}

// recordedLeads is leadsOf for what is on record.
func recordedLeads(facts foundationv1alpha1.TeamFacts) []string {
	var leads []string
	for _, member := range facts.Staff {
		if member.Role == string(foundationv1alpha1.RoleLead) {
			leads = append(leads, member.Subject.Kind+" "+member.Subject.Name)
		}
	}
	return leads
}

// sameTeams returns those of the other records of a team's name that are of the same team: what was restored from a backup
// after the team, or was split.
func sameTeams(in Input) []*foundationv1alpha1.TeamRecord {
	return slices.DeleteFunc(slices.Clone(in.OtherRecords), func(r *foundationv1alpha1.TeamRecord) bool { return difference(r, in.Team) != "" })
}

// teamUIDs returns all UIDs that a team has had, as far as is known, the newest last.
func teamUIDs(in Input) []string {
	var uids []string
	add := func(more ...string) {
		for _, uid := range more {
			if !slices.Contains(uids, uid) {
				uids = append(uids, uid)
			}
		}
	}
	for _, record := range slices.Backward(sameTeams(in)) {
		add(record.Spec.UIDs...)
	}
	if in.Record != nil {
		add(in.Record.Spec.UIDs...)
	}
	uids = slices.DeleteFunc(uids, func(uid string) bool { return uid == string(in.Team.UID) })
	return append(uids[max(0, len(uids)-maxUIDs+1):], string(in.Team.UID))
}

// formerUIDs returns the UIDs that a team has had, without the present one; nil if there are none.
func formerUIDs(in Input) []string {
	uids := teamUIDs(in)
	if len(uids) == 1 {
		return nil
	}
	return uids[:len(uids)-1]
}

// ownerFrom returns the team as an owner of objects. If its record could not be read, its status says which UIDs it had.
func ownerFrom(in Input) apply.Owner {
	owner := apply.OwnerOf(in.Team, formerUIDs(in))
	if in.RecordUnread {
		owner.Former = in.Team.Status.FormerUIDs
	}
	owner.Earlier = map[string]string{}
	for _, record := range in.OtherRecords {
		if differs := difference(record, in.Team); differs != "" {
			for _, uid := range record.Spec.UIDs {
				owner.Earlier[uid] = fmt.Sprintf("TeamRecord %s: %s", record.Name, differs)
			}
		}
	}
	return owner
}

// keepsSuspension reports whether a team was suspended when its manifest was removed, and has been applied again without
// saying anything of it: a merge that was undone must not resume a team.
func keepsSuspension(in Input) bool {
	record := in.Record
	return in.Team.Spec.Suspend == nil && record != nil && record.Spec.Facts.Suspend &&
		(record.Spec.SuspensionKept || !slices.Contains(record.Spec.UIDs, string(in.Team.UID)))
}

// withSuspension returns a team that is suspended if that is kept.
func withSuspension(team *foundationv1alpha1.FoundationTeam, kept bool) *foundationv1alpha1.FoundationTeam {
	if !kept {
		return team
	}
	team = team.DeepCopy()
	team.Spec.Suspend = new(true)
	return team
}
