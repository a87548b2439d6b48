package attack

import (
	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// The team's priority level and flow schema as the operator creates them, and ones that an admin created for somebody else.
var (
	ownedLevel  = priorityLevel(owned("", "foundation-team.hanbit"))
	ownedSchema = flowSchema(owned("", "foundation-team.hanbit"))
	ownLevel    = priorityLevel(metav1.ObjectMeta{Name: "own"})
	ownSchema   = flowSchema(metav1.ObjectMeta{Name: "own"})
)

func priorityLevel(meta metav1.ObjectMeta) *flowcontrolv1.PriorityLevelConfiguration {
	return &flowcontrolv1.PriorityLevelConfiguration{
		ObjectMeta: meta,
		Spec: flowcontrolv1.PriorityLevelConfigurationSpec{
			Type: flowcontrolv1.PriorityLevelEnablementLimited,
			Limited: &flowcontrolv1.LimitedPriorityLevelConfiguration{
				NominalConcurrencyShares: new(int32(5)), BorrowingLimitPercent: new(int32(0)),
				LimitResponse: flowcontrolv1.LimitResponse{Type: flowcontrolv1.LimitResponseTypeReject},
			},
		},
	}
}

func flowSchema(meta metav1.ObjectMeta) *flowcontrolv1.FlowSchema {
	return &flowcontrolv1.FlowSchema{
		ObjectMeta: meta,
		Spec: flowcontrolv1.FlowSchemaSpec{
			MatchingPrecedence:         8000,
			PriorityLevelConfiguration: flowcontrolv1.PriorityLevelConfigurationReference{Name: meta.Name},
			Rules: []flowcontrolv1.PolicyRulesWithSubjects{{
				Subjects:         []flowcontrolv1.Subject{{Kind: flowcontrolv1.SubjectKindUser, User: &flowcontrolv1.UserSubject{Name: lead.name}}},
				NonResourceRules: []flowcontrolv1.NonResourcePolicyRule{{Verbs: []string{"*"}, NonResourceURLs: []string{"*"}}},
			}},
		},
	}
}

func flowAttacks() map[string]attack {
	const level, schema = "prioritylevelconfigurations foundation-team.hanbit", "flowschemas foundation-team.hanbit"
	byOps := func(what string, try, control request) attack {
		return attack{who: ops, try: try, refused: ownedByOperator + what, control: control}
	}
	const (
		more     = `{"spec":{"limited":{"nominalConcurrencyShares":500}}}`
		borrow   = `{"spec":{"limited":{"borrowingLimitPercent":null}}}`
		first    = `{"spec":{"matchingPrecedence":2}}`
		redirect = `{"spec":{"priorityLevelConfiguration":{"name":"exempt"}}}`
		everyone = `[{"op":"add","path":"/spec/rules/0/subjects/-","value":{"kind":"Group","group":{"name":"system:authenticated"}}}]`
	)
	sneakedSchema := flowSchema(owned("", "sneaked"))
	freshSchema := flowSchema(metav1.ObjectMeta{Name: "fresh"})
	return map[string]attack{
		"give a team more of the API server":    byOps(level, merge(ownedLevel, more), merge(ownLevel, more)),
		"have a team borrow without a limit":    byOps(level, merge(ownedLevel, borrow), merge(ownLevel, borrow)),
		"delete a team's priority level":        byOps(level, remove(ownedLevel), remove(ownLevel)),
		"unlabel a team's priority level":       byOps(level, merge(ownedLevel, unlabel), merge(ownLevel, harmless)),
		"put a team before the others":          byOps(schema, merge(ownedSchema, first), merge(ownSchema, first)),
		"exempt a team from its limits":         byOps(schema, merge(ownedSchema, redirect), merge(ownSchema, redirect)),
		"slow everybody down with a team":       byOps(schema, patch(ownedSchema, types.JSONPatchType, everyone), patch(ownSchema, types.JSONPatchType, everyone)),
		"delete a team's flow schema":           byOps(schema, remove(ownedSchema), remove(ownSchema)),
		"delete all flow schemas":               byOps(schema, removeAll(&flowcontrolv1.FlowSchema{}, ""), remove(ownSchema)),
		"pass a flow schema off as a team's":    byOps("flowschemas sneaked", create(sneakedSchema), create(freshSchema)),
		"unlabel a flow schema through status":  byOps(schema, patchSub("status", ownedSchema, types.MergePatchType, unlabel), patchSub("status", ownSchema, types.MergePatchType, harmless)),
		"unlabel a level through its status":    byOps(level, patchSub("status", ownedLevel, types.MergePatchType, unlabel), patchSub("status", ownLevel, types.MergePatchType, harmless)),
		"raise the own share as the lead":       {who: lead, try: merge(ownedLevel, more), refused: `cannot patch resource "prioritylevelconfigurations"`, control: merge(ownedLevel, more), by: operator},
		"leave the own flow schema as the lead": {who: lead, try: remove(ownedSchema), refused: `cannot delete resource "flowschemas"`, control: remove(ownedSchema), by: operator},
	}
}

func flowFixtures() []client.Object {
	return []client.Object{ownedLevel, ownedSchema, ownLevel, ownSchema}
}
