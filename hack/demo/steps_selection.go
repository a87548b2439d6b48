package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

const (
	// programme is the name of the programme in the demo's manifests.
	programme = "example-models"
	// objectionTime is how long others can object to a selection: in reality days, here just enough to see it.
	objectionTime = 10 * time.Second
)

// The office's decisions on the fifteen teams that apply.
var (
	selected = []string{teamHanbit, "mirae", teamNaru, "onnuri", teamSaebyeok}
	rejected = []string{"areum", "bada", "byeol", "dasom", "gaon", "garam", "haneul", "maru", "nuri", "sol"}
)

// showApplications applies a programme with two pools and fifteen teams, and checks that nothing is provisioned yet.
func (d *demo) showApplications(ctx context.Context) error {
	d.screen.title("A programme with five seats, and fifteen teams that apply")
	if err := d.run(ctx, d.admin, "apply", "-k", filepath.Join("hack", "demo", "manifests", "programme")); err != nil {
		return err
	}
	err := poll(ctx, awardDeadline, func(ctx context.Context) error {
		teams, err := d.teams(ctx)
		if err != nil {
			return err
		}
		return checkStates(teams, nil)
	})
	if err != nil {
		return fmt.Errorf("the applications are not taken in: %w", err)
	}
	if err := d.run(ctx, d.office, "get", "ft"); err != nil {
		return err
	}
	theirs, err := d.teamObjects(ctx)
	if err != nil {
		return err
	}
	d.screen.check("before it is decided nobody has a namespace, a node, a GPU or access", theirs.checkNothing())
	return nil
}

// checkStates checks that all fifteen teams are in the expected state; teams without one must be NotSelected.
func checkStates(teams []foundationv1alpha1.FoundationTeam, expected map[string]foundationv1alpha1.TeamState) error {
	if want := len(selected) + len(rejected); len(teams) != want {
		return fmt.Errorf("there are %d teams, not %d", len(teams), want)
	}
	for i := range teams {
		want := cmp.Or(expected[teams[i].Name], foundationv1alpha1.StateNotSelected)
		status := &teams[i].Status
		if status.State != want || status.ObservedGeneration != teams[i].Generation {
			return fmt.Errorf("%s is %q, not %s", teams[i].Name, status.State, want)
		}
	}
	return nil
}

// states returns a map with the same state for each of these teams.
func states(teams []string, state foundationv1alpha1.TeamState) map[string]foundationv1alpha1.TeamState {
	of := map[string]foundationv1alpha1.TeamState{}
	for _, team := range teams {
		of[team] = state
	}
	return of
}

// teamObjects are the objects of teams, and the pools with their grants.
type teamObjects struct {
	namespaces []corev1.Namespace
	nodes      []corev1.Node
	bindings   []rbacv1.RoleBinding
	pools      []foundationv1alpha1.GPUPool
}

func (d *demo) teamObjects(ctx context.Context) (teamObjects, error) {
	namespaces, nodes, bindings := &corev1.NamespaceList{}, &corev1.NodeList{}, &rbacv1.RoleBindingList{}
	for list, label := range map[client.ObjectList]string{
		namespaces: foundationv1alpha1.LabelTeam,
		nodes:      foundationv1alpha1.LabelNodeTeam,
		bindings:   foundationv1alpha1.LabelTeam,
	} {
		if err := d.admin.client.List(ctx, list, client.HasLabels{label}); err != nil {
			return teamObjects{}, fmt.Errorf("list what teams have: %w", err)
		}
	}
	pools, err := d.pools(ctx)
	return teamObjects{namespaces: namespaces.Items, nodes: nodes.Items, bindings: bindings.Items, pools: pools}, err
}

// checkNothing checks that no team has any object or GPU.
func (b teamObjects) checkNothing() error {
	if len(b.namespaces)+len(b.nodes)+len(b.bindings) > 0 {
		return fmt.Errorf("there are %d namespaces, %d nodes and %d role bindings of teams", len(b.namespaces), len(b.nodes), len(b.bindings))
	}
	for i := range b.pools {
		for _, grant := range b.pools[i].Status.Grants {
			if grant.Granted > 0 {
				return fmt.Errorf("%s has granted %d GPUs to %s", b.pools[i].Name, grant.Granted, grant.TeamName)
			}
		}
	}
	return nil
}

// showSelection records the decisions: first one team too many, which is refused, then five. These get their awards
// when the selection is final.
func (d *demo) showSelection(ctx context.Context) error {
	d.screen.title("The office records who is selected")
	now := foundationv1alpha1.NewTimestamp(time.Now())
	if err := d.refuseSixth(ctx, now); err != nil {
		return err
	}
	finalAt := foundationv1alpha1.NewTimestamp(time.Now().Add(objectionTime))
	patch, err := selection(selected, rejected, now, finalAt)
	if err != nil {
		return err
	}
	path, err := d.writeFile("selection.yaml", patch)
	if err != nil {
		return err
	}
	d.screen.say("\nSelected are %s; the other ten are rejected. Until %s one can object.",
		strings.Join(selected, ", "), finalAt.UTC().Format(time.TimeOnly))
	if err := d.run(ctx, d.office, "patch", "fprog", programme, "--type=merge", "--patch-file="+path); err != nil {
		return err
	}
	if err := d.showNotFinal(ctx, finalAt.Time); err != nil {
		return err
	}
	if err := d.awaitAllocation(ctx); err != nil {
		return err
	}
	teams, err := d.teams(ctx)
	if err != nil {
		return err
	}
	theirs, err := d.teamObjects(ctx)
	if err != nil {
		return err
	}
	d.screen.check("the five are in from the second at which it was final, and not a moment before", checkInTerm(withNames(teams, selected), theirs, *finalAt.Meta()))
	d.screen.check("the ten others have nothing", theirs.checkOnly(selected))
	return nil
}

// refuseSixth tries to select one team more than there are seats.
func (d *demo) refuseSixth(ctx context.Context, now foundationv1alpha1.Timestamp) error {
	patch, err := selection(append(slices.Clone(selected), rejected[0]), rejected[1:], now, now)
	if err != nil {
		return err
	}
	path, err := d.writeFile("one-too-many.yaml", patch)
	if err != nil {
		return err
	}
	refused, err := d.refuse(ctx, d.office, "patch", "fprog", programme, "--type=merge", "--patch-file="+path)
	if err != nil {
		return err
	}
	if refused == nil {
		refused = d.checkSixth(ctx, patch)
	}
	d.screen.check("six teams for five seats are refused", refused)
	return nil
}

// checkSixth checks that the API server names the reason when it refuses a sixth team, and that it stores no
// decision.
func (d *demo) checkSixth(ctx context.Context, patch []byte) error {
	program := &foundationv1alpha1.FoundationProgram{ObjectMeta: metav1.ObjectMeta{Name: programme}}
	asJSON, err := yaml.YAMLToJSON(patch)
	if err != nil {
		return fmt.Errorf("encode the selection: %w", err)
	}
	err = d.office.client.Patch(ctx, program, client.RawPatch(types.MergePatchType, asJSON))
	if err := checkRefusalError(err, apierrors.IsInvalid, "spec.decisions", "5 seats"); err != nil {
		return err
	}
	if err := d.office.client.Get(ctx, client.ObjectKey{Name: programme}, program); err != nil {
		return fmt.Errorf("get the programme: %w", err)
	}
	if n := len(program.Spec.Decisions); n > 0 {
		return fmt.Errorf("it was refused, and %d decisions are there", n)
	}
	return nil
}

// selection returns a merge patch that records a decision on each of these teams.
func selection(in, out []string, decidedAt, finalAt foundationv1alpha1.Timestamp) ([]byte, error) {
	var decisions []foundationv1alpha1.Decision
	decide := func(teams []string, outcome foundationv1alpha1.Outcome, reason string) {
		for _, team := range teams {
			decisions = append(decisions, foundationv1alpha1.Decision{
				TeamName: team, Outcome: outcome, Reason: reason, DecisionTime: &decidedAt, FinalTime: &finalAt,
			})
		}
	}
	decide(in, foundationv1alpha1.OutcomeSelected, "among the best five")
	decide(out, foundationv1alpha1.OutcomeRejected, "not among the best five")
	patch, err := yaml.Marshal(map[string]any{"spec": map[string]any{"decisions": decisions}})
	if err != nil {
		return nil, fmt.Errorf("encode the selection: %w", err)
	}
	return patch, nil
}

// writeFile writes a file into the demo's directory, and returns its path relative to the repository's root.
func (d *demo) writeFile(name string, content []byte) (string, error) {
	path := filepath.Join(d.workDir.dir, name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		return "", fmt.Errorf("write %s: %w", name, err)
	}
	return filepath.Rel(d.root, path)
}

// showNotFinal shows the teams while the decisions are not final.
func (d *demo) showNotFinal(ctx context.Context, finalAt time.Time) error {
	recorded := poll(ctx, time.Until(finalAt), func(ctx context.Context) error {
		teams, err := d.teams(ctx)
		if err != nil {
			return err
		}
		if err := checkStates(teams, states(selected, foundationv1alpha1.StateNotFinal)); err != nil {
			return err
		}
		return checkRejected(withNames(teams, rejected))
	})
	if err := d.run(ctx, d.office, "get", "ft"); err != nil {
		return err
	}
	theirs, err := d.teamObjects(ctx)
	if err != nil {
		return err
	}
	if recorded == nil {
		recorded = theirs.checkNothing()
	}
	if late := time.Since(finalAt); recorded == nil && late >= 0 {
		recorded = fmt.Errorf("it was final %s before one could look", late)
	}
	d.screen.check("each team reads what was decided on it; the five are in only when that is final, and still have nothing", recorded)
	return nil
}

// checkRejected checks that the teams' status has the outcome Rejected.
func checkRejected(teams []foundationv1alpha1.FoundationTeam) error {
	for i := range teams {
		if program := teams[i].Status.Program; program == nil || program.Outcome != foundationv1alpha1.OutcomeRejected {
			return fmt.Errorf("%s is told %+v", teams[i].Name, program)
		}
	}
	return nil
}

// checkInTerm checks that the teams are in term since that time, and that no namespace is older.
func checkInTerm(teams []foundationv1alpha1.FoundationTeam, theirs teamObjects, since metav1.Time) error {
	for i := range teams {
		status := &teams[i].Status
		if status.State != foundationv1alpha1.StateInTerm || !status.StateTransitionTime.Equal(&since) {
			return fmt.Errorf("%s is %s since %v, not since %v", teams[i].Name, status.State, status.StateTransitionTime, since)
		}
	}
	for i := range theirs.namespaces {
		if made := &theirs.namespaces[i].CreationTimestamp; made.Before(&since) {
			return fmt.Errorf("%s was made at %v, before %v", theirs.namespaces[i].Name, made, since)
		}
	}
	return nil
}

// checkOnly checks that no other than these teams has any object or GPU.
func (b teamObjects) checkOnly(teams []string) error {
	var objects []client.Object
	for i := range b.namespaces {
		objects = append(objects, &b.namespaces[i])
	}
	for i := range b.nodes {
		objects = append(objects, &b.nodes[i])
	}
	for i := range b.bindings {
		objects = append(objects, &b.bindings[i])
	}
	for _, object := range objects {
		if team := object.GetLabels()[foundationv1alpha1.LabelTeam]; !slices.Contains(teams, team) {
			return fmt.Errorf("%s is of %q", object.GetName(), team)
		}
	}
	for i := range b.pools {
		for _, grant := range b.pools[i].Status.Grants {
			if grant.Granted > 0 && !slices.Contains(teams, grant.TeamName) {
				return fmt.Errorf("%s has granted %d GPUs to %s", b.pools[i].Name, grant.Granted, grant.TeamName)
			}
		}
	}
	return nil
}
