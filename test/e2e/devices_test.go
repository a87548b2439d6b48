package e2e

import (
	"context"
	"fmt"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	resourcev1 "k8s.io/api/resource/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/hack/lab/cluster"
)

var _ = Describe("Devices that are claimed", func() {
	const ofGPU = corev1.ResourceName("requests." + cluster.GPUResource)

	It("are bounded by the grant, together with the extended resource", func(ctx SpecContext) {
		const class, rivals = "gpu.claims.example.com", "rival.claims.example.com"
		deviceClass(ctx, class, cluster.GPUResource)
		deviceClass(ctx, rivals, "")
		poolOf(ctx, "claims", 2, "deviceClassName: "+class)
		poolOf(ctx, "claimsrival", 1, "deviceClassName: "+rivals)
		spec := func(gpus int) []string {
			return []string{
				fmt.Sprintf("gpus: [{name: a, poolName: claims, count: %d}]", gpus), `namespaces: [{name: train}, {name: eval, gpuWeight: 0}]`,
				`staff: [{name: ida, role: Engineer, subject: {kind: User, name: ida@claims.example}}]`,
			}
		}
		teamOf(ctx, "claims", spec(16)...)
		teamOf(ctx, "claimsrival", "gpus: [{name: a, poolName: claimsrival, count: 8}]", `namespaces: [{name: train}]`)
		eventuallyReady(ctx, "claims", "claimsrival")
		ida := as("ida@claims.example")
		claim := func(by kubectl, namespace, name, requests string) error {
			_, err := by(ctx, "create", "-f", writeFile(claimOf(namespace, name, requests)))
			return err
		}
		const train, eval = "claims-train", "claims-eval"

		By("taking what was granted, and nothing beyond")
		Expect(claim(ida, train, "eight", exactly(class, 8))).To(Succeed())
		Expect(claim(ida, train, "seven", exactly(class, 7))).To(Succeed())
		Expect(claim(ida, train, "one", exactly(class, 1))).To(Succeed())
		Expect(claim(ida, train, "more", exactly(class, 1))).To(MatchError(And(
			ContainSubstring("exceeded quota: foundation-team"), ContainSubstring(class+".deviceclass.resource.k8s.io/devices=16"),
			ContainSubstring("requests.deviceclass.resource.kubernetes.io/"+class+"=16"), ContainSubstring(string(ofGPU)+"=16"))))
		_, err := ida(ctx, "create", "-f", writeFile(gpuPods("claims", train, "extended", 1, 1)))
		Expect(err).To(MatchError(ContainSubstring("exceeded quota: foundation-team, requested: "+string(ofGPU)+"=1, used: "+string(ofGPU)+"=16")), "one account for both")
		eventuallyUsed(ctx, "claims", 16)

		By("counting a choice by its largest, and all devices as 32")
		mustKubectl(ctx, "delete", "resourceclaims", "--all", "-n", train)
		eventuallyUsed(ctx, "claims", 0)
		Expect(claim(ida, train, "all", "exactly: {deviceClassName: "+class+", allocationMode: All}")).To(MatchError(ContainSubstring("devices=32")))
		Expect(claim(ida, train, "choice", fmt.Sprintf("firstAvailable: [{name: a, deviceClassName: %[1]s, count: 4}, {name: b, deviceClassName: %[1]s, count: 12}]", class))).To(Succeed())
		Expect(claim(ida, train, "five", exactly(class, 5))).To(MatchError(ContainSubstring("exceeded quota")))
		_, err = ida(ctx, "create", "-f", writeFile(gpuPods("claims", train, "extended", 1, 4)))
		Expect(err).NotTo(HaveOccurred())
		eventuallyUsed(ctx, "claims", 16)

		By("refusing classes that were not granted, whoever asks")
		notGranted := func(class, namespace string) OmegaMatcher {
			return MatchError(ContainSubstring("deviceClassName: " + class + " is not granted to namespace " + namespace))
		}
		deviceClass(ctx, "brand-new.example.com", "")
		Expect(claim(ida, train, "new", exactly("brand-new.example.com", 1))).To(notGranted("brand-new.example.com", train), "before any quota counts it")
		Expect(claim(ida, train, "rivals", exactly(rivals, 1))).To(notGranted(rivals, train))
		Expect(claim(ida, train, "second", fmt.Sprintf("firstAvailable: [{name: a, deviceClassName: %s}, {name: b, deviceClassName: %s}]", class, rivals))).To(notGranted(rivals, train))
		Expect(claim(ida, eval, "weightless", exactly(class, 1))).To(notGranted(class, eval))
		Expect(claim(ida, "claimsrival-train", "theirs", exactly(class, 1))).To(MatchError(ContainSubstring(`cannot create resource "resourceclaims"`)))
		Expect(claim(lab.Kubectl, train, "rivals", exactly(rivals, 1))).To(MatchError(ContainSubstring(rivals + ".deviceclass.resource.k8s.io/devices=0")))
		Expect(claim(lab.Kubectl, eval, "weightless", exactly(class, 1))).To(MatchError(And(
			ContainSubstring(class+".deviceclass.resource.k8s.io/devices=0"), ContainSubstring("count/resourceclaims.resource.k8s.io=0"))))
		Eventually(func() error {
			return claim(lab.Kubectl, train, "new", exactly("brand-new.example.com", 1))
		}).WithContext(ctx).Should(MatchError(ContainSubstring("brand-new.example.com.deviceclass.resource.k8s.io/devices=0")), "the quota names every class")

		By("following the award")
		teamOf(ctx, "claims", spec(8)...)
		Eventually(func(g Gomega) {
			g.Expect(deviceQuota(ctx, g, train, class)).To(BeEquivalentTo(8))
			g.Expect(gpuQuota(ctx, g, train)).To(BeEquivalentTo(8))
		}).WithContext(ctx).Should(Succeed())
		mustKubectl(ctx, "delete", "resourceclaims", "--all", "-n", train)
		mustKubectl(ctx, "delete", "pods", "--all", "-n", train, "--force", "--grace-period=0")
		eventuallyUsed(ctx, "claims", 0)
		Expect(claim(ida, train, "nine", exactly(class, 9))).To(MatchError(ContainSubstring("devices=8")))
		Expect(claim(ida, train, "eight", exactly(class, 8))).To(Succeed())
		teamOf(ctx, "claims", spec(0)...)
		Eventually(func(g Gomega) {
			g.Expect(deviceQuota(ctx, g, train, class)).To(BeZero())
			g.Expect(get(ctx, g, &corev1.Namespace{}, "", train).Annotations).NotTo(HaveKey(foundationv1alpha1.AnnotationDeviceClasses))
		}).WithContext(ctx).Should(Succeed())
		Expect(claim(ida, train, "late", exactly(class, 1))).To(notGranted(class, train))
	})

	It("are counted by themselves if their class has no extended resource", func(ctx SpecContext) {
		const class, train = "gpu.apart.example.com", "apart-train"
		deviceClass(ctx, class, "")
		poolOf(ctx, "apart", 1, "deviceClassName: "+class)
		teamOf(ctx, "apart", "gpus: [{name: a, poolName: apart, count: 8}]", `namespaces: [{name: train}]`)
		eventuallyReady(ctx, "apart")
		mustKubectl(ctx, "create", "-f", writeFile(claimOf(train, "five", exactly(class, 5))))
		mustKubectl(ctx, "create", "-f", writeFile(gpuPods("apart", train, "extended", 1, 3)))
		eventuallyUsed(ctx, "apart", 8)
		_, err := lab.Kubectl(ctx, "create", "-f", writeFile(claimOf(train, "four", exactly(class, 4))))
		Expect(err).To(MatchError(And(ContainSubstring(class+".deviceclass.resource.k8s.io/devices=8"), Not(ContainSubstring(string(ofGPU))))))
	})

	It("are the team's own, however they are asked for", func(ctx SpecContext) {
		const class, extended, train = "gpu.own.example.com", "own.example.com/gpu", "own-train"
		deviceClass(ctx, class, extended)
		poolOf(ctx, "own", 3, "deviceClassName: "+class)
		teamOf(ctx, "ownrival", "gpus: [{name: a, poolName: own, count: 8}]", `namespaces: [{name: train}]`)
		eventuallyReady(ctx, "ownrival")
		teamOf(ctx, "own", "gpus: [{name: a, poolName: own, count: 16}]", `namespaces: [{name: train}]`,
			`staff: [{name: ida, role: Engineer, subject: {kind: User, name: ida@own.example}}]`)
		eventuallyReady(ctx, "own")
		var nodes corev1.NodeList
		Expect(k8s.List(ctx, &nodes, client.MatchingLabels{foundationv1alpha1.LabelPool: "own"})).To(Succeed())
		Expect(nodes.Items).To(HaveLen(3))
		for i := range nodes.Items {
			publishDevices(ctx, class, nodes.Items[i].Name)
		}
		ida := as("ida@own.example")
		create := func(manifest string) {
			GinkgoHelper()
			_, err := ida(ctx, "create", "-f", writeFile(manifest))
			Expect(err).NotTo(HaveOccurred(), manifest)
		}

		By("claiming by template")
		create(fmt.Sprintf(`
apiVersion: resource.k8s.io/v1
kind: ResourceClaimTemplate
metadata: {name: node, namespace: %s}
spec: {spec: {devices: {requests: [{name: gpu, %s}]}}}
`, train, exactly(class, 8)))
		create(claimingPod("own", train, "first"))
		eventuallyRunning(ctx, "own", 1)

		By("asking for an extended resource that the class has")
		create(strings.ReplaceAll(gpuPods("own", train, "extended", 1, 8), cluster.GPUResource, extended))
		eventuallyRunning(ctx, "own", 2)
		own := nodeNames(nodesOf(ctx, Default, "own"))
		for _, pod := range pods(ctx, Default, "own") {
			Expect(own).To(ContainElement(pod.Spec.NodeName))
		}
		var claims resourcev1.ResourceClaimList
		Expect(k8s.List(ctx, &claims, client.InNamespace(train))).To(Succeed())
		Expect(claims.Items).To(HaveLen(2), "the scheduler claims what was asked for as an extended resource")

		By("counting each device once")
		eventuallyUsed(ctx, "own", 16)
		used := get(ctx, Default, &corev1.ResourceQuota{}, train, "foundation-team").Status.Used
		for entry, want := range map[corev1.ResourceName]int64{
			corev1.ResourceName(class + corev1.ResourceClaimsPerClass): 16, "requests." + extended: 16, ofGPU: 0,
		} {
			quantity := used[entry]
			Expect(quantity.Value()).To(Equal(want), string(entry))
		}

		By("leaving a rival's free devices alone")
		create(claimingPod("own", train, "third"))
		Consistently(func(g Gomega) {
			pod := get(ctx, g, &corev1.Pod{}, train, "third")
			g.Expect(pod.Spec.NodeName).To(BeEmpty())
			g.Expect(pod.Spec.NodeSelector).To(HaveKeyWithValue(foundationv1alpha1.LabelNodeTeam, "own"))
		}).WithContext(ctx).Should(Succeed())
		mustKubectl(ctx, "delete", "pod", "first", "-n", train, "--force", "--grace-period=0")
		eventuallyRunning(ctx, "own", 2)
		Expect(own).To(ContainElement(get(ctx, Default, &corev1.Pod{}, train, "third").Spec.NodeName))
	})
})

type kubectl = func(ctx context.Context, args ...string) (string, error)

// deviceClass makes a class of the devices of the driver of the same name. extendedResource may be empty.
func deviceClass(ctx context.Context, name, extendedResource string) {
	GinkgoHelper()
	spec := fmt.Sprintf(`selectors: [{cel: {expression: device.driver == "%s"}}]`, name)
	if extendedResource != "" {
		spec += ", extendedResourceName: " + extendedResource
	}
	apply(ctx, fmt.Sprintf("{apiVersion: resource.k8s.io/v1, kind: DeviceClass, metadata: {name: %s}, spec: {%s}}", name, spec))
	DeferCleanup(func(ctx SpecContext) { mustKubectl(ctx, "delete", "deviceclass", name) })
}

// publishDevices says that a node has 8 devices, as their driver would.
func publishDevices(ctx context.Context, driver, node string) {
	GinkgoHelper()
	var devices []string
	for i := range 8 {
		devices = append(devices, fmt.Sprintf("{name: gpu-%d}", i))
	}
	apply(ctx, fmt.Sprintf(`
apiVersion: resource.k8s.io/v1
kind: ResourceSlice
metadata: {name: %[1]s}
spec: {driver: %[2]s, nodeName: %[1]s, poolName: {name: %[1]s, generation: 1, resourceSliceCount: 1}, devices: [%[3]s]}
`, node, driver, strings.Join(devices, ", ")))
	DeferCleanup(func(ctx SpecContext) { mustKubectl(ctx, "delete", "resourceslice", node) })
}

// claimOf is a ResourceClaim of one request.
func claimOf(namespace, name, request string) string {
	return fmt.Sprintf(`
apiVersion: resource.k8s.io/v1
kind: ResourceClaim
metadata: {name: %s, namespace: %s}
spec: {devices: {requests: [{name: gpu, %s}]}}
`, name, namespace, request)
}

func exactly(class string, count int) string {
	return fmt.Sprintf("exactly: {deviceClassName: %s, count: %d}", class, count)
}

// claimingPod is a team's pod that has devices claimed by the template node.
func claimingPod(team, namespace, name string) string {
	pod := strings.ReplaceAll(gpuPods(team, namespace, name, 1, 0), "metadata: {name: "+name+"-0,", "metadata: {name: "+name+",")
	pod = strings.ReplaceAll(pod, fmt.Sprintf(`, %s: "0"}`, cluster.GPUResource), "}, claims: [{name: gpu}]")
	return pod + "  resourceClaims: [{name: gpu, resourceClaimTemplateName: node}]\n"
}

// deviceQuota is how many devices of a class a namespace's quota allows.
func deviceQuota(ctx context.Context, g Gomega, namespace, class string) int64 {
	GinkgoHelper()
	quota := get(ctx, g, &corev1.ResourceQuota{}, namespace, "foundation-team")
	devices := quota.Spec.Hard[corev1.ResourceName(class+corev1.ResourceClaimsPerClass)]
	return devices.Value()
}

// eventuallyUsed waits until a team's status says how many GPUs are in use.
func eventuallyUsed(ctx context.Context, team string, gpus int32) {
	GinkgoHelper()
	Eventually(func(g Gomega) {
		g.Expect(getTeam(ctx, g, team).Status.GPUs).To(HaveValue(HaveField("Used", HaveValue(Equal(gpus)))))
	}).WithContext(ctx).Should(Succeed())
}
