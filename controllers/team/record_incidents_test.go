package team

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/test/support/builder"
)

func fault(start, end time.Time) foundationv1alpha1.NodeFault {
	f := foundationv1alpha1.NodeFault{Fault: "NotReady", Count: 8, StartTime: foundationv1alpha1.NewTimestamp(start), EndTime: foundationv1alpha1.OptionalTimestamp(end)}
	if !end.IsZero() {
		f.Outcome = foundationv1alpha1.IncidentMended
	}
	return f
}

func incidentOn(node string, start, end time.Time) foundationv1alpha1.TeamIncident {
	return foundationv1alpha1.TeamIncident{PoolName: "b200", NodeName: node, NodeFault: fault(start, end)}
}

// A year later somebody asks which nodes of a team were broken, since when and until when: its own alone, in the status those that
// are not over too, in the record those that are.
func TestIncidentsAreReportedAndRecorded(t *testing.T) {
	team := builder.Team("hanbit")
	hour, minute, never := now.Add(-time.Hour), now.Add(-time.Minute), time.Time{}
	pool := builder.Pool("b200", builder.Granted(team, 16))
	for node, of := range map[string]*foundationv1alpha1.FoundationTeam{"n1": team, "other": builder.Team("saebit"), "earlier": builder.Team("hanbit", builder.TeamUID("earlier"))} {
		pool.Status.Incidents = append(pool.Status.Incidents, foundationv1alpha1.NodeIncident{NodeName: node, TeamName: of.Name, UID: string(of.UID), NodeFault: fault(hour, minute)})
	}
	pool.Status.Incidents = append(pool.Status.Incidents, foundationv1alpha1.NodeIncident{NodeName: "n2", TeamName: team.Name, UID: string(team.UID), NodeFault: fault(minute, never)})
	m := NewModel(input(team, pool))
	if diff := cmp.Diff([]foundationv1alpha1.TeamIncident{incidentOn("n1", hour, minute), incidentOn("n2", minute, never)}, gpuStatus(m).Incidents); diff != "" {
		t.Errorf("status: %s", diff)
	}
	if diff := cmp.Diff([]foundationv1alpha1.TeamIncident{incidentOn("n1", hour, minute)}, BuildRecord(m).Spec.Incidents); diff != "" {
		t.Errorf("record: %s", diff)
	}
}

func TestRecordedIncidents(t *testing.T) {
	hour, minute, never := now.Add(-time.Hour), now.Add(-time.Minute), time.Time{}
	had := incidentOn("n1", hour, minute)
	var many []foundationv1alpha1.TeamIncident
	for i := range maxRecordedIncidents {
		many = append(many, incidentOn(fmt.Sprintf("n%03d", i), now.AddDate(-1, 0, i), now.AddDate(-1, 0, i+1)))
	}
	tests := map[string]struct {
		recorded, list, want []foundationv1alpha1.TeamIncident
	}{
		"none":                                 {},
		"one that is over":                     {nil, []foundationv1alpha1.TeamIncident{had}, []foundationv1alpha1.TeamIncident{had}},
		"one that is not over":                 {nil, []foundationv1alpha1.TeamIncident{incidentOn("n1", hour, never)}, nil},
		"one that is recorded":                 {[]foundationv1alpha1.TeamIncident{had}, []foundationv1alpha1.TeamIncident{had}, []foundationv1alpha1.TeamIncident{had}},
		"one that went on":                     {[]foundationv1alpha1.TeamIncident{had}, []foundationv1alpha1.TeamIncident{incidentOn("n1", hour, now)}, []foundationv1alpha1.TeamIncident{incidentOn("n1", hour, now)}},
		"one that the pool has forgotten":      {[]foundationv1alpha1.TeamIncident{had}, nil, []foundationv1alpha1.TeamIncident{had}},
		"one more than there is room for":      {many, []foundationv1alpha1.TeamIncident{had}, append(many[1:len(many):len(many)], had)},
		"one that is older than all that fits": {many, []foundationv1alpha1.TeamIncident{incidentOn("n1", now.AddDate(-2, 0, 0), now.AddDate(-2, 0, 1))}, many},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, recordedIncidents(append([]foundationv1alpha1.TeamIncident(nil), tt.recorded...), tt.list)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestReportedIncidents(t *testing.T) {
	open := incidentOn("open", now.AddDate(-2, 0, 0), time.Time{})
	list := []foundationv1alpha1.TeamIncident{open}
	for i := range 2 * maxIncidents {
		list = append(list, incidentOn(fmt.Sprintf("n%03d", i), now.AddDate(-1, 0, i), now.AddDate(-1, 0, i+1)))
	}
	got := reportedIncidents(list)
	if diff := cmp.Diff(append([]foundationv1alpha1.TeamIncident{open}, list[len(list)-maxIncidents+1:]...), got); diff != "" {
		t.Error(diff)
	}
}
