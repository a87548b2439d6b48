package v1alpha1

import (
	"encoding/json"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
)

// A Timestamp is a metav1.Time whose schema accepts what can be read, and what is the same after it was read and written. It
// has no format there: with date-time the API server accepts what Go does not read, and rules do not see the text. Rules
// that compare timestamps skip what format.datetime() does not find to be one, so that a mistake is told once, by the type.

// Years of a Timestamp. Within them what is derived from two times, or from a time and a period of retention, is a time and a
// duration that Go and the API server can hold. A time before them would read as none: the year 1 is Go's zero time.
const (
	minYear = 1970
	maxYear = 2199
)

// Timestamp is a moment, in RFC 3339 and whole seconds.
//
// +kubebuilder:object:generate=false
// +kubebuilder:validation:Type=string
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=35
// +kubebuilder:validation:XValidation:rule="self.matches('^(19[7-9][0-9]|2[01][0-9]{2})-((0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])|(0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31|02-29)T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.]0+)?(Z|[-+]([01][0-9]|2[0-3]):[0-5][0-9])$') && (!self.contains('-02-29T') || (int(self.substring(0, 4)) % 4 == 0 && !self.startsWith('2100')))",message="must be a time such as 2027-01-01T09:00:00+09:00 or 2027-01-01T00:00:00Z, in whole seconds and from 1970 to 2199; for no bound leave it out"
type Timestamp struct {
	time.Time `json:"-"`
}

// Semantic equality knows metav1.Time, and panics at the fields of a time that it does not know.
func init() {
	utilruntime.Must(equality.Semantic.AddFunc(func(a, b Timestamp) bool { return a.Equal(&b) }))
}

// NewTimestamp returns t as a manifest has it: in whole seconds, in UTC.
func NewTimestamp(t time.Time) Timestamp { return Timestamp{Time: t.UTC().Truncate(time.Second)} }

// OptionalTimestamp is NewTimestamp, and nil for the zero time: a bound that is left open.
func OptionalTimestamp(t time.Time) *Timestamp {
	if t.IsZero() {
		return nil
	}
	optional := NewTimestamp(t)
	return &optional
}

// Meta returns the time as metadata and status have it, nil for nil.
func (t *Timestamp) Meta() *metav1.Time { return (*metav1.Time)(t) }

// IsZero reports whether there is no time.
func (t *Timestamp) IsZero() bool { return t == nil || t.Time.IsZero() }

// Equal reports whether both are the same moment, or both are none.
func (t *Timestamp) Equal(u *Timestamp) bool { return t.Meta().Equal(u.Meta()) }

// DeepCopyInto copies the time into out.
func (t *Timestamp) DeepCopyInto(out *Timestamp) { *out = *t }

// DeepCopy returns a copy of the time.
func (t *Timestamp) DeepCopy() *Timestamp {
	if t == nil {
		return nil
	}
	out := *t
	return &out
}

// MarshalJSON writes the time as RFC 3339 in UTC.
func (t Timestamp) MarshalJSON() ([]byte, error) { return metav1.Time(t).MarshalJSON() }

// UnmarshalJSON reads what the schema accepts. Of what an older schema accepted it refuses what would read as something
// else than it says.
func (t *Timestamp) UnmarshalJSON(b []byte) error {
	var text *string
	if err := json.Unmarshal(b, &text); err != nil {
		return fmt.Errorf("%s is no time: it must be a string", b)
	}
	if text == nil {
		*t = Timestamp{}
		return nil
	}
	parsed, err := time.Parse(time.RFC3339, *text)
	if err != nil {
		return fmt.Errorf("%q is no time: write it as 2027-01-01T09:00:00+09:00", *text)
	}
	if year := parsed.UTC().Year(); year < minYear-1 || year > maxYear+1 {
		return fmt.Errorf("%q is not from %d to %d", *text, minYear, maxYear)
	}
	*t = NewTimestamp(parsed)
	return nil
}
