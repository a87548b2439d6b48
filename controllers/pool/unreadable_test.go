package pool

import (
	"testing"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/lifecycle"
	"foundation.team/operator/test/support/builder"
)

// A team that cannot be read whole asks for what it has, whatever was read of its awards: no more and no less.
func TestUnreadableTeamKeepsItsGrant(t *testing.T) {
	granted := builder.Team("hanbit")
	served := builder.Pool("b200", builder.Granted(granted, 16))
	for name, tt := range map[string]struct {
		team *foundationv1alpha1.FoundationTeam
		want int32
	}{
		"more was read":               {builder.Team("hanbit", builder.Award("b200", 512)), 16},
		"nothing was read":            {builder.Team("hanbit"), 16},
		"it was over":                 {builder.Team("hanbit", builder.Award("b200", 16), builder.Term(now.AddDate(-1, 0, 0), now)), 16},
		"another team of its name":    {builder.Team("hanbit", builder.TeamUID("other"), builder.Award("b200", 512)), 0},
		"one that was granted none":   {builder.Team("onnuri", builder.Award("b200", 512)), 0},
		"its programme is of no help": {builder.Team("hanbit", builder.InProgram("nation"), builder.Award("b200", 512)), 16},
	} {
		t.Run(name, func(t *testing.T) {
			tt.team.SetUnreadable([]string{"spec.gpus[0].endTime: tomorrow cannot be read"})
			team := lifecycle.NewTeam(readable(tt.team, served), nil)
			if got := lifecycle.Demand(team.Awards("b200"), now); got != tt.want {
				t.Errorf("asks for %d, want %d", got, tt.want)
			}
		})
	}
	whole := builder.Team("hanbit", builder.Award("b200", 512))
	if readable(whole, served) != whole {
		t.Error("a team that was read is changed")
	}
}
