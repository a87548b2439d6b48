package cluster

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// actAsEnv makes the test binary act as another program, so that a test can start it.
const actAsEnv = "LAB_TEST_ACT_AS"

// The programs that it can act as.
const (
	actAsManager = "manager"
	actAsStarter = "starter"
)

func TestMain(m *testing.M) {
	var err error
	switch os.Getenv(actAsEnv) {
	case actAsManager:
		err = playManager(os.Args[1:])
	case actAsStarter:
		err = playStarter(os.Args[1])
	default:
		os.Exit(m.Run())
	}
	_, _ = fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// playManager accepts a manager's flags, is ready at once and serves its identity on the metrics address.
func playManager(args []string) error {
	flags := flag.NewFlagSet("manager", flag.ContinueOnError)
	kubeconfig := flags.String("kubeconfig", "", "")
	metrics := flags.String("metrics-bind-address", "", "")
	health := flags.String("health-probe-bind-address", "", "")
	flags.Bool("leader-elect", false, "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	config, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	review, err := client.AuthenticationV1().SelfSubjectReviews().
		Create(context.Background(), &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	answer := func(text string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, text) })
	}
	failed := make(chan error)
	go func() {
		failed <- http.ListenAndServe(*metrics, answer(review.Status.UserInfo.Username+" in "+os.Getenv("POD_NAMESPACE")))
	}()
	go func() { failed <- http.ListenAndServe(*health, answer("ok")) }()
	return <-failed
}

// playStarter starts a process in dir, as a test that uses the lab does, prints its pid and waits.
func playStarter(dir string) error {
	l := layout{dir: dir}
	if err := l.create(); err != nil {
		return err
	}
	p, err := launch(l, command{name: "idler", binary: "/bin/sleep", args: []string{"60"}}, false)
	if err != nil {
		return err
	}
	fmt.Println(p.PID())
	<-p.exited
	return nil
}
