package e2e

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	foundationv1alpha1 "foundation.team/operator/api/v1alpha1"
	"foundation.team/operator/test/support/dsl"
	"foundation.team/operator/test/support/manifest"
)

var _ = Describe("A team's data", func() {
	const (
		data = `{name: data, namespace: train, size: 1Ti, storageClassName: fast}`
		past = `{name: past, namespace: train, size: 1Ti, storageClassName: fast}`
	)
	volumeOf := func(s *dsl.Story, namespace, claim string) string {
		return dsl.Get(s, s, &corev1.PersistentVolumeClaim{}, namespace, claim).Spec.VolumeName
	}
	waitBound := func(s *dsl.Story, namespace, name, volume string) {
		s.WaitUntil(func(g Gomega) {
			claim := &corev1.PersistentVolumeClaim{}
			g.Expect(s.Exists(g, claim, namespace, name)).To(BeTrue())
			g.Expect(claim.DeletionTimestamp).To(BeNil())
			g.Expect(claim.Spec.VolumeName).To(Equal(volume))
			g.Expect(claim.Status.Phase).To(Equal(corev1.ClaimBound))
		}, name)
	}

	It("comes back with a namespace or a claim that was deleted, and stays gone where it was retired", func(ctx SpecContext) {
		s := newStory(ctx)
		s.ApplyTeam("undone", manifest.Train, `volumes: [`+data+`, `+past+`]`)
		s.WaitReady("undone")
		dataVolume, pastVolume := volumeOf(s, "undone-train", "data"), volumeOf(s, "undone-train", "past")

		s.Kubectl("delete", "ns", "undone-train")
		waitBound(s, "undone-train", "data", dataVolume)
		waitBound(s, "undone-train", "past", pastVolume)
		s.Kubectl("delete", "pvc", "data", "-n", "undone-train")
		waitBound(s, "undone-train", "data", dataVolume)

		s.ApplyTeam("undone", manifest.Train, `volumes: [`+data+`]`)
		s.WaitUntil(func(g Gomega) {
			g.Expect(dsl.Get(s, g, &corev1.PersistentVolumeClaim{}, "undone-train", "past").Labels).To(HaveKey(foundationv1alpha1.LabelRetired))
		})
		s.Kubectl("delete", "pvc", "past", "-n", "undone-train")
		s.WaitUntil(func(g Gomega) {
			g.Expect(s.GetTeam(g, "undone").Status.Volumes).To(ContainElement(SatisfyAll(
				HaveField("Name", "past"), HaveField("State", foundationv1alpha1.ResourceReleased), HaveField("PersistentVolumeNames", []string{pastVolume}))))
		})
		s.Consistently(func() bool { return s.Exists(s, &corev1.PersistentVolumeClaim{}, "undone-train", "past") }).Should(BeFalse())
		s.WaitReady("undone")

		s.ApplyTeam("undone", manifest.Train, `volumes: [`+data+`, `+past+`]`)
		waitBound(s, "undone-train", "past", pastVolume)
	})

	It("is the team's again after a restore in any order", func(ctx SpecContext) {
		s := newStory(ctx)
		orders := map[string][]string{
			"back1": {"namespace", "volume", "team", "record"},
			"back2": {"record", "team", "volume", "namespace"},
		}
		backup, volumes := map[string]map[string]client.Object{}, map[string]string{}
		for team := range orders {
			s.ApplyTeam(team, manifest.Train, `volumes: [`+data+`]`)
		}
		for team := range orders {
			s.WaitReady(team)
			volumes[team] = volumeOf(s, team+"-train", "data")
			s.WaitUntil(func(g Gomega) {
				g.Expect(dsl.Get(s, g, &corev1.PersistentVolume{}, "", volumes[team]).Labels).To(HaveKey(foundationv1alpha1.LabelTeam))
			})
			records := &foundationv1alpha1.TeamRecordList{}
			s.List(s, records, s.OfTeam(team))
			s.Expect(records.Items).To(HaveLen(1))
			volume := dsl.Get(s, s, &corev1.PersistentVolume{}, "", volumes[team])
			volume.Spec.ClaimRef.UID, volume.Spec.ClaimRef.ResourceVersion = "", ""
			backup[team] = map[string]client.Object{
				"namespace": dsl.Get(s, s, &corev1.Namespace{}, "", team+"-train"), "volume": volume,
				"team": s.GetTeam(s, team), "record": &records.Items[0],
			}
		}
		for team := range orders {
			s.Delete("ft", team)
			s.Kubectl("delete", "ftrec", "-l", foundationv1alpha1.LabelTeam+"="+team)
			s.Kubectl("delete", "ns", team+"-train")
			s.Kubectl("delete", "pv", volumes[team])
		}
		for team, order := range orders {
			for _, what := range order {
				obj := backup[team][what]
				obj.SetUID("")
				obj.SetResourceVersion("")
				obj.SetManagedFields(nil)
				s.Expect(client.IgnoreAlreadyExists(s.Client.Create(ctx, obj))).To(Succeed(), "%s of %s", what, team)
				s.Consistently(func(g Gomega) {
					namespace := &corev1.Namespace{}
					if s.Exists(g, namespace, "", team+"-train") {
						g.Expect(namespace.Labels).NotTo(HaveKey(foundationv1alpha1.LabelLocked), "after the %s", what)
					}
				}, time.Second).Should(Succeed())
			}
			if order[1] == "team" { // it came before its volume, and may have a new one
				s.WaitUntil(func(g Gomega) {
					g.Expect(s.GetTeam(g, team).Status.Conditions).To(ContainElement(SatisfyAll(
						HaveField("Type", foundationv1alpha1.ConditionVolumesReady), HaveField("Message", Or(Equal("1 volume"), ContainSubstring(volumes[team]))))))
				})
				continue
			}
			waitBound(s, team+"-train", "data", volumes[team])
			s.WaitReady(team)
		}
	})
})
