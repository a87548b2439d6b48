package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// passed are the teams that pass the first stage: all selected ones but naru.
var passed = slices.DeleteFunc(slices.Clone(selected), func(team string) bool { return team == teamNaru })

// addition returns a JSON patch that adds a value to the programme.
func addition(path string, value any) (string, error) {
	content, err := json.Marshal([]map[string]any{{"op": "add", "path": path, "value": value}})
	if err != nil {
		return "", fmt.Errorf("encode a patch: %w", err)
	}
	return string(content), nil
}

// addToProgramme adds a value to the programme, as the office.
func (d *demo) addToProgramme(ctx context.Context, path string, value any) error {
	content, err := addition(path, value)
	if err != nil {
		return err
	}
	return d.run(ctx, d.office, "patch", "fprog", programme, "--type=json", "-p", content)
}

// showStage records who passed the first stage. hanbit has an award for that case, but its pool is fully granted.
func (d *demo) showStage(ctx context.Context) error {
	if err := d.addToProgramme(ctx, "/spec/stages/0/passed", passed); err != nil {
		return err
	}
	counts := poll(ctx, stepDeadline, func(ctx context.Context) error {
		team, err := d.team(ctx, teamHanbit)
		if err != nil {
			return err
		}
		return checkStageAward(team)
	})
	if err := d.run(ctx, d.office, "get", "ft", teamHanbit); err != nil {
		return err
	}
	d.screen.check("hanbit passed, so its award for the second stage counts, and waits: the pool is given out", counts)
	return nil
}

// checkStageAward checks that a team requests all its awards now, still has the GPUs of the unconditional ones, and
// is not Ready because of a shortfall.
func checkStageAward(team *foundationv1alpha1.FoundationTeam) error {
	gpus := team.Status.GPUs
	if gpus == nil {
		return fmt.Errorf("the status of %s does not say", team.Name)
	}
	before, all := unconditionalGPUs(team), awardedGPUs(team)
	if granted, _ := gpusOf(team); gpus.Requested != all || granted != before || all == before {
		return fmt.Errorf("%s asks for %d GPUs and has %d, with awards of %d and then %d", team.Name, gpus.Requested, granted, before, all)
	}
	ready := meta.FindStatusCondition(team.Status.Conditions, foundationv1alpha1.ConditionReady)
	if ready == nil || ready.Reason != foundationv1alpha1.ReasonShortfall {
		return fmt.Errorf("the condition Ready of %s is %+v, not False for %s", team.Name, ready, foundationv1alpha1.ReasonShortfall)
	}
	return nil
}

// awardedGPUs returns how many GPUs a team was awarded, including those for which it has to pass a stage.
func awardedGPUs(team *foundationv1alpha1.FoundationTeam) int32 {
	var sum int32
	for _, award := range team.Spec.GPUs {
		if award.Count != nil {
			sum += *award.Count
		}
	}
	return sum
}
