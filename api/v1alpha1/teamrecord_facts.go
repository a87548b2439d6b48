package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// A TeamRecord keeps facts, so that neither a message that is worded anew nor a programme's time zone changes what is on
// record. These types have the sizes of what they are made from and no other rules: a record must never be refused.

// TeamFacts are what was awarded to a team and decided on it.
type TeamFacts struct {
	// term is spec.term.
	// +optional
	Term *TermFact `json:"term,omitempty"`
	// suspend is spec.suspend.
	// +optional
	Suspend bool `json:"suspend,omitempty"` //nolint:kubeapilinter // false and missing mean the same
	// programName is the FoundationProgram that the team takes part in.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	ProgramName string `json:"programName,omitempty"`
	// decision is the decision of the programme that counts.
	// +optional
	Decision *DecisionFact `json:"decision,omitempty"`
	// gpus are the awards of GPUs.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	GPUs []GPUAwardFact `json:"gpus,omitempty"`
	// budget is the awards of money.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	Budget []BudgetAwardFact `json:"budget,omitempty"`
	// volumes are the data volumes.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	Volumes []VolumeFact `json:"volumes,omitempty"`
	// staff is who had which access.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=200
	Staff []StaffFact `json:"staff,omitempty"`
	// settings are further settings of the team, and those of its programme and its pools that concern it, by name.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=640
	Settings []SettingFact `json:"settings,omitempty"`
}

// TermFact is from when to when a team may work.
type TermFact struct {
	// startTime is when it begins; without it, it is open.
	// +optional
	StartTime *Timestamp `json:"startTime,omitempty"`
	// endTime is when it is over; without it, it is open.
	// +optional
	EndTime *Timestamp `json:"endTime,omitempty"`
}

// DecisionFact is what a programme decided on a team.
type DecisionFact struct {
	// outcome is what was decided.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=16
	Outcome string `json:"outcome,omitempty"`
	// decisionTime is when.
	// +optional
	DecisionTime *Timestamp `json:"decisionTime,omitempty"`
	// finalTime is when nobody can object any more, if it says so.
	// +optional
	FinalTime *Timestamp `json:"finalTime,omitempty"`
	// effectiveTime is when it takes effect, if it says so.
	// +optional
	EffectiveTime *Timestamp `json:"effectiveTime,omitempty"`
	// overturnTime is when it was overturned, if it was.
	// +optional
	OverturnTime *Timestamp `json:"overturnTime,omitempty"`
	// reason is why.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Reason string `json:"reason,omitempty"`
	// evaluation is the evaluation that it was decided on, if it names one. rank and score are what the team had there when
	// the decision was seen first, whatever was edited since.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Evaluation string `json:"evaluation,omitempty"`
	// rank is the team's position then, from 1; without it, it had none.
	// +optional
	Rank int32 `json:"rank,omitempty"` //nolint:kubeapilinter // 0 and missing mean the same
	// score is its total then, of 100; without it, it had none.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=16
	Score string `json:"score,omitempty"`
}

// GPUAwardFact is an award of GPUs.
type GPUAwardFact struct {
	// name tells the awards apart.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name,omitempty"`
	// poolName is the GPUPool.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	PoolName string `json:"poolName,omitempty"`
	// count is how many GPUs.
	// +required
	Count int32 `json:"count"`
	// startTime is when it begins, if it has a time of its own.
	// +optional
	StartTime *Timestamp `json:"startTime,omitempty"`
	// endTime is when it is over, if it has a time of its own.
	// +optional
	EndTime *Timestamp `json:"endTime,omitempty"`
	// stage is the stage that it is for.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Stage string `json:"stage,omitempty"`
	// ifPassed is the stage that has to be passed for it.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	IfPassed string `json:"ifPassed,omitempty"`
}

// BudgetAwardFact is an award of money, in whole units of the programme's currency.
type BudgetAwardFact struct {
	// name tells the awards apart.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name,omitempty"`
	// line is what the money is for.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=16
	Line string `json:"line,omitempty"`
	// amount is how much.
	// +required
	Amount int64 `json:"amount"`
	// dueTime is when it is due, if at once.
	// +optional
	DueTime *Timestamp `json:"dueTime,omitempty"`
	// instalments are its parts, if it is not due at once.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	Instalments []InstalmentFact `json:"instalments,omitempty"`
}

// InstalmentFact is a part of an award of money.
type InstalmentFact struct {
	// dueTime is when it is due.
	// +optional
	DueTime *Timestamp `json:"dueTime,omitempty"`
	// amount is how much.
	// +required
	Amount int64 `json:"amount"`
}

// VolumeFact is a data volume.
type VolumeFact struct {
	// name is the claim's name.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name,omitempty"`
	// namespace is the name of one of spec.namespaces.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=22
	Namespace string `json:"namespace,omitempty"`
	// size is how much was asked for.
	// +required
	Size Quantity `json:"size,omitzero"`
}

// StaffFact is who had which role.
type StaffFact struct {
	// name tells the entries apart.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name,omitempty"`
	// role is what they might do.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=16
	Role string `json:"role,omitempty"`
	// subject is the account, as the cluster's authentication knew it.
	// +required
	Subject SubjectFact `json:"subject,omitzero"`
	// startTime is when access begins, if it has a time of its own.
	// +optional
	StartTime *Timestamp `json:"startTime,omitempty"`
	// endTime is when access is over, if it has a time of its own.
	// +optional
	EndTime *Timestamp `json:"endTime,omitempty"`
}

// SubjectFact is an account.
type SubjectFact struct {
	// kind is User or Group.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=16
	Kind string `json:"kind,omitempty"`
	// name is the user's or group's name.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`
}

// RecordField is what of a team can change.
type RecordField string

// Fields of a record: what a list has is told apart by its name as well.
const (
	FieldState       RecordField = "state"
	FieldManifest    RecordField = "manifest"
	FieldTerm        RecordField = "term"
	FieldSuspend     RecordField = "suspend"
	FieldProgramName RecordField = "programName"
	FieldDecision    RecordField = "decision"
	FieldGPUs        RecordField = "gpus"
	FieldBudget      RecordField = "budget"
	FieldVolumes     RecordField = "volumes"
	FieldStaff       RecordField = "staff"
	FieldSettings    RecordField = "settings"
	FieldProgram     RecordField = "program"
)

// RecordedChange is one change of a team.
type RecordedChange struct {
	// time is when it was changed, or when time changed it (RFC 3339).
	// +required
	Time Timestamp `json:"time,omitempty,omitzero"`
	// field is what was changed: state, term, suspend, programName, decision, gpus, budget, volumes, staff, settings, or
	// program for something else in the programme; or manifest, which was removed and applied again.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	Field RecordField `json:"field,omitempty"`
	// name is which entry of it, where it is a list.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Name string `json:"name,omitempty"`
	// from is what it was before; without it, it was not there.
	// +optional
	From *Fact `json:"from,omitempty"`
	// to is what it became; without it, it was taken out.
	// +optional
	To *Fact `json:"to,omitempty"`
	// by is the field manager that changed it, for example kubectl-client-side-apply; empty if time did.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	By string `json:"by,omitempty"`
	// effect is what the team had in use and lost by this change at once; without it, nothing was in use.
	// +optional
	Effect *EffectFact `json:"effect,omitempty"`
	// late is how long after its time the operator acted, if it was more than a minute: it was down then.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,6}h)?([0-9]{1,2}m)?[0-9]{1,2}([.][0-9]{1,9})?s$')",message="must be hours, minutes and seconds, for example 1h2m3s"
	Late *metav1.Duration `json:"late,omitempty"`
}

// Fact is one fact: what the field of its change says it is about.
type Fact struct {
	// state is where the team was in its life.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	State TeamState `json:"state,omitempty"`
	// suspend is true if the team was suspended.
	// +optional
	Suspend bool `json:"suspend,omitempty"` //nolint:kubeapilinter // false and missing mean the same
	// programName is a FoundationProgram.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	ProgramName string `json:"programName,omitempty"`
	// term is from when to when the team might work.
	// +optional
	Term *TermFact `json:"term,omitempty"`
	// decision is what the programme decided.
	// +optional
	Decision *DecisionFact `json:"decision,omitempty"`
	// gpus is an award of GPUs.
	// +optional
	GPUs *GPUAwardFact `json:"gpus,omitempty"`
	// budget is an award of money.
	// +optional
	Budget *BudgetAwardFact `json:"budget,omitempty"`
	// volume is a data volume.
	// +optional
	Volume *VolumeFact `json:"volume,omitempty"`
	// staff is who had which role.
	// +optional
	Staff *StaffFact `json:"staff,omitempty"`
	// setting is what something else was set to.
	// +optional
	Setting *SettingFact `json:"setting,omitempty"`
}
