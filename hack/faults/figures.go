package main

import (
	"fmt"
	"regexp"
	"strconv"
)

// figures are counts by the campaign's word and the count's own, as "kills violations".
type figures map[string]int

// A campaign prints its figures in one line: faults: plans=3 faults=3 divergences=0, or kills: 3 violations: 0.
var (
	figureLine = regexp.MustCompile(`^(faults|transitions|kills|restarts|leader_switches|model): `)
	figure     = regexp.MustCompile(`([a-z_]+)[=:] ?(\d+)`)
)

// parse returns the figures of a line; nil if it has none.
func parse(line string) figures {
	begin := figureLine.FindStringSubmatch(line)
	if begin == nil {
		return nil
	}
	found := figures{}
	for _, match := range figure.FindAllStringSubmatch(line, -1) {
		count, err := strconv.Atoi(match[2])
		if err != nil {
			return nil
		}
		found[begin[1]+" "+match[1]] = count
	}
	return found
}

// add adds the figures of another part.
func (f figures) add(part figures) {
	for name, count := range part {
		f[name] += count
	}
}

// summary returns what all campaigns found.
func (f figures) summary() []string {
	return []string{
		fmt.Sprintf("faults: plans=%d faults=%d divergences=%d", f["faults plans"], f["faults faults"], f["faults divergences"]),
		fmt.Sprintf("transitions: %d bad_inputs: %d panics: %d", f["transitions transitions"], f["transitions bad_inputs"], f["transitions panics"]),
		fmt.Sprintf("kills: %d leader_switches: %d violations: %d", f["kills kills"], f["leader_switches leader_switches"],
			f["kills violations"]+f["restarts violations"]+f["leader_switches violations"]),
		fmt.Sprintf("model: states=%d violations=%d", f["model states"], f["model violations"]),
	}
}
