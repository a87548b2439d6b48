package v1alpha1_test

import (
	"encoding/json"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/resource"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

func TestTimestamps(t *testing.T) {
	for text, want := range map[string]string{
		"2027-01-01T09:00:00+09:00":     "2027-01-01T00:00:00Z",
		"2027-01-01T00:00:00Z":          "2027-01-01T00:00:00Z",
		"2027-01-01T00:00:00.000Z":      "2027-01-01T00:00:00Z",
		"2027-01-01T00:00:00.9Z":        "2027-01-01T00:00:00Z",
		"2028-02-29T23:59:59-23:59":     "2028-03-01T23:58:59Z",
		"1970-01-01T00:00:00+23:59":     "1969-12-31T00:01:00Z",
		"2199-12-31T23:59:59-23:59":     "2200-01-01T23:58:59Z",
		"2027-01-01T00:00:00z":          "",
		"2027-01-01t00:00:00Z":          "",
		"2027-01-01T00:00:00+25:00":     "",
		"2027-01-01T00:00:00x5Z":        "",
		"2027-02-30T00:00:00Z":          "",
		"2027-02-29T00:00:00Z":          "",
		"2027-01-01T24:00:00Z":          "",
		"2027-01-01T23:59:60Z":          "",
		"2027-01-01":                    "",
		"":                              "",
		"0001-01-01T00:00:00Z":          "",
		"9999-12-31T23:59:59-01:00":     "",
		"10000-01-01T00:00:00Z":         "",
		"2027-01-01T00:00:00Z and more": "",
	} {
		t.Run(text, func(t *testing.T) {
			asJSON, err := json.Marshal(text)
			if err != nil {
				t.Fatal(err)
			}
			var read foundationv1alpha1.Timestamp
			if err := json.Unmarshal(asJSON, &read); err != nil {
				if want != "" {
					t.Error(err)
				}
				return
			}
			if got := read.Format(time.RFC3339); got != want {
				t.Fatalf("reads as %s, want %q", got, want)
			}
			written, err := json.Marshal(&read)
			if err != nil {
				t.Fatal(err)
			}
			var again foundationv1alpha1.Timestamp
			if err := json.Unmarshal(written, &again); err != nil || !equality.Semantic.DeepEqual(read, again) {
				t.Errorf("was %v, is %v after it was written as %s: %v", read, again, written, err)
			}
		})
	}
}

func TestNoTimestamp(t *testing.T) {
	var none *foundationv1alpha1.Timestamp
	if !none.IsZero() || none.Meta() != nil || none.DeepCopy() != nil || foundationv1alpha1.OptionalTimestamp(time.Time{}) != nil {
		t.Error("no time is taken for one")
	}
	var read foundationv1alpha1.Timestamp
	if err := json.Unmarshal([]byte("null"), &read); err != nil || !read.IsZero() {
		t.Errorf("null reads as %v: %v", read, err)
	}
	if err := json.Unmarshal([]byte("5"), &read); err == nil {
		t.Error("a number reads as a time")
	}
}

func FuzzTimestamp(f *testing.F) {
	for _, text := range []string{"2027-01-01T09:00:00+09:00", "2028-02-29T00:00:00.5Z", "1970-01-01T00:00:00-23:59"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		asJSON, err := json.Marshal(text)
		if err != nil {
			t.Skip()
		}
		var read, again foundationv1alpha1.Timestamp
		if json.Unmarshal(asJSON, &read) != nil {
			return
		}
		written, err := json.Marshal(read)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(written, &again); err != nil || !read.Equal(&again) || read.IsZero() {
			t.Errorf("%q is %v, and %v after it was written as %s: %v", text, read, again, written, err)
		}
	})
}

func TestQuantities(t *testing.T) {
	var read map[corev1.ResourceName]foundationv1alpha1.Quantity
	if err := json.Unmarshal([]byte(`{"pods": 10, "requests.memory": "1.5Gi"}`), &read); err != nil {
		t.Fatal(err)
	}
	list := foundationv1alpha1.ResourceList(read)
	if pods, memory := list["pods"], list["requests.memory"]; pods.Value() != 10 || memory.Value() != 3<<29 {
		t.Errorf("reads as %v", list)
	}
	if again := foundationv1alpha1.Quantities(list); !equality.Semantic.DeepEqual(read, again) {
		t.Errorf("%v is %v after it was converted", read, again)
	}
	if foundationv1alpha1.Quantities(nil) != nil || foundationv1alpha1.ResourceList(nil) != nil {
		t.Error("no quantities are taken for some")
	}
	quantity := &foundationv1alpha1.Quantity{Quantity: resource.MustParse("1Gi")}
	if copied := quantity.DeepCopy(); copied.Cmp(quantity.Quantity) != 0 || (*foundationv1alpha1.Quantity)(nil).DeepCopy() != nil {
		t.Errorf("the copy of %v is %v", quantity, copied)
	}
}
