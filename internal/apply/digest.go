package apply

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// digestType is the fieldsType of a managedFields entry that Digest has shortened. It exists in the cache alone.
const digestType = "foundation.team/digest"

// Digest replaces, on an object that is about to be cached, the list of the fields that the operator owns by a digest of these
// fields and their values, and reports whether it did. To read which fields those are is most of what a comparison costs, and
// the list is most of an object's memory; so it is done once, when a watch delivers the object. Kinds whose lists are read for more
// keep them. An object of which they cannot be read is left as it is: Apply says why.
func Digest(obj client.Object) bool {
	own := ownEntry(obj)
	if own < 0 {
		return false
	}
	k, ok := find(applied, func(k Kind) bool { return k.has(obj) })
	if !ok || k.fieldsRead {
		return false
	}
	digest, err := k.digest(obj)
	if err != nil {
		return false
	}
	entries := slices.Clone(obj.GetManagedFields())
	entries[own].FieldsType, entries[own].FieldsV1 = digestType, metav1.NewFieldsV1(digest)
	obj.SetManagedFields(entries)
	return true
}

// ownEntry returns the index of the operator's managedFields entry for what it applies; -1 if it has none.
func ownEntry(obj client.Object) int {
	return slices.IndexFunc(obj.GetManagedFields(), func(entry metav1.ManagedFieldsEntry) bool {
		return entry.Manager == foundationv1alpha1.FieldManager && entry.Operation == metav1.ManagedFieldsOperationApply && entry.Subresource == ""
	})
}

// digest returns the digest of the fields that the operator owns on an object, and of their values. Fields that are no JSON, which
// an API server does not store, make the library panic: it must not end the process that caches such an object.
func (k Kind) digest(live client.Object) (_ string, err error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			err = fmt.Errorf("read managedFields: %v", panicked)
		}
	}()
	if own := ownEntry(live); own >= 0 {
		if entry := live.GetManagedFields()[own]; entry.FieldsType == digestType {
			return entry.FieldsV1.GetRawString(), nil
		}
	}
	fields, err := k.ownedFields(live)
	if err != nil {
		return "", err
	}
	return digestOf(fields)
}

// digestOf returns the digest, as JSON, of fields that are desired or owned: equal ones have equal digests. Empty lists and maps are like
// none, as they are to the API server's merge.
func digestOf(fields Object) (string, error) {
	content, err := json.Marshal(fields)
	if err != nil {
		return "", fmt.Errorf("write %s as JSON: %w", NameOf(fields), err)
	}
	sum := sha256.Sum256(content)
	return strconv.Quote(hex.EncodeToString(sum[:])), nil
}
