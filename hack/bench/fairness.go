package main

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"foundation.team/operator/test/support"
)

// fairRequests is how many requests are sent, one after the other, to measure what one takes.
const fairRequests = 2000

// fairness is what FlowSchemas and PriorityLevelConfigurations cost the API server, without an operator.
type fairness struct {
	Schemas int `json:"flowSchemas"`
	Levels  int `json:"priorityLevels"`
	// Request is how long a read of a small object takes, in milliseconds, CPU the processor time that the API server has of it.
	Request float64 `json:"requestP50Millis"`
	CPU     float64 `json:"requestCPUMillis"`
	// Change is the API server's processor time for each FlowSchema and level that is made, in milliseconds.
	Change float64 `json:"changeCPUMillis"`
	// RSS is the API server's memory, in MiB.
	RSS float64 `json:"rssMiB"`
}

// measureFairness measures the API server with so many FlowSchemas: with a level of its own for each, and with one for all.
func (r *results) measureFairness(ctx context.Context, schemas int) error {
	for _, shared := range []bool{true, false} {
		if err := r.measureSchemas(ctx, schemas, shared); err != nil {
			return err
		}
	}
	return nil
}

func (r *results) measureSchemas(ctx context.Context, schemas int, shared bool) (err error) {
	lab, err := startLab(ctx, fewNodes)
	if err != nil {
		return err
	}
	defer func() { err = joinStop(ctx, err, lab) }()
	before, err := measureRequests(ctx, lab)
	if err != nil {
		return err
	}
	if shared {
		r.Fairness = append(r.Fairness, before)
	}
	api, err := apiServer(ctx, lab)
	if err != nil {
		return err
	}
	levels := schemas
	if shared {
		levels = 1
	}
	var all errgroup.Group
	all.SetLimit(writers)
	for i := range schemas {
		all.Go(func() error { return makeFlow(ctx, lab.Client, i, min(i, levels-1)) })
	}
	if err := all.Wait(); err != nil {
		return err
	}
	if err := pause(ctx, 15*time.Second); err != nil { // what the API server still does of it
		return err
	}
	made, err := apiServer(ctx, lab)
	if err != nil {
		return err
	}
	after, err := measureRequests(ctx, lab)
	after.Schemas, after.Levels = schemas, levels
	after.Change = 1000 * (made.cpu - api.cpu) / float64(schemas+levels)
	r.Fairness = append(r.Fairness, after)
	return err
}

// makeFlow makes a FlowSchema of three users and three namespaces, and its level if it is the level's first.
func makeFlow(ctx context.Context, c client.Client, i, level int) error {
	levelName := fmt.Sprintf("bench-%05d", level)
	if i == level {
		if err := c.Create(ctx, &flowcontrolv1.PriorityLevelConfiguration{
			ObjectMeta: metav1.ObjectMeta{Name: levelName},
			Spec: flowcontrolv1.PriorityLevelConfigurationSpec{
				Type: flowcontrolv1.PriorityLevelEnablementLimited,
				Limited: &flowcontrolv1.LimitedPriorityLevelConfiguration{
					NominalConcurrencyShares: new(int32(2)), LendablePercent: new(int32(40)), BorrowingLimitPercent: new(int32(0)),
					LimitResponse: flowcontrolv1.LimitResponse{
						Type:    flowcontrolv1.LimitResponseTypeQueue,
						Queuing: &flowcontrolv1.QueuingConfiguration{Queues: 16, HandSize: 4, QueueLengthLimit: 25},
					},
				},
			},
		}); err != nil {
			return err
		}
	}
	schema := &flowcontrolv1.FlowSchema{
		ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("bench-%05d", i)},
		Spec: flowcontrolv1.FlowSchemaSpec{
			MatchingPrecedence:         8000,
			PriorityLevelConfiguration: flowcontrolv1.PriorityLevelConfigurationReference{Name: levelName},
			DistinguisherMethod:        &flowcontrolv1.FlowDistinguisherMethod{Type: flowcontrolv1.FlowDistinguisherMethodByUserType},
			Rules: []flowcontrolv1.PolicyRulesWithSubjects{{
				ResourceRules: []flowcontrolv1.ResourcePolicyRule{{
					Verbs: []string{"*"}, APIGroups: []string{"*"}, Resources: []string{"*"}, Namespaces: []string{"*"}, ClusterScope: true,
				}},
				NonResourceRules: []flowcontrolv1.NonResourcePolicyRule{{Verbs: []string{"*"}, NonResourceURLs: []string{"*"}}},
			}},
		},
	}
	for n := range 3 {
		schema.Spec.Rules[0].Subjects = append(schema.Spec.Rules[0].Subjects,
			flowcontrolv1.Subject{Kind: flowcontrolv1.SubjectKindUser, User: &flowcontrolv1.UserSubject{Name: fmt.Sprintf("%d-%05d@bench.example", n, i)}},
			flowcontrolv1.Subject{Kind: flowcontrolv1.SubjectKindGroup, Group: &flowcontrolv1.GroupSubject{Name: fmt.Sprintf("system:serviceaccounts:bench-%05d-%d", i, n)}})
	}
	return c.Create(ctx, schema)
}

// measureRequests reads a small object again and again, as a service account: its requests are compared with every FlowSchema.
func measureRequests(ctx context.Context, lab *support.Lab) (fairness, error) {
	reader, err := accountReader(ctx, lab)
	if err != nil {
		return fairness{}, err
	}
	var took []time.Duration
	before, err := apiServer(ctx, lab)
	if err != nil {
		return fairness{}, err
	}
	for range fairRequests {
		began := realClock.Now()
		if err := reader(); err != nil {
			return fairness{}, err
		}
		took = append(took, realClock.Since(began))
	}
	after, err := apiServer(ctx, lab)
	return fairness{Request: millis(quantile(took, 0.5)), CPU: 1000 * (after.cpu - before.cpu) / fairRequests, RSS: after.rss}, err
}

// accountReader returns a read of the API server's version by a service account that has no FlowSchema of its own.
func accountReader(ctx context.Context, lab *support.Lab) (func() error, error) {
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: metav1.NamespaceDefault, Name: "bench"}}
	if err := client.IgnoreAlreadyExists(lab.Client.Create(ctx, account)); err != nil {
		return nil, err
	}
	token, err := lab.Token(ctx, account.Namespace, account.Name)
	if err != nil {
		return nil, err
	}
	k8s, err := kubernetes.NewForConfig(bearer(lab, token))
	if err != nil {
		return nil, err
	}
	return func() error { return k8s.Discovery().RESTClient().Get().AbsPath("/version").Do(ctx).Error() }, nil
}
