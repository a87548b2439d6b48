package node

import (
	"testing"

	"foundation.team/operator/test/support/manifest"
)

// makeTeam makes a team unless it is there, and waits until it is Ready.
func makeTeam(t *testing.T, name string) {
	t.Helper()
	declareTeam(t, name)
	kubectl(t, "wait", "--for=condition=Ready", "--timeout", within.String(), "foundationteam/"+name)
}

// declareTeam applies a team with a namespace train and somebody in each role.
func declareTeam(t *testing.T, name string) {
	t.Helper()
	if err := apply(t, "", manifest.Team(name, manifest.Train, manifest.Staff(
		manifest.User("lead", "Lead", leadOf(name)), manifest.User("engineer", "Engineer", engineerOf(name)),
		manifest.User("steward", "DataSteward", stewardOf(name)), manifest.User("viewer", "Viewer", viewerOf(name))))); err != nil {
		t.Fatal(err)
	}
}

func engineerOf(team string) string { return "engineer@" + team + ".example" }

func viewerOf(team string) string { return "viewer@" + team + ".example" }

func stewardOf(team string) string { return "steward@" + team + ".example" }

func leadOf(team string) string { return "lead@" + team + ".example" }
