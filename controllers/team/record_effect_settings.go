package team

import (
	"slices"
	"strings"
	"time"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/internal/lifecycle"
)

// denyingPoolFields are the fields of a GPUPool by which teams lose what they were granted of it. A selector that matches fewer
// nodes, and a lower capacity, take nothing: they only end what is new.
var denyingPoolFields = []string{"availability", "ineligible", "source", "supplier"}

// isPoolSetting reports whether a change is one of a pool.
func isPoolSetting(c foundationv1alpha1.RecordedChange) bool {
	return c.Field == foundationv1alpha1.FieldSettings && strings.HasPrefix(c.Name, poolPrefix)
}

// settingEffect is ownEffect for a setting.
func settingEffect(m *Model, c *foundationv1alpha1.RecordedChange, told map[string]bool) foundationv1alpha1.EffectFact {
	var effect foundationv1alpha1.EffectFact
	switch name := strings.TrimPrefix(c.Name, programPrefix); {
	case isPoolSetting(*c):
		pool, field, _ := strings.Cut(strings.TrimPrefix(c.Name, poolPrefix), "].")
		if slices.Contains(denyingPoolFields, field) {
			effect.GPUs = endingOf(m, told, func(name string) bool { return name == pool })
		}
	case isRetirement(*c):
		effect.Namespaces = retiring(m, c.Name)
	case strings.HasPrefix(name, "consortium."):
		effect.GPUs = endingOf(m, told, func(string) bool { return true })
	case name == dataAccessSetting && !told[name]:
		told[name] = true
		effect.DataAccessSeconds = int64(m.shortenedDataAccess() / time.Second)
	case name == keepSetting && !told[name]:
		told[name] = true
		effect.KeepSeconds = int64(m.shortenedKeep() / time.Second)
	case name == "deletionPolicy" && c.To != nil && c.To.Setting.Value == string(foundationv1alpha1.DeletionPolicyDelete):
		for _, namespace := range m.LiveNamespaces {
			if m.Owner.Owns(namespace) {
				effect.Deletable++
			}
		}
	}
	return effect
}

// weightSetting returns the name of the setting that every declared namespace has.
func weightSetting(namespace string) string { return "namespaces[" + namespace + "].gpuWeight" }

// isRetirement reports whether a change is that a namespace was taken out.
func isRetirement(c foundationv1alpha1.RecordedChange) bool {
	return c.Field == foundationv1alpha1.FieldSettings && c.To == nil && retiredNamespace(c.Name) != ""
}

// retiredNamespace returns the namespace of which a setting is the weight; empty if it is another one.
func retiredNamespace(setting string) string {
	name, isWeight := strings.CutSuffix(strings.TrimPrefix(setting, "namespaces["), "].gpuWeight")
	if !isWeight || setting != weightSetting(name) {
		return ""
	}
	return name
}

// retiring returns 1 if the team could work in the namespace until now that was taken out.
func retiring(m *Model, setting string) int32 {
	live := m.LiveNamespaces[foundationv1alpha1.NamespaceName(m.Team.Name, retiredNamespace(setting))]
	if live != nil && m.Owner.Owns(live) && isActive(m, live) {
		return 1
	}
	return 0
}

// dataAccessSetting and keepSetting are the names of the settings of retention.
const dataAccessSetting, keepSetting = "retention.dataAccess", "retention.keep"

// shortenedDataAccess returns how much sooner staff lose access to data than was on record; 0 if they do not.
func (m *Model) shortenedDataAccess() time.Duration {
	tenure := m.Record.Spec.Tenure
	if tenure == nil || !tenure.Begun {
		return 0
	}
	if tenure.EndedTime != nil && m.Retention != nil {
		return m.sooner(timeOf(tenure.DataAccessEndTime), m.Retention.AccessUntil)
	}
	return max(m.recordedPeriod(dataAccessSetting, lifecycle.DefaultDataAccess)-m.Life.DataAccess(), 0)
}

// shortenedKeep returns how much sooner data need not be kept than was on record; 0 if it is kept as long. While a deletion is
// confirmed for a longer keep, that counts.
func (m *Model) shortenedKeep() time.Duration {
	tenure := m.Record.Spec.Tenure
	if tenure == nil || !tenure.Begun {
		return 0
	}
	if tenure.EndedTime != nil && m.Retention != nil {
		return m.sooner(timeOf(tenure.KeepEndTime), keptAsConfirmed(m.Confirmation, m.Retention))
	}
	keep := m.Life.Keep()
	if m.Confirmation != nil {
		keep = max(keep, m.Confirmation.Keep.Duration)
	}
	return max(m.recordedPeriod(keepSetting, lifecycle.DefaultKeep)-keep, 0)
}

// sooner returns how much of the time from now until was is lost if it ends at is.
func (m *Model) sooner(was, is time.Time) time.Duration {
	if is.Before(m.Now) {
		is = m.Now
	}
	return max(was.Sub(is), 0)
}

// recordedPeriod returns the period of retention that was on record: the team's, else its programme's, else the fallback.
func (m *Model) recordedPeriod(name string, fallback time.Duration) time.Duration {
	for _, name := range []string{name, programPrefix + name} {
		for _, setting := range m.Record.Spec.Facts.Settings {
			if period, err := time.ParseDuration(setting.Value); setting.Name == name && err == nil {
				return period
			}
		}
	}
	return fallback
}
