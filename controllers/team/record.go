package team

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/lifecycle"
	"foundation.team/operator/internal/text"
	"foundation.team/operator/internal/timing"
)

const (
	// maxHistory is how many changes a record keeps, shownHistory how many of them a team's status shows.
	maxHistory   = 200
	shownHistory = 10
	// maxUIDs is how many UIDs a record keeps.
	maxUIDs = 32
	// maxFact is the longest fact, in bytes.
	maxFact = 1024
	// tolerance is how late the operator may act without saying so.
	tolerance = time.Minute
)

// recordOf finds the record of a team among those of its name: the one that knows its UID, else the newest one of the
// same team, whose manifest was removed and applied again; nil if there is none.
func recordOf(team *foundationv1alpha1.FoundationTeam, records []foundationv1alpha1.TeamRecord) *foundationv1alpha1.TeamRecord {
	records = slices.SortedFunc(slices.Values(records), func(a, b foundationv1alpha1.TeamRecord) int {
		return cmp.Or(b.CreationTimestamp.Compare(a.CreationTimestamp.Time), cmp.Compare(a.Name, b.Name))
	})
	for _, is := range []func(*foundationv1alpha1.TeamRecord) bool{
		func(r *foundationv1alpha1.TeamRecord) bool { return slices.Contains(r.Spec.UIDs, string(team.UID)) },
		func(r *foundationv1alpha1.TeamRecord) bool { return sameTeam(r, team) },
	} {
		for i := range records {
			if is(&records[i]) {
				return &records[i]
			}
		}
	}
	return nil
}

// sameTeam says whether a team that has just been made is the one of a record: its spec is what it was to the letter, or the
// same organisation leads it in the same programme. Anybody else of that name inherits nothing.
func sameTeam(record *foundationv1alpha1.TeamRecord, team *foundationv1alpha1.FoundationTeam) bool {
	if record.Spec.Digest == digest(team.Spec) {
		return true
	}
	lead, program := leadOf(team), team.Spec.ProgramName
	return lead != "" && program != "" && lead == record.Spec.Lead && program == record.Spec.ProgramName
}

// formerUIDs are the UIDs that a record knows besides the one that the team has now.
func formerUIDs(record *foundationv1alpha1.TeamRecord, team *foundationv1alpha1.FoundationTeam) []string {
	if record == nil {
		return nil
	}
	former := slices.DeleteFunc(slices.Clone(record.Spec.UIDs), func(uid string) bool { return uid == string(team.UID) })
	if len(former) == 0 {
		return nil
	}
	return former
}

func leadOf(team *foundationv1alpha1.FoundationTeam) string {
	if team.Spec.Consortium == nil {
		return ""
	}
	return team.Spec.Consortium.Lead
}

// digest tells specs apart.
func digest(spec foundationv1alpha1.FoundationTeamSpec) string {
	text, err := json.Marshal(spec)
	if err != nil {
		return "" // it came as JSON
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// BuildRecord is a team's record as it shall be: what was awarded and decided, and every change since the last time.
func BuildRecord(in Input) *foundationv1alpha1.TeamRecord {
	record := in.Record.DeepCopy()
	facts := factsOf(in)
	state := in.state()
	if record == nil {
		record = &foundationv1alpha1.TeamRecord{}
		record.Name = in.Team.Name + "." + string(in.Team.UID)[:min(8, len(in.Team.UID))]
	} else {
		record.Spec.History = append(record.Spec.History, changes(in, record.Spec.Facts, facts)...)
	}
	labels, annotations := marks(in)
	record.Labels, record.Annotations = merged(record.Labels, labels), merged(record.Annotations, annotations)
	spec := &record.Spec
	if !slices.Contains(spec.UIDs, string(in.Team.UID)) {
		spec.UIDs = append(spec.UIDs, string(in.Team.UID))
		if len(spec.UIDs) > 1 {
			spec.History = append(spec.History, change(in, "manifest", "removed", "applied again"))
		}
	}
	if spec.State != state && !wasClosed(in) {
		spec.History = append(spec.History, stateChange(in, spec.State, state))
		spec.State, spec.StateTransitionTime = state, timing.Meta(in.Now)
		if since := in.life().StateSince(in.Now); !since.IsZero() {
			spec.StateTransitionTime = timing.Meta(since)
		}
	}
	spec.TeamName, spec.ProgramName, spec.Lead, spec.Digest, spec.Facts = in.Team.Name, in.Team.Spec.ProgramName, leadOf(in.Team), digest(in.Team.Spec), facts
	spec.UIDs = spec.UIDs[max(0, len(spec.UIDs)-maxUIDs):]
	spec.History = spec.History[max(0, len(spec.History)-maxHistory):]
	return record
}

func merged(base, more map[string]string) map[string]string {
	all := maps.Clone(base)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, more)
	return all
}

// wasClosed says whether the record of a team that is being deleted is closed already: that is the last step before it goes,
// and the cache may show the team for a moment after that.
func wasClosed(in Input) bool {
	return !in.Team.DeletionTimestamp.IsZero() && in.Record != nil && in.Record.Spec.State == foundationv1alpha1.StateDeleted &&
		slices.Contains(in.Record.Spec.UIDs, string(in.Team.UID))
}

// closedRecord is a record whose team has no FoundationTeam any more.
func closedRecord(record *foundationv1alpha1.TeamRecord, now time.Time) *foundationv1alpha1.TeamRecord {
	closed := record.DeepCopy()
	if closed.Spec.State == foundationv1alpha1.StateDeleted {
		return closed
	}
	closed.Spec.History = append(closed.Spec.History, foundationv1alpha1.TeamChange{
		Time: *timing.Meta(now), What: "state", From: string(closed.Spec.State), To: string(foundationv1alpha1.StateDeleted),
	})
	closed.Spec.State, closed.Spec.StateTransitionTime = foundationv1alpha1.StateDeleted, timing.Meta(now)
	closed.Spec.History = closed.Spec.History[max(0, len(closed.Spec.History)-maxHistory):]
	return closed
}

// factsOf are what was awarded to a team and decided on it, as sorted lines "what: value".
func factsOf(in Input) []string {
	team, life := in.Team, in.life()
	facts := map[string]string{}
	if team.Spec.Term != nil {
		facts["term"] = window(life, team.Spec.Term.StartTime, team.Spec.Term.EndTime)
	}
	if team.Spec.Suspend {
		facts["suspend"] = "true"
	}
	if program := team.Spec.ProgramName; program != "" {
		facts["programName"] = program
	}
	if in.Program != nil {
		if decision := in.Program.Standing(team.Name, in.Now).Decision; decision != nil {
			facts["decision"] = fmt.Sprintf("%s on %s: %s", decision.Outcome, life.When(decision.DecisionTime.Time), decision.Reason)
		}
	}
	for _, award := range team.Spec.GPUs {
		facts["gpus["+award.Name+"]"] = describeAward(life, award)
	}
	for _, grant := range team.Spec.Budget {
		facts["budget["+grant.Name+"]"] = describeGrant(life, grant)
	}
	for _, volume := range team.Spec.Volumes {
		facts["volumes["+volume.Name+"]"] = fmt.Sprintf("%s in %s", volume.Size.String(), volume.Namespace)
	}
	for _, member := range team.Spec.Staff {
		facts["staff["+member.Name+"]"] = strings.TrimSpace(fmt.Sprintf("%s: %s %s %s", member.Role, member.Subject.Kind, member.Subject.Name, window(life, member.StartTime, member.EndTime)))
	}
	lines := make([]string, 0, len(facts))
	for _, what := range slices.Sorted(maps.Keys(facts)) {
		lines = append(lines, text.Cut(what+": "+facts[what], maxFact))
	}
	return lines
}

func describeAward(life lifecycle.Team, award foundationv1alpha1.GPUAward) string {
	parts := []string{fmt.Sprintf("%d of %s", ptr.Deref(award.Count, 0), award.PoolName)}
	if award.Stage != "" {
		parts = append(parts, "for stage "+award.Stage)
	}
	if award.IfPassed != "" {
		parts = append(parts, "if "+award.IfPassed+" was passed")
	}
	if w := window(life, award.StartTime, award.EndTime); w != "" {
		parts = append(parts, w)
	}
	return strings.Join(parts, " ")
}

func describeGrant(life lifecycle.Team, grant foundationv1alpha1.BudgetAward) string {
	text := fmt.Sprintf("%d on line %s", ptr.Deref(grant.Amount, 0), grant.Line)
	if grant.DueTime != nil {
		return text + " due " + life.When(grant.DueTime.Time)
	}
	for i, instalment := range grant.Instalments {
		separator := ", "
		if i == 0 {
			separator = " in instalments: "
		}
		text += fmt.Sprintf("%s%d on %s", separator, ptr.Deref(instalment.Amount, 0), life.When(instalment.DueTime.Time))
	}
	return text
}

func window(life lifecycle.Team, start, end *metav1.Time) string {
	var parts []string
	if start != nil {
		parts = append(parts, "from "+life.When(start.Time))
	}
	if end != nil {
		parts = append(parts, "until "+life.When(end.Time))
	}
	return strings.Join(parts, " ")
}

// changes are the facts that are not what they were.
func changes(in Input, before, after []string) []foundationv1alpha1.TeamChange {
	old, current := parse(before), parse(after)
	var list []foundationv1alpha1.TeamChange
	for _, what := range slices.Sorted(maps.Keys(merged(old, current))) {
		if old[what] != current[what] {
			list = append(list, change(in, what, old[what], current[what]))
		}
	}
	return list
}

func parse(facts []string) map[string]string {
	parsed := map[string]string{}
	for _, fact := range facts {
		if what, value, ok := strings.Cut(fact, ": "); ok {
			parsed[what] = value
		}
	}
	return parsed
}

// change is an edit, by who edited last. A decision comes with time as well.
func change(in Input, what, from, to string) foundationv1alpha1.TeamChange {
	c := foundationv1alpha1.TeamChange{Time: *timing.Meta(in.Now), What: what, From: from, To: to}
	if by := lastEdit(in.Team.ManagedFields); what != "decision" && by.Manager != "" {
		c.By = by.Manager
		if by.Time != nil {
			c.Time = *timing.Meta(by.Time.Time)
		}
	}
	return c
}

// lastEdit is the newest record of who wrote an object's spec.
func lastEdit(entries []metav1.ManagedFieldsEntry) metav1.ManagedFieldsEntry {
	var last metav1.ManagedFieldsEntry
	for _, entry := range entries {
		if entry.Manager == foundationv1alpha1.FieldManager || entry.Subresource != "" {
			continue
		}
		if last.Time == nil || entry.Time != nil && !entry.Time.Before(last.Time) {
			last = entry
		}
	}
	return last
}

// stateChange is a change of the team's state. One that time made, and that is found late, says how late: neither spec has
// changed since the last look, so nothing else can have made it.
func stateChange(in Input, from, to foundationv1alpha1.TeamState) foundationv1alpha1.TeamChange {
	since := in.life().StateSince(in.Now)
	c := foundationv1alpha1.TeamChange{Time: *timing.Meta(in.Now), What: "state", From: string(from), To: string(to)}
	if since.IsZero() || !in.seenBefore() {
		return c
	}
	c.Time = *timing.Meta(since)
	if late := in.Now.Sub(since); late > tolerance {
		c.Late = late.Truncate(time.Second).String()
	}
	return c
}

// seenBefore says whether the team's status is about the present specs of the team and its programme.
func (in Input) seenBefore() bool {
	status := in.Team.Status
	if status.ObservedGeneration != in.Team.Generation {
		return false
	}
	if in.Program == nil {
		return status.Program == nil
	}
	return status.Program != nil && status.Program.ObservedGeneration == in.Program.Generation
}

// keepRecord writes a team's record if anything in it changed, and tells of what was found late.
func (r *Reconciler) keepRecord(ctx context.Context, in Input) (*foundationv1alpha1.TeamRecord, error) {
	record := BuildRecord(in)
	if err := r.Applier.Save(ctx, in.Record, record); err != nil {
		return nil, err
	}
	known := 0
	if in.Record != nil {
		known = len(in.Record.Spec.History)
	}
	for _, c := range record.Spec.History[min(known, len(record.Spec.History)):] {
		if c.Late != "" {
			r.Events.Eventf(in.Team, nil, corev1.EventTypeWarning, "Late", "Reconcile",
				"%s since %s: the operator acted %s late, it did not run then", c.To, in.life().When(c.Time.Time), c.Late)
		}
	}
	return record, nil
}

// closeRecords writes down that teams of this name have no FoundationTeam any more.
func (r *Reconciler) closeRecords(ctx context.Context, records []foundationv1alpha1.TeamRecord) error {
	var errs []error
	for i := range records {
		errs = append(errs, r.Applier.Save(ctx, &records[i], closedRecord(&records[i], r.Clock.Now())))
	}
	return errors.Join(errs...)
}

// shown is the part of a record's history that a team's status shows.
func shown(record *foundationv1alpha1.TeamRecord) []foundationv1alpha1.TeamChange {
	if record == nil {
		return nil
	}
	return record.Spec.History[max(0, len(record.Spec.History)-shownHistory):]
}
