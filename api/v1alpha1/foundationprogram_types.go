package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// FoundationProgram is a programme that selects teams: how many seats it has, by what they are judged, how they were
// judged, what was decided, and what each may be given at the most. Decisions are people's; the operator holds them
// against the rules, says what contradicts them, and lets teams in from when to when they say. Teams cannot read it.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Cluster,shortName=fprog,categories=foundation
// +kubebuilder:printcolumn:name="Seats",type=string,JSONPath=`.status.seats.summary`,description="filled/all"
// +kubebuilder:printcolumn:name="Next",type=string,JSONPath=`.status.nextTransitionTime`,priority=1
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Message",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 63 && self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",messageExpression="'metadata.name: ' + self.metadata.name + ' must be at most 63 lower case letters, digits and hyphens, and start and end with a letter or digit'",message="metadata.name: must be at most 63 lower case letters, digits and hyphens, and start and end with a letter or digit"
type FoundationProgram struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata. The name has at most 63 lower case letters, digits and hyphens.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is the programme's rules, what was judged and what was decided.
	// +required
	Spec FoundationProgramSpec `json:"spec,omitzero"`
	// status is where the programme stands.
	// +optional
	Status FoundationProgramStatus `json:"status,omitempty,omitzero"`

	// Unreadable says of which values the operator's cache has not read. It is no part of the API: nobody can set it there.
	Unreadable []string `json:"-"`
}

// FoundationProgramSpec is a programme's rules, what was judged and what was decided.
//
// +kubebuilder:validation:XValidation:fieldPath=".evaluations",rule="!has(self.evaluations) || self.evaluations.all(e, !has(e.results) || e.results.all(r, !has(r.scores) || r.scores.size() <= (has(self.criteria) ? self.criteria.filter(c, c.name in r.scores).size() : 0)))",messageExpression="self.evaluations.map(e, has(e.results) && e.results.exists(r, has(r.scores) && r.scores.size() > (has(self.criteria) ? self.criteria.filter(c, c.name in r.scores).size() : 0)), e.results.map(r, has(r.scores) && r.scores.size() > (has(self.criteria) ? self.criteria.filter(c, c.name in r.scores).size() : 0), '%s: %s has a score for %s, which spec.criteria does not have: add the criterion there or correct the score'.format([e.name, r.teamName, r.scores.filter(k, !has(self.criteria) || !self.criteria.exists(c, c.name == k))[0]]))[0])[0]",message="some scores are for criteria that spec.criteria does not have: add the criteria there or correct the scores"
// +kubebuilder:validation:XValidation:fieldPath=".evaluations",rule="!has(self.evaluations) || !has(self.criteria) || self.evaluations.all(e, !has(e.results) || e.results.all(r, !has(r.scores) || self.criteria.all(c, !(c.name in r.scores) || double(r.scores[c.name]) <= double(c.weight) || !r.scores[c.name].matches('^[0-9]{1,3}([.][0-9]{1,2})?$'))))",messageExpression="self.evaluations.map(e, has(e.results) && e.results.exists(r, has(r.scores) && self.criteria.exists(c, c.name in r.scores && double(r.scores[c.name]) > double(c.weight))), e.results.map(r, has(r.scores) && self.criteria.exists(c, c.name in r.scores && double(r.scores[c.name]) > double(c.weight)), self.criteria.map(c, c.name in r.scores && double(r.scores[c.name]) > double(c.weight), '%s: %s has %s for %s, whose weight is %d: lower the score or raise the weight'.format([e.name, r.teamName, r.scores[c.name], c.name, c.weight]))[0])[0])[0]",message="some scores are above the weight of their criterion: lower the scores or raise the weights"
// +kubebuilder:validation:XValidation:fieldPath=".evaluations",rule="!has(self.evaluations) || self.evaluations.all(e, !has(e.results) || e.results.all(r, !has(r.gates) || r.gates.size() <= (has(self.gates) ? self.gates.filter(g, g.name in r.gates).size() : 0)))",messageExpression="self.evaluations.map(e, has(e.results) && e.results.exists(r, has(r.gates) && r.gates.size() > (has(self.gates) ? self.gates.filter(g, g.name in r.gates).size() : 0)), e.results.map(r, has(r.gates) && r.gates.size() > (has(self.gates) ? self.gates.filter(g, g.name in r.gates).size() : 0), '%s: %s has a result for %s, which spec.gates does not have: add the gate there or correct the result'.format([e.name, r.teamName, r.gates.filter(k, !has(self.gates) || !self.gates.exists(g, g.name == k))[0]]))[0])[0]",message="some results are for gates that spec.gates does not have: add the gates there or correct the results"
// +kubebuilder:validation:XValidation:fieldPath=".decisions",rule="!has(self.decisions) || !self.decisions.exists(d, has(d.evaluation) && (!has(self.evaluations) || !self.evaluations.exists(e, e.name == d.evaluation)))",messageExpression="self.decisions.map(d, has(d.evaluation) && (!has(self.evaluations) || !self.evaluations.exists(e, e.name == d.evaluation)), 'the decision on %s names %s, which spec.evaluations does not have: add the evaluation there or correct the decision'.format([d.teamName, d.evaluation]))[0]",message="some decisions name evaluations that spec.evaluations does not have: add the evaluations there or correct the decisions"
// +kubebuilder:validation:XValidation:fieldPath=".decisions",rule="!has(self.decisions) || !has(self.evaluations) || self.evaluations.size() == 0 || !self.decisions.exists(d, d.outcome == 'Selected' && !has(d.evaluation))",messageExpression="self.decisions.map(d, d.outcome == 'Selected' && !has(d.evaluation), d.teamName)[0] + ' is selected without an evaluation: name the one that it was decided on'",message="some teams are selected without an evaluation: name the one that it was decided on"
// +kubebuilder:validation:XValidation:fieldPath=".decisions",rule="!has(self.decisions) || !has(self.evaluations) || self.decisions.exists(d, format.datetime().validate(d.decisionTime).hasValue()) || self.evaluations.exists(e, has(e.closeTime) && format.datetime().validate(e.closeTime).hasValue()) || !self.decisions.exists(d, d.outcome == 'Selected' && !has(d.overturnTime) && has(d.evaluation) && self.evaluations.exists(e, e.name == d.evaluation && (!has(e.closeTime) || timestamp(e.closeTime) > timestamp(d.decisionTime))))",messageExpression="self.decisions.map(d, d.outcome == 'Selected' && !has(d.overturnTime) && has(d.evaluation) && self.evaluations.exists(e, e.name == d.evaluation && (!has(e.closeTime) || timestamp(e.closeTime) > timestamp(d.decisionTime))), '%s is selected on %s, %s'.format([d.teamName, d.evaluation, self.evaluations.exists(e, e.name == d.evaluation && has(e.closeTime)) ? 'which was closed later: move decisionTime to its closeTime or later' : 'which is not closed: set its closeTime, to decisionTime or earlier']))[0]",message="some teams are selected on evaluations that were not closed yet: set their closeTime, or move decisionTime"
// +kubebuilder:validation:XValidation:fieldPath=".decisions",rule="!has(self.decisions) || !has(self.evaluations) || [self.evaluations.transformMapEntry(i, e, has(e.results), {e.name: e.results.transformMapEntry(j, r, has(r.gates) && r.gates.exists(k, r.gates[k] == 'Failed' && (!has(r.waivers) || !(k in r.waivers))), {r.teamName: r.gates.filter(k, r.gates[k] == 'Failed' && (!has(r.waivers) || !(k in r.waivers)))})})].all(failed, !self.decisions.exists(d, d.outcome == 'Selected' && !has(d.overturnTime) && has(d.evaluation) && d.evaluation in failed && d.teamName in failed[d.evaluation])) || self.evaluations.map(e, e.name).distinct().size() < self.evaluations.size() || self.evaluations.exists(e, has(e.results) && e.results.map(r, r.teamName).distinct().size() < e.results.size())",messageExpression="[self.evaluations.transformMapEntry(i, e, has(e.results), {e.name: e.results.transformMapEntry(j, r, has(r.gates) && r.gates.exists(k, r.gates[k] == 'Failed' && (!has(r.waivers) || !(k in r.waivers))), {r.teamName: r.gates.filter(k, r.gates[k] == 'Failed' && (!has(r.waivers) || !(k in r.waivers))).sort()})})].map(failed, self.decisions.map(d, d.outcome == 'Selected' && !has(d.overturnTime) && has(d.evaluation) && d.evaluation in failed && d.teamName in failed[d.evaluation], '%s is selected although it failed %s in %s: record a waiver with its reason there, or decide otherwise'.format([d.teamName, failed[d.evaluation][d.teamName][0], d.evaluation]))[0])[0]",message="some teams are selected although they failed a gate: record a waiver with its reason in the result, or decide otherwise"
// +kubebuilder:validation:XValidation:fieldPath=".decisions",rule="!has(self.decisions) || self.decisions.exists(d, format.datetime().validate(d.decisionTime).hasValue()) || [self.decisions.filter(d, !has(d.overturnTime)).sortBy(d, '%s %s'.format([d.teamName, timestamp(int(timestamp(d.decisionTime)))]))].all(standing, standing.transformList(i, d, d.outcome == 'Selected' && (i + 1 == standing.size() || !(d.teamName in [standing[i + 1].teamName])), d.teamName).size() <= self.seats)",messageExpression="[self.decisions.filter(d, !has(d.overturnTime)).sortBy(d, '%s %s'.format([d.teamName, timestamp(int(timestamp(d.decisionTime)))]))].map(standing, standing.transformList(i, d, d.outcome == 'Selected' && (i + 1 == standing.size() || !(d.teamName in [standing[i + 1].teamName])), d.teamName)).map(teams, '%s is the last of %d teams that are selected for %d seats: decide otherwise on %d of them, or raise spec.seats'.format([self.decisions.filter(d, d.outcome == 'Selected' && !has(d.overturnTime) && d.teamName in teams).map(d, d.teamName).reverse()[0], teams.size(), self.seats, teams.size() - self.seats]))[0]",message="more teams are selected than there are seats: decide otherwise on some of them, or raise spec.seats"
// +kubebuilder:validation:XValidation:fieldPath=".decisions",rule="!has(self.decisions) || self.decisions.exists(d, format.datetime().validate(d.decisionTime).hasValue()) || [self.decisions.filter(d, d.outcome == 'Selected')].all(selections, !self.decisions.exists(d, d.outcome == 'Eliminated' && !selections.exists(s, s.teamName == d.teamName && timestamp(s.decisionTime) <= timestamp(d.decisionTime))))",messageExpression="[self.decisions.filter(d, d.outcome == 'Selected')].map(selections, self.decisions.map(d, d.outcome == 'Eliminated' && !selections.exists(s, s.teamName == d.teamName && timestamp(s.decisionTime) <= timestamp(d.decisionTime)), d.teamName)[0])[0] + ' is eliminated without having been selected before: correct decisionTime, or decide Rejected instead'",message="some teams are eliminated without having been selected before: correct decisionTime, or decide Rejected instead"
type FoundationProgramSpec struct {
	// displayName is the programme's name for people, in any language.
	// +optional
	DisplayName DisplayName `json:"displayName,omitempty"`

	// timeZone is the IANA time zone in which messages tell times, and in which years of money begin, for example
	// Asia/Seoul.
	// +optional
	// +default="UTC"
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="!self.contains(':') && self != 'Local' && timestamp('2026-01-01T00:00:00Z').getFullYear(self) > 0",message="must be an IANA time zone, for example Asia/Seoul"
	TimeZone string `json:"timeZone,omitempty"`

	// currency is the ISO 4217 code of the currency of all money here and in the teams' budgets, for example KRW.
	// +optional
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=3
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Z]{3}$')",message="must be a currency's ISO 4217 code, for example KRW"
	Currency string `json:"currency,omitempty"`

	// seats is how many teams may be in at a time. They need not all be filled.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=512
	Seats int32 `json:"seats,omitempty"`

	// criteria are what teams are scored by. Their weights add up to 100.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:XValidation:rule="self.size() == 0 || self.map(c, c.weight).sum() == 100",messageExpression="'weights add up to %d: they must add up to 100'.format([self.map(c, c.weight).sum()])",message="weights must add up to 100"
	Criteria []Criterion `json:"criteria,omitempty"`

	// gates are what a team must pass whatever its score: a failed one is a veto.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	Gates []Gate `json:"gates,omitempty"`

	// evaluations are how teams were judged, each time: in writing, in a presentation, after a stage.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=8
	Evaluations []Evaluation `json:"evaluations,omitempty"`

	// decisions are what people decided on teams, as they decided it. Of those that have taken effect the one decided last
	// counts.
	// +optional
	// +listType=map
	// +listMapKey=teamName
	// +listMapKey=decisionTime
	// +kubebuilder:validation:MaxItems=512
	Decisions []Decision `json:"decisions,omitempty"`

	// stages are parts of the programme's time. Awards may last for a stage, and may depend on an earlier one.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	Stages []Stage `json:"stages,omitempty"`

	// ceilings are the most that a team may be given.
	// +optional
	Ceilings *Ceilings `json:"ceilings,omitempty"`

	// budget is the programme's money, by line.
	// +optional
	// +listType=map
	// +listMapKey=line
	// +kubebuilder:validation:MaxItems=3
	Budget []BudgetTotal `json:"budget,omitempty"`

	// retention is what becomes of a team's data when its time is over.
	// +optional
	Retention *Retention `json:"retention,omitempty"`
}

// Criterion is something that teams are scored by.
type Criterion struct {
	// name tells criteria apart.
	// +required
	Name EntryName `json:"name,omitempty"`
	// displayName is its name for people.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	DisplayName string `json:"displayName,omitempty"`
	// weight is the highest score.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	Weight int32 `json:"weight,omitempty"`
}

// Gate is something that a team must pass whatever its score.
type Gate struct {
	// name tells gates apart.
	// +required
	Name EntryName `json:"name,omitempty"`
	// description is what is asked for.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Description string `json:"description,omitempty"`
}

// Evaluation is one time that teams were judged.
type Evaluation struct {
	// name tells evaluations apart, for example written.
	// +required
	Name EntryName `json:"name,omitempty"`
	// closeTime is when it was closed (RFC 3339). Until then it is under way: nobody can be selected on it.
	// +optional
	CloseTime *Timestamp `json:"closeTime,omitempty"`
	// results are the teams' results.
	// +optional
	// +listType=map
	// +listMapKey=teamName
	// +kubebuilder:validation:MaxItems=128
	Results []Result `json:"results,omitempty"`
}

// Result is how a team was judged in one evaluation.
//
// +kubebuilder:validation:XValidation:fieldPath=".waivers",rule="!has(self.waivers) || self.waivers.all(k, has(self.gates) && k in self.gates && self.gates[k] == 'Failed')",messageExpression="'%s has a waiver for %s, which it has not failed: leave it out'.format([self.teamName, self.waivers.filter(k, !(has(self.gates) && k in self.gates && self.gates[k] == 'Failed')).sort()[0]])",message="some waivers are for gates that the team has not failed: leave them out"
type Result struct {
	// teamName is the FoundationTeam's name. It need not exist yet.
	// +required
	TeamName TeamName `json:"teamName,omitempty"`
	// scores are by criterion, from 0 to the criterion's weight, with at most two decimals, in quotes: "36" or "27.5".
	// +optional
	// +kubebuilder:validation:MaxProperties=16
	Scores map[string]Score `json:"scores,omitempty"`
	// gates are Passed or Failed, by gate.
	// +optional
	// +kubebuilder:validation:MaxProperties=16
	Gates map[string]GateResult `json:"gates,omitempty"`
	// waivers are why a gate that the team failed is passed over, by gate. Without one it cannot be selected.
	// +optional
	// +kubebuilder:validation:MaxProperties=16
	// +kubebuilder:validation:XValidation:rule="self.all(k, self[k].size() > 0 && self[k].size() <= 512)",messageExpression="self.filter(k, !(self[k].size() > 0 && self[k].size() <= 512)).sort()[0] + ' must have a reason of 1 to 512 characters'",message="reasons must have 1 to 512 characters"
	Waivers map[string]string `json:"waivers,omitempty"`
}

// Score is a number from 0 to 100 with at most two decimals.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=6
// +kubebuilder:validation:XValidation:rule="self.matches('^[0-9]{1,3}([.][0-9]{1,2})?$')",message="must be a score of 0 or more with at most two decimals, in quotes, for example \"36\" or \"27.5\""
type Score string

// GateResult is whether a team passed a gate.
//
// +kubebuilder:validation:Enum=Passed;Failed
type GateResult string

// Gate results.
const (
	// GatePassed: the gate is no obstacle.
	GatePassed GateResult = "Passed"
	// GateFailed: the team cannot be selected without a waiver.
	GateFailed GateResult = "Failed"
)

// Decision is what people decided on a team.
//
// +kubebuilder:validation:XValidation:fieldPath=".finalTime",rule="!has(self.finalTime) || [self.finalTime, self.decisionTime].exists(t, format.datetime().validate(t).hasValue()) || timestamp(self.finalTime) >= timestamp(self.decisionTime)",messageExpression="self.teamName + ' cannot be final before it was decided: move finalTime to decisionTime or later, or leave it out'",message="must not be before decisionTime"
// +kubebuilder:validation:XValidation:fieldPath=".effectiveTime",rule="!has(self.effectiveTime) || [self.effectiveTime, self.decisionTime].exists(t, format.datetime().validate(t).hasValue()) || timestamp(self.effectiveTime) >= timestamp(self.decisionTime)",messageExpression="self.teamName + ' cannot take effect before it was decided: move effectiveTime to decisionTime or later, or leave it out'",message="must not be before decisionTime"
// +kubebuilder:validation:XValidation:fieldPath=".finalTime",rule="self.outcome != 'Withdrawn' || !has(self.finalTime)",messageExpression="self.teamName + ' withdraws, which nobody objects to: leave finalTime out'",message="a withdrawal has no objection window: leave it out"
// +kubebuilder:validation:XValidation:fieldPath=".overturnTime",rule="has(self.overturnTime) == has(self.overturnReason)",messageExpression="self.teamName + ': overturnTime and overturnReason go together: give both, or neither'",message="goes together with overturnReason: give both, or neither"
// +kubebuilder:validation:XValidation:fieldPath=".overturnTime",rule="!has(self.overturnTime) || [self.overturnTime, self.decisionTime].exists(t, format.datetime().validate(t).hasValue()) || timestamp(self.overturnTime) >= timestamp(self.decisionTime)",messageExpression="self.teamName + ' cannot be overturned before it was decided: move overturnTime to decisionTime or later'",message="must not be before decisionTime"
type Decision struct {
	// teamName is the FoundationTeam's name. It need not exist yet.
	// +required
	TeamName TeamName `json:"teamName,omitempty"`
	// outcome is what was decided. Selected lets the team in once it is final. Rejected keeps it out. Eliminated ends
	// its seat: compute at once, the rest when it is final. Withdrawn ends all of it at once.
	// +required
	Outcome Outcome `json:"outcome,omitempty"`
	// evaluation is the evaluation that it was decided on; a selection names one if there are any.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Evaluation string `json:"evaluation,omitempty"`
	// reason is why, for the record and for the team, which reads it.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Reason string `json:"reason,omitempty"`
	// decisionTime is when it was decided (RFC 3339).
	// +required
	DecisionTime *Timestamp `json:"decisionTime,omitempty"`
	// finalTime is when the time to object is over (RFC 3339). Without it, it is final when it takes effect.
	// +optional
	FinalTime *Timestamp `json:"finalTime,omitempty"`
	// effectiveTime is when it takes effect (RFC 3339). Without it, when it was decided. A selection takes effect when it is
	// final, at the earliest.
	// +optional
	EffectiveTime *Timestamp `json:"effectiveTime,omitempty"`
	// overturnTime is when the decision was overturned, for example because an objection was upheld (RFC 3339). From
	// then on it counts as not made.
	// +optional
	OverturnTime *Timestamp `json:"overturnTime,omitempty"`
	// overturnReason is why it was overturned.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	OverturnReason string `json:"overturnReason,omitempty"`
}

// Outcome is what was decided on a team.
//
// +kubebuilder:validation:Enum=Selected;Rejected;Eliminated;Withdrawn
type Outcome string

// Outcomes.
const (
	// OutcomeSelected: the team gets a seat.
	OutcomeSelected Outcome = "Selected"
	// OutcomeRejected: the team gets none.
	OutcomeRejected Outcome = "Rejected"
	// OutcomeEliminated: the team loses its seat.
	OutcomeEliminated Outcome = "Eliminated"
	// OutcomeWithdrawn: the team gives its seat, or its application, up.
	OutcomeWithdrawn Outcome = "Withdrawn"
)

// Stage is a part of a programme's time.
//
// +kubebuilder:validation:XValidation:fieldPath=".endTime",rule="[self.startTime, self.endTime].exists(t, format.datetime().validate(t).hasValue()) || timestamp(self.startTime) < timestamp(self.endTime)",messageExpression="self.name + ' must end after it starts: move endTime'",message="must be after startTime: move endTime"
type Stage struct {
	// name tells stages apart.
	// +required
	Name EntryName `json:"name,omitempty"`
	// startTime is its first moment (RFC 3339).
	// +required
	StartTime *Timestamp `json:"startTime,omitempty"`
	// endTime is the first moment after it (RFC 3339). Moving it moves all awards that last for the stage.
	// +required
	EndTime *Timestamp `json:"endTime,omitempty"`
	// passed are the teams that passed it, by the names of their FoundationTeams.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=512
	Passed []TeamName `json:"passed,omitempty"`
}

// Ceilings are the most that a team of a programme may be given.
type Ceilings struct {
	// gpus is how many GPUs a team may have at a time, of all pools together. What is awarded beyond is not served.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1000000
	GPUs *int32 `json:"gpus,omitempty"`
	// pools is how many of single pools.
	// +optional
	// +listType=map
	// +listMapKey=poolName
	// +kubebuilder:validation:MaxItems=32
	Pools []PoolCeiling `json:"pools,omitempty"`
	// budget is how much money a team may be given in a calendar year, by line.
	// +optional
	// +listType=map
	// +listMapKey=line
	// +kubebuilder:validation:MaxItems=3
	Budget []BudgetCeiling `json:"budget,omitempty"`
}

// PoolCeiling is the most GPUs of a pool that a team may have at a time.
type PoolCeiling struct {
	// poolName is the GPUPool's name.
	// +required
	PoolName PoolName `json:"poolName,omitempty"`
	// count is how many.
	// +required
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100000
	Count *int32 `json:"count,omitempty"`
}

// FoundationProgramList is a list of FoundationPrograms.
//
// +kubebuilder:object:root=true
type FoundationProgramList struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard list metadata.
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`
	// items are the FoundationPrograms.
	Items []FoundationProgram `json:"items"`
}

// GetConditions are the conditions of its status.
func (o *FoundationProgram) GetConditions() []metav1.Condition { return o.Status.Conditions }
