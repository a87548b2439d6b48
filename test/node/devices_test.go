package node

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"foundation.team/operator/hack/lab/cluster"
	"foundation.team/operator/test/support/manifest"
)

const (
	// gpuTeam has the GPUs of gpuNode, which gpuPool takes.
	gpuTeam = "miru"
	gpuPool = "b200"
	gpuNode = "real-1"

	// waysLabel says that a DRA driver serves the node's GPUs instead of a device plugin.
	waysLabel   = "lab.foundation.team/gpus"
	deviceClass = "gpu.nvidia.com"
)

// withDevices has the container of a pod ask for devices.
func withDevices(pod, limits string) string {
	return strings.Replace(pod, "resources: {", "resources: {limits: {"+limits+"}, ", 1)
}

// withClaim has a pod claim devices by a template.
func withClaim(pod, template string) string {
	claimed := strings.Replace(pod, "resources: {", "resources: {claims: [{name: gpus}], ", 1)
	return strings.Replace(claimed, "  containers:", "  resourceClaims: [{name: gpus, resourceClaimTemplateName: "+template+"}]\n  containers:", 1)
}

// gpuClaim is a ResourceClaim or, as a template, what makes one for each pod.
func gpuClaim(kind, name string, gpus int) string {
	spec := fmt.Sprintf("{devices: {requests: [{name: gpus, exactly: {deviceClassName: %s, count: %d}}]}}", deviceClass, gpus)
	if kind == "ResourceClaimTemplate" {
		spec = "{spec: " + spec + "}"
	}
	return fmt.Sprintf("apiVersion: resource.k8s.io/v1\nkind: %s\nmetadata: {name: %s, namespace: %s-train}\nspec: %s\n", kind, name, gpuTeam, spec)
}

// awardGPUs makes the pool and a team that is awarded all of it.
func awardGPUs(t *testing.T) {
	t.Helper()
	makePool(t, gpuPool, manifest.StaticPool(gpuPool, "deviceClassName: "+deviceClass), gpuNode)
	team := manifest.Team(gpuTeam, manifest.Train, manifest.Awards(manifest.Award("first", gpuPool, cluster.GPUsPerNode)),
		manifest.Staff(manifest.User("engineer", "Engineer", engineerOf(gpuTeam))))
	if err := apply(t, "", team); err != nil {
		t.Fatal(err)
	}
	awaitPool(t)
}

// awaitPool waits until the pool and the team are Ready.
func awaitPool(t *testing.T) {
	t.Helper()
	kubectl(t, "wait", "--for=condition=Ready", "--timeout", within.String(), "foundationteam/"+gpuTeam, "gpupool/"+gpuPool)
}

// devicesCommand executes the lab's devices on the team's node.
func devicesCommand(t *testing.T, args ...string) string {
	t.Helper()
	pod := kubectl(t, "get", "pods", "--namespace", "kube-system", "--selector", "app in (devices, devices-dra)", "--field-selector",
		"status.phase=Running,spec.nodeName="+gpuNode, "--output", "name")
	return kubectl(t, append([]string{"exec", "--namespace", "kube-system", pod, "--", "/devices"}, args...)...)
}

// devicesOfNode are the identifiers of the node's devices, by resource and number: "nvidia.com/gpu 3".
func devicesOfNode(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for line := range strings.Lines(devicesCommand(t, "list")) {
		fields := strings.Fields(line)
		all[fields[0]+" "+fields[1]] = fields[2]
	}
	return all
}

// devicesOf are what a pod's container has, as devicesOfNode has them. Its engineer sees that.
func devicesOf(t *testing.T, pod string) map[string]string {
	t.Helper()
	listed, err := as(t, engineerOf(gpuTeam), "exec", "--namespace", gpuTeam+"-train", pod, "--", "nvidia-smi")
	if err != nil {
		t.Fatal(err)
	}
	own := map[string]string{}
	for line := range strings.Lines(listed) {
		fields := strings.Fields(line)
		if number, isGPU := strings.CutPrefix(fields[1], "/dev/nvidia"); isGPU {
			own["nvidia.com/gpu "+number] = fields[2]
		}
		if number, isHCA := strings.CutPrefix(fields[1], "/dev/infiniband/uverbs"); isHCA {
			own["rdma/hca "+number] = fields[2]
		}
	}
	return own
}

// checkDevices checks that each pod has as many GPUs and adapters as it asked for, all of the node's, and none of another pod's.
func checkDevices(t *testing.T, asked map[string]string) {
	t.Helper()
	free := devicesOfNode(t)
	for _, pod := range slices.Sorted(maps.Keys(asked)) {
		own, count := devicesOf(t, pod), map[string]int{}
		for device, id := range own {
			resource, _, _ := strings.Cut(device, " ")
			count[resource]++
			if free[device] != id {
				t.Errorf("%s has %s as %s, which is not free or not the node's", pod, device, id)
			}
			delete(free, device)
		}
		if got := fmt.Sprintf("%d GPUs, %d HCAs", count["nvidia.com/gpu"], count["rdma/hca"]); got != asked[pod] {
			t.Errorf("%s has %s, want %s", pod, got, asked[pod])
		}
	}
}

// anyGPUOf returns the number of one of the GPUs of a pod.
func anyGPUOf(t *testing.T, pod string) string {
	t.Helper()
	for device := range devicesOf(t, pod) {
		if number, isGPU := strings.CutPrefix(device, "nvidia.com/gpu "); isGPU {
			return number
		}
	}
	t.Fatalf("%s has no GPU", pod)
	return ""
}

// checkBroken breaks a GPU of a pod and mends it. The pool and the team say of the node what is said, with the GPU's number for NUMBER, and
// the pod says that the device is unhealthy.
func checkBroken(t *testing.T, pod, said string) {
	t.Helper()
	number := anyGPUOf(t, pod)
	said = gpuNode + " (" + strings.ReplaceAll(said, "NUMBER", number)
	devicesCommand(t, "health", "nvidia.com/gpu", number, "unhealthy")
	for _, object := range []string{"gpupool/" + gpuPool, "foundationteam/" + gpuTeam} {
		kubectl(t, "wait", "--for=condition=Ready=False", "--timeout", within.String(), object)
		message := kubectl(t, "get", object, "--output", `jsonpath={.status.conditions[?(@.type=="Ready")].message}`)
		if !strings.Contains(message, said) {
			t.Errorf("%s says %q, want %q in it", object, message, said)
		}
	}
	health := `jsonpath={.status.containerStatuses[0].allocatedResourcesStatus[*].resources[?(@.health=="Unhealthy")].health}`
	kubectl(t, "wait", "--for="+health+"=Unhealthy", "--timeout", within.String(), "--namespace", gpuTeam+"-train", "pod/"+pod)
	devicesCommand(t, "health", "nvidia.com/gpu", number, "healthy")
	awaitPool(t)
}

// A team's containers have the devices that they asked for and no others, on a node whose GPUs a device plugin serves and on one where a DRA
// driver does; the grant bounds both.
func TestDevices(t *testing.T) {
	long(t)
	// After the pods are gone: their claims end with the driver's help.
	t.Cleanup(func() { kubectl(t, "label", "node", gpuNode, waysLabel+"-") })
	awardGPUs(t)
	t.Run("by device plugin", testDevicePlugin)
	kubectl(t, "delete", "pods", "--all", "--grace-period=1", "--namespace", gpuTeam+"-train")
	kubectl(t, "label", "node", gpuNode, waysLabel+"=dra")
	kubectl(t, "wait", "--for=jsonpath={.status.allocatable.nvidia\\.com/gpu}=0", "--timeout", within.String(), "node/"+gpuNode)
	t.Run("by claims", testClaims)
}

func testDevicePlugin(t *testing.T) {
	t.Helper()
	counts(t)
	namespace := gpuTeam + "-train"
	runManifest(t, gpuTeam, "train", withDevices(pod(namespace, "train", "serve", "8080"), "nvidia.com/gpu: 2, rdma/hca: 2"))
	runManifest(t, gpuTeam, "eval", withDevices(pod(namespace, "eval", "wait"), "nvidia.com/gpu: 3"))
	runManifest(t, gpuTeam, "fabric", withDevices(pod(namespace, "fabric", "wait"), "rdma/hca: 1"))
	runPod(t, gpuTeam, "notebook", "wait")
	checkDevices(t, map[string]string{
		"train": "2 GPUs, 2 HCAs", "eval": "3 GPUs, 0 HCAs", "fabric": "0 GPUs, 1 HCAs", "notebook": "0 GPUs, 0 HCAs",
	})

	err := apply(t, engineerOf(gpuTeam), withDevices(pod(namespace, "more", "wait"), "nvidia.com/gpu: 4"))
	const refused = "exceeded quota: foundation-team, requested: requests.nvidia.com/gpu=4, used: requests.nvidia.com/gpu=5, limited: requests.nvidia.com/gpu=8"
	if err == nil || !strings.Contains(err.Error(), refused) {
		t.Errorf("more than the grant: error %v, want %q", err, refused)
	}

	of := func(pod, path string) string {
		return kubectl(t, "get", "pod", pod, "--namespace", namespace, "--output", "jsonpath={"+path+"}")
	}
	if on := of("train", ".spec.nodeName") + " " + of("notebook", ".spec.nodeName"); on != gpuNode+" real-0" {
		t.Errorf("the pods are on %s", on)
	}
	said, err := as(t, engineerOf(gpuTeam), "exec", "--namespace", namespace, "notebook", "--", "/agent", "try", of("train", ".status.podIP")+":8080")
	if err != nil || !strings.HasSuffix(said, " passes: train") {
		t.Errorf("from one node to the other %q answers, error %v", said, err)
	}
	checkBroken(t, "train", "7 of 8 nvidia.com/gpu")
}

func testClaims(t *testing.T) {
	t.Helper()
	counts(t)
	namespace := gpuTeam + "-train"
	if err := apply(t, engineerOf(gpuTeam), gpuClaim("ResourceClaimTemplate", "two", 2)); err != nil {
		t.Fatal(err)
	}
	runManifest(t, gpuTeam, "train", withClaim(pod(namespace, "train", "wait"), "two"))
	runManifest(t, gpuTeam, "eval", withDevices(pod(namespace, "eval", "wait"), "nvidia.com/gpu: 3"))
	checkDevices(t, map[string]string{"train": "2 GPUs, 0 HCAs", "eval": "3 GPUs, 0 HCAs"})

	err := apply(t, engineerOf(gpuTeam), gpuClaim("ResourceClaim", "four", 4))
	for _, refused := range []string{
		"exceeded quota: foundation-team", "gpu.nvidia.com.deviceclass.resource.k8s.io/devices=4", "used: gpu.nvidia.com.deviceclass.resource.k8s.io/devices=5",
	} {
		if err == nil || !strings.Contains(err.Error(), refused) {
			t.Errorf("more than the grant: error %v, want %q", err, refused)
		}
	}
	checkBroken(t, "train", "device gpu-NUMBER of gpu.nvidia.com tainted gpu.nvidia.com/unhealthy:NoSchedule")
}
