package v1alpha1

// PaymentFact is money of an award that was due to a team in a calendar year, in whole units of the programme's currency.
type PaymentFact struct {
	// programName is the FoundationProgram that it was from.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	ProgramName string `json:"programName,omitempty"`
	// award is the award of money; empty for the oldest ones together, if there were too many.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Award string `json:"award,omitempty"`
	// line is what the money was for.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=16
	Line string `json:"line,omitempty"`
	// year is the calendar year in which it was due, in the programme's time zone.
	// +required
	Year int32 `json:"year"`
	// amount is how much.
	// +required
	Amount int64 `json:"amount"`
}
