package team

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/edits"
	"foundation.team/operator/internal/index"
	"foundation.team/operator/internal/ranking"
)

const (
	// maxSetting is how many bytes of a value a record keeps; of a longer one it keeps the first and a digest.
	maxSetting = 128
	// programPrefix and poolPrefix begin the names of a programme's and a pool's settings.
	programPrefix, poolPrefix = "program.", "pools["
)

// constantPoolFields are not on record: they cannot be changed, or are for people.
var constantPoolFields = []string{"model", "resourceName", "gpusPerNode"}

// settings collects settings by name.
type settings map[string]string

// set adds a value as JSON has it; text is added as it is. What is not set is left out.
func (s settings) set(name string, value any) {
	text, ok := value.(string)
	if !ok {
		encoded, err := json.Marshal(value)
		if err != nil {
			return // cannot happen: it was decoded from JSON
		}
		text = strings.Trim(string(encoded), `"`)
	}
	if text == "" || text == "null" {
		return
	}
	if len(text) > maxSetting {
		sum := sha256.Sum256([]byte(text))
		text = strings.ToValidUTF8(text[:maxSetting], "") + "... sha256:" + hex.EncodeToString(sum[:16])
	}
	s[name] = text
}

// settingsOf returns further settings of a team, and those of its programme and its pools that concern it, by name.
func settingsOf(m *Model) []foundationv1alpha1.SettingFact {
	all := settings{}
	all.addTeam(m)
	if m.Program != nil {
		all.addProgram(&m.Program.Spec, m.Team.Name)
		all.addScores(m)
	}
	for _, name := range index.AwardPools(m.Team) {
		if pool := m.Pools[name]; pool != nil {
			all.addPool(pool)
		}
	}
	var facts []foundationv1alpha1.SettingFact
	for name, value := range all {
		facts = append(facts, foundationv1alpha1.SettingFact{Name: name, Value: value})
	}
	slices.SortFunc(facts, func(a, b foundationv1alpha1.SettingFact) int { return strings.Compare(a.Name, b.Name) })
	return facts
}

func (s settings) addTeam(m *Model) {
	spec := &m.Team.Spec
	if spec.Priority != 0 {
		s.set("priority", spec.Priority)
	}
	s.set("deletionPolicy", string(spec.DeletionPolicy))
	if spec.Consortium != nil {
		s.set("consortium.lead", spec.Consortium.Lead)
		s.set("consortium.participants", spec.Consortium.Participants)
	}
	s.addRetention("retention", spec.Retention)
	for _, namespace := range spec.Namespaces {
		s.set(weightSetting(namespace.Name), ptr.Deref(namespace.GPUWeight, 1))
		if len(namespace.Quota) > 0 {
			s.set("namespaces["+namespace.Name+"].quota", namespace.Quota)
		}
	}
	for _, annotation := range []string{foundationv1alpha1.AnnotationConfirmDeletion, foundationv1alpha1.AnnotationHold} {
		s.set("annotations["+annotation+"]", m.Team.Annotations[annotation])
	}
	for name, live := range m.LiveNamespaces {
		if live.Annotations[foundationv1alpha1.AnnotationAdopt] == m.Team.Name {
			s.set("adopt["+name+"]", m.Team.Name)
		}
	}
	var offered []string
	for _, volume := range offeredVolumes(m) {
		offered = append(offered, volume.Name)
	}
	s.set(offeredSetting, offered)
}

// offeredSetting is the name of the setting that has the PersistentVolumes that are offered to the team.
const offeredSetting = "adopt[persistentVolumes]"

// offeredVolumes returns the PersistentVolumes that an admin offers to the team, by name.
func offeredVolumes(m *Model) []*corev1.PersistentVolume {
	offered := slices.DeleteFunc(slices.Clone(m.LabelledVolumes), func(volume *corev1.PersistentVolume) bool {
		return volume.Annotations[foundationv1alpha1.AnnotationAdopt] != m.Team.Name
	})
	slices.SortFunc(offered, func(a, b *corev1.PersistentVolume) int { return strings.Compare(a.Name, b.Name) })
	return offered
}

// offerSource returns the object that is offered to the team by a setting; nil if none is any more.
func offerSource(m *Model, name string) metav1.Object {
	if offered := offeredVolumes(m); name == offeredSetting && len(offered) > 0 {
		return offered[0]
	}
	if live := m.LiveNamespaces[strings.TrimSuffix(strings.TrimPrefix(name, "adopt["), "]")]; live != nil {
		return live
	}
	return nil
}

func (s settings) addRetention(name string, retention *foundationv1alpha1.Retention) {
	if retention != nil {
		s.set(name+".dataAccess", retention.DataAccess)
		s.set(name+".keep", retention.Keep)
	}
}

func (s settings) addProgram(spec *foundationv1alpha1.FoundationProgramSpec, team string) {
	s.set(programPrefix+"seats", strconv.Itoa(int(spec.Seats)))
	s.addRetention(programPrefix+"retention", spec.Retention)
	for _, stage := range spec.Stages {
		name := programPrefix + "stages[" + stage.Name + "]"
		s.set(name+".startTime", stage.StartTime)
		s.set(name+".endTime", stage.EndTime)
		if slices.Contains(stage.Passed, team) {
			s.set(name+".passed", "true")
		}
	}
	for _, total := range spec.Budget {
		s.set(fmt.Sprintf("%sbudget[%s]", programPrefix, total.Line), total.Amount)
	}
	if spec.Ceilings == nil {
		return
	}
	s.set(programPrefix+"ceilings.gpus", spec.Ceilings.GPUs)
	for _, pool := range spec.Ceilings.Pools {
		s.set(fmt.Sprintf("%sceilings.pools[%s]", programPrefix, pool.PoolName), pool.Count)
	}
	for _, ceiling := range spec.Ceilings.Budget {
		s.set(fmt.Sprintf("%sceilings.budget[%s]", programPrefix, ceiling.Line), ceiling.PerYear)
	}
}

// addScores adds the scores of the team in the evaluations that it was decided on by now: those that it reads.
func (s settings) addScores(m *Model) {
	for _, decision := range m.Program.Spec.Decisions {
		if decision.TeamName != m.Team.Name || decision.Evaluation == "" || decision.DecisionTime == nil || decision.DecisionTime.After(m.Now) {
			continue
		}
		total, failed, ok := ranking.Score(&m.Program.Spec, decision.Evaluation, m.Team.Name)
		if ok && len(failed) > 0 {
			total += " failed " + strings.Join(failed, ",")
		}
		s.set(programPrefix+"evaluations["+decision.Evaluation+"]", strings.TrimSpace(total))
	}
}

// addPool adds every field of a pool's spec that can be changed, so that one that is added to the API is on record, too.
func (s settings) addPool(pool *foundationv1alpha1.GPUPool) {
	encoded, err := json.Marshal(pool.Spec)
	var fields map[string]any
	if err != nil || json.Unmarshal(encoded, &fields) != nil {
		return // cannot happen: it was decoded from JSON
	}
	for field, value := range fields {
		if !slices.Contains(constantPoolFields, field) {
			s.set(poolPrefix+pool.Name+"]."+field, value)
		}
	}
}

// settingSource returns the object that a setting is set on, nil if it is not there, and the path of the setting's field in
// it, as managedFields writes it.
func settingSource(m *Model, name string) (obj metav1.Object, path []string) {
	switch {
	case strings.HasPrefix(name, programPrefix):
		if m.Program == nil {
			return nil, nil
		}
		return m.Program.FoundationProgram, fieldPath("spec." + strings.TrimPrefix(name, programPrefix))
	case strings.HasPrefix(name, poolPrefix):
		pool, field, _ := strings.Cut(strings.TrimPrefix(name, poolPrefix), "].")
		if m.Pools[pool] == nil {
			return nil, nil
		}
		return m.Pools[pool], fieldPath("spec." + field)
	case strings.HasPrefix(name, "adopt["):
		return offerSource(m, name), edits.AdoptPath()
	case strings.HasPrefix(name, "annotations["):
		return m.Team, edits.AnnotationPath(strings.TrimSuffix(strings.TrimPrefix(name, "annotations["), "]"))
	default:
		return m.Team, fieldPath("spec." + name)
	}
}

// fieldPath returns a path such as spec.namespaces[a].gpuWeight as managedFields writes it, up to an entry of a list whose key is
// not its name.
func fieldPath(name string) []string {
	var path []string
	for part := range strings.SplitSeq(name, ".") {
		field, entry, isEntry := strings.Cut(strings.TrimSuffix(part, "]"), "[")
		path = append(path, "f:"+field)
		if isEntry && (field == "budget" || field == "pools") {
			return path
		}
		if isEntry {
			path = append(path, `k:{"name":"`+entry+`"}`)
		}
	}
	return path
}
