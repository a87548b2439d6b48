package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// FoundationProgramStatus is where a programme stands.
type FoundationProgramStatus struct {
	// conditions are Ready and the areas it stands for: DecisionsConsistent, WithinCeilings and WithinBudget; Stalled only
	// while it is true.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// observedGeneration is the generation of the spec that this status is about.
	// +optional
	// +kubebuilder:validation:Minimum=1
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// seats is how many are filled.
	// +optional
	Seats *ProgramSeats `json:"seats,omitempty"`
	// rankings are the teams by weighted score, for each evaluation. They are advice: nobody is in or out by them.
	// +optional
	// +listType=map
	// +listMapKey=evaluation
	// +kubebuilder:validation:MaxItems=8
	Rankings []Ranking `json:"rankings,omitempty"`
	// teams are those that were decided on, or that name the programme, by name.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=2048
	Teams []ProgramTeam `json:"teams,omitempty"`
	// budget is the money on each line, in whole units of the programme's currency.
	// +optional
	// +listType=map
	// +listMapKey=line
	// +kubebuilder:validation:MaxItems=3
	Budget []BudgetStatus `json:"budget,omitempty"`
	// heldBack are awards of money that do not fit, or not all of them: the programme has too little on the line, or the
	// team would have more in a year than it may. What is held back does not count as committed.
	// +optional
	// +listType=map
	// +listMapKey=teamName
	// +listMapKey=award
	// +kubebuilder:validation:MaxItems=4096
	HeldBack []HeldBackAward `json:"heldBack,omitempty"`
	// gpus are the GPUs that are awarded now to teams that are in, by pool.
	// +optional
	// +listType=map
	// +listMapKey=poolName
	// +kubebuilder:validation:MaxItems=64
	GPUs []PoolCommitment `json:"gpus,omitempty"`
	// nextTransitionTime is the next moment at which time alone changes something.
	// +optional
	NextTransitionTime *metav1.Time `json:"nextTransitionTime,omitempty"`
	// next says what that is.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Next string `json:"next,omitempty"`
}

// ProgramSeats is how many seats are filled.
type ProgramSeats struct {
	// summary is filled/all.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	Summary string `json:"summary,omitempty"`
	// filled is how many teams are in, those included that can still object to their elimination.
	// +required
	Filled int32 `json:"filled"`
	// pending is how many selections are not final yet.
	// +required
	Pending int32 `json:"pending"`
	// free is how many are left.
	// +required
	Free int32 `json:"free"`
	// held are the seats that teams have, and had, as was seen. A decision that is added, or dated back, later takes no team's
	// seat by it. Of more than 512 those that ended first are dropped.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=512
	Held []HeldSeat `json:"held,omitempty"`
}

// HeldSeat is the time for which a team was seen to have a seat.
type HeldSeat struct {
	// teamName is the FoundationTeam's name.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	TeamName string `json:"teamName,omitempty"`
	// startTime is when it began (RFC 3339).
	// +required
	StartTime metav1.Time `json:"startTime,omitzero"`
	// endTime is when it ended (RFC 3339); without it, the team has it.
	// +optional
	EndTime *metav1.Time `json:"endTime,omitempty"`
}

// Ranking is the teams of an evaluation by weighted score.
type Ranking struct {
	// evaluation is its name.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Evaluation string `json:"evaluation,omitempty"`
	// closed reports whether it is closed.
	// +required
	Closed bool `json:"closed"`
	// entries are the teams, the best first.
	// +optional
	// +listType=map
	// +listMapKey=teamName
	// +kubebuilder:validation:MaxItems=128
	Entries []RankingEntry `json:"entries,omitempty"`
}

// RankingEntry is one team of a ranking.
type RankingEntry struct {
	// rank is the team's position, from 1; teams with the same total have the same one. It is 0 for a team whose scores are
	// not complete.
	// +required
	Rank int32 `json:"rank"`
	// teamName is its name.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=40
	TeamName string `json:"teamName,omitempty"`
	// total is the sum of its scores, of 100.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=16
	Total string `json:"total,omitempty"`
	// tied reports whether another team has the same rank.
	// +optional
	Tied bool `json:"tied,omitempty"` //nolint:kubeapilinter // false and missing mean the same
	// failedGates are the gates that it failed.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=63
	FailedGates []string `json:"failedGates,omitempty"`
	// missing are the criteria and gates without a result.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=63
	Missing []string `json:"missing,omitempty"`
	// withinSeats reports whether it is among the best that passed all gates, or had them waived, as many as there are seats. Teams that tie for the
	// last seat are not: people have to decide.
	// +optional
	WithinSeats bool `json:"withinSeats,omitempty"` //nolint:kubeapilinter // false and missing mean the same
	// asClosed is what it was when the evaluation was closed, if its results, or what they are weighted by, were edited since.
	// +optional
	AsClosed *ClosedRankingEntry `json:"asClosed,omitempty"`
}

// ClosedRankingEntry is one team of a ranking when its evaluation was closed.
type ClosedRankingEntry struct {
	// rank is the team's position then; 0 if it had none.
	// +required
	Rank int32 `json:"rank"`
	// total is the sum of its scores then, of 100; without it, it had none.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=16
	Total string `json:"total,omitempty"`
	// failedGates are the gates that it had failed then.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=63
	FailedGates []string `json:"failedGates,omitempty"`
}

// ProgramTeam is where a team stands in a programme.
type ProgramTeam struct {
	// name is the FoundationTeam's name.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name,omitempty"`
	// observedGeneration is the FoundationTeam's generation that its money was decided for; 0 without a FoundationTeam,
	// and if there is no room in heldBack for all of its awards.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"` //nolint:kubeapilinter // 0 and missing mean the same
	// outcome is the decision that counts now; empty if there is none yet.
	// +optional
	Outcome Outcome `json:"outcome,omitempty"`
	// state is as in the FoundationTeam's own status; NoManifest while there is no FoundationTeam of this name.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	State TeamState `json:"state,omitempty"`
	// message says from when to when, or why not.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Message string `json:"message,omitempty"`
}

// BudgetStatus is the money on a line, in whole units of the programme's currency.
type BudgetStatus struct {
	// line is what the money is for.
	// +required
	Line BudgetLine `json:"line,omitempty"`
	// total is what the programme has.
	// +required
	Total int64 `json:"total"`
	// committed is what teams were promised.
	// +required
	Committed int64 `json:"committed"`
	// due is what of it was due by now.
	// +required
	Due int64 `json:"due"`
	// heldBack is what was promised beyond what there is or a team may have: it does not count as committed.
	// +required
	HeldBack int64 `json:"heldBack"`
	// free is what is left.
	// +required
	Free int64 `json:"free"`
}

// HeldBackAward is an award of money that does not fit, or not all of it.
type HeldBackAward struct {
	// teamName is the FoundationTeam's name.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	TeamName string `json:"teamName,omitempty"`
	// award is the name of the award in spec.budget of the team.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Award string `json:"award,omitempty"`
	// line is what the money is for.
	// +required
	Line BudgetLine `json:"line,omitempty"`
	// amount is how much of it is held back: what is due at dueTime, and all of the award that is due later.
	// +required
	Amount int64 `json:"amount"`
	// dueTime is when the first of that is due (RFC 3339).
	// +optional
	DueTime *metav1.Time `json:"dueTime,omitempty"`
	// reason is CeilingExceeded or BudgetExceeded.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Reason string `json:"reason,omitempty"`
	// message says by how much it does not fit, and what helps.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Message string `json:"message,omitempty"`
}

// PoolCommitment is how many GPUs of a pool are awarded now.
type PoolCommitment struct {
	// poolName is the GPUPool's name.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	PoolName string `json:"poolName,omitempty"`
	// awarded is how many, within the ceilings.
	// +required
	Awarded int32 `json:"awarded"`
	// heldBack is how many were awarded beyond the ceilings.
	// +required
	HeldBack int32 `json:"heldBack"`
}
