package fault

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"sort"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
)

// What differs between two runs of a workload that ended the same.
var (
	uids  = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	times = regexp.MustCompile(`\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?`)
	// shortUIDs are how records are named.
	shortUIDs = regexp.MustCompile(`(PLAN-\w+\.)[0-9a-f]{8}\b`)
	// nodeNames are those of a plan's nodes.
	nodeNames = regexp.MustCompile(`PLAN-[nm]\d\b`)
	// digests are of values with a plan's name in them.
	digests = regexp.MustCompile(`sha256:[0-9a-f]+`)
	// effects are what an edit took from a team that used it. Only the reconcile that takes it sees that; if the process is killed
	// then, or the record cannot be written, it stays untold.
	effects = regexp.MustCompile(`; (?:[^;"\\]|\\.)* ended, because (?:[^"\\]|\\.)*`)
	// seenLate is told if no operator ran when a term ended: the periods that follow are counted from when one saw that. It differs
	// only in plans whose operator is a process that is killed at times.
	seenLate = regexp.MustCompile(`, counted from TIME, when the end was seen`)
)

// normalOf returns the name of an object and its content, without what differs between two runs of a workload: identities,
// times and what others write.
func normalOf(obj client.Object, plan string) (key, content string) {
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(obj)
	if err != nil {
		return "", err.Error()
	}
	metadata, _ := fields["metadata"].(map[string]any)
	generation := metadata["generation"]
	deleted := metadata["deletionTimestamp"] != nil
	for _, of := range []string{"uid", "resourceVersion", "creationTimestamp", "managedFields", "generation", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"} {
		delete(metadata, of)
	}
	metadata["deleted"] = deleted
	name := fmt.Sprintf("%s %s/%s", kindName(obj), obj.GetNamespace(), obj.GetName())
	switch obj := obj.(type) {
	case *foundationv1alpha1.FoundationTeam, *foundationv1alpha1.GPUPool, *foundationv1alpha1.FoundationProgram:
		observed(fields, generation)
		withoutEffects(fields, "status")
		withoutUse(fields)
	case *foundationv1alpha1.TeamRecord:
		withoutEffects(fields, "spec")
	case *corev1.Node:
		spec, _ := fields["spec"].(map[string]any)
		annotations, _ := metadata["annotations"].(map[string]any)
		delete(annotations, "node.alpha.kubernetes.io/ttl") // depends on the size of the cluster
		delete(metadata, "name")
		fields = map[string]any{"metadata": metadata, "taints": spec["taints"], "unschedulable": spec["unschedulable"]}
	case *corev1.PersistentVolume:
		name = "PersistentVolume of " + obj.Spec.ClaimRef.Namespace + "/" + obj.Spec.ClaimRef.Name
		delete(metadata, "name")
		fields = map[string]any{"metadata": metadata, "policy": obj.Spec.PersistentVolumeReclaimPolicy, "size": obj.Spec.Capacity}
	case *corev1.PersistentVolumeClaim:
		spec, _ := fields["spec"].(map[string]any)
		delete(spec, "volumeName")
		fields = map[string]any{"metadata": metadata, "spec": spec, "phase": obj.Status.Phase}
	default:
		delete(fields, "status")
	}
	written, err := json.MarshalIndent(fields, "", " ")
	if err != nil {
		return "", err.Error()
	}
	return normalText(name, plan), nodeNames.ReplaceAllString(normalText(string(written), plan), "NODE")
}

// normalText replaces a plan's name, identities and times.
func normalText(text, plan string) string {
	text = strings.ReplaceAll(text, plan, "PLAN")
	text = uids.ReplaceAllString(text, "UID")
	text = shortUIDs.ReplaceAllString(text, "${1}UID")
	text = effects.ReplaceAllString(text, "")
	text = digests.ReplaceAllString(text, "DIGEST")
	return times.ReplaceAllString(text, "TIME")
}

// withoutEffects removes what edits took from the history.
func withoutEffects(fields map[string]any, where string) {
	part, _ := fields[where].(map[string]any)
	history, _ := part["history"].([]any)
	for _, entry := range history {
		if change, ok := entry.(map[string]any); ok {
			delete(change, "effect")
		}
	}
}

// withoutUse removes how many GPUs of a team are in use: what a team tells is compared with its quotas, see planWorld.use. What they count
// is Kubernetes' own: its quota controller lists pods from a cache, overwrites what admission had counted with what that shows, and
// does not count again before its next round, five minutes later.
func withoutUse(fields map[string]any) {
	status, _ := fields["status"].(map[string]any)
	if gpus, ok := status["gpus"].(map[string]any); ok {
		delete(gpus, "used")
	}
	namespaces, _ := status["namespaces"].([]any)
	for _, namespace := range namespaces {
		if of, ok := namespace.(map[string]any); ok {
			delete(of, "used")
		}
	}
}

// observed replaces each observedGeneration by whether it is the object's generation.
func observed(fields map[string]any, generation any) {
	status, _ := fields["status"].(map[string]any)
	if status == nil {
		return
	}
	isNow := func(of map[string]any) {
		if seen, ok := of["observedGeneration"]; ok {
			of["observedGeneration"] = fmt.Sprint(seen == generation)
		}
	}
	isNow(status)
	conditions, _ := status["conditions"].([]any)
	for _, condition := range conditions {
		if fields, ok := condition.(map[string]any); ok {
			isNow(fields)
		}
	}
}

// underWay returns an object of which something is still to come; empty if there is none.
func (p *plan) underWay(state map[string]string) string {
	for name, content := range state {
		kind, _, _ := strings.Cut(name, " ")
		switch kind {
		case "FoundationTeam", "GPUPool", "FoundationProgram":
			for _, sign := range []string{`"deleted": true`, `"type": "Reconciling"`, `"observedGeneration": "false"`} {
				if strings.Contains(content, sign) && (!p.work.waits || sign != `"deleted": true`) {
					return name + " has " + sign
				}
			}
			if !strings.Contains(content, `"observedGeneration"`) {
				return name + " has no status"
			}
		case "PersistentVolumeClaim":
			if strings.Contains(content, `"phase": "Pending"`) {
				return name + " is not bound"
			}
		case "GPUs": // gpusInUse: never a part of what others are compared with
			if content != "" {
				return content
			}
		case "Nodes":
			if isEntering(content) {
				return "a node is looked at before the pool has it"
			}
		}
	}
	return ""
}

// isEntering reports whether one of some nodes is closed, and nobody's: nothing is written while the operator waits until it may be free,
// which takes longer than all else that is waited for.
func isEntering(nodes string) bool {
	for decoder := json.NewDecoder(strings.NewReader(nodes)); ; {
		var node corev1.Node
		if decoder.Decode(&node) != nil {
			return false
		}
		if node.Annotations[foundationv1alpha1.AnnotationDrainingSince] != "" && node.Labels[foundationv1alpha1.LabelNodeTeam] == "" {
			return true
		}
	}
}

// difference returns what differs between two states, one line for each line of an object that differs; empty if they are
// equal.
func difference(want, got map[string]string) string {
	var differ []string
	for name, content := range want {
		switch has, ok := got[name]; {
		case !ok:
			differ = append(differ, "missing: "+name)
		case has != content:
			differ = append(differ, name+":\n"+lines(content, has))
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			differ = append(differ, "too many: "+name+"\n"+got[name])
		}
	}
	sort.Strings(differ)
	return strings.Join(differ, "\n")
}

// lines returns the lines that only one of two texts has.
func lines(want, got string) string {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	var out []string
	for _, line := range a {
		if !slices.Contains(b, line) {
			out = append(out, "  -"+line)
		}
	}
	for _, line := range b {
		if !slices.Contains(a, line) {
			out = append(out, "  +"+line)
		}
	}
	if len(out) == 0 {
		out = []string{"  the order of lines"}
	}
	return strings.Join(out, "\n")
}

// withoutLateness returns a state without that something was seen late.
func withoutLateness(state map[string]string) map[string]string {
	without := maps.Clone(state)
	for name, content := range without {
		without[name] = seenLate.ReplaceAllString(content, "")
	}
	return without
}
