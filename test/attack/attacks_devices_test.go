package attack

import (
	resourcev1 "k8s.io/api/resource/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// rivalClass is a DeviceClass that the team was not granted.
const rivalClass = "rival.example.com"

type claimOption = func(*resourcev1.ResourceClaim)

// deviceClaim asks for a device of the class that was granted.
func deviceClaim(namespace, name string, with ...claimOption) *resourcev1.ResourceClaim {
	c := &resourcev1.ResourceClaim{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	ofClasses(deviceClass)(c)
	for _, mutate := range with {
		mutate(c)
	}
	return c
}

// deviceTemplate is a ResourceClaimTemplate for such a ResourceClaim.
func deviceTemplate(like *resourcev1.ResourceClaim) *resourcev1.ResourceClaimTemplate {
	return &resourcev1.ResourceClaimTemplate{
		ObjectMeta: metav1.ObjectMeta{Namespace: like.Namespace, Name: like.Name},
		Spec: resourcev1.ResourceClaimTemplateSpec{
			ObjectMeta: metav1.ObjectMeta{Labels: like.Labels, Annotations: like.Annotations}, Spec: like.Spec,
		},
	}
}

// ofClasses asks for a device of each class.
func ofClasses(classes ...string) claimOption {
	return func(c *resourcev1.ResourceClaim) {
		c.Spec.Devices.Requests = nil
		for _, name := range classes {
			c.Spec.Devices.Requests = append(c.Spec.Devices.Requests, resourcev1.DeviceRequest{
				Name: "of-" + name[:1], Exactly: &resourcev1.ExactDeviceRequest{DeviceClassName: name},
			})
		}
	}
}

// ofOneOf asks for a device of one class or, if none is free, of the next.
func ofOneOf(classes ...string) claimOption {
	return func(c *resourcev1.ResourceClaim) {
		request := resourcev1.DeviceRequest{Name: "any"}
		for _, name := range classes {
			request.FirstAvailable = append(request.FirstAvailable, resourcev1.DeviceSubRequest{Name: "of-" + name[:1], DeviceClassName: name})
		}
		c.Spec.Devices.Requests = []resourcev1.DeviceRequest{request}
	}
}

// asAdmin asks for devices that others may use, too.
func asAdmin(c *resourcev1.ResourceClaim) {
	for i := range c.Spec.Devices.Requests {
		c.Spec.Devices.Requests[i].Exactly.AdminAccess = new(true)
	}
}

// standsIn marks the ResourceClaim as made for a pod's extended resource.
func standsIn(c *resourcev1.ResourceClaim) {
	c.Annotations = map[string]string{resourcev1.ExtendedResourceClaimAnnotation: "true"}
}

func deviceAttacks() map[string]attack {
	const (
		ungranted  = "spec.devices.requests: deviceClassName: rival.example.com is not granted to namespace hanbit-train, use gpu.example.com or spare.example.com"
		forAdmins  = "spec.devices.requests: adminAccess: true would reach devices that others use"
		ofPods     = "metadata.annotations: resource.kubernetes.io/extended-resource-claim: true is for the scheduler"
		inUse      = "metadata.finalizers: resource.kubernetes.io/delete-protection keeps the devices of held counted"
		unprotect  = `{"metadata":{"finalizers":null}}`
		toStandIn  = `{"metadata":{"annotations":{"resource.kubernetes.io/extended-resource-claim":"true"}}}`
		moreDevice = `{"metadata":{"annotations":{"foundation.team/device-classes":"rival.example.com"}}}`
	)
	claims := func(who actor, refused string, with ...claimOption) attack {
		return attack{who: who, try: create(deviceClaim(train, "new", with...)), refused: refused, control: create(deviceClaim(train, "new"))}
	}
	bad := func(with ...claimOption) *resourcev1.ResourceClaim { return deviceClaim(train, "new", with...) }
	fine := create(deviceClaim(train, "new"))
	seesClaims := canI("list", resourcev1.GroupName, "resourceclaims", "", train)
	all := map[string]attack{
		"claim devices of a class that was not granted":                                claims(engineer, ungranted, ofClasses(rivalClass)),
		"claim devices of a class that was not granted as the lead":                    claims(lead, ungranted, ofClasses(rivalClass)),
		"claim devices of a class that was not granted beside one that was":            claims(engineer, ungranted, ofClasses(deviceClass, rivalClass)),
		"claim devices of a class that was not granted as the second choice":           claims(engineer, ungranted, ofOneOf(deviceClass, rivalClass)),
		"claim devices of a class by a part of its name":                               claims(engineer, "deviceClassName: gpu.example is not granted", ofClasses("gpu.example")),
		"claim devices of a class that was not granted through a template":             claims(claimMaker, ungranted, ofClasses(rivalClass)),
		"claim devices of a class that was not granted through one controller for all": claims(rootController, ungranted, ofClasses(rivalClass)),
		"claim devices of a class that was not granted by extended resource":           {who: scheduler, try: create(bad(ofClasses(rivalClass), standsIn)), refused: ungranted, control: create(bad(standsIn))},
		"claim devices of a class that was not granted with all rights":                {who: ops, try: create(bad(ofClasses(rivalClass))), refused: ungranted, control: create(bad(ofClasses(rivalClass))), by: admin},
		"claim devices of a class that was not granted by template": {
			who: engineer, try: create(deviceTemplate(bad(ofClasses(rivalClass)))), refused: "spec.spec.devices.requests: deviceClassName: rival.example.com is not granted",
			control: create(deviceTemplate(bad())),
		},
		"claim devices where none were granted": {
			who: rivalLead, try: create(deviceClaim(rivalTrain, "new")),
			refused: "deviceClassName: gpu.example.com is not granted to namespace saebom-train, no class is: ask an admin for GPUs of a pool with that class in FoundationTeam saebom",
			control: create(deviceClaim(rivalTrain, "new", ofClasses())),
		},
		"claim devices where nothing may start": {
			who: engineer, try: create(deviceClaim(locked, "new")), refused: "is not granted to namespace hanbit-old, no class is", control: fine,
		},
		"claim devices with admin access": {
			who: engineer, try: create(deviceClaim(audited, "new", asAdmin)), refused: forAdmins, control: create(deviceClaim(audited, "new")),
		},
		"claim devices with admin access by template": {
			who: engineer, try: create(deviceTemplate(deviceClaim(audited, "new", asAdmin))), refused: "spec." + forAdmins, control: create(deviceTemplate(deviceClaim(audited, "new"))),
		},
		"claim devices with admin access through a template": {
			who: claimMaker, try: create(deviceClaim(audited, "new", asAdmin)), refused: forAdmins, control: create(deviceClaim(audited, "new")),
		},
		"claim devices with admin access where no admin allowed any": {
			who: engineer, try: create(bad(asAdmin)), refused: "admin access to devices requires the", control: fine,
		},
		"pass a ResourceClaim off as a pod's":                                claims(engineer, ofPods, standsIn),
		"pass a ResourceClaim off as a pod's by the template":                {who: engineer, try: create(deviceTemplate(bad(standsIn))), refused: "spec." + ofPods, control: create(deviceTemplate(bad()))},
		"pass a ResourceClaim off as a pod's through a template":             claims(claimMaker, ofPods, standsIn),
		"pass a ResourceClaim off as a pod's through one controller for all": claims(rootController, ofPods, standsIn),
		"pass a ResourceClaim off as a pod's later":                          {who: engineer, try: merge(ownDevices, toStandIn), refused: ofPods, control: merge(ownDevices, harmless)},
		"have devices in use counted no more":                                {who: engineer, try: merge(heldDevices, unprotect), refused: inUse, control: merge(heldDevices, harmless)},
		"have devices in use counted no more, by update": {
			who: lead, try: change(heldDevices, func(c *resourcev1.ResourceClaim) { c.Finalizers = nil }), refused: inUse,
			control: change(heldDevices, func(c *resourcev1.ResourceClaim) { c.Labels = map[string]string{"app": "x"} }),
		},
		"give a namespace a device class": {
			who: ops, try: merge(teamNamespace, moreDevice), refused: "metadata.annotations: foundation.team/device-classes: rival.example.com is for the operator",
			control: merge(teamNamespace, harmless),
		},
		"change what devices a claim asks for": {
			who: engineer, try: change(ownDevices, ofClasses(deviceClass, rivalClass)), refused: "field is immutable", control: merge(ownDevices, harmless),
		},
		"claim devices as the data steward": {who: steward, try: fine, refused: `cannot create resource "resourceclaims"`, control: fine, by: engineer},
		"claim devices as the viewer":       {who: viewer, try: fine, refused: `cannot create resource "resourceclaims"`, control: seesClaims},
		"claim devices by template as the data steward": {
			who: steward, try: create(deviceTemplate(bad())), refused: `cannot create resource "resourceclaimtemplates"`,
			control: canI("list", resourcev1.GroupName, "resourceclaimtemplates", "", train),
		},
		"claim devices in a rival's namespace": {
			who: lead, try: create(deviceClaim(rivalTrain, "new")), refused: `cannot create resource "resourceclaims"`, control: fine,
		},
		"select a rival's nodes with claimed devices": podAttack("spec.nodeSelector: node-restriction.kubernetes.io/foundation-team: saebom is not of team hanbit",
			both(claimsDevice, selects(nodeTeam, rival)), claimsDevice),
		"select a rival's nodes with claimed devices through a Job": {
			who: jobs, try: create(pod(train, claimsByTemplate, selects(nodeTeam, rival))), refused: "saebom is not of team hanbit",
			control: create(pod(train, claimsByTemplate)),
		},
	}
	for what, try := range map[string]request{
		"write that devices were allocated":  canI("patch", resourcev1.GroupName, "resourceclaims", "status", train),
		"bind devices":                       canI("update", resourcev1.GroupName, "resourceclaims", "binding", train),
		"make a device class":                canI("create", resourcev1.GroupName, "deviceclasses", "", ""),
		"change a device class":              canI("patch", resourcev1.GroupName, "deviceclasses", "", ""),
		"publish devices that are not there": canI("create", resourcev1.GroupName, "resourceslices", "", ""),
		"taint devices of others":            canI("create", resourcev1.GroupName, "devicetaintrules", "", ""),
		"see the devices of all":             canI("list", resourcev1.GroupName, "resourceslices", "", ""),
	} {
		all[what] = attack{who: lead, try: try, refused: "cannot ", control: seesClaims}
	}
	return all
}

// deviceWork creates, uses and deletes ResourceClaims as staff and controllers do.
func deviceWork() map[string]legitimateWork {
	return map[string]legitimateWork{
		"a pod's resource claims are made":                          {claimMaker, create(deviceClaim(train, "pod-device"))},
		"one controller for all makes resource claims":              {rootController, create(deviceClaim(train, "pod-device"))},
		"pods of others claim devices":                              {claimMaker, create(deviceClaim(plain, "pod-device", ofClasses(rivalClass)))},
		"devices of any class that was granted are claimed":         {engineer, create(deviceClaim(train, "new", ofOneOf(deviceClass, spareClass)))},
		"extended resources become ResourceClaims":                  {scheduler, create(deviceClaim(train, "pod-extended", standsIn))},
		"claims for extended resources are changed":                 {scheduler, merge(standIn, harmless)},
		"claims for extended resources are changed by an engineer":  {engineer, merge(standIn, harmless)},
		"one controller for all releases devices":                   {rootController, merge(heldDevices, `{"metadata":{"finalizers":null}}`)},
		"devices are released":                                      {claimMaker, merge(heldDevices, `{"metadata":{"finalizers":null}}`)},
		"devices are released by the scheduler":                     {scheduler, change(heldDevices, func(c *resourcev1.ResourceClaim) { c.Finalizers = nil })},
		"devices of a class that is no longer granted are released": {engineer, merge(formerDevices, `{"metadata":{"labels":{"app":"x"}}}`)},
		"garbage collection deletes resource claims":                {collector, remove(heldDevices)},
		"namespace deletion empties it of resource claims":          {namespaces, removeAll(&resourcev1.ResourceClaim{}, train)},
	}
}
