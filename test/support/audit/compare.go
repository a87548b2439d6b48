package audit

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Report is how rights were used.
type Report struct {
	// Used is how often each right was used, or was needed beside another: see Event.implies.
	Used map[Right]int
	// Unused are the rights that were not used, in order.
	Unused []Right
	// Lent counts requests that RBAC allowed by a role that is not the operator's own.
	Lent map[Right]int
	// Forbidden are the requests that RBAC refused.
	Forbidden []Event
}

// Compare compares rights with requests.
func Compare(granted []Right, events []Event) Report {
	report := Report{Used: map[Right]int{}, Lent: map[Right]int{}}
	has := map[Right]bool{}
	for _, right := range granted {
		has[right] = true
	}
	for _, event := range events {
		if event.forbidden() {
			report.Forbidden = append(report.Forbidden, event)
			continue
		}
		right := Right{event.role(), event.resource(), event.Verb}
		switch {
		case right.Role == "" || right.Resource == "":
		case has[right]:
			report.Used[right]++
			if implied := (Right{right.Role, right.Resource, event.implies()}); has[implied] {
				report.Used[implied]++
			}
		default:
			report.Lent[right]++
		}
	}
	for _, right := range granted {
		if report.Used[right] == 0 {
			report.Unused = append(report.Unused, right)
		}
	}
	slices.SortFunc(report.Unused, Right.compare)
	return report
}

// rights are all that were granted, in order.
func (r Report) rights() []Right {
	all := slices.AppendSeq(slices.Clone(r.Unused), maps.Keys(r.Used))
	slices.SortFunc(all, Right.compare)
	return all
}

// String is a table of the rights and how often each was used.
func (r Report) String() string {
	var b strings.Builder
	role, resource := "", ""
	for _, right := range r.rights() {
		if right.Role != role {
			fmt.Fprintf(&b, "\n%s", right.Role)
			role, resource = right.Role, ""
		}
		if right.Resource != resource {
			fmt.Fprintf(&b, "\n  %-50s", right.Resource)
			resource = right.Resource
		}
		fmt.Fprintf(&b, " %s %d ", right.Verb, r.Used[right])
	}
	return b.String() + "\n"
}
