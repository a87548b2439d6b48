package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

// listing is what the agent does when it is called nvidia-smi.
const listing = "nvidia-smi"

// deviceKinds are what the listing looks for below a container's /dev: the start of a file's name, before its number, and the environment
// variables that name the devices. A variable that ends with "_" has the device's number behind.
var deviceKinds = []struct {
	title, files string
	variables    []string
}{
	{title: "GPU", files: "nvidia", variables: []string{"NVIDIA_VISIBLE_DEVICES", "GPU_DEVICE_"}},
	{title: "HCA", files: "infiniband/uverbs", variables: []string{"PCIDEVICE_RDMA_HCA"}},
}

// listDevices prints a table of the devices whose files are in a container's /dev, with what its environment calls them.
func listDevices(dev string, env []string, out io.Writer) error {
	table := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	found := 0
	for _, kind := range deviceKinds {
		numbers, err := numbered(filepath.Join(dev, kind.files))
		if err != nil {
			return err
		}
		ids := idsIn(env, kind.variables, numbers)
		for i, number := range numbers {
			if found == 0 {
				_, _ = fmt.Fprintln(table, "KIND\tFILE\tID")
			}
			found++
			_, _ = fmt.Fprintf(table, "%s\t/dev/%s%d\t%s\n", kind.title, kind.files, number, ids[i])
		}
	}
	if found == 0 {
		_, _ = fmt.Fprintln(table, "No devices were found")
	}
	return table.Flush()
}

// numbered returns the numbers of the files that are called like the prefix and a number, in order.
func numbered(prefix string) ([]int, error) {
	files, err := filepath.Glob(prefix + "[0-9]*")
	if err != nil {
		return nil, err
	}
	var numbers []int
	for _, file := range files {
		if number, err := strconv.Atoi(strings.TrimPrefix(file, prefix)); err == nil {
			numbers = append(numbers, number)
		}
	}
	slices.Sort(numbers)
	return numbers, nil
}

// idsIn returns what the environment calls the devices with these numbers. A list of another length names other devices.
func idsIn(env, variables []string, numbers []int) []string {
	ids := make([]string, len(numbers))
	for _, pair := range env {
		name, value, _ := strings.Cut(pair, "=")
		for _, variable := range variables {
			list := strings.Split(value, ",")
			for i, number := range numbers {
				switch {
				case name == variable && len(list) == len(numbers):
					ids[i] = list[i]
				case strings.HasSuffix(variable, "_") && name == variable+strconv.Itoa(number):
					ids[i] = value
				}
			}
		}
	}
	for i := range ids {
		ids[i] = cmp.Or(ids[i], "not named by the environment")
	}
	return ids
}

func smi() error { return listDevices("/dev", os.Environ(), os.Stdout) }
