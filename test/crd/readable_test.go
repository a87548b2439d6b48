package crd

import (
	"fmt"
	"testing"
)

const (
	noTime     = "must be a time such as 2027-01-01T09:00:00+09:00 or 2027-01-01T00:00:00Z, in whole seconds and from 1970 to 2199; for no bound leave it out"
	noQuantity = " must be a quantity from 0 to 100Pi in at most 32 characters, for example 64 or 512Gi"
)

// What the program could not read blinded it for every object of the kind.
func TestUnreadableTime(t *testing.T) {
	for _, end := range []string{
		"2027-01-01T00:00:00z", "2027-01-01t00:00:00Z", "2027-01-01T00:00:00+25:00", "2027-01-01T00:00:00x5Z", "2027-01-01T00:00:00,5Z",
		"2027-01-01T00:00:00.5Z", "2027-02-30T00:00:00Z", "2027-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "2027-04-31T00:00:00Z", "2027-01-01T24:00:00Z",
		"2027-01-01T23:59:60Z", "2027-01-01T00:00:00", "2027-01-01", "tomorrow", "0001-01-01T00:00:00Z", "1969-12-31T23:59:59Z",
		"2200-01-01T00:00:00Z", "9999-12-31T23:59:59-01:00", "10000-01-01T00:00:00Z",
	} {
		t.Run(end, func(t *testing.T) {
			t.Parallel()
			_, err := create(t, teams, patched(t, smallestTeam, fmt.Sprintf(
				`spec: {term: {endTime: %q}, staff: [{name: k, role: Viewer, subject: {kind: User, name: k}, endTime: %q}]}`, end, end)))
			expectRefusal(t, err, []string{
				fmt.Sprintf("spec.term.endTime: Invalid value: %q: %s", end, noTime),
				fmt.Sprintf("spec.staff[0].endTime: Invalid value: %q: %s", end, noTime),
			})
		})
	}
}

// A mistake is told once: rules that compare times skip what is no time.
func TestNoTimeIsComparedWithATime(t *testing.T) {
	t.Parallel()
	_, err := create(t, teams, patched(t, smallestTeam, `spec: {term: {startTime: "2027-01-01", endTime: "2027-06-31T00:00:00Z"}}`))
	expectRefusal(t, err, []string{
		`spec.term.startTime: Invalid value: "2027-01-01": ` + noTime, `spec.term.endTime: Invalid value: "2027-06-31T00:00:00Z": ` + noTime,
	})
}

func TestUnreadableQuantity(t *testing.T) {
	for _, pods := range []string{"1e1.5", "1e4294967297", "1e100", "9223372036854775807", "-1", "101Pi", "much", "1 Gi"} {
		t.Run(pods, func(t *testing.T) {
			t.Parallel()
			_, err := create(t, teams, patched(t, smallestTeam, fmt.Sprintf(`spec: {namespaces: [{name: train, quota: {pods: %q}}]}`, pods)))
			expectRefusal(t, err, []string{fmt.Sprintf("spec.namespaces[0].quota[pods]: Invalid value: %q: %s", pods, pods+noQuantity)})
		})
	}
}

func TestReadableTimesAndQuantities(t *testing.T) {
	for _, end := range []string{
		"2027-01-01T09:00:00+09:00", "2027-01-01T00:00:00-23:59", "2027-01-01T00:00:00.000Z", "2028-02-29T00:00:00Z",
		"1970-01-01T00:00:00+23:59", "2199-12-31T23:59:59-23:59",
	} {
		t.Run(end, func(t *testing.T) {
			t.Parallel()
			if _, err := create(t, teams, patched(t, smallestTeam, fmt.Sprintf(`spec: {term: {endTime: %q}}`, end))); err != nil {
				t.Error(err)
			}
		})
	}
	for _, pods := range []string{"10", `"10"`, "1e3", "1E3", "100Pi", "1.5Gi", `".5"`, `"+5"`, `"1e-3"`, "0"} {
		t.Run(pods, func(t *testing.T) {
			t.Parallel()
			if _, err := create(t, teams, patched(t, smallestTeam, fmt.Sprintf(`spec: {namespaces: [{name: train, quota: {pods: %s}}]}`, pods))); err != nil {
				t.Error(err)
			}
		})
	}
}
