package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestListing(t *testing.T) {
	for name, tt := range map[string]struct {
		files, env []string
		want       string
	}{
		"none":          {want: "No devices were found"},
		"other devices": {files: []string{"null", "nvidiactl"}, want: "No devices were found"},
		"by a device plugin": {
			files: []string{"nvidia10", "nvidia2", "infiniband/uverbs1", "infiniband/rdma_cm"},
			env:   []string{"NVIDIA_VISIBLE_DEVICES=GPU-2,GPU-10", "PCIDEVICE_RDMA_HCA=0000:19:00.0"},
			want:  "KIND FILE ID GPU /dev/nvidia2 GPU-2 GPU /dev/nvidia10 GPU-10 HCA /dev/infiniband/uverbs1 0000:19:00.0",
		},
		"by DRA":        {files: []string{"nvidia10"}, env: []string{"GPU_DEVICE_10=GPU-10", "GPU_DEVICE_1=GPU-1"}, want: "KIND FILE ID GPU /dev/nvidia10 GPU-10"},
		"not all named": {files: []string{"nvidia1"}, env: []string{"NVIDIA_VISIBLE_DEVICES=GPU-1,GPU-2"}, want: "KIND FILE ID GPU /dev/nvidia1 not named by the environment"},
	} {
		t.Run(name, func(t *testing.T) {
			dev, out := t.TempDir(), &strings.Builder{}
			for _, file := range tt.files {
				if err := os.MkdirAll(filepath.Dir(filepath.Join(dev, file)), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(dev, file), nil, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := listDevices(dev, tt.env, out); err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(strings.Fields(out.String()), " "); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
