package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestChoose(t *testing.T) {
	named := func(names ...string) lane {
		var l lane
		for _, name := range names {
			l = append(l, campaign{name: name})
		}
		return l
	}
	from := [][]lane{{named("kills"), named("switches", "restarts")}, {named("model")}}
	for names, tt := range map[string]struct {
		want [][]lane
		fail string
	}{
		"":                {want: from},
		"restarts":        {want: [][]lane{{named("restarts")}}},
		"kills, restarts": {want: [][]lane{{named("kills"), named("restarts")}}},
		"model,faults":    {fail: `there is no campaign "faults", but kills, switches, restarts, model`},
	} {
		t.Run(names, func(t *testing.T) {
			got, err := choose(from, names)
			if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(campaign{})); diff != "" {
				t.Error(diff)
			}
			if tt.fail == "" && err != nil || tt.fail != "" && (err == nil || !strings.Contains(err.Error(), tt.fail)) {
				t.Errorf("error %v, want %q", err, tt.fail)
			}
		})
	}
}
