package bounds

import "encoding/json"

// maxGrowth is how many times its JSON a value takes at most with its managedFields.
const maxGrowth = 5

// keyFields are what entries of lists are told apart by in the CRDs: managedFields repeat them.
var keyFields = map[string]bool{
	"name": true, "namespace": true, "teamName": true, "uid": true, "award": true, "evaluation": true, "poolName": true, "line": true, "type": true,
}

// surelyFits reports, without a close look, whether an object is small enough.
func surelyFits(spec, status any) bool {
	return maxGrowth*(len(encode(spec))+len(encode(status)))+maxNote <= maxObject
}

// storedSize returns how many bytes a value takes as the API server stores it: its JSON, and the managedFields of one manager.
func storedSize(value any) int {
	encoded := encode(value)
	var decoded any
	if err := json.Unmarshal(encoded, &decoded); err != nil {
		return len(encoded) // cannot happen: it was encoded
	}
	return len(encoded) + managedSize(decoded)
}

// specSize returns how many bytes a spec takes as it is stored. One that could not be stored with managedFields has none.
func specSize(spec any) int {
	if size := storedSize(spec); size <= maxObject {
		return size
	}
	return len(encode(spec))
}

// entrySize returns how many bytes an entry of a list takes.
func entrySize(entry any) int { return storedSize([]any{entry}) - len(`[]`) + len(`,`) }

func encode(value any) []byte {
	encoded, err := json.Marshal(value)
	if err != nil {
		return nil // cannot happen: the types of the API have JSON
	}
	return encoded
}

// managedSize returns about how many bytes FieldsV1 of a value has, rather too many: a list that is replaced as a whole counts as
// one of entries (https://github.com/kubernetes-sigs/structured-merge-diff, fieldpath).
func managedSize(value any) int {
	size := 0
	switch typed := value.(type) {
	case map[string]any:
		for name, field := range typed {
			size += len(`"f:":{},`) + len(name) + managedSize(field)
		}
	case []any:
		for _, entry := range typed {
			size += len(`"k:{}":{".":{}},`) + managedSize(entry) + keySize(entry)
		}
	}
	return size
}

// keySize returns how many bytes the key of a list's entry has; of a set it is the entry itself.
func keySize(entry any) int {
	size := 0
	switch typed := entry.(type) {
	case string:
		size = len(typed) + len(`\"\"`)
	case map[string]any:
		for name, field := range typed {
			if text, ok := field.(string); ok && keyFields[name] {
				size += len(name) + len(text) + len(`\"\":\"\",`)
			}
		}
	}
	return size
}
