package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// The teams in the steps. They share a pool.
const (
	teamHanbit   = "hanbit"
	teamNaru     = "naru"
	teamSaebyeok = "saebyeok"
)

// showAwards shows which GPUs are granted, and which team waits until when.
func (d *demo) showAwards(ctx context.Context) error {
	if err := d.run(ctx, d.admin, "get", "ft"); err != nil {
		return err
	}
	if err := d.run(ctx, d.admin, "get", "gpool"); err != nil {
		return err
	}
	teams, err := d.teams(ctx)
	if err != nil {
		return err
	}
	pools, err := d.pools(ctx)
	if err != nil {
		return err
	}
	teams = withNames(teams, selected)
	d.screen.check("four of the five teams have every GPU that they were awarded, on nodes that are ready", checkServed(teams))
	d.screen.check("the fifth, saebyeok, waits, and its MESSAGE says for how many GPUs and until when: naru's end",
		checkWaiting(teamNamed(teams, teamSaebyeok), teamNamed(teams, teamNaru)))
	d.screen.check("no pool gave out more GPUs than it has", checkWithinCapacity(pools))
	return nil
}

// teamNamed returns the team of that name; an empty one if there is none, which fails every check.
func teamNamed(teams []foundationv1alpha1.FoundationTeam, name string) *foundationv1alpha1.FoundationTeam {
	for i := range teams {
		if teams[i].Name == name {
			return &teams[i]
		}
	}
	return &foundationv1alpha1.FoundationTeam{}
}

// unconditionalGPUs returns how many GPUs a team was awarded without having to pass a stage.
func unconditionalGPUs(team *foundationv1alpha1.FoundationTeam) int32 {
	var sum int32
	for _, award := range team.Spec.GPUs {
		if award.Count != nil && award.IfPassed == "" {
			sum += *award.Count
		}
	}
	return sum
}

// gpusOf returns how many GPUs a team is granted, and how many of those are ready.
func gpusOf(team *foundationv1alpha1.FoundationTeam) (granted, ready int32) {
	if gpus := team.Status.GPUs; gpus != nil {
		return gpus.Granted, gpus.Ready
	}
	return 0, 0
}

// checkServed checks that four of five teams have all GPUs that they were awarded.
func checkServed(teams []foundationv1alpha1.FoundationTeam) error {
	var served int
	var short []string
	for i := range teams {
		team := &teams[i]
		granted, ready := gpusOf(team)
		isReady := meta.IsStatusConditionTrue(team.Status.Conditions, foundationv1alpha1.ConditionReady)
		if want := unconditionalGPUs(team); want > 0 && granted == want && ready == want && isReady {
			served++
			continue
		}
		short = append(short, fmt.Sprintf("%s has %d of %d, %d ready, Ready %t", team.Name, granted, unconditionalGPUs(team), ready, isReady))
	}
	if len(teams) != 5 || served != 4 {
		return fmt.Errorf("%d of %d have: %s", served, len(teams), strings.Join(short, "; "))
	}
	return nil
}

// checkWaiting checks that a team's status has its shortfall, and the end of the donor's term as the time of the next
// free GPUs.
func checkWaiting(team, donor *foundationv1alpha1.FoundationTeam) error {
	ready := meta.FindStatusCondition(team.Status.Conditions, foundationv1alpha1.ConditionReady)
	if ready == nil || ready.Status != metav1.ConditionFalse || ready.Reason != foundationv1alpha1.ReasonShortfall {
		return fmt.Errorf("its condition Ready is %+v, not False for %s", ready, foundationv1alpha1.ReasonShortfall)
	}
	if team.Status.GPUs == nil || len(team.Status.GPUs.Pools) != 1 {
		return fmt.Errorf("its status says of its one pool: %+v", team.Status.GPUs)
	}
	pool := team.Status.GPUs.Pools[0]
	granted, _ := gpusOf(team)
	if want := unconditionalGPUs(team) - granted; pool.Shortfall != want || want == 0 {
		return fmt.Errorf("it was awarded %d GPUs and has %d, its shortfall is %d", unconditionalGPUs(team), granted, pool.Shortfall)
	}
	if donor.Spec.Term == nil || donor.Spec.Term.EndTime == nil || !pool.NextFreeTime.Equal(donor.Spec.Term.EndTime.Meta()) {
		return fmt.Errorf("it is told %v, but %s has the GPUs until %v", pool.NextFreeTime, donor.Name, donor.Spec.Term)
	}
	date := pool.NextFreeTime.UTC().Format(time.DateOnly)
	for _, part := range []string{pool.Name, strconv.Itoa(int(pool.Shortfall)), date} {
		if !strings.Contains(ready.Message, part) {
			return fmt.Errorf("the message %q does not say %s", ready.Message, part)
		}
	}
	return nil
}

// checkWithinCapacity checks that no pool grants more GPUs than it has.
func checkWithinCapacity(pools []foundationv1alpha1.GPUPool) error {
	if len(pools) != 2 {
		return fmt.Errorf("there are %d pools, not 2", len(pools))
	}
	for i := range pools {
		pool := &pools[i]
		if pool.Status.Capacity == nil {
			return fmt.Errorf("%s does not say what it has", pool.Name)
		}
		var granted int32
		for _, grant := range pool.Status.Grants {
			granted += grant.Granted
		}
		if total := pool.Status.Capacity.Total; granted > total || granted == 0 {
			return fmt.Errorf("%s has %d GPUs and granted %d", pool.Name, total, granted)
		}
	}
	return nil
}
