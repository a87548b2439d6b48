package team

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// recordOf finds a team's record among those of its name: the one that has its UID, else the newest one of the same team,
// whose manifest was removed and applied again; nil if there is none.
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

// sameTeam reports whether a new FoundationTeam is the team of a record: its spec is exactly the same, or the same
// organisation leads it in the same programme. Anybody else who takes the name must not inherit its objects.
func sameTeam(record *foundationv1alpha1.TeamRecord, team *foundationv1alpha1.FoundationTeam) bool {
	if record.Spec.Digest == specDigest(team.Spec) {
		return true
	}
	lead, program := leadOf(team), team.Spec.ProgramName
	return lead != "" && program != "" && lead == record.Spec.Lead && program == record.Spec.ProgramName
}

func leadOf(team *foundationv1alpha1.FoundationTeam) string {
	if team.Spec.Consortium == nil {
		return ""
	}
	return team.Spec.Consortium.Lead
}

// specDigest returns a hash of a spec.
func specDigest(spec foundationv1alpha1.FoundationTeamSpec) string {
	text, err := json.Marshal(spec)
	if err != nil {
		return "" // cannot happen: the spec was decoded from JSON
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
