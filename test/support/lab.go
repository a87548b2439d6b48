package support

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/go-logr/logr"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"foundation.team/operator/hack/lab/binaries"
	"foundation.team/operator/hack/lab/cluster"
	"foundation.team/operator/internal/setup"
	"foundation.team/operator/test/support/leak"
)

// Lab is a whole control plane of a suite, with all of config/ installed but the operator's deployment.
type Lab struct {
	*cluster.Cluster
	// Dir is for files of the suite; Stop removes it.
	Dir string
	// Admin is an administrator's config. Client reads and writes by it, without a cache.
	Admin  *rest.Config
	Client client.WithWatch
	// Operator is the operator's process; nil until StartOperator. OperatorArgs are further arguments of the next one.
	Operator     *cluster.Process
	OperatorArgs []string

	root    string
	manager cluster.ManagerOptions
}

// OnLab starts a lab, has a package's tests run on it, and stops it. It returns the exit code, which is not 0 if goroutines are left
// behind:
//
//	func TestMain(m *testing.M) {
//		os.Exit(support.OnLab(cluster.Options{Nodes: 8}, func(_ context.Context, l *support.Lab) (int, error) {
//			lab = l
//			return m.Run(), nil
//		}))
//	}
func OnLab(options cluster.Options, run func(context.Context, *Lab) (int, error)) int {
	log.SetLogger(logr.Discard())
	code, err := onLab(context.Background(), options, run)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

func onLab(ctx context.Context, options cluster.Options, run func(context.Context, *Lab) (int, error)) (code int, err error) {
	lab, err := StartLab(ctx, options)
	if err != nil {
		return 1, err
	}
	defer func() {
		if err = errors.Join(err, lab.Stop(ctx)); code == 0 && err == nil {
			err = leak.Check()
		}
	}()
	return run(ctx, lab)
}

// StartLab starts a lab in a directory of its own, with the lab's binaries. The caller stops it.
func StartLab(ctx context.Context, options cluster.Options) (_ *Lab, err error) {
	lab := &Lab{}
	if lab.root, err = binaries.Root("."); err != nil {
		return nil, err
	}
	if options.BinDir, err = binaries.Ensure(ctx, lab.root, os.Stderr); err != nil {
		return nil, err
	}
	if lab.Dir, err = os.MkdirTemp("", "lab-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, lab.Stop(context.WithoutCancel(ctx)))
		}
	}()
	options.Dir = filepath.Join(lab.Dir, "lab")
	if lab.Cluster, err = cluster.Start(ctx, options); err != nil {
		return nil, err
	}
	if err := DependOn(lab.root, "config"); err != nil {
		return nil, err
	}
	if err := lab.InstallOperator(ctx, lab.root); err != nil {
		return nil, err
	}
	if lab.Admin, err = lab.RESTConfig(); err != nil {
		return nil, err
	}
	lab.Client, err = client.NewWithWatch(lab.Admin, client.Options{Scheme: setup.Scheme()})
	return lab, err
}

// Stop stops all of the lab and removes its files.
func (l *Lab) Stop(ctx context.Context) error {
	var err error
	if l.Cluster != nil {
		err = l.Cluster.Stop(ctx)
	}
	return errors.Join(err, os.RemoveAll(l.Dir))
}

// DetectMutations is for the environment of an operator that shall end with a panic when it changes an object of its cache: it lists many
// without copying them. See client-go's cache.MutationDetector.
const DetectMutations = "KUBE_CACHE_MUTATION_DETECTOR=true"

// StartOperator starts the operator's real binary, and builds it first from what the tree holds now. env is added to its
// environment. It is called again without env to start an operator that was stopped.
func (l *Lab) StartOperator(ctx context.Context, env ...string) error {
	if l.manager.Path == "" {
		path, err := BuildManager(ctx, l.root, l.Dir)
		if err != nil {
			return err
		}
		l.manager = cluster.ManagerOptions{Path: path, Env: env}
	}
	l.manager.Args = l.OperatorArgs
	operator, err := l.StartManager(ctx, l.manager)
	if err != nil {
		return err
	}
	l.Operator = operator
	return nil
}

// OperatorLog returns the last bytes of the log of the operator's process, at most so many, and nothing if there is none.
func (l *Lab) OperatorLog(most int) string {
	if l.Operator == nil {
		return ""
	}
	written, err := os.ReadFile(l.Operator.Log())
	if err != nil {
		return err.Error()
	}
	return string(written[max(0, len(written)-most):])
}

// Token returns a token of a service account, as the account's pods have it.
func (l *Lab) Token(ctx context.Context, namespace, account string) (string, error) {
	token := &authenticationv1.TokenRequest{}
	owner := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: account}}
	if err := l.Client.SubResource("token").Create(ctx, owner, token); err != nil {
		return "", fmt.Errorf("request a token of service account %s/%s: %w", namespace, account, err)
	}
	return token.Status.Token, nil
}
