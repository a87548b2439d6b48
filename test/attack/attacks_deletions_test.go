package attack

import (
	"context"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// Objects that are in use, as their status says, each with a neighbour whose deletion is confirmed.
var (
	usedTeam         = teamCalled("used")
	pausedTeam       = teamCalled("paused")
	wipedTeam        = teamCalled("wiped")   // deletionPolicy Delete
	strayTeam        = teamCalled("stray")   // its programme is missing, and it still has what it had
	overTeam         = teamCalled("over")    // ended
	confirmedTeam    = teamCalled("certain") // in term, confirmed
	usedPool         = poolCalled("granted")
	confirmedPool    = poolCalled("surely-granted")
	goingPool        = poolCalled("going") // being deleted, with grants
	usedProgram      = programCalled("underway")
	confirmedProgram = programCalled("surely-underway")

	// sizedTeam asks for more than its volume has.
	sizedTeam = teamCalled("sized")

	// Kinds: one of ours, one of ours whose deletion is confirmed, and one of others.
	teamKind    = kindCalled("foundationteams.foundation.team")
	recordKind  = kindCalled("teamrecords.foundation.team")
	foreignKind = kindCalled("nodepools.karpenter.sh")
)

func teamCalled(name string) *foundationv1alpha1.FoundationTeam {
	t := &foundationv1alpha1.FoundationTeam{ObjectMeta: metav1.ObjectMeta{Name: name}}
	if name == "wiped" {
		t.Spec.DeletionPolicy = foundationv1alpha1.DeletionPolicyDelete
	}
	t.Spec.DisplayName = name
	return t
}

func poolCalled(name string) *foundationv1alpha1.GPUPool {
	p := gpuPool.DeepCopy()
	p.ObjectMeta = metav1.ObjectMeta{Name: name}
	return p
}

func programCalled(name string) *foundationv1alpha1.FoundationProgram {
	p := program.DeepCopy()
	p.ObjectMeta = metav1.ObjectMeta{Name: name}
	return p
}

// sized asks for a size of the volume of sizedTeam.
func sized(size string) request {
	return merge(sizedTeam, fmt.Sprintf(`{"spec":{"volumes":[{"name":"data","namespace":"a","size":%q}]}}`, size))
}

func kindCalled(name string) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": map[string]any{"name": name},
	}}
}

// deletionAttacks delete what is in use, by a slip of a key, a prune or a script. Admins are not exempt.
func deletionAttacks() map[string]attack {
	by := func(who actor, refused string, try, control request) attack {
		return attack{who: who, try: try, refused: refused, control: control}
	}
	const (
		team = "FoundationTeam used is InTerm: 64 GPUs, the access of 3 staff entries and all work in 2 namespaces would end. " +
			"Its data would be kept, locked; annotate foundation.team/confirm-deletion=used to delete it all the same"
		pool = "GPUPool granted has 128 GPUs granted to 6 teams: a 8, b 16, c 32, d 32, e 32 and 1 more. " +
			"Deleted, it grants nothing more, and goes for good when they have given them back; annotate foundation.team/confirm-deletion=granted"
		programme = "FoundationProgram underway has 2 teams in: a, c. " +
			"Deleted, it goes for good, with all that was decided, when they are gone; annotate foundation.team/confirm-deletion=underway"
		ofKind = "CustomResourceDefinition foundationteams.foundation.team takes every FoundationTeam of the cluster with it: see kubectl get foundationteams"
	)
	return map[string]attack{
		"delete a team in term":                by(ops, team, remove(usedTeam), remove(confirmedTeam)),
		"delete a team in term as an admin":    by(admin, team, remove(usedTeam), remove(confirmedTeam)),
		"delete a team by garbage collection":  by(collector, team, remove(usedTeam), remove(overTeam)),
		"delete a suspended team":              by(ops, "FoundationTeam paused is Suspended: 0 GPUs, the access of 0 staff entries", remove(pausedTeam), remove(overTeam)),
		"delete a team whose data may go":      by(ops, "Its deletionPolicy is Delete: the same confirmation has its data deleted, once retention.keep is over", remove(wipedTeam), remove(overTeam)),
		"delete a team that lost its decision": by(ops, "FoundationTeam stray is ProgramNotFound: 0 GPUs, the access of 1 staff entry", remove(strayTeam), remove(overTeam)),
		"delete all teams":                     by(ops, "and all work in", removeAll(&foundationv1alpha1.FoundationTeam{}, ""), remove(overTeam)),
		"delete a pool that has grants":        by(ops, pool, remove(usedPool), remove(confirmedPool)),
		"delete a programme with teams in":     by(ops, programme, remove(usedProgram), remove(confirmedProgram)),
		"delete a kind with all its objects":   by(ops, ofKind, remove(teamKind), remove(recordKind)),
		"shrink a volume below what it has":    by(admin, "spec.volumes: data has 1Ti and cannot shrink: ask for 1Ti or more", sized("1023Gi"), sized("1Ti")),
		"delete a kind as an admin":            by(admin, ofKind, remove(teamKind), remove(foreignKind)),
	}
}

// deletionWork is deleting what nobody uses, and again what is being deleted.
func deletionWork() map[string]legitimateWork {
	return map[string]legitimateWork{
		"delete a team that has ended":        {ops, remove(overTeam)},
		"delete a pool without grants":        {ops, remove(gpuPool)},
		"delete a programme without teams in": {ops, remove(program)},
		"delete a pool that goes already":     {ops, remove(goingPool)},
		"delete a kind of others":             {ops, remove(foreignKind)},
	}
}

// use gives the objects above the status that makes them what they are called, and confirms the deletion of some.
func use(ctx context.Context) error {
	sizedTeam.Spec.Namespaces = []foundationv1alpha1.TeamNamespace{{Name: "a"}}
	sizedTeam.Spec.Volumes = []foundationv1alpha1.TeamVolume{{Name: "data", Namespace: "a", Size: foundationv1alpha1.Quantity{Quantity: resource.MustParse("2Ti")}}}
	goingPool.Finalizers = []string{"test.example/hold"}
	for _, o := range []client.Object{
		usedTeam, pausedTeam, wipedTeam, strayTeam, overTeam, confirmedTeam, sizedTeam, usedPool, confirmedPool, goingPool, usedProgram, confirmedProgram,
	} {
		if err := createFixture(ctx, o); err != nil {
			return fmt.Errorf("%s: %w", o.GetName(), err)
		}
	}
	if err := masters.Delete(ctx, clone(goingPool)); err != nil { // nobody has grants of it yet
		return err
	}
	const inTerm = `{"state":"InTerm","gpus":{"requested":64,"granted":64,"ready":64,"used":0},"staff":{"active":3},` +
		`"namespaces":[{"name":"used-a","granted":32,"used":0},{"name":"used-b","granted":32,"used":0}]}`
	var grants []string
	for i, count := range []int{8, 16, 32, 32, 32, 8} {
		grants = append(grants, fmt.Sprintf(`{"teamName":"%c","uid":"u","requested":32,"granted":%d,"held":0,"ready":0,"shortfall":0}`, 'a'+i, count))
	}
	grants = append(grants, `{"teamName":"waits","uid":"u","requested":32,"granted":0,"held":0,"ready":0,"shortfall":32}`)
	granted := `{"grants":[` + strings.Join(grants, ",") + `]}`
	const teams = `{"teams":[{"name":"a","state":"InTerm"},{"name":"b","state":"Ended"},{"name":"c","state":"Suspended"},{"name":"d"}]}`
	for _, tt := range []struct {
		of     client.Object
		status string
	}{
		{usedTeam, inTerm},
		{wipedTeam, inTerm},
		{confirmedTeam, inTerm},
		{pausedTeam, `{"state":"Suspended"}`},
		{strayTeam, `{"state":"ProgramNotFound","staff":{"active":1}}`},
		{overTeam, `{"state":"Ended","staff":{"active":3}}`},
		{sizedTeam, `{"volumes":[{"namespace":"sized-a","name":"data","capacity":"1Ti"},{"namespace":"sized-b","name":"data","capacity":"9Ti"}]}`},
		{usedPool, granted},
		{confirmedPool, granted},
		{goingPool, granted},
		{usedProgram, teams},
		{confirmedProgram, teams},
	} {
		if err := masters.Status().Patch(ctx, clone(tt.of), client.RawPatch(types.MergePatchType, []byte(`{"status":`+tt.status+`}`))); err != nil {
			return fmt.Errorf("status of %s: %w", tt.of.GetName(), err)
		}
	}
	for _, o := range []client.Object{confirmedTeam, confirmedPool, confirmedProgram, recordKind} {
		confirm := fmt.Sprintf(`{"metadata":{"annotations":{%q:%q}}}`, foundationv1alpha1.AnnotationConfirmDeletion, o.GetName())
		if err := masters.Patch(ctx, clone(o), client.RawPatch(types.MergePatchType, []byte(confirm))); err != nil {
			return fmt.Errorf("confirm %s: %w", o.GetName(), err)
		}
	}
	return nil
}
