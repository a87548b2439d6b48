package e2e

import (
	"fmt"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	resourcev1 "k8s.io/api/resource/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/hack/lab/cluster"
	"foundation.team/operator/test/support/dsl"
	"foundation.team/operator/test/support/manifest"
)

const ofGPU = corev1.ResourceName("requests." + cluster.GPUResource)

var _ = Describe("Devices of ResourceClaims", func() {
	It("are limited by the grant, together with the extended resource", func(ctx SpecContext) {
		s := newStory(ctx)
		const class, rivals = "gpu.claims.example.com", "rival.claims.example.com"
		applyDeviceClass(s, class, cluster.GPUResource)
		applyDeviceClass(s, rivals, "")
		s.ApplyPool("claims", 2, "deviceClassName: "+class)
		s.ApplyPool("claimsrival", 1, "deviceClassName: "+rivals)
		spec := func(gpus int) []string {
			return []string{
				s.GPUs("claims", gpus), `namespaces: [{name: train}, {name: eval, gpuWeight: 0}]`,
				manifest.Staff(manifest.User("ida", "Engineer", "ida@claims.example")),
			}
		}
		s.ApplyTeam("claims", spec(16)...)
		s.ApplyTeam("claimsrival", s.GPUs("claimsrival", 8), manifest.Train)
		s.WaitReady("claims", "claimsrival")
		ida := s.As("ida@claims.example")
		const train = "claims-train"

		By("taking what was granted, and nothing beyond")
		s.Expect(claimAs(ida, train, "eight", exactly(class, 8))).To(Succeed())
		s.Expect(claimAs(ida, train, "seven", exactly(class, 7))).To(Succeed())
		s.Expect(claimAs(ida, train, "one", exactly(class, 1))).To(Succeed())
		s.Expect(claimAs(ida, train, "more", exactly(class, 1))).To(MatchError(And(
			ContainSubstring("exceeded quota: foundation-team"), ContainSubstring(class+".deviceclass.resource.k8s.io/devices=16"),
			ContainSubstring("requests.deviceclass.resource.kubernetes.io/"+class+"=16"), ContainSubstring(string(ofGPU)+"=16"))))
		s.Expect(ida.Create(manifest.GPUPods("claims", train, "extended", 1, 1))).To(MatchError(ContainSubstring("exceeded quota: foundation-team, requested: "+string(ofGPU)+"=1, used: "+string(ofGPU)+"=16")), "one account for both")
		waitUsed(s, "claims", 16)

		By("counting a choice by its largest, and all devices as 32")
		s.Kubectl("delete", "resourceclaims", "--all", "-n", train)
		waitUsed(s, "claims", 0)
		s.Expect(claimAs(ida, train, "all", "exactly: {deviceClassName: "+class+", allocationMode: All}")).To(MatchError(ContainSubstring("devices=32")))
		s.Expect(claimAs(ida, train, "choice", fmt.Sprintf("firstAvailable: [{name: a, deviceClassName: %[1]s, count: 4}, {name: b, deviceClassName: %[1]s, count: 12}]", class))).To(Succeed())
		s.Expect(claimAs(ida, train, "five", exactly(class, 5))).To(MatchError(ContainSubstring("exceeded quota")))
		s.Expect(ida.Create(manifest.GPUPods("claims", train, "extended", 1, 4))).To(Succeed())
		waitUsed(s, "claims", 16)

		By("refusing classes that were not granted, whoever asks")
		expectNotGranted(s, ida, class, rivals)

		By("following the award")
		s.ApplyTeam("claims", spec(8)...)
		s.WaitUntil(func(g Gomega) {
			g.Expect(getDeviceQuota(s, g, train, class)).To(BeEquivalentTo(8))
			g.Expect(s.GetGPUQuota(g, train)).To(BeEquivalentTo(8))
		})
		s.Kubectl("delete", "resourceclaims", "--all", "-n", train)
		s.Kubectl("delete", "pods", "--all", "-n", train, "--force", "--grace-period=0")
		waitUsed(s, "claims", 0)
		s.Expect(claimAs(ida, train, "nine", exactly(class, 9))).To(MatchError(ContainSubstring("devices=8")))
		s.Expect(claimAs(ida, train, "eight", exactly(class, 8))).To(Succeed())
		s.ApplyTeam("claims", spec(0)...)
		s.WaitUntil(func(g Gomega) {
			g.Expect(getDeviceQuota(s, g, train, class)).To(BeZero())
			g.Expect(dsl.Get(s, g, &corev1.Namespace{}, "", train).Annotations).NotTo(HaveKey(foundationv1alpha1.AnnotationDeviceClasses))
		})
		s.Expect(claimAs(ida, train, "late", exactly(class, 1))).To(matchNotGranted(class, train))
	})

	It("are counted alone if their DeviceClass has no extended resource", func(ctx SpecContext) {
		s := newStory(ctx)
		const class, train = "gpu.apart.example.com", "apart-train"
		applyDeviceClass(s, class, "")
		s.ApplyPool("apart", 1, "deviceClassName: "+class)
		s.ApplyTeam("apart", s.GPUs("apart", 8), manifest.Train)
		s.WaitReady("apart")
		s.Apply(claimOf(train, "five", exactly(class, 5)))
		s.Apply(manifest.GPUPods("apart", train, "extended", 1, 3))
		waitUsed(s, "apart", 8)
		s.Expect(s.Admin().Create(claimOf(train, "four", exactly(class, 4)))).To(MatchError(And(ContainSubstring(class+".deviceclass.resource.k8s.io/devices=8"), Not(ContainSubstring(string(ofGPU))))))
	})

	It("come from the team's own nodes, however they are requested", func(ctx SpecContext) {
		s := newStory(ctx)
		const class, extended, train = "gpu.own.example.com", "own.example.com/gpu", "own-train"
		applyDeviceClass(s, class, extended)
		s.ApplyPool("own", 3, "deviceClassName: "+class)
		s.ApplyTeam("ownrival", s.GPUs("own", 8), manifest.Train)
		s.WaitReady("ownrival")
		s.ApplyTeam("own", s.GPUs("own", 16), manifest.Train,
			manifest.Staff(manifest.User("ida", "Engineer", "ida@own.example")))
		s.WaitReady("own")
		nodes := dsl.NamesOf(s.ListPoolNodes(s, "own"))
		s.Expect(nodes).To(HaveLen(3))
		for _, node := range nodes {
			publishDevices(s, class, node)
		}
		ida := s.As("ida@own.example")
		create := func(manifest string) {
			s.Helper()
			s.Expect(ida.Create(manifest)).To(Succeed(), manifest)
		}

		By("claiming by template")
		create(claimTemplate(train, exactly(class, 8)))
		create(claimingPod("own", train, "first"))
		s.WaitRunning("own", 1)

		By("asking for an extended resource that the class has")
		create(strings.ReplaceAll(manifest.GPUPods("own", train, "extended", 1, 8), cluster.GPUResource, extended))
		s.WaitRunning("own", 2)
		own := dsl.NamesOf(s.ListNodes(s, "own"))
		for _, pod := range s.ListPods(s, "own") {
			s.Expect(own).To(ContainElement(pod.Spec.NodeName))
		}
		var claims resourcev1.ResourceClaimList
		s.List(s, &claims, client.InNamespace(train))
		s.Expect(claims.Items).To(HaveLen(2), "the scheduler claims what was asked for as an extended resource")

		By("counting each device once")
		waitUsed(s, "own", 16)
		used := dsl.Get(s, s, &corev1.ResourceQuota{}, train, "foundation-team").Status.Used
		for entry, want := range map[corev1.ResourceName]int64{
			corev1.ResourceName(class + corev1.ResourceClaimsPerClass): 16, "requests." + extended: 16, ofGPU: 0,
		} {
			quantity := used[entry]
			s.Expect(quantity.Value()).To(Equal(want), string(entry))
		}

		By("leaving a rival's free devices alone")
		create(claimingPod("own", train, "third"))
		s.Consistently(func(g Gomega) {
			pod := dsl.Get(s, g, &corev1.Pod{}, train, "third")
			g.Expect(pod.Spec.NodeName).To(BeEmpty())
			g.Expect(pod.Spec.NodeSelector).To(HaveKeyWithValue(foundationv1alpha1.LabelNodeTeam, "own"))
		}).Should(Succeed())
		s.DeletePod(train, "first")
		s.WaitRunning("own", 2)
		s.Expect(own).To(ContainElement(dsl.Get(s, s, &corev1.Pod{}, train, "third").Spec.NodeName))
	})

	It("have their node replaced when they stay tainted", func(ctx SpecContext) {
		s := newStory(ctx)
		const class, team = "gpu.tainted.example.com", "tainted"
		applyDeviceClass(s, class, "")
		s.ApplyPool(team, 2, "deviceClassName: "+class, "repair: {replaceAfter: 3s}", "reclaim: {gracePeriod: 5s}")
		s.ApplyTeam(team, s.GPUs(team, 8), manifest.Train)
		s.WaitReady(team)
		for _, node := range dsl.NamesOf(s.ListPoolNodes(s, team)) {
			publishDevices(s, class, node)
		}
		const taint = "example.com/xid=79:NoExecute"
		// replaced waits until another node is the team's, and until the broken one is named.
		replaced := func(node, device string) {
			s.Helper()
			detail := "device " + device + " of " + class + " tainted " + taint
			s.WaitUntil(func(g Gomega) {
				g.Expect(dsl.NamesOf(s.ListNodes(g, team))).To(And(HaveLen(1), Not(ContainElement(node))))
			})
			s.WaitPoolCondition(team, foundationv1alpha1.ConditionReady, foundationv1alpha1.ReasonNodesUnhealthy,
				"8 of 16 GPUs on nodes that are not healthy: "+node+" ("+detail+"); mend the device, whose driver then takes the taint off, and delete a DeviceTaintRule")
		}
		first := s.ListNodes(s, team)[0].Name
		applySlice(s, class, first, "{name: gpu-3, taints: [{key: example.com/xid, value: '79', effect: NoExecute}]}")
		added := dsl.Get(s, s, &resourcev1.ResourceSlice{}, "", first).Spec.Devices[0].Taints
		s.Expect(added).To(ConsistOf(HaveField("TimeAdded", Not(BeNil()))), "the API server dates it")
		replaced(first, "gpu-3")

		By("mending the device, and tainting another one by a rule")
		publishDevices(s, class, first)
		s.WaitUntil(func(g Gomega) { g.Expect(s.GetPool(g, team).Status.Capacity.Healthy).To(BeEquivalentTo(16)) })
		second := s.ListNodes(s, team)[0].Name
		s.Apply(fmt.Sprintf(`
apiVersion: resource.k8s.io/v1
kind: DeviceTaintRule
metadata: {name: %[2]s}
spec: {deviceSelector: {driver: %[1]s, pool: %[2]s, device: gpu-5}, taint: {key: example.com/xid, value: "79", effect: NoExecute}}
`, class, second))
		s.Cleanup(func() { s.Kubectl("delete", "devicetaintrule", second) })
		replaced(second, "gpu-5")
	})
})

// applyDeviceClass creates a DeviceClass for devices of the driver of the same name. extendedResource may be empty.
func applyDeviceClass(s *dsl.Story, name, extendedResource string) {
	s.Helper()
	spec := fmt.Sprintf(`selectors: [{cel: {expression: device.driver == "%s"}}]`, name)
	if extendedResource != "" {
		spec += ", extendedResourceName: " + extendedResource
	}
	s.Apply(fmt.Sprintf("{apiVersion: resource.k8s.io/v1, kind: DeviceClass, metadata: {name: %s}, spec: {%s}}", name, spec))
	s.Cleanup(func() { s.Kubectl("delete", "deviceclass", name) })
}

// publishDevices publishes 8 devices on a node in a ResourceSlice, as their driver would.
func publishDevices(s *dsl.Story, driver, node string) {
	s.Helper()
	var devices []string
	for i := range 8 {
		devices = append(devices, fmt.Sprintf("{name: gpu-%d}", i))
	}
	applySlice(s, driver, node, devices...)
	s.Cleanup(func() { s.Kubectl("delete", "resourceslice", node, "--ignore-not-found") })
}

func applySlice(s *dsl.Story, driver, node string, devices ...string) {
	s.Helper()
	s.Apply(fmt.Sprintf(`
apiVersion: resource.k8s.io/v1
kind: ResourceSlice
metadata: {name: %[1]s}
spec: {driver: %[2]s, nodeName: %[1]s, pool: {name: %[1]s, generation: 1, resourceSliceCount: 1}, devices: [%[3]s]}
`, node, driver, strings.Join(devices, ", ")))
}

// expectNotGranted expects that neither staff nor, in the team's namespace, an admin can create ResourceClaims for a
// DeviceClass that is new, that was granted to a rival, or of which the namespace has no share.
func expectNotGranted(s *dsl.Story, ida dsl.Person, class, rivals string) {
	s.Helper()
	const train, eval, brandNew = "claims-train", "claims-eval", "brand-new.example.com"
	admin := s.Admin()
	applyDeviceClass(s, brandNew, "")
	s.Expect(claimAs(ida, train, "new", exactly(brandNew, 1))).To(matchNotGranted(brandNew, train), "before any quota counts it")
	s.Expect(claimAs(ida, train, "rivals", exactly(rivals, 1))).To(matchNotGranted(rivals, train))
	s.Expect(claimAs(ida, train, "second", fmt.Sprintf("firstAvailable: [{name: a, deviceClassName: %s}, {name: b, deviceClassName: %s}]", class, rivals))).To(matchNotGranted(rivals, train))
	s.Expect(claimAs(ida, eval, "weightless", exactly(class, 1))).To(matchNotGranted(class, eval))
	s.Expect(claimAs(ida, "claimsrival-train", "theirs", exactly(class, 1))).To(MatchError(ContainSubstring(`cannot create resource "resourceclaims"`)))
	s.Expect(claimAs(admin, train, "rivals", exactly(rivals, 1))).To(MatchError(ContainSubstring(rivals + ".deviceclass.resource.k8s.io/devices=0")))
	s.Expect(claimAs(admin, eval, "weightless", exactly(class, 1))).To(MatchError(And(
		ContainSubstring(class+".deviceclass.resource.k8s.io/devices=0"), ContainSubstring("count/resourceclaims.resource.k8s.io=0"))))
	s.Eventually(func() error {
		return claimAs(admin, train, "new", exactly(brandNew, 1))
	}).Should(MatchError(ContainSubstring(brandNew+".deviceclass.resource.k8s.io/devices=0")), "the quota names every class")
}

func matchNotGranted(class, namespace string) OmegaMatcher {
	return MatchError(ContainSubstring("deviceClassName: " + class + " is not granted to namespace " + namespace))
}

// claimAs has somebody create a ResourceClaim of one request.
func claimAs(by dsl.Person, namespace, name, request string) error {
	return by.Create(claimOf(namespace, name, request))
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

// claimTemplate is a template, called node, of ResourceClaims of one request.
func claimTemplate(namespace, request string) string {
	return fmt.Sprintf(`
apiVersion: resource.k8s.io/v1
kind: ResourceClaimTemplate
metadata: {name: node, namespace: %s}
spec: {spec: {devices: {requests: [{name: gpu, %s}]}}}
`, namespace, request)
}

func exactly(class string, count int) string {
	return fmt.Sprintf("exactly: {deviceClassName: %s, count: %d}", class, count)
}

// claimingPod is a team's pod that has devices claimed by the template node.
func claimingPod(team, namespace, name string) string {
	pod := strings.ReplaceAll(manifest.GPUPods(team, namespace, name, 1, 0), "metadata: {name: "+name+"-0,", "metadata: {name: "+name+",")
	pod = strings.ReplaceAll(pod, fmt.Sprintf(`, %s: "0"}`, cluster.GPUResource), "}, claims: [{name: gpu}]")
	return pod + "  resourceClaims: [{name: gpu, resourceClaimTemplateName: node}]\n"
}

// getDeviceQuota reads how many devices of a class a namespace's quota allows.
func getDeviceQuota(s *dsl.Story, g Gomega, namespace, class string) int64 {
	s.Helper()
	quota := dsl.Get(s, g, &corev1.ResourceQuota{}, namespace, "foundation-team")
	devices := quota.Spec.Hard[corev1.ResourceName(class+corev1.ResourceClaimsPerClass)]
	return devices.Value()
}

// waitUsed waits until a team's status counts so many GPUs in use.
func waitUsed(s *dsl.Story, team string, gpus int32) {
	s.Helper()
	s.WaitUntil(func(g Gomega) {
		g.Expect(s.GetTeam(g, team).Status.GPUs).To(HaveValue(HaveField("Used", HaveValue(Equal(gpus)))))
	})
}
