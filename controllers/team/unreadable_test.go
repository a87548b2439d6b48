package team

import (
	"strings"
	"testing"
)

func TestKnowsAccess(t *testing.T) {
	for value, want := range map[string]bool{
		`spec.staff[0].endTime: "z" cannot be read`:      true,
		`spec.namespaces[0].quota[pods]: "1e1.5" cannot`: true,
		`spec.term.endTime: "z" cannot be read`:          true,
		`spec: "x" cannot be read`:                       false,
		`spec.staff: "x" cannot be read`:                 false,
		`spec.namespaces: "x" cannot be read`:            false,
		`spec.namespaces[12]: "x" cannot be read`:        false,
		`spec.namespaces[12].name: 5 cannot be read`:     false,
	} {
		if got := knowsAccess([]string{"spec.suspend: 5 cannot be read", value}); got != want {
			t.Errorf("%s: %v, want %v", value, got, want)
		}
	}
}

// A record that cannot be read whole is not written: its lists would lose what was not read.
func TestUnreadableRecordIsNotWritten(t *testing.T) {
	in := input(twoNamespaces())
	in.Record = BuildRecord(NewModel(in))
	in.Record.SetUnreadable([]string{"spec.history[0].time: soon cannot be read"})
	r := &Reconciler{} // whatever it writes fails the test
	if _, err := r.saveRecord(t.Context(), NewModel(in)); err == nil || !strings.Contains(err.Error(), "spec.history[0].time") {
		t.Errorf("saved with %v", err)
	}
}

// What cannot be read of a team was not changed.
func TestUnreadableTeamKeepsItsRecord(t *testing.T) {
	in := input(twoNamespaces())
	in.Record = BuildRecord(NewModel(in))
	in.Team.Spec.Namespaces = nil
	in.Team.SetUnreadable([]string{"spec.namespaces: 5 cannot be read"})
	r := &Reconciler{}
	if record, err := r.saveRecord(t.Context(), NewModel(in)); err != nil || record != in.Record {
		t.Errorf("saved %v with %v", record, err)
	}
}
