package binaries

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

// lockPoll is how often a waiting process tries the lock again: flock cannot wait and be cancelled.
const lockPoll = 200 * time.Millisecond

// lock takes the advisory lock on path for this process, waiting as long as ctx allows. The kernel releases it when
// the holder dies, so a killed build blocks nobody.
func lock(ctx context.Context, path string, progress io.Writer) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the build lock: %w", err)
	}
	told := false
	err = wait.PollUntilContextCancel(ctx, lockPoll, true, func(context.Context) (bool, error) {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return true, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			return false, err
		}
		if !told {
			told = true
			_, _ = fmt.Fprintf(progress, "lab: another process builds the binaries, waiting for it\n")
		}
		return false, nil
	})
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("take the build lock %s: %w", path, err)
	}
	// Closing the file releases the lock.
	return func() { _ = f.Close() }, nil
}
