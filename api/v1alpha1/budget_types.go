package v1alpha1

// BudgetLine is what money is for.
//
// +kubebuilder:validation:Enum=GPU;Data;Staff
type BudgetLine string

// Budget lines.
const (
	// BudgetGPU is for leasing or buying GPUs.
	BudgetGPU BudgetLine = "GPU"
	// BudgetData is for buying, building and processing data.
	BudgetData BudgetLine = "Data"
	// BudgetStaff is for people and their research.
	BudgetStaff BudgetLine = "Staff"
)

// BudgetCeiling is the most money on a line that a team may be given in a calendar year.
type BudgetCeiling struct {
	// line is what the money is for.
	// +required
	Line BudgetLine `json:"line,omitempty"`
	// perYear is how much, in whole units of the programme's currency.
	// +required
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1000000000000000
	PerYear *int64 `json:"perYear,omitempty"`
}

// BudgetTotal is all the money of a programme on a line.
type BudgetTotal struct {
	// line is what the money is for.
	// +required
	Line BudgetLine `json:"line,omitempty"`
	// amount is how much, in whole units of the programme's currency.
	// +required
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1000000000000000
	Amount *int64 `json:"amount,omitempty"`
}

// BudgetAward is money that a team was awarded on a line.
//
// +kubebuilder:validation:XValidation:rule="has(self.dueTime) != has(self.instalments)",messageExpression="self.name + (has(self.dueTime) ? ' has both dueTime and instalments' : ' has neither dueTime nor instalments') + ': give one, dueTime for money that is due at once'",message="must have exactly one of dueTime, for money that is due at once, and instalments"
// +kubebuilder:validation:XValidation:fieldPath=".instalments",rule="!has(self.instalments) || self.instalments.map(i, i.amount).sum() == self.amount",messageExpression="'%s: instalments add up to %d, and amount is %d: make them the same'.format([self.name, self.instalments.map(i, i.amount).sum(), self.amount])",message="must add up to amount"
type BudgetAward struct {
	// name tells the team's awards of money apart.
	// +required
	Name EntryName `json:"name,omitempty"`
	// line is what the money is for.
	// +required
	Line BudgetLine `json:"line,omitempty"`
	// amount is how much, in whole units of the programme's currency.
	// +required
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1000000000000000
	Amount *int64 `json:"amount,omitempty"`
	// dueTime is when it is due (RFC 3339). It counts in that calendar year, in the programme's time zone.
	// +optional
	DueTime *Timestamp `json:"dueTime,omitempty"`
	// instalments are its parts, if it is not due at once. Each counts in its own year.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	Instalments []Instalment `json:"instalments,omitempty"`
}

// Instalment is a part of an award of money.
type Instalment struct {
	// dueTime is when it is due (RFC 3339).
	// +required
	DueTime *Timestamp `json:"dueTime,omitempty"`
	// amount is how much, in whole units of the programme's currency.
	// +required
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1000000000000000
	Amount *int64 `json:"amount,omitempty"`
}
